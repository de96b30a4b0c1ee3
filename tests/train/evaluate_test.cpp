#include "toy.hpp"

#include <xstitch/networks/ensemble.hpp>
#include <xstitch/train/evaluate.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <sstream>

using namespace toy;

namespace {

/// Directions: a loss whose predictions are unit vectors.
using N = xs::Tower<"n", xs::Shape<4, 4, 1>, xs::Conv<"conv1", 3, 3, xs::Pad<1>>, xs::Cosine>;
using Members = xs::Ensemble<2, A>;
using Directions = xs::Ensemble<3, N>;

struct Normals {
  std::size_t count = 7;
  [[nodiscard]] std::size_t size() const { return count; }
  [[nodiscard]] std::vector<xs::InputField> inputs() const { return {{"input", {4, 4, 1}, true}}; }
  [[nodiscard]] std::vector<xs::LabelField> labels() const {
    return {{"n", {xs::LabelKind::unit_normal, {4, 4, 3}, {4, 4, 1}, 0}}};
  }
  void load(std::size_t index, xs::Sample& s) const {
    const xs::RandomKey key = xs::RandomKey(xs::seed(3)).with(index);
    s.inputs[0].resize(16);
    s.labels[0].values.resize(48);
    s.labels[0].mask.resize(16);
    for (std::size_t p = 0; p < 16; ++p) {
      s.inputs[0][p] = key.normal(p);
      const float x = key.uniform(100 + p, -0.7F, 0.7F), y = key.uniform(200 + p, -0.7F, 0.7F);
      s.labels[0].values[3 * p] = x;
      s.labels[0].values[3 * p + 1] = y;
      s.labels[0].values[3 * p + 2] = std::sqrt(1.0F - x * x - y * y);
      s.labels[0].mask[p] = key.uniform(300 + p) < 0.8F ? 1 : 0;
    }
  }
};

xs::EvaluateOptions with_batch(std::size_t batch, std::size_t threads = 1) {
  return {.batch = batch, .threads = threads, .loader_threads = threads - 1};
}

}  // namespace

TEST_CASE("exact for any batch size, on any number of threads, with a partial last batch") {
  const Stripes data;
  Pair net{xs::seed(1)};
  const xs::Evaluation expected = xs::evaluate(net, data, with_batch(1));
  CHECK(expected.samples == 22);
  REQUIRE(expected.rows.size() == 2);
  CHECK(expected.rows[0].name == "a");
  CHECK(expected.value("a", "accuracy") >= 0.0);
  for (const std::size_t batch : {2UL, 5UL, 22UL, 100UL}) {
    const xs::Evaluation other = xs::evaluate(net, data, with_batch(batch, 1 + batch % 3));
    for (std::size_t r = 0; r < 2; ++r) {
      CHECK(other.rows[r].loss == doctest::Approx(expected.rows[r].loss).epsilon(1e-6));
      for (std::size_t v = 0; v < expected.rows[r].values.size(); ++v)
        CHECK(other.rows[r].values[v].value == expected.rows[r].values[v].value);
    }
  }
  // by hand: the accuracy of task b over the samples that have its label
  xs::ThreadPool threads(1);
  xs::Loader loader(data, net.inputs(), net.heads(), {.batch = 22, .epochs = 1});
  const xs::LoadedBatch* loaded = loader.next();
  net.evaluate(loaded->batch, threads);
  const auto scores = net.prediction(1);
  int right = 0, all = 0;
  for (std::size_t n = 0; n < 22; ++n) {
    if (loaded->batch.labels[1].present[n] == 0) continue;
    ++all;
    right += (scores[2 * n + 1] > scores[2 * n] ? 1 : 0) == loaded->batch.labels[1].indices[n] ? 1 : 0;
  }
  CHECK(all == 18);
  CHECK(expected.value("b", "accuracy") == doctest::Approx(100.0 * right / all));
}

