// needs: images, voc
// The paper's second pair: detection of objects and their attributes, Fast R-CNN on CaffeNet for both (Table 6).
//
// Every row is trained in two stages of equal length (examples/common/plan.hpp) and judged on whole images: average
// precision of detections by proposals, and of attributes on the objects' own boxes, beside what needs no training.
// Without options it draws its own rooms. The networks to compare are in examples/alexnet_voc/.
#include <xstitch/io/file.hpp>
#include <xstitch/run/parameter_file.hpp>
#include <xstitch/train/interrupt.hpp>
#include <xstitch/train/job.hpp>
#include <xstitch/train/sgd.hpp>
#ifdef XSTITCH_WITH_selective_search
#include <xstitch/data/selective_search.hpp>
#endif

#include <CLI/CLI.hpp>

#include <iostream>
#include <map>
#include <optional>

#include "alexnet_voc/alphas.hpp"
#include "alexnet_voc/pair_data.hpp"
#include "alexnet_voc/results.hpp"
#include "alexnet_voc/timing.hpp"
#include "common/finite_number.hpp"
#include "common/plan.hpp"
#include "common/stage.hpp"

namespace xs = xstitch;
using namespace alexnet_voc;

namespace {

struct Options {
  std::string data = "rooms", train_set = "train", test_set = "val", preset = "demo", output = "out/alexnet_voc";
  std::string pretrained;
  std::vector<std::string> methods{"one_task", "cross_stitch"};
  std::vector<std::uint64_t> seeds{1};
  std::size_t batch = 2, threads = 0, train_rooms = 0, test_rooms = 0, time_steps = 0;
  std::uint64_t iterations = 0, checkpoint_every = 500;
  float learning_rate = 0.0F, alpha_multiplier = -1.0F;
  std::vector<float> alpha{0.9F, 0.1F};
  bool resume = false, describe = false;
};

PairData open(const Options& options, const Preset& preset, bool training, xs::ThreadPool& threads) {
  xs::data::RegionOptions regions;
  regions.count = training_regions;
  if (options.data == "rooms") {
    constexpr std::size_t most = std::size_t{3} << 29;
    return {xs::data::RoomsDetection({.split = training ? xs::data::RoomsSplit::train : xs::data::RoomsSplit::test,
                                      .count = training ? options.train_rooms : options.test_rooms,
                                      .height = preset.height,
                                      .width = preset.width,
                                      .regions = regions}),
            threads, most};
  }
  xs::data::VocOptions voc;
  voc.set = training ? options.train_set : options.test_set;
  voc.height = preset.height;
  voc.width = preset.width;
  voc.regions = regions;
  // Weights of photographs want pixels as they were trained with; a network from nothing wants them of unit size.
  if (options.pretrained.empty()) voc.scaling = {{0.45F, 0.45F, 0.45F}, {0.185F, 0.185F, 0.185F}, false};
#ifdef XSTITCH_WITH_selective_search
  voc.propose = xs::data::SelectiveSearch{};
#endif
  return PairData(xs::data::Voc(options.data, voc));
}

class Experiment {
 public:
  Experiment(const Options& options, const Preset& preset)
      : options_(options),
        preset_(preset),
        threads_(options.threads),
        train_(open(options, preset, true, threads_)),
        test_(open(options, preset, false, threads_)),
        sgd_{.learning_rate = options.learning_rate,
             .momentum = 0.9F,
             .weight_decay = preset.weight_decay,
             .alpha_multiplier = options.alpha_multiplier} {}

  int run() {
    std::cout << "alexnet_voc: preset " << preset_.name << " (" << preset_.what << "), data " << options_.data << ": "
              << train_.size() << " training and " << test_.size()
              << " test images, proposals: " << test_.proposals_from() << "; " << threads_.size() << " threads, "
              << xs::simd_name() << std::endl;
    if (options_.time_steps > 0) {
      std::cout << "\n"
                << time_steps(preset_, {"detection", "attributes", "cross_stitch"}, train_, sgd_, options_.batch,
                              options_.time_steps, threads_);
      return 0;
    }
    return train();
  }

 private:
  int train() {
    const xs::Interrupt interrupt;
    xs::TrainingJob job(options_.output, {.resume = options_.resume, .stop = &interrupt.flag()});
    protocol::Plan plan({"detection", "attributes"}, {options_.iterations, options_.iterations}, options_.iterations);
    std::vector<protocol::Row> rows;
    for (const std::uint64_t seed : options_.seeds)
      for (const std::string& method : options_.methods) rows.push_back(row(plan, method, seed));
    std::size_t number = 0;
    for (const protocol::Training& training : plan.trainings()) {
      ++number;
      std::cout << "training " << number << " of " << plan.trainings().size() << ": " << training.name << std::endl;
      const auto net = start(training);
      protocol::Cost& cost = costs_[training.name] = protocol::cost_of(*net, training, options_.batch);
      const xs::TrainResult result =
          protocol::train_stage(job, training.name, *net, train_, sgd_, settings(training), cost.seconds);
      if (!result.finished()) {
        std::cerr << "Stopped: " << training.name << ": " << result.message << '\n';
        if (result.reason != xs::StopReason::interrupted) return 1;  // the same options would end so again
        std::cerr << "Continue with the same options and --resume.\n";
        return 130;
      }
    }
    std::vector<Row> found;
    for (const protocol::Row& one : rows) {
      std::cout << "judging " << one.method << ", seed " << one.seed << std::endl;
      found.push_back(judge(plan, one));
      if (interrupt.flag().load()) {
        std::cerr << "Stopped. Continue with the same options and --resume.\n";
        return 130;
      }
    }
    report(found);
    return 0;
  }

