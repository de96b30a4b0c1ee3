// needs: images, voc
// The paper's second pair: detection of objects and their attributes, Fast R-CNN on CaffeNet for both (Table 6).
//
// Every row is trained in two stages of equal length (examples/common/plan.hpp) and judged on whole images: average
// precision of detections by proposals, and of attributes on the objects' own boxes, beside what needs no training.
// Without options it draws its own rooms. The networks to compare are in examples/alexnet_voc/.
#include <xstitch/io/file.hpp>
#include <xstitch/io/folder_lock.hpp>
#include <xstitch/run/parameter_file.hpp>
#include <xstitch/train/interrupt.hpp>
#include <xstitch/train/sgd.hpp>

#include <CLI/CLI.hpp>

#include <iostream>
#include <optional>

#include "alexnet_voc/alphas.hpp"
#include "alexnet_voc/report.hpp"
#include "common/finite_number.hpp"
#include "common/timing.hpp"
#include "common/together.hpp"
#include "processes.hpp"

namespace xs = xstitch;
using namespace alexnet_voc;

namespace {

struct Options {
  std::string preset = "demo", output = "out/alexnet_voc";
  DataSettings data{};
  std::vector<std::string> methods{"one_task", "cross_stitch"};
  std::vector<std::uint64_t> seeds{1};
  std::size_t batch = 2, jobs = 1, threads = 0, time_steps = 0;
  std::uint64_t iterations = 0, checkpoint_every = 500;
  float learning_rate = 0.0F, alpha_multiplier = -1.0F;
  std::vector<float> alpha{0.9F, 0.1F};
  bool resume = false, describe = false, distributed = false;
  std::shared_ptr<protocol::Together> together{};  ///< of --distributed
};

class Experiment {
 public:
  Experiment(const Options& options, const Preset& preset)
      : options_(options), preset_(preset), subject_(preset, options.data, 0) {
    const std::size_t processors = xs::ThreadPool(options.threads).size();
    settings_ = {.folder = options.output,
                 .batch = options.batch,
                 .learning_rate = options.learning_rate,
                 .weight_decay = preset.weight_decay,
                 .alpha_multiplier = options.alpha_multiplier,
                 .jobs = options.jobs,
                 .threads = std::max<std::size_t>(1, processors / options.jobs),
                 .checkpoint_every = options.checkpoint_every,
                 .together = options.together};
  }

  int run() {
    std::cout << "alexnet_voc: preset " << preset_.name << " (" << preset_.what << "), data " << options_.data.source
              << ": " << subject_.train(options_.seeds[0])->size() << " training and " << subject_.test().size()
              << " test images, proposals: " << subject_.test().proposals_from() << "; " << xs::simd_name()
              << std::endl;
    if (options_.time_steps > 0) {
      if (settings_.together) xs::fail("--time-steps with --distributed: expected one process");
      xs::ThreadPool threads(options_.threads);
      const xs::Sgd sgd{.learning_rate = options_.learning_rate,
                        .momentum = 0.9F,
                        .weight_decay = preset_.weight_decay,
                        .alpha_multiplier = options_.alpha_multiplier};
      std::cout << protocol::time_steps(subject_, {"detection", "attributes", "cross_stitch"}, *subject_.train(1), sgd,
                                        options_.batch, options_.time_steps, threads);
      return 0;
    }
    return protocol::lead_or_follow(settings_, subject_, [&] { return run_plan(); });
  }