TEST_CASE("an ensemble is judged by the mean of its members' predictions") {
  const Stripes data;
  Members net{xs::seed(1)};
  CHECK(net.heads().size() == 2);
  const xs::Evaluation result = xs::evaluate(net, data, with_batch(4));
  REQUIRE(result.rows.size() == 1);
  xs::ThreadPool threads(1);
  xs::Loader loader(data, net.inputs(), net.heads(), {.batch = 22, .epochs = 1});
  const xs::LoadedBatch* loaded = loader.next();
  const xs::StepResult step = net.evaluate(loaded->batch, threads);
  int right = 0;
  for (std::size_t n = 0; n < 22; ++n) {
    std::size_t best = 0;
    const auto mean = [&](std::size_t c) { return net.prediction(0)[3 * n + c] + net.prediction(1)[3 * n + c]; };
    for (std::size_t c = 1; c < 3; ++c)
      if (mean(c) > mean(best)) best = c;
    right += static_cast<std::int32_t>(best) == loaded->batch.labels[0].indices[n] ? 1 : 0;
  }
  CHECK(result.value("a", "accuracy") == doctest::Approx(100.0 * right / 22));
  CHECK(result.rows[0].loss == doctest::Approx(0.5 * (step.losses[0].value() + step.losses[1].value())));
  CHECK(step.losses[0].value() != step.losses[1].value());
}

TEST_CASE("averaged directions have unit length again") {
  std::vector<float> vectors{0.6F, 0.0F, 0.0F, 0.0F, 0.0F, 0.0F, 1.0F, 2.0F, 2.0F};
  xs::evaluation::normalise(vectors, 3);
  CHECK(vectors == std::vector<float>{1.0F, 0.0F, 0.0F, 0.0F, 0.0F, 0.0F, 1.0F / 3.0F, 2.0F / 3.0F, 2.0F / 3.0F});
  const Normals data;
  Directions net{xs::seed(1)};
  CHECK(net.heads()[0].unit_vectors);
  const xs::Evaluation whole = xs::evaluate(net, data, with_batch(7)), parts = xs::evaluate(net, data, with_batch(3));
  REQUIRE(whole.rows.size() == 1);
  for (std::size_t v = 0; v < whole.rows[0].values.size(); ++v)
    CHECK(whole.rows[0].values[v].value == doctest::Approx(parts.rows[0].values[v].value));
}

TEST_CASE("a table: columns where the metrics are the same, names where they differ") {
  xs::Evaluation same, mixed;
  same.rows.push_back({"upper", 0.5, 1.0F, {{"accuracy", 81.234, "%", true, true}}, 0});
  same.rows.push_back({"lower.left", 10.25, 1.0F, {{"accuracy", 9.0, "%", true, false}}, 0});
  std::ostringstream out;
  out << same;
  CHECK(out.str() ==
        "task            loss   accuracy\n"
        "upper         0.5000    81.23 %\n"
        "lower.left   10.2500          -\n");
  mixed.rows.push_back({"seg", 0.5, 1.0F, {{"mean IU", 20.0, "%", true, true}}, 0});
  mixed.rows.push_back(
      {"normals", 1.5, 2.0F, {{"median", 15.5, "deg", false, true}, {"error", 0.25, "", false, true}}, 0});
  out.str("");
  out << mixed << xs::Evaluation{};
  CHECK(out.str() ==
        "task      loss\n"
        "seg       0.5000   mean IU 20.00 %\n"
        "normals   1.5000   median 15.50 deg   error 0.2500\n"
        "task   loss\n");
  CHECK(mixed.total_loss() == 3.5);
  CHECK(mixed.score() == doctest::Approx((0.2 - 15.5 / 90.0) / 2.0));
  CHECK(same.score() == doctest::Approx(0.81234));  // a head without a measurement does not count
  CHECK(xs::Evaluation{}.score() == 0.0);
  CHECK_THROWS_WITH_AS((void)mixed.value("seg", "median"), "evaluation: no metric \"median\" of \"seg\"", xs::Error);
}

TEST_CASE("a better value gives a better score, in every unit") {
  for (const auto& [unit, larger] :
       {std::pair<const char*, bool>{"%", true}, {"deg", false}, {"", false}, {"", true}}) {
    xs::Evaluation low, high;
    low.rows.push_back({"x", 0.0, 1.0F, {{"m", 1.0, unit, larger, true}}, 0});
    high.rows.push_back({"x", 0.0, 1.0F, {{"m", 2.0, unit, larger, true}}, 0});
    CHECK((high.score() > low.score()) == larger);
  }
}
