#include "toy.hpp"

#include <xstitch/train/sgd.hpp>
#include <xstitch/train/trainer.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <sstream>
#include <stdexcept>

using namespace toy;

namespace {

const xs::Sgd sgd{.learning_rate = 0.05F, .momentum = 0.9F, .weight_decay = 0.001F, .alpha_multiplier = 10.0F};

xs::TrainOptions quiet(std::uint64_t iterations) {
  xs::TrainOptions options;
  options.iterations = iterations;
  options.batch = 5;
  options.threads = 1;
  options.output = nullptr;
  options.schedule = xs::Schedule::multi_step({7, 15}, 0.3);
  options.augment.mirror = true;
  return options;
}

}  // namespace

TEST_CASE("losses fall, the history tells it, and the result says that it finished") {
  const Stripes data;
  Pair net{xs::seed(1)};
  xs::TrainOptions options = quiet(0);
  options.iterations = 0;
  options.epochs = 30;
  options.log_every = 10;
  options.schedule = {};
  options.augment = {};
  options.evaluation = data;
  const xs::TrainResult result = xs::train(net, data, sgd, options);
  CHECK(result.finished());
  CHECK(result.iterations == 150);  // 22 samples in batches of 5: the last of 2 counts
  REQUIRE(result.history.size() == 15);
  CHECK(result.history.back().losses.size() == 2);
  CHECK(result.history.back().losses[0] < 0.5 * result.history.front().losses[0]);
  CHECK(result.history.back().losses[1] < 0.5 * result.history.front().losses[1]);
  CHECK(result.evaluations.size() == 30);
  REQUIRE(result.best_step.has_value());
  CHECK(result.best_score > 0.9);
  CHECK(result.evaluations.back().evaluation.value("a", "accuracy") > 90.0);
}

TEST_CASE("the same bits on 1, 2, 3 and 7 threads, and with any number of loader threads") {
  const Stripes data;
  Pair expected{xs::seed(2)};
  const Pair fresh{xs::seed(2)};
  xs::train(expected, data, sgd, quiet(12));
  CHECK_FALSE(same_bits(expected, fresh));
  for (const std::size_t threads : {2UL, 3UL, 7UL}) {
    Pair net{xs::seed(2)};
    xs::TrainOptions options = quiet(12);
    options.threads = threads;
    options.loader_threads = threads - 2;
    options.cache = threads == 3;
    xs::train(net, data, sgd, options);
    CAPTURE(threads);
    CHECK(same_bits(net, expected));
  }
}

TEST_CASE("the seed of the data order is the network's unless given") {
  const Stripes data;
  Pair a{xs::seed(2)}, b{xs::seed(2)}, c{xs::seed(2)};
  xs::TrainOptions options = quiet(3);
  xs::train(a, data, sgd, options);
  options.seed = xs::seed(2);
  xs::train(b, data, sgd, options);
  options.seed = xs::seed(3);
  xs::train(c, data, sgd, options);
  CHECK(same_bits(a, b));
  CHECK_FALSE(same_bits(a, c));
}

namespace {

/// Stripes with a NaN in one sample.
struct Poisoned : Stripes {
  std::size_t poisoned = 1000;
  void load(std::size_t index, xs::Sample& sample) const {
    Stripes::load(index, sample);
    if (index == poisoned) sample.inputs[0][7] = std::numeric_limits<float>::quiet_NaN();
  }
};

}  // namespace

TEST_CASE("a NaN stops the training, says where, and keeps the last good state") {
  const Folder folder("nan");
  Poisoned data;
  data.poisoned = 21;
  Pair net{xs::seed(1)};
  xs::TrainOptions options = quiet(100);
  options.checkpoint_directory = folder.path;
  options.checkpoint_every = 1;
  options.log_file = folder.path / "log.jsonl";
  std::vector<float> good = values(net);
  options.after_step = [&](std::uint64_t, const xs::StepResult&) { good = values(net); };
  const xs::TrainResult result = xs::train(net, data, sgd, options);
  CHECK(result.reason == xs::StopReason::not_finite);
  CHECK(result.iterations < 5);
  CHECK_MESSAGE(result.message.starts_with("iteration " + std::to_string(result.iterations + 1) + " (epoch 1, "),
                result.message);
  CHECK_MESSAGE(result.message.find("input of tower 'a'") != std::string::npos, result.message);
  CHECK(same_bits(values(net), good));
  if (result.iterations > 0) {
    Pair restored{xs::seed(7)};
    xs::load(restored, folder.path / "last.safetensors");
    CHECK(same_bits(values(restored), good));
  }
  CHECK(xs::read_file(options.log_file).find("\"event\": \"not finite\"") != std::string::npos);
}

namespace {

struct Exploding {  // a user's own optimizer: fine for two steps, then infinity
  static constexpr std::size_t state_count = 0;
  float learning_rate = 1.0F;
  [[nodiscard]] xs::Multipliers multipliers(xs::ParameterGroup) const { return {}; }
  void update(const xs::UpdateCall& call) const {
    for (std::size_t i = 0; i < call.count; ++i)
      call.weight[i] =
          call.step < 2 ? call.weight[i] - 0.01F * call.gradient[i] : std::numeric_limits<float>::infinity();
  }
};

}  // namespace

