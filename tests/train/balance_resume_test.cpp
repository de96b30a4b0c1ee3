// Loss balancing by the trainer: a resume gives the same bits, log and checkpoint; another rule or setting is refused;
// the log and the progress show the weights.
#include "toy.hpp"

#include <xstitch/train/adam.hpp>
#include <xstitch/train/balance/dynamic_weight_average.hpp>
#include <xstitch/train/balance/famo.hpp>
#include <xstitch/train/balance/fixed_weights.hpp>
#include <xstitch/train/balance/grad_norm.hpp>
#include <xstitch/train/balance/pc_grad.hpp>
#include <xstitch/train/balance/uncertainty.hpp>
#include <xstitch/train/sgd.hpp>
#include <xstitch/train/trainer.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <sstream>

using namespace toy;

namespace {

const xs::AdamW adam{.learning_rate = 0.01F};

/// 22 samples in batches of 5: epochs of 5 steps, the last batch of 2.
xs::TrainOptions quiet(std::uint64_t iterations, const xs::LossBalance& rule) {
  xs::TrainOptions options;
  options.iterations = iterations;
  options.batch = 5;
  options.threads = 1;
  options.accumulate = 2;
  options.output = nullptr;
  options.log_every = 3;
  options.checkpoint_every = 4;
  options.balance = rule;
  return options;
}

struct Killed {};

}  // namespace

TEST_CASE("killed and resumed under each rule: the same bits, log and checkpoint") {
  const Stripes data;
  for (const xs::LossBalance& rule : std::initializer_list<xs::LossBalance>{
           xs::FixedWeights{{{"b", 0.5F}}}, xs::Uncertainty{}, xs::DynamicWeightAverage{}, xs::GradNorm{.alpha = 0.5F},
           xs::PcGrad{}, xs::Famo{}}) {
    CAPTURE(rule.describe());
    const Folder whole("balance_whole");
    xs::TrainOptions options = quiet(18, rule);
    options.checkpoint_directory = whole.path;
    options.log_file = whole.path / "log.jsonl";
    Pair expected{xs::seed(4)};
    CHECK(xs::train(expected, data, adam, options).finished());
    for (const std::uint64_t kill : {3U, 9U, 16U}) {
      CAPTURE(kill);
      const Folder folder("balance_killed");
      options.checkpoint_directory = folder.path;
      options.log_file = folder.path / "log.jsonl";
      {
        Pair net{xs::seed(4)};
        options.resume = false;
        options.after_step = [kill](std::uint64_t step, const xs::StepResult&) {
          if (step == kill) throw Killed{};
        };
        CHECK_THROWS_AS(xs::train(net, data, adam, options), Killed);
      }
      Pair net{xs::seed(4)};
      options.resume = true;
      options.after_step = nullptr;
      CHECK(xs::train(net, data, adam, options).finished());
      CHECK(same_bits(net, expected));
      CHECK(xs::read_file(folder.path / "log.jsonl") == xs::read_file(whole.path / "log.jsonl"));
      CHECK(xs::read_file(folder.path / "last.safetensors") == xs::read_file(whole.path / "last.safetensors"));
    }
  }
}

TEST_CASE("another rule, another setting of it, or none is refused on a resume") {
  const Stripes data;
  const Folder folder("balance_other");
  const auto train = [&](const xs::LossBalance& rule, bool resume) {
    xs::TrainOptions options = quiet(resume ? 12 : 6, rule);
    options.checkpoint_directory = folder.path;
    options.resume = resume;
    Pair net{xs::seed(4)};
    return error_of([&] { xs::train(net, data, adam, options); });
  };
  CHECK(train(xs::GradNorm{}, false) == "no error");
  const std::string other = train(xs::GradNorm{.alpha = 0.5F}, true);
  CHECK_MESSAGE(other.find("\n  balance: then") != std::string::npos, other);
  CHECK(other.find("alpha 0.5") != std::string::npos);
  CHECK(train(xs::Uncertainty{}, true).find("balance: then") != std::string::npos);
  CHECK(train({}, true).find("now \"none\"") != std::string::npos);
  CHECK(train(xs::GradNorm{}, true) == "no error");
  // Without a rule nothing of one is in the file; to begin with one there is another training.
  CHECK(train({}, false) == "no error");
  CHECK(train(xs::PcGrad{}, true).find("balance: then") != std::string::npos);
}

TEST_CASE("log and progress show the weights of a rule, and none without one") {
  const Stripes data;
  const Folder folder("balance_log");
  xs::TrainOptions options = quiet(6, xs::FixedWeights{{{"b", 0.5F}}});
  options.checkpoint_every = 0;
  std::ostringstream shown;
  options.output = &shown;
  options.log_file = folder.path / "log.jsonl";
  Pair net{xs::seed(4)};
  xs::train(net, data, adam, options);
  CHECK(xs::read_file(options.log_file).find("\"weights\": {\"a\": 1, \"b\": 0.5}") != std::string::npos);
  CHECK(shown.str().find("(x0.5)") != std::string::npos);
  shown.str("");
  options.balance = {};
  Pair plain{xs::seed(4)};
  xs::train(plain, data, adam, options);
  CHECK(xs::read_file(options.log_file).find("weights") == std::string::npos);
  CHECK(shown.str().find("(x") == std::string::npos);
}

TEST_CASE("what cannot be balanced is refused before anything is touched") {
  const Stripes data;
  const Folder folder("balance_refused");
  xs::TrainOptions options = quiet(6, xs::PcGrad{});
  options.checkpoint_directory = folder.path / "new";
  OneTaskA net{xs::seed(4)};
  CHECK(error_of([&] {
          xs::train(net, data, adam, options);
        }).find("OneTask: PcGrad weighs the losses of several heads") == 0);
  CHECK_FALSE(std::filesystem::exists(options.checkpoint_directory));
  options.balance = xs::FixedWeights{{{"c", 1.0F}}};
  Pair pair{xs::seed(4)};
  CHECK(error_of([&] { xs::train(pair, data, adam, options); }) ==
        "FixedWeights: found a weight for head 'c', expected one of a, b");
}
