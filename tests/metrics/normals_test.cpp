#include <xstitch/metrics/normals.hpp>

#include "metric_test_support.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

using namespace metric_test;

/// A vector in the x-z plane, turned away from (0, 0, 1).
static void append(std::vector<float>& to, double degrees, double length = 1.0) {
  const double turn = degrees * std::numbers::pi / 180.0;
  to.push_back(static_cast<float>(length * std::sin(turn)));
  to.push_back(0.0F);
  to.push_back(static_cast<float>(length * std::cos(turn)));
}

static xs::LabelBatch straight(std::size_t pixels) {
  xs::LabelBatch labels;
  for (std::size_t i = 0; i < pixels; ++i) append(labels.values, 0.0);
  return labels;
}

static void add(xs::Metric& metric, std::size_t batch, std::initializer_list<double> angles) {
  std::vector<float> prediction;
  for (const double angle : angles) append(prediction, angle, 0.5 + angle / 90.0);  // lengths do not matter
  metric.add(batch, prediction.data(), straight(angles.size()));
}

TEST_CASE("normals: mean, median of even and odd counts, shares below the thresholds") {
  xs::NormalsMetric metric({1, 3, 3});
  check_empty(metric);
  add(metric, 1, {5, 40, 20});
  CHECK(value(metric, "mean") == doctest::Approx(65.0 / 3).epsilon(1e-6));
  CHECK(value(metric, "median") == doctest::Approx(20.0).epsilon(1e-5));
  CHECK(value(metric, "within 11.25") == doctest::Approx(100.0 / 3));
  CHECK(value(metric, "within 22.5") == doctest::Approx(200.0 / 3));
  CHECK(value(metric, "within 30") == doctest::Approx(200.0 / 3));
  add(metric, 1, {30.5, 170, 90});
  CHECK(metric.count() == 6);
  CHECK(value(metric, "median") == doctest::Approx((30.5 + 40) / 2).epsilon(1e-5));  // 5 20 30.5 40 90 170
  CHECK(value(metric, "mean") == doctest::Approx(355.5 / 6).epsilon(1e-6));
  const auto values = metric.values();
  CHECK(values[0].unit == "deg");
  CHECK_FALSE(values[0].larger_is_better);
  CHECK_FALSE(values[1].larger_is_better);
  CHECK(values[2].larger_is_better);
  CHECK(values[2].unit == "%");
}

TEST_CASE("normals: pixels are pooled, images are not averaged") {
  // The median of one image is 10, that of the other 50 (their mean 30); pooled it is 11.5.
  xs::NormalsMetric metric({1, 5, 3});
  add(metric, 2, {10, 10, 10, 10, 12, 50, 50, 50, 50, 11});
  CHECK(value(metric, "median") == doctest::Approx(11.5).epsilon(1e-5));
  metric.reset();
  auto labels = straight(10);
  labels.mask = {1, 1, 1, 1, 1, 1, 0, 0, 0, 0};
  std::vector<float> prediction;
  for (const double angle : {10, 10, 10, 10, 12, 50, 50, 50, 50, 50}) append(prediction, angle);
  metric.add(2, prediction.data(), labels);
  CHECK(metric.count() == 6);
  CHECK(value(metric, "median") == doctest::Approx(10.0).epsilon(1e-5));
}

TEST_CASE("normals: same and opposite directions, no direction") {
  xs::NormalsMetric metric({1, 1, 3});
  const std::vector<float> same{0.3F, -0.4F, 0.86F};
  metric.add(1, same.data(), {{}, {0.3F, -0.4F, 0.86F}, {}, {}});
  CHECK(value(metric, "mean") < 1e-5);
  metric.reset();
  metric.add(1, same.data(), {{}, {-0.3F, 0.4F, -0.86F}, {}, {}});
  CHECK(value(metric, "mean") == doctest::Approx(180.0));
  CHECK(value(metric, "median") == doctest::Approx(180.0).epsilon(1e-6));
  metric.reset();
  const std::vector<float> zero{0, 0, 0};
  metric.add(1, zero.data(), {{}, {0, 0, 1}, {}, {}});
  CHECK(value(metric, "mean") == 90.0);
  metric.reset();
  metric.add(1, same.data(), {{}, {0, 0, 0}, {}, {}});  // a label without direction is none
  check_empty(metric);
}

TEST_CASE("normals: the thresholds are where they should be") {
  const std::vector<std::pair<double, std::string>> thresholds{
      {11.25, "within 11.25"}, {22.5, "within 22.5"}, {30.0, "within 30"}};
  for (const auto& [angle, name] : thresholds) {
    xs::NormalsMetric metric({1, 2, 3});
    add(metric, 1, {angle - 1e-4, angle + 1e-4});
    CHECK(value(metric, name) == 50.0);
  }
}

TEST_CASE("normals: the histogram's median is within 0.0002 degrees of the sorted one") {
  xs::NormalsMetric metric({10, 10, 3});
  const auto prediction = random_values(3000, "predicted normals");
  const auto truth = random_values(3000, "true normals");
  std::vector<double> angles;
  for (std::size_t i = 0; i < 1000; ++i)
    angles.push_back(xs::NormalsMetric::degrees_between(prediction.data() + 3 * i, truth.data() + 3 * i));
  std::sort(angles.begin(), angles.end());
  check_batches(metric, 10, prediction, {{}, truth, {}, {}});
  CHECK(std::abs(value(metric, "median") - (angles[499] + angles[500]) / 2) < 0.0002);
}

TEST_CASE("normals: missing samples; what is not finite is refused, unless masked") {
  xs::NormalsMetric metric({1, 2, 3});
  auto prediction = random_values(12, "normals");
  auto labels = straight(4);
  labels.present = {0, 1};
  metric.add(2, prediction.data(), labels);
  CHECK(metric.count() == 2);
  prediction[10] = std::numeric_limits<float>::quiet_NaN();
  CHECK(contains(error_of(metric, 2, prediction, labels), "prediction of sample 1"));
  prediction[10] = std::numeric_limits<float>::infinity();
  CHECK(contains(error_of(metric, 2, prediction, labels), "prediction of sample 1"));
  labels.mask = {1, 1, 1, 0};
  CHECK(error_of(metric, 2, prediction, labels).empty());
  labels.values[6] = std::numeric_limits<float>::quiet_NaN();
  CHECK(contains(error_of(metric, 2, prediction, labels), "label of sample 1"));
}

TEST_CASE("normals: samples of several rows share the mark of their sample") {
  xs::NormalsMetric metric(xs::Dims{1, 1, 3});
  std::vector<float> prediction, truth;
  for (int row = 0; row < 6; ++row) {
    prediction.insert(prediction.end(), {0, 0, 1});
    truth.insert(truth.end(), {row < 3 ? 1.0F : 0.0F, 0, row < 3 ? 0.0F : 1.0F});
  }
  metric.add(6, prediction.data(), {{}, truth, {}, {0, 1}, 3});
  CHECK(metric.count() == 3);
  CHECK(value(metric, "mean") == 0.0);
}
