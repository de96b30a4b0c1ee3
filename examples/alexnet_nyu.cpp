// needs: images, nyuv2
// The paper's main experiment: semantic segmentation and surface normals from one image, CaffeNet FCN-32s towers.
//
// Every row is trained in two stages of equal length (examples/common/plan.hpp): as in the paper, each task's network
// is trained alone, and the cross-stitched pair starts from the two; the one-task networks are trained on for as long.
// It ends with the columns of the paper's Table 5 and what they say, the alphas at each seam and a picture, all of them
// in the output folder. The networks to compare are in examples/alexnet_nyu/.
#include <xstitch/losses/codebook.hpp>
#include <xstitch/train/interrupt.hpp>
#include <xstitch/train/sgd.hpp>

#include <CLI/CLI.hpp>

#include <iostream>
#include <optional>

#include "alexnet_nyu/baselines.hpp"
#include "alexnet_nyu/menu_words.hpp"
#include "alexnet_nyu/networks.hpp"
#include "alexnet_nyu/picture.hpp"
#include "alexnet_nyu/report.hpp"
#include "common/finite_number.hpp"
#include "common/pair_data.hpp"
#include "common/stage.hpp"
#include "processes.hpp"

namespace xs = xstitch;
using namespace alexnet_nyu;

namespace {

struct Options {
  std::string data = "rooms", preset = "demo", output = "out/alexnet_nyu", start_from;
  std::vector<std::string> networks{"cross_stitch"};
  std::size_t batch = 0, threads = 0, train_rooms = 0, test_rooms = 0, seeds = 1;
  std::uint64_t iterations = 0, seed = 1, checkpoint_every = 500;
  float learning_rate = 0.0F, alpha_multiplier = 0.0F;
  std::vector<float> alpha{0.9F, 0.1F};
  std::string granularity = "channel", precision = "fp32";
  bool resume = false, describe = false, mirror = true, distributed = false;
  std::shared_ptr<xs::Ranks> ranks{};  ///< of --distributed
  [[nodiscard]] bool leads() const { return !ranks || ranks->rank() == 0; }
};

/// What the columns show of an evaluation.
std::vector<xs::MetricValue> shown(const std::vector<protocol::Column>& columns, const xs::Evaluation& evaluation) {
  std::vector<xs::MetricValue> values;
  for (const protocol::Column& column : columns)
    for (const xs::Evaluation::Row& row : evaluation.rows)
      for (const xs::MetricValue& v : row.values)
        if (row.name == column.task && v.name == column.metric) values.push_back(v);
  return values;
}

void report_alphas(const xs::AnyNet& net, const std::filesystem::path& folder) {
  std::string file = "seam,to,from,channel,alpha\n";
  xs::Table table({"seam", "channels", "seg <- seg", "seg <- normals", "normals <- seg", "normals <- normals"});
  const char* towers[2] = {"segmentation", "normals"};
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    const xs::ParameterSlot& slot = net.parameters()[i];
    if (!protocol::is_alpha(slot)) continue;
    const std::string seam = slot.name.substr(7, slot.name.size() - 7 - 6);  // stitch.NAME.alpha
    const std::size_t channels = slot.count / 4;
    std::vector<std::string> row{seam, std::to_string(channels)};
    for (std::size_t k = 0; k < 4; ++k) {
      double sum = 0.0;
      for (std::size_t c = 0; c < channels; ++c) {
        const float alpha = net.parameter(i)[k * channels + c];
        sum += static_cast<double>(alpha);
        file += seam + "," + towers[k / 2] + "," + towers[k % 2] + "," + std::to_string(c) + "," +
                xs::number_text(alpha, 6) + "\n";
      }
      row.push_back(xs::Table::number(sum / static_cast<double>(channels), 3));
    }
    table.add_row(row);
  }
  xs::write_file_atomically(folder / "alphas.csv", file);
  std::cout << "Alphas at each seam (means over channels; all of them in alphas.csv):\n\n" << table << '\n';
}

