// What is found before the first step, and that nothing is lost where it is found later.
#include "toy.hpp"

#include <xstitch/train/job.hpp>
#include <xstitch/train/sgd.hpp>
#include <xstitch/train/trainer.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <stdexcept>

using namespace toy;

namespace {

const xs::Sgd sgd{.learning_rate = 0.05F, .momentum = 0.9F, .alpha_multiplier = 10.0F};

xs::TrainOptions quiet(std::uint64_t iterations) {
  xs::TrainOptions options;
  options.iterations = iterations;
  options.batch = 5;
  options.threads = 1;
  options.output = nullptr;
  return options;
}

/// Stripes whose task a has another number of classes.
struct FourClasses : Stripes {
  [[nodiscard]] std::vector<xs::LabelField> labels() const {
    std::vector<xs::LabelField> fields = Stripes::labels();
    fields[0].spec.classes = 4;
    return fields;
  }
};

/// Stripes of which one sample breaks, in one of three ways.
struct Broken : Stripes {
  std::size_t broken = 20;
  int how = 0;
  void load(std::size_t index, xs::Sample& sample) const {
    Stripes::load(index, sample);
    if (index != broken) return;
    if (how == 0) throw std::runtime_error("cannot decode");
    if (how == 1) sample.labels[0].indices = {3};
    if (how == 2) sample.inputs[0].resize(35);
  }
};

/// Stripes that break once so many samples have been loaded.
struct BreaksLater : Stripes {
  std::atomic<std::size_t>* left = nullptr;
  void load(std::size_t index, xs::Sample& sample) const {
    if (left->load() == 0) throw std::runtime_error("the disk is gone");
    --*left;
    Stripes::load(index, sample);
  }
};

/// The error of a training that must not make a step, nor touch the checkpoints of an older one.
std::string refusal(const xs::TrainOptions& given, const xs::DataSetRef& data) {
  const Folder folder("refusal");
  xs::write_file_atomically(folder.path / "last.safetensors", "of an older training");
  Pair net{xs::seed(1)};
  const std::vector<float> before = values(net);
  xs::TrainOptions options = given;
  options.checkpoint_directory = folder.path;
  options.after_step = [](std::uint64_t, const xs::StepResult&) { throw std::runtime_error("a step was made"); };
  const std::string error = error_of([&] { xs::train(net, data, sgd, options); });
  CHECK(same_bits(values(net), before));
  CHECK(xs::read_file(folder.path / "last.safetensors") == "of an older training");
  return error;
}
std::string refusal(const xs::TrainOptions& options) { return refusal(options, Stripes{}); }

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("an evaluation set that is empty or does not fit is found before the first step") {
  const Stripes none{.count = 0};
  xs::TrainOptions options = quiet(10);
  options.evaluation = none;
  CHECK(refusal(options) == "train: evaluation set: the data set has no samples");
  const FourClasses four;
  options.evaluation = four;
  std::string error = refusal(options);
  CHECK_MESSAGE(error.starts_with("train: evaluation set: the data set does not fit the network:"), error);
  CHECK_MESSAGE(contains(error, "class index 1x1x1 of 4 classes: the numbers of classes differ"), error);
  options.evaluation = std::nullopt;
  error = refusal(options, FourClasses{});  // the training set itself, before older checkpoints go
  CHECK_MESSAGE(error.starts_with("the data set does not fit the network:"), error);
}

TEST_CASE("an evaluation set with one broken sample, too") {
  const char* what[] = {"sample 20: cannot decode", "has class 3, expected below 3", "has 35 numbers, expected 36"};
  for (int how = 0; how < 3; ++how) {
    Broken data;
    data.how = how;
    xs::TrainOptions options = quiet(10);
    options.evaluation = data;
    const std::string error = refusal(options);
    CHECK_MESSAGE(error.starts_with("train: evaluation set: sample 20"), error);
    CHECK_MESSAGE(contains(error, what[how]), error);
  }
  // the first sample is always tried
  Broken first;
  first.broken = 0;
  xs::TrainOptions options = quiet(10);
  options.evaluation = first;
  options.check_evaluation = false;
  CHECK(contains(refusal(options), "sample 0: cannot decode"));
  // samples that are replaced do not stand in the way
  options.check_evaluation = true;
  options.on_error = xs::OnError::skip;
  Pair net{xs::seed(1)};
  const xs::TrainResult result = xs::train(net, Stripes{}, sgd, options);
  CHECK(result.finished());
  CHECK(result.evaluations.back().evaluation.skipped == 1);
}

TEST_CASE(
    "an evaluation that breaks later loses nothing: a resume makes it, with the bits of a training that ran through") {
  const Stripes data;
  for (const std::size_t survive : {0UL, 1UL}) {  // evaluations that work before one breaks
    const Folder whole("evaluated"), folder("breaks");
    std::atomic<std::size_t> left{1000};
    BreaksLater test;
    test.left = &left;
    xs::TrainOptions options = quiet(15);
    options.evaluation = test;
    options.loader_threads = 0;
    options.checkpoint_directory = whole.path;
    options.log_file = whole.path / "log.jsonl";
    Pair expected{xs::seed(1)}, first{xs::seed(1)}, second{xs::seed(1)};
    const xs::TrainResult through = xs::train(expected, data, sgd, options);
    const std::string log = xs::read_file(options.log_file);

    left = data.count * (1 + survive) + 7;
    options.checkpoint_directory = folder.path;
    options.log_file = folder.path / "log.jsonl";
    CHECK(error_of([&] { xs::train(first, data, sgd, options); }) == "sample 7: the disk is gone");
    const auto kept = xs::SafetensorsFile(folder.path / "last.safetensors").metadata().at("training");
    CHECK(xs::Json::parse(kept).at("state").at("step").whole() == 5 * (1 + survive));

    left = 1000;
    options.resume = true;
    std::uint64_t steps = 0;
    options.after_step = [&](std::uint64_t, const xs::StepResult&) { ++steps; };
    const xs::TrainResult resumed = xs::train(second, data, sgd, options);
    CHECK(steps == 15 - 5 * (1 + survive));
    CHECK(same_bits(second, expected));
    CHECK(resumed.best_step == through.best_step);
    CHECK(resumed.best_score == through.best_score);
    CHECK(xs::read_file(options.log_file) == log);
    for (const char* name : {"last.safetensors", "best.safetensors"})
      CHECK(xs::read_file(folder.path / name) == xs::read_file(whole.path / name));
  }
}

TEST_CASE("killed between an evaluation's line and the next step: the line is there once") {
  const Stripes data;
  const Folder folder("between");
  xs::TrainOptions options = quiet(10);
  options.evaluation = data;
  options.checkpoint_directory = folder.path;
  options.log_file = folder.path / "log.jsonl";
  options.resume = true;
  options.after_step = [](std::uint64_t step, const xs::StepResult&) {
    if (step == 6) throw std::runtime_error("killed");  // the evaluation of step 5 is in the log
  };
  Pair first{xs::seed(1)}, second{xs::seed(1)};
  CHECK_THROWS_AS(xs::train(first, data, sgd, options), std::runtime_error);
  options.after_step = nullptr;
  xs::train(second, data, sgd, options);
  const std::string log = xs::read_file(options.log_file);
  const std::string line = "{\"event\": \"evaluate\", \"step\": 5,";
  REQUIRE(contains(log, line));
  CHECK(log.find(line, log.find(line) + 1) == std::string::npos);
}

TEST_CASE("a batch of any size is at most the data set; products that overflow are refused") {
  const Stripes data{.count = 3};
  Pair huge{xs::seed(1)}, three{xs::seed(1)};
  xs::TrainOptions options = quiet(4);
  options.batch = 3;
  xs::train(three, data, sgd, options);
  for (const std::size_t batch : {~std::size_t{0}, ~std::size_t{0} - 1, std::size_t{1} << 63}) {
    Pair net{xs::seed(1)};
    options.batch = batch;
    const xs::TrainResult result = xs::train(net, data, sgd, options);
    CHECK(result.iterations == 4);
    CHECK(same_bits(net, three));
    const xs::Evaluation all = xs::evaluate(net, data, {.batch = batch, .threads = 1});
    CHECK(all.samples == 3);
    CHECK(all.rows[0].loss == xs::evaluate(net, data, {.batch = 3, .threads = 1}).rows[0].loss);
  }
  options = quiet(4);
  for (const std::size_t accumulate : {std::size_t{0}, options.batch + 1}) {
    options.accumulate = accumulate;
    CHECK(refusal(options) == "train: found accumulate = " + std::to_string(accumulate) +
                                  ", expected 1 to the batch size, " + std::to_string(options.batch));
  }
  options = quiet(0);
  options.epochs = std::uint64_t{1} << 61;  // of 8 steps: 2^64
  CHECK(refusal(options, Stripes{.count = 40}) ==
        "train: found epochs = 2305843009213693952 of 8 iterations, expected at most 2^53 iterations in all");
  options.epochs = ~std::uint64_t{0};
  CHECK(contains(refusal(options), "found epochs = 18446744073709551615"));
  options = quiet(~std::uint64_t{0});
  CHECK(refusal(options) == "train: found iterations = 18446744073709551615, expected at most 2^53");
}

TEST_CASE("settings that contradict each other, or that nothing reads") {
  Pair net{xs::seed(1)};
  const auto error = [&](auto change) {
    xs::TrainOptions options = quiet(4);
    change(options);
    return error_of([&] { xs::train(net, Stripes{}, sgd, options); });
  };
  CHECK(error([](auto& o) { o.resume = true; }) ==
        "train: found resume without a checkpoint_directory, expected the folder to continue from");
  CHECK(error([](auto& o) { o.checkpoint_every = 7; }) ==
        "train: found checkpoint_every = 7 without a checkpoint_directory, expected a folder");
  CHECK(error([](auto& o) { o.evaluate_every = 9; }) ==
        "train: found evaluate_every = 9 without evaluation, expected a data set");
  const auto no_images = [](xs::AnyNet&) { return std::vector<std::pair<std::string, xs::EncodedImage>>{}; };
  CHECK(error([&](auto& o) { o.tensorboard.images = no_images; }) ==
        "train: found tensorboard.images without a folder, expected both");
  CHECK(error([](auto& o) { o.schedule_iterations = 9; }) ==
        "train: found schedule_iterations = 9 with the schedule constant, which has no length; expected 0");
  CHECK(contains(error([](auto& o) {
                   o.schedule = xs::Schedule::step(3, 0.5);
                   o.extend_schedule = true;
                 }),
                 "found extend_schedule with the schedule step(3, 0.5)"));
  CHECK(error([](auto& o) { o.log_every = 0; }) == "train: found log_every = 0, expected at least 1");
  CHECK(error([](auto& o) { o.batch = 0; }) == "train: found batch = 0, the batch size is at least 1");
  CHECK(error([](auto& o) { o.clip_norm = std::numeric_limits<float>::infinity(); }) ==
        "train: found clip_norm = inf, expected 0 (off) or a finite number above");
  CHECK(contains(error([](auto& o) { o.clip_norm = std::nanf(""); }), "found clip_norm = nan"));
  CHECK(contains(error([](auto& o) { o.augment.smallest_crop = 2.0F; }), "smallest_crop is 2"));
  CHECK(error([](auto& o) {
          o.drop_last = true;
          o.batch = 23;
        }) ==
        "train: found drop_last with batch = 23 and 22 samples, which leaves nothing; expected a batch of at most 22");
}

TEST_CASE("a job does not remember a stage that was given wrong settings") {
  const Folder folder("job_checks");
  const Stripes data;
  OneTaskA net{xs::seed(1)};
  {
    xs::TrainingJob job(folder.path);
    CHECK(contains(error_of([&] { job.train("a", net, data, xs::Sgd{.momentum = 2}, quiet(2)); }), "momentum = 2"));
    CHECK(job.state("a").empty());
  }
  xs::TrainingJob job(folder.path, {.resume = true});
  CHECK(job.train("a", net, data, sgd, quiet(2)).finished());
}

TEST_CASE("more threads than the most are refused before anything on the disk is touched") {
  const Folder folder("threads");
  const Stripes data{22, 1};
  xs::TrainOptions options = quiet(2);
  options.checkpoint_directory = folder.path;
  OneTaskA net{xs::seed(1)};
  REQUIRE(xs::train(net, data, sgd, options).finished());
  const std::string before = xs::read_file(folder.path / "last.safetensors");
  xs::TrainOptions wrong = options;
  wrong.threads = 100'000;
  CHECK(error_of([&] { xs::train(net, data, sgd, wrong); }) == "train: found 100000 threads, expected at most 4096");
  wrong = options;
  wrong.loader_threads = 5000;
  CHECK(error_of([&] { xs::train(net, data, sgd, wrong); }) ==
        "train: loader: found 5000 threads, expected at most 4096");
  CHECK(xs::read_file(folder.path / "last.safetensors") == before);
}
