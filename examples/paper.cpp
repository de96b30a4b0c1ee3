// needs: images, nyuv2, voc
// The paper's experiments, its tables and figures, by the protocol of common/plan.hpp: a subcommand each. What is
// finished is never done again, and a run that was stopped continues where it was.
//
// Experiments are in paper/experiments.cpp, networks in paper/networks/, sizes in paper/presets/. The paper's last step
// on normals, snapping them to a Manhattan world, is not done.
#include <xstitch/io/folder_lock.hpp>
#include <xstitch/train/interrupt.hpp>

#include <CLI/CLI.hpp>

#include <iostream>
#include <optional>

#include "alexnet_voc/results.hpp"
#include "alexnet_voc/subject.hpp"
#include "common/finite_number.hpp"
#include "common/together.hpp"
#include "paper/apply.hpp"
#include "paper/choose.hpp"
#include "paper/experiments.hpp"
#include "paper/subject.hpp"
#include "processes.hpp"

namespace xs = xstitch;
using namespace paper;

namespace {

struct Options {
  std::string preset = "quick", detection_preset = "demo", data = "rooms", output, judge = "test", chosen;
  std::uint64_t iterations = 0, first_seed = 1, seed_of_choice = 501, checkpoint_every = 500;
  std::size_t seeds = 0, jobs = 0, threads = 0, batch = 0, train_rooms = 0, test_rooms = 0;
  float learning_rate = 0.0F, alpha_multiplier = 0.0F;
  bool distributed = false;
  std::shared_ptr<protocol::Together> together{};  ///< of --distributed