 private:
  int run_plan() {
    xs::make_folder(options_.output);
    const xs::FolderLock lock(options_.output);
    if (!lock.note().empty()) std::cerr << lock.note() << '\n';
    if (!options_.resume) protocol::Runner::forget(options_.output);
    const xs::Interrupt interrupt;
    protocol::Plan plan({"detection", "attributes"}, {options_.iterations, options_.iterations}, options_.iterations);
    std::vector<protocol::Row> rows;
    for (const std::uint64_t seed : options_.seeds)
      for (const std::string& method : options_.methods) rows.push_back(row(plan, method, seed));
    protocol::Runner runner(subject_, settings_, plan, interrupt.flag());
    if (runner.run(rows) != protocol::RunEnd::finished) {
      std::cerr << "Stopped. Continue with the same options and --resume.\n";
      return 130;
    }
    for (const protocol::Row& one : rows)
      if (!runner.evaluated(one).measured) {
        std::cerr << "Stopped: a training of " << one.method << ", seed " << one.seed << ", diverged: see "
                  << options_.output << "/trainings/*/result.json\n";
        return 1;
      }
    report(rows, runner);
    return 0;
  }
  protocol::Row row(protocol::Plan& plan, const std::string& method, std::uint64_t seed) const {
    if (method == "one_task") return plan.one_task(seed);
    if (method == "ensemble") return plan.ensemble(seed);
    if (!method.starts_with("cross_stitch")) return plan.together(method, seed);
    protocol::PairSettings settings;
    settings.network = method;
    settings.alpha = {options_.alpha[0], options_.alpha[1]};
    settings.suffix = method.substr(std::string("cross_stitch").size());
    return plan.cross_stitch(seed, "cross-stitch" + settings.suffix, settings);
  }

  /// Of each stitched row; printed, too.
  xs::Json alphas(const std::vector<protocol::Row>& rows, const protocol::Runner& runner) const {
    xs::Json all{xs::Json::Object{}};
    for (const protocol::Row& one : rows)
      for (const std::string& end : one.ends) {
        const protocol::Training& training = runner.plan().find(end);
        if (training.alphas_frozen || !training.network.starts_with("cross_stitch")) continue;
        const auto net = preset_.make(training.network, xs::seed(1));
        xs::load(*net, runner.network_file(end));
        const std::vector<SeamAlphas> found = alphas_of(*net);
        std::cout << "\nAlphas of " << end << " at each seam (means over channels):\n\n" << alpha_table(found);
        all.set(end, json(found));
      }
    return all;
  }

  void report(const std::vector<protocol::Row>& rows, const protocol::Runner& runner) {
    protocol::Comparison comparison(pair_columns(), "one-task");
    std::vector<JudgedRow> judged;
    xs::Json::Array all;
    for (const protocol::Row& one : rows) {
      const protocol::EvaluatedRow& found = runner.evaluated(one);
      judged.push_back({one.method, one.seed, judged_from(found.judged)});
      comparison.add(runner.result(one, comparison.columns()));
      xs::Json::Array trainings;
      for (const std::string& name : runner.plan().needed(one)) trainings.emplace_back(name);
      all.push_back(xs::Json()
                        .set("method", one.method)
                        .set("seed", one.seed)
                        .set("metrics", found.judged.at("metrics"))
                        .set("classes", found.judged.at("classes"))
                        .set("attributes", found.judged.at("attributes"))
                        .set("samples", found.cost.samples)
                        .set("flops", found.cost.flops)
                        .set("seconds", found.cost.seconds)
                        .set("trainings", std::move(trainings)));
    }
    add_references(comparison, judged.at(0).judged);
    const xs::Json of_alphas = alphas(rows, runner);
    const xs::Table table = comparison.table();
    std::cout << "\nAverage precision (%), " << test_sentence(judged[0].judged) << ":\n\n" << table << '\n';
    if (options_.seeds.size() > 1) std::cout << comparison.difference_table() << '\n';
    const std::filesystem::path folder(options_.output);
    const std::vector<std::size_t> positives = subject_.training_positives(options_.seeds[0]);
    xs::write_file_atomically(folder / "table.txt", table.to_text());
    xs::write_file_atomically(folder / "table.md", table.to_markdown());
    xs::write_file_atomically(folder / "table.csv", comparison.table(false).to_csv());
    xs::write_file_atomically(folder / "differences.csv", comparison.difference_table().to_csv());
    xs::write_file_atomically(folder / "classes.csv", class_table(judged).to_csv());
    xs::write_file_atomically(folder / "attributes.csv", attribute_table(judged, positives).to_csv());
    xs::Json counts{xs::Json::Object{}};
    const std::vector<std::string> names = subject_.test().attribute_names();
    for (std::size_t a = 0; a < names.size(); ++a)
      if (positives[a] > 0) counts.set(names[a], positives[a]);
    xs::Json settings{xs::Json::Object{}};
    for (const auto& [name, value] : settings_shown()) settings.set(name, value);
    xs::write_file_atomically(folder / "results.json", xs::Json()
                                                               .set("program", "alexnet_voc")
                                                               .set("settings", std::move(settings))
                                                               .set("baselines", baselines(judged[0].judged))
                                                               .set("training_positives", std::move(counts))
                                                               .set("comparison", comparison.json())
                                                               .set("rows", std::move(all))
                                                               .set("alphas", of_alphas)
                                                               .text(2) +
                                                           "\n");
    write_page({.file = folder / "report.html",
                .subtitle = "Preset " + preset_.name + " (" + preset_.what + "), data " + options_.data.source,
                .comparison = &comparison,
                .rows = rows,
                .judged = judged,
                .training_positives = positives,
                .settings = settings_shown(),
                .threads = options_.threads},
               runner, subject_);
    std::cout << "Everything is in " << options_.output
              << ": table.{txt,md,csv}, differences.csv, classes.csv, attributes.csv, results.json, trainings.\n"
                 "The report, to be opened in a browser: "
              << (folder / "report.html").string() << '\n';
    for (const std::string& method : comparison.methods())
      if (method != comparison.baseline()) std::cout << comparison.sentence(method) << '\n';
  }

