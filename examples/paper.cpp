// needs: images, nyuv2, voc
// The paper's experiments, its tables and figures, by the protocol of common/plan.hpp: a subcommand each. What is
// finished is never done again, and a run that was stopped continues where it was.
//
// Experiments are in paper/experiments.cpp, networks in paper/networks/, sizes in paper/presets/. The paper's last step
// on normals, snapping them to a Manhattan world, is not done.
#include <xstitch/io/folder_lock.hpp>
#include <xstitch/train/interrupt.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <optional>

#include "alexnet_voc/results.hpp"
#include "alexnet_voc/subject.hpp"
#include "common/finite_number.hpp"
#include "common/made_here.hpp"
#include "common/timing.hpp"
#include "common/together.hpp"
#include "paper/apply.hpp"
#include "paper/choose.hpp"
#include "paper/experiments.hpp"
#include "paper/page.hpp"
#include "paper/subject.hpp"
#include "processes.hpp"

namespace xs = xstitch;
using namespace paper;

namespace {

struct Options {
  std::string preset = "quick", detection_preset = "demo", data = "rooms", output, judge = "test", chosen, record,
              stop_after;
  std::vector<std::uint64_t> only_seeds;
  std::uint64_t iterations = 0, first_seed = 1, seed_of_choice = 501, checkpoint_every = 500;
  std::size_t seeds = 0, jobs = 0, threads = 0, batch = 0, train_rooms = 0, test_rooms = 0, time_steps = 0;
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
  app.add_option("--time-steps", options.time_steps,
                 "run so many steps of one task each and of the pair, print seconds a step and memory, and end");
  app.add_option("--only-seeds", options.only_seeds,
                 "train these now; tables are of all seeds that are finished here or in the record")
      ->delimiter(',');
  app.add_option("--stop-after", options.stop_after,
                 "100m, 2h or 90s: begin no training that will not end by then, write tables, end");
  app.add_option("--record", options.record,
                 "folder of compact results, a file a seed: what it has is not done again, what is finished is added");
  app.add_flag("--distributed", options.distributed,
               "train over the processes that mpirun started: mpirun -np 4 paper table5 --distributed");
}

/// Of "100m", seconds.
double duration_of(const std::string& text) {
  if (text.empty()) return 0.0;
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  const std::string unit = end;
  const double factor = unit == "h" ? 3600.0 : unit == "m" ? 60.0 : unit == "s" ? 1.0 : 0.0;
  if (end == text.c_str() || factor == 0.0 || !std::isfinite(number) || number <= 0.0)
    xs::fail("--stop-after ", text, ": expected a time, 100m, 2h or 90s");
  return factor * number;
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
  settings.record = options.record;
  settings.stop_after = duration_of(options.stop_after);
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

/// What a step costs, without a training.
int time_networks(const std::vector<std::string>& networks, protocol::Subject& subject,
                  const protocol::RunSettings& settings, const Options& options) {
  if (settings.together) xs::fail("--time-steps with --distributed: expected one process");
  protocol::Training any;
  any.seed = any.data_seed = options.first_seed;
  const auto set = subject.training_set(any);
  const xs::Sgd sgd{.learning_rate = settings.learning_rate,
                    .momentum = 0.9F,
                    .weight_decay = settings.weight_decay,
                    .alpha_multiplier = settings.alpha_multiplier};
  xs::ThreadPool threads(options.threads);
  std::cout << protocol::processor() << ", " << threads.size() << " threads, batch " << settings.batch << ", "
            << subject.size() << ":\n"
            << protocol::time_steps(subject, networks, set->ref(), sgd, settings.batch, options.time_steps, threads);
  return 0;
}

/// The rows of the seeds that are asked for.
std::vector<protocol::Row> rows_to_run(const std::vector<Experiment>& experiments, const Options& options,
                                       const std::vector<std::uint64_t>& seeds) {
  for (const std::uint64_t seed : options.only_seeds)
    if (std::find(seeds.begin(), seeds.end(), seed) == seeds.end())
      xs::fail("--only-seeds ", seed, ": expected some of ", seeds.front(), " to ", seeds.back(), " (--seeds)");
  std::vector<protocol::Row> rows;
  for (const Experiment& experiment : experiments)
    for (const Part& part : experiment.parts)
      for (const protocol::Row& row : part.rows)
        if (options.only_seeds.empty() ||
            std::find(options.only_seeds.begin(), options.only_seeds.end(), row.seed) != options.only_seeds.end())
          rows.push_back(row);
  return rows;
}

/// Leaves the seeds whose rows were all judged, and gives them.
std::vector<std::uint64_t> keep_known(Experiment& experiment, protocol::Runner& runner,
                                      std::vector<std::uint64_t> seeds) {
  for (const Part& part : experiment.parts)
    for (const protocol::Row& row : part.rows)
      if (!runner.find(row)) std::erase(seeds, row.seed);
  for (Part& part : experiment.parts)
    std::erase_if(part.rows, [&](const protocol::Row& row) {
      return std::find(seeds.begin(), seeds.end(), row.seed) == seeds.end();
    });
  return seeds;
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
                    protocol::Subject& subject, const protocol::RunSettings& settings, const Options& options,
                    const std::vector<std::uint64_t>& seeds, const std::optional<Chosen>& chosen, Page page,
                    const MakeResults& make_results) {
  std::vector<Experiment> experiments;
  for (const std::string& name : names) experiments.push_back(plan_experiment(name, preset, plan, seeds, chosen));
  const xs::Interrupt interrupt;
  protocol::Runner runner(subject, settings, plan, interrupt.flag());
  const protocol::RunEnd end = runner.run(rows_to_run(experiments, options, seeds));
  if (end == protocol::RunEnd::stopped) {
    std::cerr << "Stopped. The same command continues.\n";
    return 130;
  }
  if (end == protocol::RunEnd::out_of_time)
    std::cout << "\nThe time of --stop-after is over. The same command continues.\n";
  Results results = make_results(runner);
  for (Experiment& experiment : experiments) {
    results.seeds = keep_known(experiment, runner, seeds);
    if (results.seeds.size() < seeds.size())
      std::cout << "\n"
                << experiment.name << ": " << results.seeds.size() << " of " << seeds.size() << " seeds are finished\n";
    if (results.seeds.empty()) continue;
    page.sections.push_back(report(experiment, results));
    for (const Part& part : experiment.parts) page.rows.insert(page.rows.end(), part.rows.begin(), part.rows.end());
  }
  if (page.sections.empty()) return 0;
  const std::filesystem::path file = write_page(std::move(page), results, settings.folder);
  std::cout << "\nResults are in " << (settings.folder / "results").string()
            << ": NAME.txt, NAME.csv (every value), NAME.json.\nThe report, to be opened in a browser: "
            << file.string() << '\n';
  return 0;
}

/// What the page says of the settings.
std::vector<std::pair<std::string, std::string>> shown(const protocol::RunSettings& settings,
                                                       const protocol::Subject& subject, const std::string& preset,
                                                       std::uint64_t iterations,
                                                       const std::vector<std::uint64_t>& seeds) {
  const auto number = [](float value) { return xs::number_text(value, 4); };
  std::string all;
  for (const std::uint64_t seed : seeds) all += (all.empty() ? "" : ", ") + std::to_string(seed);
  return {{"preset", preset},
          {"image", subject.size()},
          {"training", subject.describe_training()},
          {"test", subject.describe_test()},
          {"iterations of each stage", std::to_string(iterations)},
          {"seeds", all},
          {"batch", std::to_string(settings.batch)},
          {"learning rate", number(settings.learning_rate)},
          {"weight decay", number(settings.weight_decay)},
          {"alpha multiplier", number(settings.alpha_multiplier)},
          {"trainings at a time", std::to_string(settings.jobs)},
          {"threads of each", std::to_string(settings.threads)},
          {"program", "commit " + protocol::commit()},
          {"this machine", protocol::processor()}};
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
  if (options.time_steps > 0)
    return time_networks({"segmentation", "normals", "cross_stitch"}, subject, settings, options);
  return protocol::lead_or_follow(settings, subject, [&] {
    return run_experiments(
        names, preset, plan, subject, settings, options, seeds, chosen_of(options, settings),
        {.subtitle = "Segmentation and surface normals, preset " + preset.name + ", data " + options.data,
         .settings = shown(settings, subject, preset.name, preset.iterations, seeds),
         .preset = &preset},
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
  if (options.time_steps > 0)
    return time_networks({"detection", "attributes", "cross_stitch"}, subject, settings, options);
  return protocol::lead_or_follow(settings, subject, [&] {
    return run_experiments({name}, preset, plan, subject, settings, options, seeds, chosen_of(options, settings),
                           {.subtitle = "Detection and attributes, preset " + size->name + ", data " + options.data,
                            .settings = shown(settings, subject, size->name, iterations, seeds)},
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
  std::string record_of, record_to;
  CLI::App* record = app.add_subcommand("record", "adds what an output folder has finished to a folder of records");
  record->add_option("output", record_of, "folder of trainings and evaluations")
      ->required()
      ->check(CLI::ExistingDirectory);
  record->add_option("record", record_to, "folder of compact results, a file a seed")->required();
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
    if (command == "record") {
      std::cout << protocol::Record(record_to).add(record_of) << " results were added to " << record_to << '\n';
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
