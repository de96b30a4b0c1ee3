#include "toy.hpp"

#include <xstitch/layers/leaky_relu.hpp>
#include <xstitch/train/adam.hpp>
#include <xstitch/train/sgd.hpp>
#include <xstitch/train/trainer.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <csignal>
#include <filesystem>

#include <sys/wait.h>
#include <unistd.h>

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

/// B but for one layer.
using LeakyB = xs::Tower<"b", xs::Shape<6, 6, 1>, xs::Conv<"wide", 8, 5, xs::Pad<1>>, xs::LeakyRelu<>, xs::Seam<"one">,
                         xs::Conv<"fc", 2, 4>, xs::SoftmaxCrossEntropy>;

struct Killed {};

}  // namespace

TEST_CASE("killed after any step and resumed: the same bits, and the same log") {
  const Stripes data;
  const xs::AdamW adam{.learning_rate = 0.01F};
  const auto check = [&](const auto& optimizer) {
    const Folder whole_folder("whole");
    xs::TrainOptions options = quiet(18);
    options.checkpoint_every = 4;
    options.evaluation = data;
    options.evaluate_every = 6;
    options.log_every = 5;
    options.checkpoint_directory = whole_folder.path;
    options.log_file = whole_folder.path / "log.jsonl";
    Pair expected{xs::seed(4)};
    const xs::TrainResult expected_result = xs::train(expected, data, optimizer, options);
    const std::string expected_log = xs::read_file(options.log_file);
    for (std::uint64_t kill = 1; kill < 18; kill += 2) {
      CAPTURE(kill);
      const Folder folder("killed");
      options.checkpoint_directory = folder.path;
      options.log_file = folder.path / "log.jsonl";
      {
        Pair net{xs::seed(4)};
        options.resume = false;
        options.after_step = [kill](std::uint64_t step, const xs::StepResult&) {
          if (step == kill) throw Killed{};
        };
        CHECK_THROWS_AS(xs::train(net, data, optimizer, options), Killed);
      }
      Pair net{xs::seed(4)};
      options.resume = true;
      options.after_step = nullptr;
      const xs::TrainResult result = xs::train(net, data, optimizer, options);
      CHECK(result.finished());
      CHECK(result.iterations == 18);
      CHECK(same_bits(net, expected));
      CHECK(result.best_step == expected_result.best_step);
      CHECK(result.best_score == expected_result.best_score);
      CHECK(xs::read_file(options.log_file) == expected_log);
      CHECK(xs::read_file(folder.path / "last.safetensors") == xs::read_file(whole_folder.path / "last.safetensors"));
      CHECK(xs::read_file(folder.path / "best.safetensors") == xs::read_file(whole_folder.path / "best.safetensors"));
    }
  };
  check(sgd);
  check(adam);
}

TEST_CASE("a process killed by the system continues in a new one") {
  const Stripes data;
  const Folder folder("sigkill");
  xs::TrainOptions options = quiet(12);
  Pair expected{xs::seed(4)};
  xs::train(expected, data, sgd, options);
  options.checkpoint_directory = folder.path;
  options.checkpoint_every = 2;
  options.resume = true;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    options.after_step = [](std::uint64_t step, const xs::StepResult&) {
      if (step == 8) std::raise(SIGKILL);
    };
    Pair net{xs::seed(4)};
    xs::train(net, data, sgd, options);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  std::uint64_t steps = 0;
  options.after_step = [&](std::uint64_t, const xs::StepResult&) { ++steps; };
  Pair net{xs::seed(4)};
  xs::train(net, data, sgd, options);
  CHECK(steps == 6);
  CHECK(same_bits(net, expected));
}