  [[nodiscard]] std::vector<std::pair<std::string, std::string>> settings_shown() const {
    const auto number = [](float value) { return xs::number_text(value, 4); };
    std::string seeds;
    for (const std::uint64_t seed : options_.seeds) seeds += (seeds.empty() ? "" : ", ") + std::to_string(seed);
    return {{"preset", preset_.name},
            {"training", subject_.describe_training()},
            {"test", subject_.describe_test()},
            {"proposals", subject_.test().proposals_from()},
            {"iterations of each stage", std::to_string(options_.iterations)},
            {"seeds", seeds},
            {"batch", std::to_string(options_.batch)},
            {"learning rate", number(options_.learning_rate)},
            {"weight decay", number(preset_.weight_decay)},
            {"alpha multiplier", number(options_.alpha_multiplier)},
            {"initial alphas", number(options_.alpha[0]) + ", " + number(options_.alpha[1])},
            {"pretrained", options_.data.pretrained.empty() ? "no" : options_.data.pretrained},
            {"instruction set", std::string(xs::simd_name())}};
  }

  Options options_;
  Preset preset_;
  DetectionSubject subject_;
  protocol::RunSettings settings_;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{
      "Trains the paper's second pair (detection and attributes, Fast R-CNN on CaffeNet): every method in two stages "
      "of\n"
      "equal length. Without options it draws its own rooms and needs no file.\n\n"
      "  alexnet_voc                                         one-task and cross-stitch\n"
      "  alexnet_voc --methods one_task,ensemble,split:conv2,split:fc7,shared,cross_stitch --seeds 1,2,3,4,5\n"
      "                                                      the paper's Table 6: three hours on two cores\n"
      "  alexnet_voc --data DIR                              Pascal VOC 2008 and aPascal, or a folder like them\n"
      "  alexnet_voc --preset paper --time-steps 20          what a step costs at the paper's size\n"
      "  alexnet_voc --resume                                continue after Ctrl-C or a crash; the result has the same "
      "bits\n"};
  std::string presets_help = "Size and width:";
  for (const Preset& p : presets()) presets_help += "\n  " + p.name + ": " + p.what;
  app.add_option("--data", options.data.source, "rooms (drawn, no files) or a folder in the layout of VOC 2008")
      ->capture_default_str();
  app.add_option("--train-set", options.data.train_set, "ImageSets/Main/SET.txt to train on")->capture_default_str();
  app.add_option("--test-set", options.data.test_set, "ImageSets/Main/SET.txt to judge by")->capture_default_str();
  app.add_option("--methods", options.methods,
                 "one or more of one_task, ensemble, split:LAYER (conv2..conv5, fc6, fc7), shared, cross_stitch (at "
                 "the pools, an alpha matrix a layer), cross_stitch:fc (fc6 and fc7, too), cross_stitch:channel")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--preset", options.preset, presets_help)->capture_default_str();
  app.add_option("--iterations", options.iterations, "steps of each of the two stages [of the preset]");
  app.add_option("--seeds", options.seeds, "of initial values, data order and dropout; a row each")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--batch", options.batch, "images a step")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--learning-rate", options.learning_rate, "learning rate [of the preset]")
      ->check(finite_number())
      ->check(CLI::PositiveNumber);
  app.add_option("--alpha-multiplier", options.alpha_multiplier,
                 "the alphas' learning rate is this times the learning rate [of the preset]")
      ->check(finite_number())
      ->check(CLI::NonNegativeNumber);
  app.add_option("--alpha", options.alpha, "initial values alpha_S alpha_D of the units")
      ->expected(2)
      ->check(finite_number())
      ->capture_default_str();
  app.add_option("--pretrained", options.data.pretrained,
                 "safetensors file with CaffeNet's weights (conv1.weight ...) for every tower; conv1 is then frozen")
      ->check(CLI::ExistingFile);
  app.add_option("--train-rooms", options.data.train_rooms, "rooms to train on [of the preset]");
  app.add_option("--test-rooms", options.data.test_rooms, "held-back rooms [of the preset]");
  app.add_option("--jobs", options.jobs, "trainings at a time; the threads are shared among them")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--threads", options.threads,
                 "0: as many as the process may use processors; the result does not depend on it")
      ->capture_default_str();
  app.add_option("--output", options.output, "folder for checkpoints, logs and tables")->capture_default_str();
  app.add_option("--checkpoint-every", options.checkpoint_every, "steps")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--time-steps", options.time_steps,
                 "run so many steps of the networks, print seconds a step and memory, and end");
  app.add_flag("--resume", options.resume, "continue where the job in the output folder stopped");
  app.add_flag("--distributed", options.distributed,
               "train over the processes that mpirun started: mpirun -np 2 alexnet_voc --distributed");
  app.add_flag("--describe", options.describe, "print the cross-stitched pair's layers, shapes and costs, and end");
  CLI11_PARSE(app, argc, argv);
  Processes processes;
  try {
    if (options.distributed) {
      if (options.jobs > 1 || options.time_steps > 0)
        xs::fail(options.jobs > 1 ? "--jobs" : "--time-steps",
                 " with --distributed: all processes make one training, and nothing else");
      processes.start(argc, argv);
      options.together = std::make_shared<protocol::Together>(processes.ranks());
    }
    std::optional<Preset> preset;
    for (const Preset& p : presets())
      if (p.name == options.preset) preset = p;
    if (!preset) xs::fail("--preset ", options.preset, ": expected demo or paper");
    if (options.describe) {
      std::cout << preset->describe();
      return 0;
    }
    if (!options.data.pretrained.empty() && options.data.source == "rooms")
      xs::fail("--pretrained with --data rooms: weights of photographs want photographs, give --data FOLDER");
    if (options.learning_rate == 0.0F) options.learning_rate = preset->learning_rate;
    if (options.alpha_multiplier < 0.0F) options.alpha_multiplier = preset->alpha_multiplier;
    if (options.iterations == 0) options.iterations = preset->iterations;
    if (options.data.train_rooms == 0) options.data.train_rooms = preset->train_rooms;
    if (options.data.test_rooms == 0) options.data.test_rooms = preset->test_rooms;
    for (const std::string& method : options.methods)  // before an older job is forgotten
      if (method != "one_task" && method != "ensemble") (void)preset->wide(method);
    return Experiment(options, *preset).run();
  } catch (const std::exception& error) {
    return processes.fail(std::string("alexnet_voc: ") + error.what());
  }
}