class Experiment {
 public:
  Experiment(const Options& options, const Preset& preset)
      : options_(options),
        preset_(preset),
        threads_(options.threads),
        sgd_{.learning_rate = options.learning_rate,
             .momentum = 0.9F,
             .weight_decay = preset.weight_decay,
             .alpha_multiplier = options.alpha_multiplier},
        job_(options.output, {.resume = options.resume, .stop = &interrupt_.flag(), .distributed = {options.ranks}}),
        plan_({"segmentation", "normals"},
              {options.iterations > 0 ? options.iterations : preset.segmentation_iterations,
               options.iterations > 0 ? options.iterations : preset.normals_iterations},
              options.iterations > 0 ? options.iterations : preset.second_iterations) {}

  int run() {
    std::vector<protocol::Row> rows;
    for (std::uint64_t seed = options_.seed; seed < options_.seed + options_.seeds; ++seed) {
      rows.push_back(plan_.one_task(seed));
      for (const std::string& network : options_.networks) add_row(rows, network, seed);
    }
    for (const protocol::Training& training : plan_.trainings())
      if (!train(training)) return stopped();
    for (const protocol::Row& row : rows) evaluate(row);
    print_and_write(rows.back());
    if (options_.leads()) report(rows);
    return 0;
  }

 private:
  void add_row(std::vector<protocol::Row>& rows, const std::string& network, std::uint64_t seed) {
    if (network == "one_task") return;  // is there
    if (network == "ensemble") {
      if (!options_.start_from.empty()) xs::fail("--start-from with --network ensemble: its members would start equal");
      rows.push_back(plan_.ensemble(seed));
    } else if (network.starts_with("cross_stitch")) {
      protocol::PairSettings settings;
      settings.network = network == "cross_stitch" && options_.granularity == "layer" ? "cross_stitch:layer" : network;
      settings.alpha = {options_.alpha[0], options_.alpha[1]};
      settings.suffix = network == "cross_stitch" ? "" : network.substr(12);
      rows.push_back(plan_.cross_stitch(seed, "cross-stitch" + settings.suffix, settings));
    } else {
      rows.push_back(plan_.together(network, seed));
    }
  }

  int stopped() const {
    if (options_.leads()) std::cerr << "Stopped: " << message_ << '\n';
    if (reason_ != xs::StopReason::interrupted) return 1;  // the same options would end so again
    if (options_.leads()) std::cerr << "Continue with the same options and --resume.\n";
    return 130;
  }

  /// The data of a seed; those of the one before are let go first.
  const protocol::PairData& data(std::uint64_t seed) {
    if (data_ && data_seed_ == seed) return *data_;
    data_.reset();
    data_.emplace(protocol::PairDataOptions{.source = options_.data,
                                            .height = preset_.height,
                                            .width = preset_.width,
                                            .classes = preset_.classes,
                                            .train_rooms = options_.train_rooms,
                                            .test_rooms = options_.test_rooms,
                                            .seed = seed},
                  threads_, &std::cout);
    data_seed_ = seed;
    const xs::DataSetRef train = data_->train();
    std::cout << "alexnet_nyu: preset " << preset_.name << " (" << preset_.what << "), data " << options_.data << ": "
              << train.size() << " training and " << data_->test().size() << " test samples, " << threads_.size()
              << " threads, " << options_.precision << ", " << xs::simd_name() << std::endl;
    statistics_ = look_at(train, preset_.classes);
    codebook_ = xs::Codebook<words>::learn(statistics_.normals, xs::seed(1));
    return *data_;
  }

  [[nodiscard]] std::filesystem::path file_of(const std::string& training) const {
    return job_.folder() / training / "last.safetensors";
  }

