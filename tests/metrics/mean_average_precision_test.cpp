#include <xstitch/metrics/mean_average_precision.hpp>

#include "metric_test_support.hpp"

#include <limits>

using namespace metric_test;
using xs::MeanAveragePrecision;
using xs::PrecisionRule;

static double average_precision(const std::vector<float>& scores, const std::vector<float>& labels,
                                PrecisionRule rule = PrecisionRule::all_points) {
  MeanAveragePrecision metric({1, 1, 1}, rule);
  metric.add(scores.size(), scores.data(), {{}, labels, {}, {}});
  return value(metric, "mean average precision");
}

TEST_CASE("average precision: by hand") {
  // Ranked: + - + - +. Precision at recall 1/3, 2/3, 1: 1, 2/3, 3/5.
  const std::vector<float> scores{0.9F, 0.8F, 0.7F, 0.6F, 0.5F}, labels{1, 0, 1, 0, 1};
  CHECK(average_precision(scores, labels) == doctest::Approx(100.0 * (1.0 + 2.0 / 3 + 0.6) / 3));
  // Eleven points: 4 recalls up to 0.3 at 1, 3 up to 0.6 at 2/3, 4 at 0.6.
  CHECK(average_precision(scores, labels, PrecisionRule::eleven_points) ==
        doctest::Approx(100.0 * (4.0 + 3 * 2.0 / 3 + 4 * 0.6) / 11));
  CHECK(average_precision({3, 2, 1}, {1, 1, 0}) == 100.0);
  CHECK(average_precision({3, 2, 1}, {1, 1, 0}, PrecisionRule::eleven_points) == doctest::Approx(100.0));
  CHECK(average_precision({3, 2, 1}, {0, 0, 1}) == doctest::Approx(100.0 / 3));
  // Monotone: + - - + + has precision 1, 1/2, 3/5; the envelope lifts 1/2 to 3/5.
  CHECK(average_precision({5, 4, 3, 2, 1}, {1, 0, 0, 1, 1}) == doctest::Approx(100.0 * (1.0 + 0.6 + 0.6) / 3));
}

TEST_CASE("average precision: equal scores count together, in any order") {
  CHECK(average_precision({1, 1, 1, 1}, {1, 0, 0, 0}) == doctest::Approx(25.0));
  CHECK(average_precision({1, 1, 1, 1}, {0, 0, 0, 1}) == doctest::Approx(25.0));
  CHECK(average_precision({2, 1, 1, 0}, {1, 0, 1, 0}) == average_precision({2, 1, 1, 0}, {1, 1, 0, 0}));
}

TEST_CASE("average precision: labels without a positive are left out, masks and missing samples do not count") {
  MeanAveragePrecision metric({1, 1, 3});
  check_empty(metric);
  const std::vector<float> scores{0.9F, 0.9F, 0.1F, 0.5F, 0.2F, 0.2F, 0.1F, 0.8F, 0.3F};
  xs::LabelBatch labels{{}, {1, 0, 0, 0, 0, 1, 1, 0, 1}, {1, 1, 0, 1, 1, 1, 0, 1, 1}, {}};
  metric.add(3, scores.data(), labels);
  const auto each = metric.per_label();
  CHECK(each[0].value == 100.0);  // the positive of the third sample is masked
  CHECK_FALSE(each[1].measured);  // no positive
  CHECK(each[2].value == 100.0);  // the first sample is masked
  CHECK(value(metric, "mean average precision") == 100.0);
  metric.reset();
  check_empty(metric);
  labels.mask.clear();
  labels.present = {0, 1, 1};
  metric.add(3, scores.data(), labels);
  CHECK(metric.per_label()[0].value == 50.0);
  CHECK(value(metric, "mean average precision") == 75.0);
}

TEST_CASE("average precision: batches; what is wrong is refused") {
  MeanAveragePrecision metric({1, 1, 4});
  const auto scores = random_values(10 * 4, "precision");
  xs::LabelBatch labels;
  for (std::size_t i = 0; i < 40; ++i) {
    labels.values.push_back(i % 3 == 0 ? 1.0F : 0.0F);
    labels.mask.push_back(i % 5 == 0 ? 0 : 1);
  }
  check_batches(metric, 10, scores, labels);
  labels.values[13] = 0.5F;
  CHECK(contains(error_of(metric, 10, scores, labels), "label 0.5 of sample 3"));
  labels.mask[13] = 0;
  auto spoilt = scores;
  spoilt[22] = std::numeric_limits<float>::quiet_NaN();
  CHECK(contains(error_of(metric, 10, spoilt, labels), "sample 5 of the batch is not finite"));
}

TEST_CASE("mean average precision: samples of several rows share the mark of their sample") {
  xs::MeanAveragePrecision metric(xs::Dims{1, 1, 1});
  const std::vector<float> scores{0.9F, 0.8F, 0.1F, 0.95F, 0.97F, 0.99F};
  metric.add(6, scores.data(), {{}, {1, 1, 0, 0, 0, 0}, {}, {1, 0}, 3});
  CHECK(value(metric, "mean average precision") == doctest::Approx(100.0));
}
