#include <xstitch/metrics/root_mean_square_error.hpp>

#include "metric_test_support.hpp"

#include <cmath>
#include <limits>

using namespace metric_test;
using xs::RootMeanSquareError;

TEST_CASE("root mean square error: by hand, masks of pixels and of elements, missing samples") {
  RootMeanSquareError pixels({1, 2, 2}, {1, 2, 1});
  check_empty(pixels);
  const std::vector<float> prediction{1, 2, 3, 4, 5, 6, 7, 8};
  xs::LabelBatch labels{{}, {0, 0, 0, 0, 5, 6, 7, 4}, {1, 0, 1, 1}, {}};
  pixels.add(2, prediction.data(), labels);  // differences 1 2 . . 0 0 0 4
  CHECK(value(pixels, "RMSE") == doctest::Approx(std::sqrt(21.0 / 6)));
  CHECK(value(pixels, "mean absolute error") == doctest::Approx(7.0 / 6));
  CHECK_FALSE(pixels.values()[0].larger_is_better);
  pixels.reset();
  labels.present = {0, 1};
  pixels.add(2, prediction.data(), labels);
  CHECK(value(pixels, "RMSE") == doctest::Approx(2.0));

  RootMeanSquareError elements({1, 2, 2});
  elements.add(2, prediction.data(), {{}, labels.values, {1, 0, 0, 1, 0, 0, 0, 1}, {}});  // 1 4 4
  CHECK(value(elements, "RMSE") == doctest::Approx(std::sqrt(33.0 / 3)));
  CHECK_THROWS_AS(RootMeanSquareError({1, 2, 2}, {2, 1, 1}), xs::Error);
}

TEST_CASE("root mean square error: batches; what is not finite is refused, unless masked") {
  RootMeanSquareError metric({2, 2, 3}, {2, 2, 1});
  const auto prediction = random_values(8 * 12, "error");
  xs::LabelBatch labels{{}, random_values(8 * 12, "target"), {}, {1, 1, 1, 0, 1, 1, 1, 1}};
  check_batches(metric, 8, prediction, labels);
  auto spoilt = prediction;
  spoilt[50] = std::numeric_limits<float>::infinity();
  CHECK(contains(error_of(metric, 8, spoilt, labels), "prediction of sample 4"));
  labels.values[14] = std::numeric_limits<float>::quiet_NaN();
  CHECK(contains(error_of(metric, 8, prediction, labels), "of sample 1 of the batch"));
  labels.mask.assign(32, 1);
  labels.mask[4] = 0;
  CHECK(error_of(metric, 8, prediction, labels).empty());
}

TEST_CASE("root mean square error: samples of several rows share the mark of their sample") {
  xs::RootMeanSquareError metric(xs::Dims{1, 1, 4});
  const std::vector<float> prediction(24, 1.0F);
  xs::LabelBatch labels{{}, std::vector<float>(24, 3.0F), {}, {1, 0}, 3};
  for (std::size_t i = 12; i < 24; ++i) labels.values[i] = 100.0F;  // the sample without label
  metric.add(6, prediction.data(), labels);
  CHECK(value(metric, "RMSE") == doctest::Approx(2.0));
}