  static protocol::Row row(protocol::Plan& plan, const std::string& method, std::uint64_t seed) {
    if (method == "one_task") return plan.one_task(seed);
    if (method == "ensemble") return plan.ensemble(seed);
    if (method == "cross_stitch") return plan.cross_stitch(seed);
    if (method.starts_with("cross_stitch:")) {
      protocol::PairSettings settings;
      settings.network = method;
      settings.suffix = method.substr(std::string("cross_stitch").size());
      return plan.cross_stitch(seed, "cross-stitch" + settings.suffix, settings);
    }
    return plan.together(method, seed);
  }

  /// The network of a training at its beginning.
  std::unique_ptr<xs::AnyNet> start(const protocol::Training& training) {
    auto net = preset_.make(training.network, xs::seed(training.seed));
    if (!options_.pretrained.empty()) {
      const auto from = xs::initialise_from(*net, std::filesystem::path(options_.pretrained),
                                            {{"", "detection."}, {"", "attributes."}, {"", "shared."}});
      if (from.parameters == 0)
        xs::fail("--pretrained ", options_.pretrained, ": found no parameter of CaffeNet's, expected conv1.weight ...");
      net->set_trained("*.conv1.*", false);  // as Fast R-CNN does
    }
    protocol::Training with_alphas = training;
    if (!training.alphas_frozen) with_alphas.alpha = {options_.alpha[0], options_.alpha[1]};
    std::vector<std::filesystem::path> sources;
    for (const std::string& before : training.start) sources.push_back(file_of(before));
    protocol::prepare(*net, with_alphas, {}, sources);
    return net;
  }
  [[nodiscard]] std::filesystem::path file_of(const std::string& training) const {
    return std::filesystem::path(options_.output) / training / "last.safetensors";
  }

  xs::TrainOptions settings(const protocol::Training& training) const {
    xs::TrainOptions o = protocol::options_of(training, options_.batch, options_.threads, false);
    o.augment.mirror = true;
    o.checkpoint_every = options_.checkpoint_every;
    o.log_every = std::max<std::uint64_t>(20, training.iterations / 20);
    if (preset_.stepwise) o.schedule = xs::Schedule::multi_step({training.iterations * 3 / 4}, 0.1);
    o.name = training.name;
    return o;
  }

  Row judge(const protocol::Plan& plan, const protocol::Row& row) {
    std::vector<xs::AnyPredictor> predictors;
    std::size_t parameters = 0;
    for (const std::string& end : row.ends) {
      const protocol::Training& training = plan.find(end);
      const auto net = start(training);
      xs::initialise_from(*net, file_of(end));
      predictors.emplace_back(preset_.wide(training.network), net->shared_parameters(), options_.threads);
      parameters += parameter_count(*net);
      const std::vector<SeamAlphas> alphas = alphas_of(*net);
      if (alphas.empty() || training.alphas_frozen) continue;
      std::cout << "\nAlphas at each seam (means over channels):\n\n" << alpha_table(alphas) << '\n';
      alphas_.set(end, json(alphas));
    }
    xs::DetectionOptions options;
    options.attributes = "attributes";
    options.threads = options_.threads;
    Row result{.method = row.method,
               .seed = row.seed,
               .found = xs::evaluate_detection(predictors, test_, options),
               .parameters = parameters};
    xs::add_training_objects(result.found.attributes, train_);
    std::vector<protocol::Cost> costs;
    for (const std::string& name : result.trainings = plan.needed(row)) costs.push_back(costs_.at(name));
    result.cost = protocol::cost_of(row, costs);
    return result;
  }

