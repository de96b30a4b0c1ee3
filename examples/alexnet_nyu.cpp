// needs: images, nyuv2
// The paper's main experiment: semantic segmentation and surface normals from one image, CaffeNet FCN-32s towers.
//
// As in the paper, each task's network is trained alone; the cross-stitched pair starts from the two and is trained on.
// It ends with the columns of the paper's Table 5, the alphas at each seam and a picture, all of them in the output
// folder. The networks to compare stand in examples/alexnet_nyu/.
#include <xstitch/core/number_text.hpp>
#include <xstitch/data/in_memory.hpp>
#include <xstitch/data/nyuv2.hpp>
#include <xstitch/io/file.hpp>
#include <xstitch/losses/codebook.hpp>
#include <xstitch/report/table.hpp>
#include <xstitch/rooms/rooms.hpp>
#include <xstitch/run/parameter_file.hpp>
#include <xstitch/train/interrupt.hpp>
#include <xstitch/train/job.hpp>
#include <xstitch/train/sgd.hpp>

#include <CLI/CLI.hpp>

#include <iostream>
#include <optional>

#include "alexnet_nyu/baselines.hpp"
#include "alexnet_nyu/finite_number.hpp"
#include "alexnet_nyu/menu_words.hpp"
#include "alexnet_nyu/networks.hpp"
#include "alexnet_nyu/picture.hpp"
#include "alexnet_nyu/report.hpp"

namespace xs = xstitch;
using namespace alexnet_nyu;

namespace {

struct Options {
  std::string data = "rooms", preset = "demo", output = "out/alexnet_nyu", start_from;
  std::vector<std::string> networks{"cross_stitch"};
  std::size_t batch = 0, threads = 0, train_rooms = 0, test_rooms = 0;
  std::uint64_t iterations = 0, stitched_iterations = 0, seed = 1, checkpoint_every = 500;
  float learning_rate = 0.0F, alpha_multiplier = 0.0F;
  std::vector<float> alpha{0.9F, 0.1F};
  std::string granularity = "channel", precision = "fp32";
  bool resume = false, describe = false, mirror = true;
};

/// The two data sets, whichever they are.
struct Data {
  std::optional<xs::data::Rooms> train_rooms, test_rooms;
  std::optional<xs::data::Nyuv2> train_nyu, test_nyu;
  std::optional<xs::data::InMemory> train_kept, test_kept;

  Data(const Options& options, const Preset& preset, xs::ThreadPool& threads) {
    open(options, preset);
    // Drawn or decoded once, not in every epoch of every training, where memory allows it.
    constexpr std::size_t most = std::size_t{3} << 29;
    const std::size_t bytes = xs::data::InMemory::bytes(train()) + xs::data::InMemory::bytes(test());
    if (bytes > most) {
      std::cout << "The samples would take " << (bytes >> 20) << " MiB of memory, more than the " << (most >> 20)
                << " MiB that this program keeps: they are made again in every epoch.\n";
      return;
    }
    train_kept.emplace(train(), threads);
    test_kept.emplace(test(), threads);
  }
  void open(const Options& options, const Preset& preset) {
    if (options.data == "rooms") {
      if (preset.classes != xs::data::Rooms::classes)
        xs::fail("preset ", preset.name, " has ", preset.classes, " classes, rooms have ", xs::data::Rooms::classes,
                 "; give --data nyuv2:DIR, or another preset");
      xs::data::RoomsOptions rooms{
          .seed = options.seed, .count = options.train_rooms, .height = preset.height, .width = preset.width};
      train_rooms.emplace(rooms);
      // The held-back rooms are the same for every seed, so that runs compare.
      rooms.seed = 1;
      rooms.split = xs::data::RoomsSplit::test;
      rooms.count = options.test_rooms;
      test_rooms.emplace(rooms);
    } else if (options.data.starts_with("nyuv2:")) {
      const std::string folder = options.data.substr(6);
      xs::data::Nyuv2Options nyu;
      nyu.classes = preset.classes;
      nyu.height = preset.height;
      nyu.width = preset.width;
      train_nyu.emplace(folder, nyu);
      nyu.split = xs::data::Nyuv2Split::test;
      test_nyu.emplace(folder, nyu);
    } else {
      xs::fail("--data ", options.data, ": expected rooms or nyuv2:DIR");
    }
  }
  [[nodiscard]] xs::DataSetRef train() const { return pick(train_kept, train_rooms, train_nyu); }
  [[nodiscard]] xs::DataSetRef test() const { return pick(test_kept, test_rooms, test_nyu); }

