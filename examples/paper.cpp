// needs: images, nyuv2
// The paper's experiments, its tables and figures on segmentation and normals, by the protocol of common/plan.hpp: a
// subcommand each. What is finished is never done again, and a run that was stopped continues where it was.
//
// Experiments are in paper/experiments.cpp, networks in paper/networks/, sizes in paper/presets/. The paper's last step
// on normals, snapping them to a Manhattan world, is not done.
#include <xstitch/io/folder_lock.hpp>
#include <xstitch/train/interrupt.hpp>

#include <CLI/CLI.hpp>

#include <iostream>
#include <optional>

#include "common/finite_number.hpp"
#include "paper/apply.hpp"
#include "paper/experiments.hpp"

namespace xs = xstitch;
using namespace paper;

namespace {

struct Options {
  std::string preset = "quick", data = "rooms", output, judge = "test";
  std::uint64_t iterations = 0, first_seed = 1, checkpoint_every = 500;
  std::size_t seeds = 0, jobs = 0, threads = 0, batch = 0, train_rooms = 0, test_rooms = 0;
  float learning_rate = 0.0F, alpha_multiplier = 0.0F;
};

void add_options(CLI::App& app, Options& options, bool preset, const std::string& presets) {
  if (preset) app.add_option("--preset", options.preset, presets)->capture_default_str();
  app.add_option("--data", options.data, "rooms (drawn, no files) or nyuv2:DIR")->capture_default_str();
  app.add_option("--iterations", options.iterations, "N: steps of each of the two stages [of the preset]");
  app.add_option("--seeds", options.seeds, "how many [of the preset]");
  app.add_option("--first-seed", options.first_seed, "the first of them")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--jobs", options.jobs, "trainings at a time [as many as there are processors]");
  app.add_option("--threads", options.threads, "of each training [processors / jobs]; no result depends on it");
  app.add_option("--batch", options.batch, "samples a step [of the preset]");
  app.add_option("--learning-rate", options.learning_rate, "learning rate [of the preset]")
      ->check(finite_number())
      ->check(CLI::NonNegativeNumber);
  app.add_option("--alpha-multiplier", options.alpha_multiplier,
                 "the alphas' rate is this times the rate [of the preset]")
      ->check(finite_number())
      ->check(CLI::NonNegativeNumber);
  app.add_option("--train-rooms", options.train_rooms, "rooms to train on, for each seed [of the preset]");
  app.add_option("--test-rooms", options.test_rooms, "held-back rooms [of the preset]");
  app.add_option("--judge", options.judge,
                 "test, or validation: for choosing settings, with seeds that are not reported")
      ->check(CLI::IsMember({"test", "validation"}))
      ->capture_default_str();
  app.add_option("--checkpoint-every", options.checkpoint_every, "steps")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--output", options.output, "folder of trainings and results [out/paper/PRESET]");
}

int run(const std::vector<std::string>& names, Preset preset, const Options& options) {
  if (options.iterations > 0) preset.iterations = options.iterations;
  if (options.seeds > 0) preset.seeds = options.seeds;
  if (options.batch > 0) preset.batch = options.batch;
  if (options.train_rooms > 0) preset.train_rooms = options.train_rooms;
  if (options.test_rooms > 0) preset.test_rooms = options.test_rooms;
  if (options.learning_rate > 0.0F) preset.learning_rate = options.learning_rate;
  if (options.alpha_multiplier > 0.0F) preset.alpha_multiplier = options.alpha_multiplier;
  RunSettings settings;
  settings.folder = options.output;
  if (options.output.empty())
    settings.folder =
        "out/paper/" + preset.name +
        (options.data == "rooms"
             ? ""
             : "-" + std::filesystem::path(options.data.substr(options.data.find(':') + 1)).filename().string());
  settings.batch = preset.batch;
  settings.learning_rate = preset.learning_rate;
  settings.alpha_multiplier = preset.alpha_multiplier;
  settings.checkpoint_every = options.checkpoint_every;
  const std::size_t processors = xs::ThreadPool(0).size();
  settings.jobs = options.jobs > 0 ? options.jobs : processors;
  settings.threads = options.threads > 0 ? options.threads : std::max<std::size_t>(1, processors / settings.jobs);

  std::vector<std::uint64_t> seeds;
  for (std::size_t s = 0; s < preset.seeds; ++s) seeds.push_back(options.first_seed + s);
  protocol::Plan plan({"segmentation", "normals"}, {preset.iterations, preset.iterations}, preset.iterations);
  std::vector<Experiment> experiments;
  for (const std::string& name : names) experiments.push_back(plan_experiment(name, preset, plan, seeds));
  std::vector<protocol::Row> rows;
  for (const Experiment& experiment : experiments)
    for (const Part& part : experiment.parts) rows.insert(rows.end(), part.rows.begin(), part.rows.end());

  xs::make_folder(settings.folder / "results");
  const xs::FolderLock lock(settings.folder);
  if (!lock.note().empty()) std::cerr << lock.note() << '\n';
  DataSets data(preset,
                {.source = options.data,
                 .train_rooms = preset.train_rooms,
                 .test_rooms = preset.test_rooms,
                 .validation = options.judge == "validation"},
                0);
  const xs::Interrupt interrupt;
  std::cout << "paper: preset " << preset.name << ", " << preset.width << "x" << preset.height
            << ", N = " << preset.iterations << ", " << seeds.size() << (seeds.size() == 1 ? " seed" : " seeds")
            << ", data " << options.data << "; output " << settings.folder.string() << std::endl;
  Runner runner(preset, settings, data, plan, interrupt.flag());
  if (!runner.run(rows)) {
    std::cerr << "Stopped. The same command continues.\n";
    return 130;
  }
  for (const Experiment& experiment : experiments)
    report(experiment, {runner, data, preset, settings.folder / "results", seeds});
  std::cout << "\nResults are in " << (settings.folder / "results").string()
            << ": NAME.txt, NAME.csv (every value), NAME.json.\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  EvaluateSettings evaluating;
  PredictSettings predicting;
  CLI::App app{"The experiments of the cross-stitch paper on segmentation and surface normals."};
  app.require_subcommand(1);
  const std::vector<Preset> known = presets();
  std::string presets_help = "Size and width of the networks, seeds, N:";
  for (const Preset& p : known) presets_help += "\n  " + p.name + ": " + p.what;
  for (const ExperimentInfo& experiment : experiment_list())
    add_options(*app.add_subcommand(experiment.name, experiment.what), options, true, presets_help);
  add_options(*app.add_subcommand("all", "all experiments of the preset"), options, true, presets_help);
  add_options(*app.add_subcommand("quick", "all experiments of the preset quick"), options, false, presets_help);
  CLI::App* evaluate = app.add_subcommand("evaluate", "judge a saved network on a data set");
  evaluate->add_option("network", evaluating.network, "OUTPUT/trainings/NAME/network.safetensors")
      ->required()
      ->check(CLI::ExistingFile);
  evaluate->add_option("--data", evaluating.data, "rooms or nyuv2:DIR")->capture_default_str();
  evaluate->add_option("--split", evaluating.split, "train, validation (rooms), test or all (a folder)")
      ->capture_default_str();
  evaluate->add_option("--rooms", evaluating.rooms, "how many")->check(CLI::PositiveNumber)->capture_default_str();
  evaluate->add_option("--threads", evaluating.threads, "0: as many as there are processors")->capture_default_str();
  CLI::App* predict = app.add_subcommand("predict", "what a saved network sees in a picture");
  predict->add_option("network", predicting.network, "OUTPUT/trainings/NAME/network.safetensors")
      ->required()
      ->check(CLI::ExistingFile);
  predict->add_option("picture", predicting.picture, "a PNG or a JPEG")->required()->check(CLI::ExistingFile);
  predict->add_option("output", predicting.output, "a PNG")->required();
  predict->add_option("--threads", predicting.threads, "0: as many as there are processors")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    const std::string command = app.get_subcommands().front()->get_name();
    if (command == "evaluate") {
      evaluate_network(evaluating, known);
      return 0;
    }
    if (command == "predict") {
      predict_picture(predicting, known);
      return 0;
    }
    if (command == "quick") options.preset = "quick";
    std::optional<Preset> preset;
    std::string names;
    for (const Preset& p : known) {
      names += (names.empty() ? "" : ", ") + p.name;
      if (p.name == options.preset) preset = p;
    }
    if (!preset) xs::fail("--preset ", options.preset, ": expected one of ", names);
    const bool all = command == "all" || command == "quick";
    return run(all ? preset->experiments : std::vector<std::string>{command}, *preset, options);
  } catch (const std::exception& error) {
    std::cerr << "paper: " << error.what() << '\n';
    return 1;
  }
}