  void report(const std::vector<Row>& rows) {
    const xs::DetectionEvaluation& any = rows.at(0).found;
    std::vector<std::size_t> positives(attributes, 0);
    for (std::size_t i = 0; i < train_.size(); ++i)
      for (const xs::data::ImageObject& object : train_.objects(i))
        for (std::size_t a = 0; a < object.attributes.size() && !object.difficult; ++a)
          positives[a] += object.attributes[a];
    const protocol::Comparison comparison = compare(rows);
    const xs::Table table = comparison.table(), of_classes = class_table(rows),
                    of_attributes = attribute_table(rows, positives);
    std::cout << "\nAverage precision (%), " << any.images << " images, " << any.recall.objects()
              << " objects; a proposal overlaps " << xs::Table::number(any.recall.at(0.5)) << " % of them by half ("
              << xs::Table::number(any.recall.proposals_an_image(), 0) << " proposals an image):\n\n"
              << table << '\n';
    for (const std::string& method : comparison.methods())
      if (method != comparison.baseline() && rows.front().method == comparison.baseline())
        std::cout << comparison.sentence(method) << '\n';
    const std::filesystem::path folder(options_.output);
    xs::write_file_atomically(folder / "table.txt", table.to_text());
    xs::write_file_atomically(folder / "table.md", table.to_markdown());
    xs::write_file_atomically(folder / "table.csv", table.to_csv());
    xs::write_file_atomically(folder / "differences.csv", comparison.difference_table().to_csv());
    xs::write_file_atomically(folder / "classes.csv", of_classes.to_csv());
    xs::write_file_atomically(folder / "attributes.csv", of_attributes.to_csv());
    xs::Json::Array all;
    for (const Row& row : rows) all.push_back(json(row));
    xs::Json counts{xs::Json::Object{}};
    const std::vector<std::string> names = train_.attribute_names();
    for (std::size_t a = 0; a < positives.size(); ++a)
      if (positives[a] > 0) counts.set(names[a], positives[a]);
    xs::write_file_atomically(folder / "results.json", xs::Json()
                                                               .set("program", "alexnet_voc")
                                                               .set("settings", settings())
                                                               .set("baselines", baselines(any))
                                                               .set("training_positives", counts)
                                                               .set("comparison", comparison.json())
                                                               .set("rows", all)
                                                               .set("alphas", alphas_)
                                                               .text(2) +
                                                           "\n");
    std::cout
        << "Everything is in " << options_.output
        << ": table.{txt,md,csv}, differences.csv, classes.csv, attributes.csv, results.json, checkpoints and logs.\n";
  }

  xs::Json settings() const {
    return xs::Json()
        .set("preset", preset_.name)
        .set("data", options_.data)
        .set("train_images", train_.size())
        .set("test_images", test_.size())
        .set("proposals", test_.proposals_from())
        .set("iterations_of_each_stage", options_.iterations)
        .set("batch", options_.batch)
        .set("learning_rate", static_cast<double>(options_.learning_rate))
        .set("weight_decay", static_cast<double>(preset_.weight_decay))
        .set("alpha_multiplier", static_cast<double>(options_.alpha_multiplier))
        .set("pretrained", !options_.pretrained.empty())
        .set("simd", xs::simd_name());
  }

  Options options_;
  Preset preset_;
  xs::ThreadPool threads_;
  PairData train_, test_;
  xs::Sgd sgd_;
  xs::Json alphas_{xs::Json::Object{}};
  std::map<std::string, protocol::Cost> costs_;  ///< of each training
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
  app.add_option("--data", options.data, "rooms (drawn, no files) or a folder in the layout of VOC 2008")
      ->capture_default_str();
  app.add_option("--train-set", options.train_set, "ImageSets/Main/SET.txt to train on")->capture_default_str();
  app.add_option("--test-set", options.test_set, "ImageSets/Main/SET.txt to judge by")->capture_default_str();
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
  app.add_option("--pretrained", options.pretrained,
                 "safetensors file with CaffeNet's weights (conv1.weight ...) for every tower; conv1 is then frozen")
      ->check(CLI::ExistingFile);
  app.add_option("--train-rooms", options.train_rooms, "rooms to train on [of the preset]");
  app.add_option("--test-rooms", options.test_rooms, "held-back rooms [of the preset]");
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
  app.add_flag("--describe", options.describe, "print the cross-stitched pair's layers, shapes and costs, and end");
  CLI11_PARSE(app, argc, argv);
  try {
    std::optional<Preset> preset;
    for (const Preset& p : presets())
      if (p.name == options.preset) preset = p;
    if (!preset) xs::fail("--preset ", options.preset, ": expected demo or paper");
    if (options.describe) {
      std::cout << preset->describe();
      return 0;
    }
    if (!options.pretrained.empty() && options.data == "rooms")
      xs::fail("--pretrained with --data rooms: weights of photographs want photographs, give --data FOLDER");
    if (options.learning_rate == 0.0F) options.learning_rate = preset->learning_rate;
    if (options.alpha_multiplier < 0.0F) options.alpha_multiplier = preset->alpha_multiplier;
    if (options.iterations == 0) options.iterations = preset->iterations;
    if (options.train_rooms == 0) options.train_rooms = preset->train_rooms;
    if (options.test_rooms == 0) options.test_rooms = preset->test_rooms;
    for (const std::string& method : options.methods)  // before an older job is forgotten
      if (method != "one_task" && method != "ensemble") (void)preset->wide(method);
    return Experiment(options, *preset).run();
  } catch (const std::exception& error) {
    std::cerr << "alexnet_voc: " << error.what() << '\n';
    return 1;
  }
}