TEST_CASE("a stop flag ends after the step with a checkpoint; a finished training is not repeated") {
  const Stripes data;
  const Folder folder("stop");
  Pair expected{xs::seed(4)}, first{xs::seed(4)}, second{xs::seed(4)}, third{xs::seed(4)};
  xs::TrainOptions options = quiet(11);
  xs::train(expected, data, sgd, options);
  std::atomic<bool> stop{false};
  options.stop = &stop;
  options.checkpoint_directory = folder.path;
  options.resume = true;
  options.after_step = [&](std::uint64_t step, const xs::StepResult&) { stop = step == 3; };
  const xs::TrainResult stopped = xs::train(first, data, sgd, options);
  CHECK(stopped.reason == xs::StopReason::interrupted);
  CHECK(stopped.iterations == 3);
  CHECK(stopped.message == "stopped after iteration 3 of 11; a checkpoint is written");
  std::uint64_t steps = 0;
  options.after_step = [&](std::uint64_t, const xs::StepResult&) {
    stop = false;
    ++steps;
  };
  stop = false;
  CHECK(xs::train(second, data, sgd, options).finished());
  CHECK(steps == 8);
  CHECK(same_bits(second, expected));
  CHECK(xs::train(third, data, sgd, options).finished());
  CHECK(steps == 8);
  CHECK(same_bits(third, expected));
}

TEST_CASE("starting again removes what an older training left") {
  const Stripes data;
  const Folder folder("again");
  xs::TrainOptions options = quiet(4);
  options.checkpoint_directory = folder.path;
  Pair first{xs::seed(1)}, second{xs::seed(1)};
  xs::train(first, data, sgd, options);
  CHECK(std::filesystem::exists(folder.path / "last.safetensors"));
  options.after_step = [](std::uint64_t, const xs::StepResult&) { throw Killed{}; };
  CHECK_THROWS_AS(xs::train(second, data, sgd, options), Killed);
  CHECK_FALSE(std::filesystem::exists(folder.path / "last.safetensors"));
}

TEST_CASE("a checkpoint of another training is refused with what differs") {
  const Stripes data;
  const Folder folder("other");
  xs::TrainOptions options = quiet(3);
  options.checkpoint_directory = folder.path;
  Pair net{xs::seed(1)};
  xs::train(net, data, sgd, options);
  options.resume = true;
  options.iterations = 6;
  const auto refused = [&](xs::AnyNet& other, const xs::OptimizerRef& optimizer, const xs::TrainOptions& o,
                           const char* what) {
    const std::vector<float> before = values(other);
    const std::string error = error_of([&] { xs::train(other, data, optimizer, o); });
    CHECK_MESSAGE(error.find("belongs to another training") != std::string::npos, error);
    CHECK_MESSAGE(error.find(what) != std::string::npos, error);
    CHECK(same_bits(values(other), before));
  };
  OneTaskA one_task{xs::seed(1)};
  xs::CrossStitch<xs::Bfloat16, A, B> rounded{xs::seed(1)};
  xs::CrossStitch<A, LeakyB> leaky{xs::seed(2)};
  Pair other_seed{xs::seed(2)}, same{xs::seed(1)};
  xs::TrainOptions batch = options, schedule = options, seed = options;
  batch.batch = 6;
  schedule.schedule = {};
  seed.seed = xs::seed(9);
  refused(one_task, sgd, options, "network: then \"CrossStitch");
  refused(leaky, sgd, options,
          "network: then \"Relu/4x4x8\", now \"LeakyRelu(slope 1/100)/4x4x8\", after \"Conv:wide(");
  refused(rounded, sgd, options, "precision: then \"fp32\", now \"bf16\"");
  refused(other_seed, sgd, options, "network_seed: then \"1\", now \"2\"");
  refused(same, xs::Sgd{.learning_rate = 0.1F}, options, "optimizer: then");
  refused(same, xs::Adam{}, options, "now \"Adam(");
  refused(same, xs::Sgd{.learning_rate = 0.05F, .momentum = 0.5F, .weight_decay = 0.001F, .alpha_multiplier = 10.0F},
          options, "optimizer: then \"Sgd(..., momentum 0.899999976)\", now \"Sgd(..., momentum 0.5)\"");
  refused(same, sgd, batch, "batch: then 5, now 6");
  refused(same, sgd, schedule, "schedule: then \"multi_step");
  refused(same, sgd, seed, "seed: then \"1\", now \"9\"");
  xs::TrainOptions shorter = options;
  shorter.iterations = 2;
  CHECK(error_of([&] { xs::train(same, data, sgd, shorter); }).find("has done 3 iterations, but 2") !=
        std::string::npos);
  xs::save(same, folder.path / "last.safetensors");
  CHECK(error_of([&] { xs::train(same, data, sgd, options); }).find("no state of a training") != std::string::npos);
}
