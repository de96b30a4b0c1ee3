#include <xstitch/metrics/segmentation.hpp>

#include "metric_test_support.hpp"

#include <limits>

using namespace metric_test;

/// Scores whose largest is the given class.
static std::vector<float> scores_of(const std::vector<int>& predicted, std::size_t classes) {
  std::vector<float> scores(predicted.size() * classes, 0.1F);
  for (std::size_t i = 0; i < predicted.size(); ++i)
    scores[i * classes + static_cast<std::size_t>(predicted[i])] = 0.8F;
  return scores;
}

TEST_CASE("segmentation: by hand, classes absent from truth and prediction are left out") {
  xs::SegmentationMetric metric({2, 4, 5});
  check_empty(metric);
  // Truth 0 0 0 1 | 1 2 255 255; class 3 is predicted but never true, class 4 appears only at an ignored pixel.
  metric.add(1, scores_of({0, 0, 1, 1, 1, 3, 4, 0}, 5).data(), {{0, 0, 0, 1, 1, 2, 255, -1}, {}, {}, {}});
  // IU: class 0: 2/3, 1: 2/3, 2: 0/1, 3: 0/1 (predicted, not true), 4: absent.
  CHECK(value(metric, "pixel accuracy") == doctest::Approx(100.0 * 4 / 6));
  CHECK(value(metric, "mean IU") == doctest::Approx(100.0 * (2.0 / 3 + 2.0 / 3) / 4));
  CHECK(value(metric, "frequency-weighted IU") == doctest::Approx(100.0 * (3 * 2.0 / 3 + 2 * 2.0 / 3 + 0) / 6));
  CHECK(value(metric, "mean accuracy") == doctest::Approx(100.0 * (2.0 / 3 + 1.0 + 0.0) / 3));
  CHECK(metric.values()[metric.main_value()].name == "mean IU");
  const auto classes = metric.per_class();
  REQUIRE(classes.size() == 5);
  CHECK(classes[1].intersection_over_union.value == doctest::Approx(200.0 / 3));
  CHECK(classes[1].truth == 2);
  CHECK(classes[1].predicted == 3);
  CHECK(classes[3].intersection_over_union.measured);
  CHECK_FALSE(classes[3].accuracy.measured);
  CHECK_FALSE(classes[4].intersection_over_union.measured);
  CHECK(metric.confusion()[0 * 5 + 1] == 1);  // one pixel of class 0 predicted as 1
  CHECK(metric.confusion()[1 * 5 + 0] == 0);
  CHECK(metric.confusion()[2 * 5 + 3] == 1);
  metric.reset();
  check_empty(metric);
}

TEST_CASE("segmentation: perfect and fully wrong predictions") {
  xs::SegmentationMetric metric({1, 4, 3});
  metric.add(1, scores_of({0, 0, 1, 1}, 3).data(), {{0, 0, 1, 1}, {}, {}, {}});
  for (const auto& one : metric.values()) CHECK(one.value == 100.0);
  metric.reset();
  metric.add(1, scores_of({2, 2, 2, 2}, 3).data(), {{0, 0, 1, 1}, {}, {}, {}});
  for (const auto& one : metric.values()) {
    CHECK(one.value == 0.0);
    CHECK(one.measured);
  }
}

TEST_CASE("segmentation: batches, missing samples, wrong labels, predictions that are not finite") {
  constexpr xs::Dims map{3, 4, 6};
  xs::SegmentationMetric metric(map);
  const auto scores = random_values(7 * map.size(), "segmentation");
  xs::LabelBatch labels;
  for (std::size_t i = 0; i < 7 * map.pixels(); ++i)
    labels.indices.push_back(i % 9 == 0 ? 255 : static_cast<std::int32_t>(i * i % 5));
  labels.present = {1, 1, 0, 1, 1, 1, 1};
  check_batches(metric, 7, scores, labels);
  std::uint64_t counted = 0;
  for (const auto n : metric.confusion()) counted += n;
  CHECK(counted < 6 * map.pixels());
  labels.indices[40] = 6;
  CHECK(contains(error_of(metric, 7, scores, labels), "label 6 of sample 3"));
  labels.indices[40] = 5;
  auto spoilt = scores;
  spoilt[40 * 6 + 1] = std::numeric_limits<float>::quiet_NaN();
  CHECK(contains(error_of(metric, 7, spoilt, labels), "sample 3 of the batch is not finite"));
}

TEST_CASE("segmentation: samples of several rows share the mark of their sample") {
  xs::SegmentationMetric metric(xs::Dims{1, 1, 2});
  const std::vector<float> scores{1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0};
  metric.add(6, scores.data(), {{1, 1, 1, 1, 1, 1}, {}, {}, {0, 1}, 3});
  CHECK(value(metric, "pixel accuracy") == doctest::Approx(200.0 / 3));
}