 private:
  template <class Kept, class RoomSet, class NyuSet>
  static xs::DataSetRef pick(const Kept& kept, const RoomSet& rooms, const NyuSet& nyu) {
    if (kept) return *kept;
    if (rooms) return *rooms;
    return *nyu;
  }
};

/// Rows of the paper's Table 5: normals (mean, median, within three angles), then segmentation (three accuracies).
class Results {
 public:
  Results() : table_({"method", "mean", "median", "11.25", "22.5", "30", "pixacc", "mIU", "fwIU"}) {}

  void add(const std::string& method, const std::vector<xs::MetricValue>& normals,
           const std::vector<xs::MetricValue>& segmentation) {
    std::vector<std::string> row{method};
    for (const char* name : {"mean", "median", "within 11.25", "within 22.5", "within 30"})
      row.push_back(cell(normals, name));
    for (const char* name : {"pixel accuracy", "mean IU", "frequency-weighted IU"})
      row.push_back(cell(segmentation, name));
    table_.add_row(row);
  }
  void print_and_write(const std::filesystem::path& folder) const {
    std::cout
        << "\nSurface normals (angle in degrees, lower is better; share of pixels within, %) and segmentation (%):\n\n"
        << table_ << '\n';
    xs::write_file_atomically(folder / "table.txt", table_.to_text());
    xs::write_file_atomically(folder / "table.md", table_.to_markdown());
    xs::write_file_atomically(folder / "table.csv", table_.to_csv());
  }
  [[nodiscard]] const xs::Table& table() const noexcept { return table_; }

 private:
  static std::string cell(const std::vector<xs::MetricValue>& values, std::string_view name) {
    for (const xs::MetricValue& v : values)
      if (v.name == name) return v.measured ? xs::Table::number(v.value) : "-";
    return "";
  }
  xs::Table table_;
};

const std::vector<xs::MetricValue>& row_of(const xs::Evaluation& evaluation, const std::string& name) {
  for (const auto& row : evaluation.rows)
    if (row.name == name) return row.values;
  xs::fail("evaluation: no row \"", name, "\"");
}

double value_of(const std::vector<xs::MetricValue>& values, std::string_view name) {
  for (const xs::MetricValue& v : values)
    if (v.name == name) return v.value;
  xs::fail("no metric \"", name, "\"");
}

/// Whether a parameter is the alphas of the paper's unit: other units have others ("stitch.pool1.weight").
bool is_alpha(const xs::ParameterSlot& slot) {
  return slot.spec.group == xs::ParameterGroup::stitch && slot.spec.name == "alpha" && slot.spec.extents.rank == 3 &&
         slot.spec.extents.size[0] == 2;
}

/// First values of the alphas and the learned codebook, which are no part of the types.
void set_start(xs::AnyNet& net, const Options& options, std::span<const float> codebook) {
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    const xs::ParameterSlot& slot = net.parameters()[i];
    const auto values = net.mutable_parameter(i);
    if (slot.name.ends_with("loss.codebook")) std::copy(codebook.begin(), codebook.end(), values.begin());
    if (!is_alpha(slot)) continue;
    const auto& size = slot.spec.extents.size;
    std::size_t at = 0;
    for (int t = 0; t < size[0]; ++t)
      for (int s = 0; s < size[1]; ++s)
        for (int c = 0; c < size[2]; ++c)
          values[at++] = t == s ? options.alpha[0] : options.alpha[1] / static_cast<float>(size[0] - 1);
  }
}

