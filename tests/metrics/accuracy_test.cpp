#include <xstitch/metrics/accuracy.hpp>

#include "metric_test_support.hpp"

#include <limits>

using namespace metric_test;

TEST_CASE("accuracy: by hand, ignored and missing labels do not count, the first of equals wins") {
  xs::Accuracy metric(3);
  check_empty(metric);
  const std::vector<float> scores{0.1F, 0.7F, 0.2F, 0.5F, 0.5F, 0.0F, 0, 0, 1, 1, 0, 0, 0, 1, 0};
  metric.add(5, scores.data(), {{1, 1, 2, 255, 0}, {}, {}, {1, 1, 1, 1, 0}});  // right, wrong, right, ignored, missing
  CHECK(value(metric, "accuracy") == doctest::Approx(200.0 / 3));
  metric.add(1, scores.data() + 9, {{-1}, {}, {}, {}});
  CHECK(value(metric, "accuracy") == doctest::Approx(200.0 / 3));
  metric.add(2, scores.data(), {{}, {}, {}, {0, 0}});
  CHECK(value(metric, "accuracy") == doctest::Approx(200.0 / 3));
  CHECK(metric.values()[0].unit == "%");
  CHECK(metric.values()[0].larger_is_better);
}

TEST_CASE("accuracy: batches, wrong labels, predictions that are not finite") {
  xs::Accuracy metric(4);
  const auto scores = random_values(11 * 4, "accuracy");
  check_batches(metric, 11, scores, {{0, 1, 2, 3, 0, 1, 2, 3, 255, 1, 2}, {}, {}, {1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1}});
  metric.reset();
  CHECK(contains(error_of(metric, 2, scores, {{1, 4}, {}, {}, {}}), "label 4 of sample 1"));
  CHECK(contains(error_of(metric, 2, scores, {{1}, {}, {}, {}}), "1 label values, expected 2"));
  auto spoilt = scores;
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    spoilt[6] = bad;
    CHECK(contains(error_of(metric, 2, spoilt, {{1, 2}, {}, {}, {}}), "sample 1 of the batch is not finite"));
    CHECK(error_of(metric, 2, spoilt, {{1, 255}, {}, {}, {}}).empty());
  }
}

TEST_CASE("accuracy: samples of several rows share the mark of their sample") {
  xs::Accuracy metric(2);
  const std::vector<float> scores{1, 0, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1};
  xs::LabelBatch labels{{0, 0, 0, 0, 1, 0}, {}, {}, {0, 1}, 3};
  metric.add(6, scores.data(), labels);  // the second sample: right, right, wrong
  CHECK(value(metric, "accuracy") == doctest::Approx(200.0 / 3));
  labels.indices[4] = 5;
  CHECK(contains(error_of(metric, 6, scores, labels), "label 5 of sample 1 of the batch, region 1"));
  labels.present = {1, 1, 1, 1, 1, 1};
  CHECK(contains(error_of(metric, 6, scores, labels), "6 marks of present labels, expected 2"));
}