  [[nodiscard]] bool leads() const { return !together || together->leads(); }
};

void add_options(CLI::App& app, Options& options, bool preset, const std::string& presets) {
  if (preset) app.add_option("--preset", options.preset, presets)->capture_default_str();
  app.add_option("--data", options.data, "rooms (drawn, no files), nyuv2:DIR, or voc:DIR for detection")
      ->capture_default_str();
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
  app.add_option("--chosen", options.chosen,
                 "chosen.json of `choose`: learning rates, split point and multiplier of table5, table6, fig5, fig6")
      ->check(CLI::ExistingFile);
  app.add_option("--checkpoint-every", options.checkpoint_every, "steps")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--output", options.output, "folder of trainings and results [out/paper/PRESET]");
  app.add_flag("--distributed", options.distributed,
               "train over the processes that mpirun started: mpirun -np 4 paper table5 --distributed");
}

protocol::RunSettings settings_of(const Options& options, const std::string& folder) {
  protocol::RunSettings settings;
  settings.folder = options.output;
  if (options.output.empty())
    settings.folder =
        "out/paper/" + folder +
        (options.data == "rooms"
             ? ""
             : "-" + std::filesystem::path(options.data.substr(options.data.find(':') + 1)).filename().string());
  settings.checkpoint_every = options.checkpoint_every;
  const std::size_t processors = xs::ThreadPool(0).size();
  settings.together = options.together;
  if (options.together && options.jobs > 1) xs::fail("--jobs with --distributed: all processes make one training");
  settings.jobs = options.together ? 1 : options.jobs > 0 ? options.jobs : processors;
  settings.threads = options.threads > 0 ? options.threads : std::max<std::size_t>(1, processors / settings.jobs);
  return settings;
}

/// Makes the folder and keeps other runs out of it: of several processes the first.
xs::FolderLock open_folder(const protocol::RunSettings& settings, const Options& options) {
  if (!options.leads()) return {};
  xs::make_folder(settings.folder / "results");
  xs::FolderLock lock(settings.folder);
  if (!lock.note().empty()) std::cerr << lock.note() << '\n';
  return lock;
}

std::vector<std::uint64_t> seeds_of(const Options& options, std::size_t count) {
  std::vector<std::uint64_t> seeds;
  for (std::size_t s = 0; s < count; ++s) seeds.push_back(options.first_seed + s);
  return seeds;
}

std::optional<Chosen> chosen_of(const Options& options, const protocol::RunSettings& settings) {
  if (options.chosen.empty()) return std::nullopt;
  return read_chosen(options.chosen, settings.learning_rate, settings.alpha_multiplier);
}

int run_choice(const ChoiceSettings& choice, protocol::Subject& subject, const protocol::RunSettings& settings) {
  return protocol::lead_or_follow(settings, subject, [&] {
    const xs::Interrupt interrupt;
    if (!choose(choice, subject, settings, interrupt.flag())) {
      std::cerr << "Stopped. The same command continues.\n";
      return 130;
    }
    std::cout << "Train on all with --chosen " << (settings.folder / "results" / "chosen.json").string() << '\n';
    return 0;
  });
}

/// Plans, trains, judges and reports. `results` has everything but runner and folder.
template <class MakeResults>
int run_experiments(const std::vector<std::string>& names, const Preset& preset, protocol::Plan& plan,
                    protocol::Subject& subject, const protocol::RunSettings& settings,
                    const std::vector<std::uint64_t>& seeds, const std::optional<Chosen>& chosen,
                    const MakeResults& make_results) {
  std::vector<Experiment> experiments;
  for (const std::string& name : names) experiments.push_back(plan_experiment(name, preset, plan, seeds, chosen));
  std::vector<protocol::Row> rows;
  for (const Experiment& experiment : experiments)
    for (const Part& part : experiment.parts) rows.insert(rows.end(), part.rows.begin(), part.rows.end());
  const xs::Interrupt interrupt;
  protocol::Runner runner(subject, settings, plan, interrupt.flag());
  if (!runner.run(rows)) {
    std::cerr << "Stopped. The same command continues.\n";
    return 130;
  }
  for (const Experiment& experiment : experiments) report(experiment, make_results(runner));
  std::cout << "\nResults are in " << (settings.folder / "results").string()
            << ": NAME.txt, NAME.csv (every value), NAME.json.\n";
  return 0;
}

int run(const std::vector<std::string>& names, Preset preset, const Options& options) {
  if (options.iterations > 0) preset.iterations = options.iterations;
  if (options.seeds > 0) preset.seeds = options.seeds;
  if (options.batch > 0) preset.batch = options.batch;
  if (options.train_rooms > 0) preset.train_rooms = options.train_rooms;
  if (options.test_rooms > 0) preset.test_rooms = options.test_rooms;
  if (options.learning_rate > 0.0F) preset.learning_rate = options.learning_rate;
  if (options.alpha_multiplier > 0.0F) preset.alpha_multiplier = options.alpha_multiplier;
  protocol::RunSettings settings =
      settings_of(options, preset.name + (options.judge == "validation" ? "-validation" : ""));
  settings.batch = preset.batch;
  settings.learning_rate = preset.learning_rate;
  settings.weight_decay = preset.weight_decay;
  settings.alpha_multiplier = preset.alpha_multiplier;
  const std::vector<std::uint64_t> seeds = seeds_of(options, preset.seeds);
  protocol::Plan plan({"segmentation", "normals"}, {preset.iterations, preset.iterations}, preset.iterations);
  const xs::FolderLock lock = open_folder(settings, options);
  DataSets data(preset,
                {.source = options.data,
                 .train_rooms = preset.train_rooms,
                 .test_rooms = preset.test_rooms,
                 .validation = options.judge == "validation"},
                0);
  if (names == std::vector<std::string>{"choose"}) {
    DenseSubject subject(preset, data);
    return run_choice({.tasks = {"segmentation", "normals"},
                       .iterations = preset.iterations,
                       .seed = options.seed_of_choice,
                       .columns = protocol::pair_columns(),
                       .splits = preset.splits,
                       .first_split = "conv4"},
                      subject, settings);
  }
  std::cout << "paper: preset " << preset.name << ", " << preset.width << "x" << preset.height
            << ", N = " << preset.iterations << ", " << seeds.size() << (seeds.size() == 1 ? " seed" : " seeds")
            << ", data " << options.data << "; output " << settings.folder.string() << std::endl;
  DenseSubject subject(preset, data);
  return protocol::lead_or_follow(settings, subject, [&] {
    return run_experiments(names, preset, plan, subject, settings, seeds, chosen_of(options, settings),
                           [&](const protocol::Runner& runner) {
                             return Results{.runner = runner,
                                            .subject = subject,
                                            .preset = preset.name,
                                            .dense = &data,
                                            .classes = preset.classes,
                                            .folder = settings.folder / "results",
                                            .seeds = seeds};
                           });
  });
}

/// The second pair, with the networks of alexnet_voc; N, batch and rates are its preset's.
int run_detection(const std::string& name, const Preset& preset, const Options& options) {
  std::optional<alexnet_voc::Preset> size;
  for (const alexnet_voc::Preset& known : alexnet_voc::presets())
    if (known.name == options.detection_preset) size = known;
  if (!size) xs::fail("--detection-preset ", options.detection_preset, ": expected demo or paper");
  if (options.data != "rooms" && !options.data.starts_with("voc:"))
    xs::fail("--data ", options.data, ": expected rooms or voc:DIR for ", name);
  protocol::RunSettings settings =
      settings_of(options, "detection-" + size->name + (options.judge == "validation" ? "-validation" : ""));
  settings.batch = options.batch > 0 ? options.batch : 2;
  settings.learning_rate = options.learning_rate > 0.0F ? options.learning_rate : size->learning_rate;
  settings.weight_decay = size->weight_decay;
  settings.alpha_multiplier = options.alpha_multiplier > 0.0F ? options.alpha_multiplier : size->alpha_multiplier;
  const std::uint64_t iterations = options.iterations > 0 ? options.iterations : size->iterations;
  const std::vector<std::uint64_t> seeds = seeds_of(options, options.seeds > 0 ? options.seeds : preset.seeds);
  protocol::Plan plan({"detection", "attributes"}, {iterations, iterations}, iterations);
  const xs::FolderLock lock = open_folder(settings, options);
  alexnet_voc::DetectionSubject subject(
      *size,
      {.source = options.data == "rooms" ? options.data : options.data.substr(4),
       .train_rooms = options.train_rooms > 0 ? options.train_rooms : size->train_rooms,
       .test_rooms = options.test_rooms > 0 ? options.test_rooms : size->test_rooms,
       .validation = options.judge == "validation"},
      0);
  if (name == "choose")
    return run_choice({.tasks = {"detection", "attributes"},
                       .iterations = iterations,
                       .seed = options.seed_of_choice,
                       .columns = alexnet_voc::pair_columns(),
                       .splits = {"conv2", "conv3", "conv4", "conv5", "fc6", "fc7"},
                       .first_split = "conv4"},
                      subject, settings);
  std::cout << "paper: detection and attributes, preset " << size->name << ", " << subject.size()
            << ", N = " << iterations << ", " << seeds.size() << (seeds.size() == 1 ? " seed" : " seeds") << ", data "
            << options.data << "; output " << settings.folder.string() << std::endl;
  return protocol::lead_or_follow(settings, subject, [&] {
    return run_experiments({name}, preset, plan, subject, settings, seeds, chosen_of(options, settings),
                           [&](const protocol::Runner& runner) {
                             return Results{.runner = runner,
                                            .subject = subject,
                                            .preset = "detection:" + size->name,
                                            .detection = &subject,
                                            .folder = settings.folder / "results",
                                            .seeds = seeds};
                           });
  });
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  EvaluateSettings evaluating;
  PredictSettings predicting;
  CLI::App app{
      "The experiments of the cross-stitch paper: segmentation and surface normals, detection and attributes."};
  app.require_subcommand(1);
  const std::vector<Preset> known = presets();
  std::string presets_help = "Size and width of the networks, seeds, N:";
  for (const Preset& p : known) presets_help += "\n  " + p.name + ": " + p.what;
  std::string sizes_help = "Size and width of detection and attributes, N:";
  for (const alexnet_voc::Preset& p : alexnet_voc::presets()) sizes_help += "\n  " + p.name + ": " + p.what;
  bool of_detection = false;  // what was asked for
  for (const ExperimentInfo& experiment : experiment_list()) {
    CLI::App& command = *app.add_subcommand(experiment.name, experiment.what);
    add_options(command, options, true, presets_help);
    if (!experiment.detection) continue;
    command.add_option("--detection-preset", options.detection_preset, sizes_help)->capture_default_str();
    command.callback([&of_detection] { of_detection = true; });
  }
  CLI::App& choice =
      *app.add_subcommand("choose", "settings on validation data: learning rates, split point, multiplier");
  add_options(choice, options, true, presets_help);
  choice.add_option("--seed", options.seed_of_choice, "one that is not reported")->capture_default_str();
  CLI::Option* of_choice = choice.add_option("--detection-preset", options.detection_preset,
                                             "choose for detection and attributes: its size");
  choice.callback([&options, &of_detection, of_choice] {
    options.judge = "validation";
    of_detection = of_choice->count() > 0 || options.data.starts_with("voc:");
  });
  add_options(*app.add_subcommand("all", "all experiments of the preset"), options, true, presets_help);
  add_options(*app.add_subcommand("quick", "all experiments of the preset quick"), options, false, presets_help);
  CLI::App* evaluate = app.add_subcommand("evaluate", "judge a saved network on a data set");
  evaluate->add_option("network", evaluating.network, "OUTPUT/trainings/NAME/network.safetensors")
      ->required()
      ->check(CLI::ExistingFile);
  evaluate->add_option("--data", evaluating.data, "rooms, nyuv2:DIR or, for detection, voc:DIR")->capture_default_str();
  evaluate
      ->add_option("--split", evaluating.split, "train, validation (rooms), test or all (nyuv2), a set of VOC's: val")
      ->capture_default_str();
  evaluate->add_option("--rooms", evaluating.rooms, "how many")->check(CLI::PositiveNumber)->capture_default_str();
  evaluate->add_option("--threads", evaluating.threads, "0: as many as there are processors")->capture_default_str();
  CLI::App* predict = app.add_subcommand("predict", "what a saved network sees in a picture");
  predict->add_option("network", predicting.network, "OUTPUT/trainings/NAME/network.safetensors")
      ->required()
      ->check(CLI::ExistingFile);
  predict->add_option("picture", predicting.picture, "a PNG or a JPEG")->required()->check(CLI::ExistingFile);
  predict->add_option("output", predicting.output, "a PNG; of a detector, too, a page (.html) with labels")->required();
  predict->add_option("--threads", predicting.threads, "0: as many as there are processors")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  Processes processes;
  try {
    if (options.distributed) {
      processes.start(argc, argv);
      options.together = std::make_shared<protocol::Together>(processes.ranks());
    }
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
    if (of_detection) return run_detection(command, *preset, options);
    const bool all = command == "all" || command == "quick";
    return run(all ? preset->experiments : std::vector<std::string>{command}, *preset, options);
  } catch (const std::exception& error) {
    return processes.fail(std::string("paper: ") + error.what());
  }
}