  /// Trains one stage of one network, or finds it finished. False if it did not finish.
  bool train(const protocol::Training& training) {
    const xs::DataSetRef set = data(training.data_seed).train();
    const auto net = preset_.make(training.network, xs::seed(training.seed));
    std::vector<std::filesystem::path> sources;
    for (const std::string& source : training.start) sources.push_back(file_of(source));
    protocol::prepare(*net, training, codebook_->codewords(), sources);
    if (training.start.empty()) start_from(*net);
    xs::TrainOptions options =
        protocol::options_of(training, options_.batch, options_.threads, options_.data != "rooms");
    options.augment.mirror = options_.mirror;
    options.checkpoint_every = options_.checkpoint_every;
    options.log_every = std::max<std::uint64_t>(20, training.iterations / 20);
    protocol::Cost cost = protocol::cost_of(*net, training, options_.batch);
    const xs::TrainResult result = protocol::train_stage(job_, training.name, *net, set, sgd_, options, cost.seconds);
    costs_.push_back(cost);
    message_ = training.name + ": " + result.message;
    reason_ = result.reason;
    return result.finished();
  }

  /// Initial values from the one-task networks of an earlier run; a shared trunk gets those of segmentation.
  void start_from(xs::AnyNet& net) const {
    if (options_.start_from.empty()) return;
    const std::string name = protocol::Plan::name_of("one-task", 1);
    xs::initialise_from(net, std::filesystem::path(options_.start_from) / name / "last.safetensors",
                        {{"segmentation.", "shared."}});
  }

  /// The network of a row with its last iterate.
  std::unique_ptr<xs::AnyNet> network_of(const protocol::Row& row) const {
    const bool ensemble = row.ends.size() == 2;
    auto net = preset_.make(ensemble ? "ensemble" : plan_.find(row.ends[0]).network, xs::seed(row.seed));
    if (!ensemble) xs::load(*net, file_of(row.ends[0]));
    for (std::size_t m = 0; ensemble && m < 2; ++m) {
      const std::string member = "ensemble" + std::to_string(m) + ".";
      xs::initialise_from(*net, file_of(row.ends[m]),
                          {{"segmentation.", member + "segmentation."}, {"normals.", member + "normals."}});
    }
    return net;
  }

  void evaluate(const protocol::Row& row) {
    const auto net = network_of(row);
    xs::EvaluateOptions options;
    options.batch = options_.batch;
    options.threads = options_.threads;
    options.ranks = options_.ranks;
    const xs::DataSetRef test = data_->test();  // the same for every seed
    protocol::RowResult result{
        row.method, row.seed, shown(comparison_.columns(), xs::evaluate(*net, test, options)), {}};
    std::vector<protocol::Cost> costs;
    for (const std::string& name : plan_.needed(row))
      for (std::size_t i = 0; i < plan_.trainings().size(); ++i)
        if (plan_.trainings()[i].name == name) costs.push_back(costs_[i]);
    result.cost = protocol::cost_of(row, costs);
    comparison_.add(std::move(result));
  }

  void print_and_write(const protocol::Row& last) {
    if (!options_.leads()) return;
    const auto constant = constant_answers(data_->test(), statistics_, preset_.height, preset_.width, preset_.classes);
    std::vector<xs::MetricValue> values;
    for (const protocol::Column& column : comparison_.columns())
      for (const xs::MetricValue& v : constant[column.task == "normals" ? 1 : 0])
        if (v.name == column.metric) values.push_back(v);
    comparison_.add_reference("most frequent class, mean normal", values);

    const auto net = network_of(last);
    if (last.method.starts_with("cross-stitch")) report_alphas(*net, options_.output);
    if (last.ends.size() == 1)
      write_picture((job_.folder() / "predictions.png").string(), *net, data_->test(), preset_.height, preset_.width,
                    preset_.classes, 6, threads_);
    const xs::Table table = comparison_.table();
    std::cout << "\nSurface normals (angle in degrees, lower is better; share of pixels within, %), segmentation (%),\n"
                 "relative change against one-task (delta_m, %, higher is better), mean rank, and what the training of "
                 "a row took\n(samples that a task's networks saw, forward and backward arithmetic):\n\n"
              << table << '\n';
    const std::filesystem::path folder = options_.output;
    xs::write_file_atomically(folder / "table.txt", table.to_text());
    xs::write_file_atomically(folder / "table.md", table.to_markdown());
    xs::write_file_atomically(folder / "table.csv", comparison_.table(false).to_csv());
    xs::write_file_atomically(folder / "results.json", comparison_.json().text(2) + "\n");
    if (options_.seeds > 1) {
      std::cout << comparison_.difference_table() << '\n';
      xs::write_file_atomically(folder / "differences.csv", comparison_.difference_table().to_csv());
    }
    std::cout << "Everything is in " << options_.output
              << ": table.{txt,md,csv}, results.json, alphas.csv, predictions.png, checkpoints and logs.\n";
    if (last.method != comparison_.baseline()) std::cout << comparison_.sentence(last.method) << '\n';
  }