TEST_CASE("an update that overflows is found before a checkpoint is written over the good one") {
  const Stripes data;
  const Folder folder("overflow");
  Pair net{xs::seed(1)};
  xs::TrainOptions options = quiet(20);
  options.checkpoint_directory = folder.path;
  options.checkpoint_every = 1;
  options.schedule = {};
  const xs::TrainResult result = xs::train(net, data, Exploding{}, options);
  CHECK(result.reason == xs::StopReason::not_finite);
  CHECK(result.message.find("iteration 3: parameter 'a.conv1.weight' is not finite") != std::string::npos);
  Pair restored{xs::seed(1)};
  xs::load(restored, folder.path / "last.safetensors");
  CHECK(restored.find_non_finite_parameter().empty());
}

TEST_CASE("clipping bounds the step") {
  const Stripes data;
  Pair free{xs::seed(1)}, clipped{xs::seed(1)};
  const std::vector<float> start = values(free);
  const xs::Sgd plain{.learning_rate = 1.0F, .alpha_multiplier = 1.0F, .bias_multiplier = 1.0F};
  xs::TrainOptions options = quiet(1);
  xs::train(free, data, plain, options);
  options.clip_norm = 0.01F;
  xs::train(clipped, data, plain, options);
  const auto moved = [&](const xs::AnyNet& net) {
    const std::vector<float> now = values(net);
    double sum = 0.0;
    for (std::size_t i = 0; i < now.size(); ++i) sum += std::pow(static_cast<double>(now[i] - start[i]), 2);
    return std::sqrt(sum);
  };
  CHECK(moved(free) > 0.02);
  CHECK(moved(clipped) == doctest::Approx(0.01).epsilon(1e-3));
}

TEST_CASE("options that make no sense are refused") {
  const Stripes data;
  Pair net{xs::seed(1)};
  xs::TrainOptions options = quiet(0);
  CHECK(error_of([&] { xs::train(net, data, sgd, options); }).find("expected one of them above 0") !=
        std::string::npos);
  options.iterations = options.epochs = 1;
  CHECK(error_of([&] { xs::train(net, data, sgd, options); }).find("expected one of them above 0") !=
        std::string::npos);
  options = quiet(1);
  options.batch = 0;
  CHECK(error_of([&] { xs::train(net, data, sgd, options); }).find("batch size is at least 1") != std::string::npos);
  options = quiet(1);
  options.resume = true;
  CHECK(error_of([&] { xs::train(net, data, sgd, options); }).find("checkpoint_directory") != std::string::npos);
  options = quiet(1);
  options.clip_norm = -1.0F;
  CHECK(error_of([&] { xs::train(net, data, sgd, options); }).find("clip_norm") != std::string::npos);
  CHECK(error_of([&] { xs::train(net, Stripes{.count = 0}, sgd, quiet(1)); }).find("no samples") != std::string::npos);
}

TEST_CASE("texts of the user's are in every checkpoint, and survive a resume; our own names are refused") {
  const Folder folder("metadata");
  const Stripes data;
  xs::TrainOptions options = quiet(4);
  options.checkpoint_directory = folder.path;
  options.evaluation = data;
  options.metadata = {{"scaling", "mean 14.62"}};
  Pair net{xs::seed(1)};
  xs::train(net, data, sgd, options);
  for (const char* name : {"last.safetensors", "best.safetensors"})
    CHECK(xs::read_metadata(folder.path / name).at("scaling") == "mean 14.62");
  options.iterations = 6;
  options.resume = true;
  xs::train(net, data, sgd, options);
  CHECK(xs::read_metadata(folder.path / "last.safetensors").at("scaling") == "mean 14.62");
  for (const char* own : {"training", "signature", "format"}) {
    options.metadata = {{own, "x"}};
    CHECK(error_of([&] { xs::train(net, data, sgd, options); }).find(own) != std::string::npos);
  }
}

TEST_CASE("plain lines where there is no terminal") {
  const Stripes data;
  std::ostringstream out;
  Pair net{xs::seed(1)};
  xs::TrainOptions options = quiet(10);
  options.output = &out;
  options.name = "pair";
  options.log_every = 5;
  options.evaluation = data;
  options.evaluate_every = 10;
  xs::train(net, data, sgd, options);
  std::istringstream lines(out.str());
  std::string line;
  std::getline(lines, line);
  CHECK(line.starts_with("pair: 5/10  "));
  CHECK(line.find(" a ") != std::string::npos);
  std::getline(lines, line);
  CHECK(line.starts_with("pair: 10/10  "));
  std::getline(lines, line);
  CHECK(line.starts_with("pair: iteration 10: a loss "));
  std::getline(lines, line);
  CHECK(line.starts_with("pair: all 10 iterations done in "));
  CHECK(out.str().find('\r') == std::string::npos);
}

namespace {

/// Stripes of which one cannot be read.
struct Unreadable : Stripes {
  void load(std::size_t index, xs::Sample& sample) const {
    if (index == 13) throw std::runtime_error("cannot decode");
    Stripes::load(index, sample);
  }
  [[nodiscard]] std::string describe(std::size_t index) const { return "stripes" + std::to_string(index); }
};

}  // namespace

TEST_CASE("a sample that does not load ends the training with its name, or is replaced and counted") {
  const Unreadable data;
  Pair net{xs::seed(1)};
  xs::TrainOptions options = quiet(10);
  CHECK(error_of([&] { xs::train(net, data, sgd, options); }) == "sample 13 (stripes13): cannot decode");
  options.on_error = xs::OnError::skip;
  const xs::TrainResult result = xs::train(net, data, sgd, options);
  CHECK(result.finished());
  CHECK(result.skipped == 2);  // two epochs
}