void report_alphas(const xs::AnyNet& net, const std::filesystem::path& folder) {
  std::string file = "seam,to,from,channel,alpha\n";
  xs::Table table({"seam", "channels", "seg <- seg", "seg <- normals", "normals <- seg", "normals <- normals"});
  const char* towers[2] = {"segmentation", "normals"};
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    const xs::ParameterSlot& slot = net.parameters()[i];
    if (!is_alpha(slot)) continue;
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
        data_(options, preset, threads_),
        train_(data_.train()),
        test_(data_.test()),
        sgd_{.learning_rate = options.learning_rate,
             .momentum = 0.9F,
             .weight_decay = preset.weight_decay,
             .alpha_multiplier = options.alpha_multiplier},
        job_(options.output, {.resume = options.resume, .stop = &interrupt_.flag()}) {}

  int run() {
    std::cout << "alexnet_nyu: preset " << preset_.name << " (" << preset_.what << "), data " << options_.data << ": "
              << train_.size() << " training and " << test_.size() << " test samples, " << threads_.size()
              << " threads, " << options_.precision << ", " << xs::simd_name() << std::endl;
    const TrainingStatistics statistics = look_at(train_, preset_.classes);
    codebook_ = xs::Codebook<words>::learn(statistics.normals, xs::seed(1));
    const auto constant = constant_answers(test_, statistics, preset_.height, preset_.width, preset_.classes);
    Results results;
    results.add("most frequent class, mean normal", constant[1], constant[0]);
    for (const std::string& network : options_.networks) {
      if (network == "one_task") {
        if (!one_task()) return stopped();
      } else if (network.starts_with("cross_stitch")) {
        if (!one_task() || !cross_stitch(network)) return stopped();
      } else if (!together(network)) {
        return stopped();
      }
    }
    for (const Row& row : rows_) results.add(row.method, row.normals, row.segmentation);
    results.print_and_write(options_.output);
    const Row& last = rows_.back();
    std::cout << last.method << " against the constant answers: pixel accuracy "
              << xs::Table::number(value_of(last.segmentation, "pixel accuracy") -
                                   value_of(constant[0], "pixel accuracy"))
              << " points higher, mean angle "
              << xs::Table::number(value_of(constant[1], "mean") - value_of(last.normals, "mean"))
              << " degrees lower.\n"
              << "Everything is in " << options_.output
              << ": table.{txt,md,csv}, alphas.csv, predictions.png, checkpoints and logs.\n";
    report(results.table(), last.method);
    return 0;
  }

 private:
  struct Row {
    std::string method;
    std::vector<xs::MetricValue> normals, segmentation;
  };

  int stopped() const {
    std::cerr << "Stopped: " << message_ << '\n';
    if (reason_ != xs::StopReason::interrupted) return 1;  // the same options would end so again
    std::cerr << "Go on with the same options and --resume.\n";
    return 130;
  }

  /// Trains (or loads) one stage. False if it did not finish.
  bool train(const std::string& stage, xs::AnyNet& net, std::uint64_t iterations) {
    xs::TrainOptions training;
    training.iterations = iterations;
    training.batch = options_.batch;
    training.seed = xs::seed(options_.seed);
    training.threads = options_.threads;
    training.augment.mirror = options_.mirror;
    // Rooms are drawn in colours and lights of their own; photographs of few homes need help.
    if (options_.data != "rooms") {
      training.augment.brightness = training.augment.contrast = training.augment.saturation = 0.2F;
      training.augment.smallest_crop = 0.6F;
    }
    training.checkpoint_every = options_.checkpoint_every;
    training.log_every = std::max<std::uint64_t>(20, iterations / 20);
    training.schedule = xs::Schedule::polynomial(0.9);
    training.name = stage;
    const xs::TrainResult result = job_.train(stage, net, train_, sgd_, training);
    message_ = stage + ": " + result.message;
    reason_ = result.reason;
    return result.finished();
  }

  /// First values from the one-task networks of an earlier run; a shared trunk gets those of segmentation.
  void start_from(xs::AnyNet& net, const std::vector<std::string>& towers) const {
    if (options_.start_from.empty()) return;
    for (const std::string& tower : towers)
      xs::initialise_from(net, std::filesystem::path(options_.start_from) / tower / "last.safetensors",
                          {{"segmentation.", "shared."}});
  }

  xs::Evaluation evaluate(xs::AnyNet& net) {
    xs::EvaluateOptions options;
    options.batch = options_.batch;
    options.threads = options_.threads;
    return xs::evaluate(net, test_, options);
  }

  bool one_task() {
    if (segmentation_ != nullptr) return true;
    segmentation_ = preset_.make("segmentation", xs::seed(options_.seed));
    normals_ = preset_.make("normals", xs::seed(options_.seed));
    set_start(*segmentation_, options_, codebook_->codewords());
    set_start(*normals_, options_, codebook_->codewords());
    start_from(*segmentation_, {"segmentation"});
    start_from(*normals_, {"normals"});
    if (!train("segmentation", *segmentation_,
               options_.iterations > 0 ? options_.iterations : preset_.segmentation_iterations) ||
        !train("normals", *normals_, options_.iterations > 0 ? options_.iterations : preset_.normals_iterations))
      return false;
    rows_.push_back(
        {"one-task", row_of(evaluate(*normals_), "normals"), row_of(evaluate(*segmentation_), "segmentation")});
    return true;
  }

  bool cross_stitch(const std::string& network) {
    auto net =
        preset_.make(network == "cross_stitch" && options_.granularity == "layer" ? "cross_stitch:layer" : network,
                     xs::seed(options_.seed));
    set_start(*net, options_, codebook_->codewords());
    xs::initialise_from(*net, *segmentation_);
    xs::initialise_from(*net, *normals_);
    if (!train("cross_stitch", *net, options_.stitched_iterations)) return false;
    add_row("cross-stitch", *net);
    report_alphas(*net, options_.output);
    picture(*net);
    last_net_ = std::move(net);
    return true;
  }

  /// Networks that start from nothing get the iterations of both stages.
  bool together(const std::string& network) {
    auto net = preset_.make(network, xs::seed(options_.seed));
    set_start(*net, options_, codebook_->codewords());
    if (network == "ensemble" && !options_.start_from.empty())
      xs::fail("--start-from with --network ensemble: its members would start equal");
    start_from(*net, {"segmentation", "normals"});
    std::string stage = network;
    std::replace(stage.begin(), stage.end(), ':', '-');
    const std::uint64_t alone = options_.iterations > 0 ? options_.iterations : preset_.segmentation_iterations;
    if (!train(stage, *net, alone + options_.stitched_iterations)) return false;
    add_row(network, *net);
    if (network != "ensemble") picture(*net);
    last_net_ = std::move(net);
    return true;
  }

  void add_row(const std::string& method, xs::AnyNet& net) {
    const xs::Evaluation evaluation = evaluate(net);
    rows_.push_back({method, row_of(evaluation, "normals"), row_of(evaluation, "segmentation")});
  }

  void picture(xs::AnyNet& net) {
    write_picture((job_.folder() / "predictions.png").string(), net, test_, preset_.height, preset_.width,
                  preset_.classes, 6, threads_);
  }

  void report(const xs::Table& table, const std::string& method) {
    Page page{.folder = job_.folder(), .results = table, .method_name = method, .test = test_};
    page.subtitle = "Preset " + preset_.name + ", data " + options_.data + ", seed " + std::to_string(options_.seed);
    page.height = preset_.height, page.width = preset_.width, page.classes = preset_.classes;
    if (last_net_) page.baseline = segmentation_.get(), page.method = last_net_.get();
    page.settings = {{"network", method},
                     {"precision", options_.precision},
                     {"batch", std::to_string(options_.batch)},
                     {"learning rate", xs::number_text(options_.learning_rate, 4)},
                     {"alpha multiplier", xs::number_text(options_.alpha_multiplier, 4)},
                     {"instruction set", std::string(xs::simd_name())}};
    write_report(page, options_.batch, threads_, std::cout);
  }

  Options options_;
  Preset preset_;
  xs::ThreadPool threads_;
  Data data_;
  xs::DataSetRef train_, test_;
  xs::Sgd sgd_;
  xs::Interrupt interrupt_;
  xs::TrainingJob job_;
  std::optional<xs::Codebook<words>> codebook_;
  std::unique_ptr<xs::AnyNet> segmentation_, normals_;
  std::unique_ptr<xs::AnyNet> last_net_;  ///< of both tasks: shown on the page
  std::vector<Row> rows_;
  std::string message_;  ///< of the last stage
  xs::StopReason reason_ = xs::StopReason::interrupted;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{
      "Trains the pair of the paper (semantic segmentation and surface normals, CaffeNet FCN-32s): first each task "
      "alone,\n"
      "then the cross-stitched pair from the two. Without options it draws its own rooms and needs no file.\n\n"
      "  alexnet_nyu                                            the demo: some minutes on two cores\n"
      "  alexnet_nyu --data nyuv2:DIR                           NYU Depth V2 (the folder of nyu_depth_v2_labeled.mat)\n"
      "  alexnet_nyu --network one_task,split:conv4,cross_stitch   side by side, a row each\n"
      "  alexnet_nyu --data nyuv2:DIR --start-from out/alexnet_nyu --output out/nyu   from networks trained on rooms\n"
      "  alexnet_nyu --resume                                   go on after Ctrl-C or a crash; the result has the same "
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
  app.add_option("--iterations", options.iterations, "steps of each one-task network [of the preset]");
  app.add_option("--stitched-iterations", options.stitched_iterations,
                 "steps of the cross-stitched pair [of the preset]");
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
  app.add_flag("--resume", options.resume, "go on where the job in the output folder stopped");
  app.add_flag("--describe", options.describe, "print the cross-stitched pair's layers, shapes and costs, and end");
  CLI11_PARSE(app, argc, argv);
  try {
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
    if (options.stitched_iterations == 0) options.stitched_iterations = preset->stitched_iterations;
    if (options.train_rooms == 0) options.train_rooms = preset->train_rooms;
    if (options.test_rooms == 0) options.test_rooms = preset->test_rooms;
    return Experiment(options, *preset).run();
  } catch (const std::exception& error) {
    std::cerr << "alexnet_nyu: " << error.what() << '\n';
    return 1;
  }
}