  /// The page: the last row against one-task of the same seed.
  void report(const std::vector<protocol::Row>& rows) {
    const protocol::Row& last = rows.back();
    std::unique_ptr<xs::AnyNet> baseline, method;
    if (last.ends.size() == 1) method = network_of(last);  // an ensemble's members have pictures of their own
    for (const protocol::Row& row : rows)
      if (method && row.seed == last.seed && row.method == "one-task" && row.method != last.method)
        baseline = network_of(row);
    Page page{.folder = job_.folder(), .results = comparison_.table(), .test = data_->test()};
    page.subtitle = "Preset " + preset_.name + " (" + preset_.what + "), data " + options_.data;
    page.method_name = last.method;
    page.baseline = baseline.get();
    page.method = method.get();
    page.height = preset_.height, page.width = preset_.width, page.classes = preset_.classes;
    page.settings = {{"seeds", std::to_string(options_.seed) + " to " + std::to_string(last.seed)},
                     {"iterations of the second stage", std::to_string(plan_.find(last.ends[0]).iterations)},
                     {"batch", std::to_string(options_.batch)},
                     {"learning rate", xs::number_text(options_.learning_rate, 4)},
                     {"alpha multiplier", xs::number_text(options_.alpha_multiplier, 4)},
                     {"precision", options_.precision},
                     {"instruction set", std::string(xs::simd_name())}};
    write_report(page, options_.batch, threads_, std::cout);
  }

