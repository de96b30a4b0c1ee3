// The mean losses that a training logs, shows and returns are over what had labels, as evaluate says.
#include "toy.hpp"

#include <xstitch/report/training_curves.hpp>
#include <xstitch/train/sgd.hpp>
#include <xstitch/train/trainer.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <sstream>
#include <utility>

using namespace toy;

namespace {

/// Stripes of which only those samples have a label of task b that `labelled` says.
struct Sparse : Stripes {
  std::size_t first = 0, last = 5;
  void load(std::size_t index, xs::Sample& sample) const {
    Stripes::load(index, sample);
    sample.labels[1].present = index >= first && index < last;
  }
};

/// A has no dropout here: a step's losses are those of evaluate.
using Plain = xs::Tower<"a", xs::Shape<6, 6, 1>, xs::Conv<"conv1", 8, 3>, xs::Relu, xs::Seam<"one">,
                        xs::Conv<"fc", 3, 4>, xs::SoftmaxCrossEntropy>;
using PlainPair = xs::CrossStitch<Plain, B>;

const xs::Sgd still{.learning_rate = 0};

xs::TrainOptions quiet(std::uint64_t epochs, std::size_t batch) {
  xs::TrainOptions options;
  options.epochs = epochs;
  options.batch = batch;
  options.threads = 1;
  options.output = nullptr;
  return options;
}

std::vector<xs::Json> lines(const std::filesystem::path& log, const char* event) {
  std::vector<xs::Json> found;
  std::istringstream text(xs::read_file(log));
  for (std::string line; std::getline(text, line);)
    if (const xs::Json json = xs::Json::parse(line); json.at("event").string() == event) found.push_back(json);
  return found;
}

/// With weights that stay, the mean over an epoch is what evaluate says, in log, progress, history.
void check_epoch(const xs::DataSetRef& data, std::size_t batch) {
  const Folder folder("epoch");
  PlainPair net{xs::seed(1)};
  const xs::Evaluation expected = xs::evaluate(net, data, {.batch = 7, .threads = 1});
  std::ostringstream shown;
  xs::TrainOptions options = quiet(1, batch);
  options.log_every = 1000;  // the end of the training is the first line
  options.log_file = folder.path / "log.jsonl";
  options.output = &shown;
  const xs::TrainResult result = xs::train(net, data, still, options);
  const std::vector<xs::Json> log = lines(options.log_file, "train");
  REQUIRE(log.size() == 1);
  REQUIRE(result.history.size() == 1);
  for (std::size_t h = 0; h < 2; ++h) {
    const double want = expected.rows[h].loss;
    CHECK(want > 0.1);
    CHECK(result.history[0].losses[h] == doctest::Approx(want).epsilon(1e-6));
    CHECK(log[0].at("losses").at(expected.rows[h].name).number() == result.history[0].losses[h]);
    CHECK(shown.str().find(" " + expected.rows[h].name + " " +
                           xs::progress::short_number(result.history[0].losses[h])) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("labels in 5 of 50 samples, so in a few of 10 batches") { check_epoch(Sparse{{.count = 50}, 0, 5}, 5); }

TEST_CASE("batches of unequal numbers of labels, the last one smaller") {
  check_epoch(Stripes{.count = 23}, 5);  // every fifth sample lacks label b
  check_epoch(Sparse{{.count = 16}, 9, 16}, 3);
}

TEST_CASE("no label in an interval: no mean, and not a loss of 0") {
  const Folder folder("none");
  const Sparse data{{.count = 10}, 3, 4};
  PlainPair net{xs::seed(1)};
  std::ostringstream shown;
  xs::TrainOptions options = quiet(1, 1);
  options.log_every = 1;
  options.log_file = folder.path / "log.jsonl";
  options.output = &shown;
  options.evaluation = data;
  const xs::TrainResult result = xs::train(net, data, still, options);
  const std::vector<xs::Json> log = lines(options.log_file, "train");
  REQUIRE(log.size() == 10);
  int labelled = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    const xs::Json& loss = log[i].at("losses").at("b");
    CHECK(loss.is_null() == std::isnan(result.history[i].losses[1]));
    CHECK(log[i].at("losses").at("a").number() > 0.0);
    if (loss.is_null()) continue;
    ++labelled;
    CHECK(loss.number() == doctest::Approx(result.evaluations[0].evaluation.rows[1].loss).epsilon(1e-6));
  }
  CHECK(labelled == 1);
  CHECK(shown.str().find(" b -\n") != std::string::npos);

  const Sparse none{{.count = 10}, 0, 0};
  options.evaluation = none;
  const xs::TrainResult without = xs::train(net, none, still, options);
  CHECK_FALSE(without.evaluations[0].evaluation.rows[1].labelled);
  CHECK(lines(options.log_file, "evaluate")[0].at("tasks").at("b").at("loss").is_null());
  std::ostringstream table;
  table << without.evaluations[0].evaluation;
  CHECK_MESSAGE(table.str().find("\nb           -") != std::string::npos, table.str());
}

TEST_CASE("resumed in the middle of an interval: the same lines") {
  const Sparse data{{.count = 50}, 10, 20};
  const xs::Sgd sgd{.learning_rate = 0.05F, .momentum = 0.9F, .alpha_multiplier = 10.0F};
  const Folder whole("interval_whole");
  xs::TrainOptions options = quiet(2, 5);
  options.log_every = 10;
  options.checkpoint_every = 3;
  options.checkpoint_directory = whole.path;
  options.log_file = whole.path / "log.jsonl";
  PlainPair expected{xs::seed(1)};
  xs::train(expected, data, sgd, options);
  const std::string expected_log = xs::read_file(options.log_file);
  for (const std::uint64_t kill : {4U, 8U, 11U, 17U}) {
    const Folder folder("interval");
    options.checkpoint_directory = folder.path;
    options.log_file = folder.path / "log.jsonl";
    options.resume = false;
    options.after_step = [kill](std::uint64_t step, const xs::StepResult&) {
      if (step == kill) throw xs::Error("killed");
    };
    PlainPair first{xs::seed(1)}, second{xs::seed(1)};
    CHECK_THROWS_AS(xs::train(first, data, sgd, options), xs::Error);
    options.after_step = nullptr;
    options.resume = true;
    xs::train(second, data, sgd, options);
    CHECK(same_bits(second, expected));
    CHECK(xs::read_file(options.log_file) == expected_log);
  }
}

TEST_CASE("the log as curves, alphas among them, and event files with the same numbers") {
  const Folder folder("curves");
  const xs::Sgd sgd{.learning_rate = 0.05F, .momentum = 0.9F, .alpha_multiplier = 10.0F};
  const Stripes data;
  PlainPair net{xs::seed(1)};
  xs::TrainOptions options = quiet(2, 5);
  options.log_every = 4;
  options.evaluation = data;
  options.checkpoint_directory = folder.path;
  options.log_file = folder.path / "log.jsonl";
  options.tensorboard.folder = folder.path / "events";
  int asked = 0;
  options.tensorboard.images = [&](xs::AnyNet& evaluated) {
    CHECK(&evaluated == &net);
    ++asked;
    return std::vector<std::pair<std::string, xs::EncodedImage>>{{"stripes", {.png = "PNG", .height = 6, .width = 6}}};
  };
  const xs::TrainResult result = xs::train(net, data, sgd, options);
  const xs::report::TrainingCurves curves = xs::report::read_training_log(options.log_file);
  CHECK(curves.notes.empty());
  CHECK(curves.total == 10);
  REQUIRE(curves.losses.size() == 2);
  CHECK(curves.losses[1].name == "b");
  REQUIRE(curves.losses[1].y.size() == result.history.size());
  CHECK(curves.losses[1].y.back() == result.history.back().losses[1]);
  CHECK(curves.metrics.size() == 4);  // loss and accuracy of two tasks
  REQUIRE(curves.seams.size() == 1);
  CHECK(curves.seams[0].towers == std::vector<std::string>{"a", "b"});
  REQUIRE(curves.seams[0].alphas.size() == 4);
  const std::span<const float> alphas = net.parameter(net.find_parameter("stitch.one.alpha"));
  REQUIRE(alphas.size() == 4 * 8);
  for (std::size_t k = 0; k < 4; ++k) {
    const xs::report::Curve& curve = curves.seams[0].alphas[k];
    CHECK(curve.name == std::string(k < 2 ? "a" : "b") + " from " + (k % 2 == 0 ? "a" : "b"));
    REQUIRE(curve.x == std::vector<double>{0, 4, 8, 10});
    CHECK(curve.y[0] == doctest::Approx(k == 0 || k == 3 ? 0.9 : 0.1).epsilon(1e-4));
    const auto channels = alphas.subspan(8 * k, 8);
    double sum = 0.0;
    for (const float value : channels) sum += static_cast<double>(value);
    CHECK(std::abs(curve.y[3] - sum / 8.0) < 1e-5);
    CHECK(std::abs(curve.low[3] - static_cast<double>(*std::min_element(channels.begin(), channels.end()))) < 1e-5);
    CHECK(std::abs(curve.high[3] - static_cast<double>(*std::max_element(channels.begin(), channels.end()))) < 1e-5);
    CHECK(curve.low[3] < curve.high[3]);
  }

  // io/event_file_test reads such files; here: what is in this one.
  CHECK(asked == 2);
  std::vector<std::string> files = xs::file::names_in(options.tensorboard.folder);
  REQUIRE(files.size() == 1);
  const std::string events = xs::read_file(options.tensorboard.folder / files[0]);
  const auto count = [&](const std::string& tag) {
    std::size_t n = 0;
    for (std::size_t at = events.find(tag); at != std::string::npos; at = events.find(tag, at + 1)) ++n;
    return n;
  };
  CHECK(count("loss/a") == 3);
  CHECK(count("learning_rate") == 3);
  CHECK(count("evaluation/b/accuracy") == 2);
  CHECK(count("alpha/one/a from b") == 4);
  CHECK(count("stripes") == 2);
  const auto last = static_cast<float>(result.history.back().losses[1]);
  CHECK(count(xs::ProtobufWriter().bytes(1, "loss/b").real(2, last).bytes()) == 1);

  // A training that continues adds a file.
  options.epochs = 3;
  options.resume = true;
  options.tensorboard.images = nullptr;
  PlainPair again{xs::seed(1)};
  xs::train(again, data, sgd, options);
  CHECK(xs::file::names_in(options.tensorboard.folder).size() == 2);
}