  Options options_;
  Preset preset_;
  xs::ThreadPool threads_;
  std::optional<protocol::PairData> data_;
  std::uint64_t data_seed_ = 0;
  TrainingStatistics statistics_;
  xs::Sgd sgd_;
  xs::Interrupt interrupt_;
  xs::TrainingJob job_;
  protocol::Plan plan_;
  std::optional<xs::Codebook<words>> codebook_;
  std::vector<protocol::Cost> costs_;  ///< of the plan's trainings
  protocol::Comparison comparison_{protocol::pair_columns(), "one-task"};
  std::string message_;  ///< of the last stage
  xs::StopReason reason_ = xs::StopReason::interrupted;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{
      "Trains the pair of the paper (semantic segmentation and surface normals, CaffeNet FCN-32s): first each task "
      "alone,\n"
      "then the cross-stitched pair from the two, and for as long the two without stitches. Without options it draws "
      "its\n"
      "own rooms and needs no file.\n\n"
      "  alexnet_nyu                                            the demo: some minutes on two cores\n"
      "  alexnet_nyu --data nyuv2:DIR                           NYU Depth V2 (the folder of nyu_depth_v2_labeled.mat)\n"
      "  alexnet_nyu --network split:conv4,ensemble,cross_stitch   side by side, a row each\n"
      "  alexnet_nyu --seeds 5                                  intervals, and whether a difference is significant\n"
      "  alexnet_nyu --data nyuv2:DIR --start-from out/alexnet_nyu --output out/nyu   from networks trained on rooms\n"
      "  alexnet_nyu --resume                                   continue after Ctrl-C or a crash; the result has the "
      "same "
      "bits\n"};
  std::string presets_help = "Size and width:";
  for (const Preset& p : presets()) presets_help += "\n  " + p.name + ": " + p.what;
  app.add_option("--data", options.data, "rooms (drawn, no files) or nyuv2:DIR")->capture_default_str();
  app.add_option("--network", options.networks,
                 "one or more of one_task, ensemble, split:LAYER (conv2..conv5, fc6, fc7), shared, cross_stitch")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--preset", options.preset, presets_help)->capture_default_str();
  app.add_option("--batch", options.batch, "samples a step [of the preset]");
  app.add_option("--iterations", options.iterations, "steps of each of the two stages [of the preset]");
  app.add_option("--learning-rate", options.learning_rate, "learning rate [of the preset]")
      ->check(finite_number())
      ->check(CLI::PositiveNumber);
  app.add_option("--alpha-multiplier", options.alpha_multiplier,
                 "the alphas' rate is this times the rate [of the preset]")
      ->check(finite_number())
      ->check(CLI::NonNegativeNumber);
  app.add_option("--alpha", options.alpha, "initial values alpha_S alpha_D of the units")
      ->expected(2)
      ->check(finite_number())
      ->capture_default_str();
  app.add_option("--granularity", options.granularity, "an alpha matrix for each channel or for each layer")
      ->check(CLI::IsMember({"channel", "layer"}))
      ->capture_default_str();
  app.add_option("--precision", options.precision,
                 "how numbers are multiplied; bf16: preset demo, networks one_task and cross_stitch")
      ->check(CLI::IsMember({"fp32", "bf16"}))
      ->capture_default_str();
  app.add_option("--train-rooms", options.train_rooms, "rooms to train on [of the preset]");
  app.add_option("--test-rooms", options.test_rooms, "held-back rooms [of the preset]");
  app.add_option("--threads", options.threads,
                 "0: as many as the process may use processors; the result does not depend on it")
      ->capture_default_str();
  app.add_option("--seeds", options.seeds, "how many, from --seed on: a network of each kind for each")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--seed", options.seed, "of initial values, data order, dropout and training rooms")
      ->capture_default_str();
  app.add_option("--output", options.output, "folder for checkpoints, logs, tables and the picture")
      ->capture_default_str();
  app.add_option("--start-from", options.start_from,
                 "output folder of an earlier run: its one-task networks are the initial values, as ImageNet's in the "
                 "paper")
      ->check(CLI::ExistingDirectory);
  app.add_option("--checkpoint-every", options.checkpoint_every, "steps")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_flag("--mirror,!--no-mirror", options.mirror, "mirror training images at random");
  app.add_flag("--resume", options.resume, "continue where the job in the output folder stopped");
  app.add_flag("--distributed", options.distributed,
               "train over the processes that mpirun started: mpirun -np 4 alexnet_nyu --distributed");
  app.add_flag("--describe", options.describe, "print the cross-stitched pair's layers, shapes and costs, and end");
  CLI11_PARSE(app, argc, argv);
  Processes processes;
  try {
    if (options.distributed) processes.start(argc, argv);
    options.ranks = processes.ranks();
    std::optional<Preset> preset;
    for (const Preset& p : presets())
      if (p.name == options.preset) preset = p;
    if (!preset) xs::fail("--preset ", options.preset, ": expected demo, full or paper");
    if (options.describe) {
      std::cout << preset->describe();
      return 0;
    }
    if (options.precision == "bf16") {
      if (preset->make_bf16 == nullptr) xs::fail("--precision bf16: preset ", preset->name, " has no such networks");
      preset->make = preset->make_bf16;
    }
    if (options.batch == 0) options.batch = preset->batch;
    if (options.learning_rate == 0.0F) options.learning_rate = preset->learning_rate;
    if (options.alpha_multiplier == 0.0F) options.alpha_multiplier = preset->alpha_multiplier;
    if (options.train_rooms == 0) options.train_rooms = preset->train_rooms;
    if (options.test_rooms == 0) options.test_rooms = preset->test_rooms;
    return Experiment(options, *preset).run();
  } catch (const std::exception& error) {
    return processes.fail(std::string("alexnet_nyu: ") + error.what());
  }
}
