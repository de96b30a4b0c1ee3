#include <xstitch/metrics/accuracy.hpp>
#include <xstitch/metrics/top_k_accuracy.hpp>

#include "metric_test_support.hpp"

#include <limits>

namespace golden {
#include "../golden/metrics.inc"
}

using namespace metric_test;

namespace {

constexpr xs::LabelSpec classes(int count, int height = 1, int width = 1) {
  return {xs::LabelKind::class_index, {height, width, 1}, {}, count};
}

template <int K>
double top(const std::vector<float>& scores, const std::vector<std::int32_t>& labels, int count) {
  xs::TopKAccuracy<K> metric;
  metric.begin(classes(count), {1, 1, count});
  metric.add(labels.size(), scores.data(), {labels, {}, {}, {}});
  return value(metric, "top-" + std::to_string(K) + " accuracy");
}

}  // namespace

TEST_CASE("top-k accuracy: PyTorch's topk, scikit-learn's example") {
  const std::vector<float> scores(std::begin(golden::class_scores), std::end(golden::class_scores));
  const std::vector<std::int32_t> labels(std::begin(golden::class_labels), std::end(golden::class_labels));
  CHECK(top<1>(scores, labels, 6) == doctest::Approx(golden::top_1_2_5[0]));
  CHECK(top<2>(scores, labels, 6) == doctest::Approx(golden::top_1_2_5[1]));
  CHECK(top<5>(scores, labels, 6) == doctest::Approx(golden::top_1_2_5[2]));
  CHECK(top<6>(scores, labels, 6) == 100.0);
  CHECK(top<2>({.5F, .2F, .2F, .3F, .4F, .2F, .2F, .4F, .3F, .7F, .2F, .1F}, {0, 1, 2, 2}, 3) == 75.0);
}

TEST_CASE("top-k accuracy: of equal scores the smaller class comes first, as in the accuracy") {
  CHECK(top<2>({1, 1, 1}, {0}, 3) == 100.0);
  CHECK(top<2>({1, 1, 1}, {1}, 3) == 100.0);
  CHECK(top<2>({1, 1, 1}, {2}, 3) == 0.0);
  xs::TopKAccuracy<1> one;
  xs::Accuracy accuracy(4);
  one.begin(classes(4), {1, 1, 4});
  std::vector<float> scores = random_values(60 * 4, "ties");
  for (float& s : scores) s = static_cast<float>(static_cast<int>(2.0F * s)) / 2.0F;
  std::vector<std::int32_t> labels(60);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % 5) - 1;
  one.add(60, scores.data(), {labels, {}, {}, {}});
  accuracy.add(60, scores.data(), {labels, {}, {}, {}});
  CHECK(value(one, "top-1 accuracy") == value(accuracy, "accuracy"));
}

TEST_CASE("top-k accuracy: maps, missing and ignored labels, batches, errors") {
  xs::TopKAccuracy<2> metric;
  metric.begin(classes(4, 1, 3), {1, 3, 4});
  const auto scores = random_values(6 * 12, "map");
  check_batches(metric, 6, scores,
                {{0, 1, 2, 3, 0, 1, 2, 3, 255, 1, 2, -1, 0, 1, 2, 3, 0, 1}, {}, {}, {1, 1, 0, 1, 1, 1}});
  metric.reset();
  CHECK(contains(error_of(metric, 1, scores, {{0, 4, 0}, {}, {}, {}}), "top-2 accuracy: label 4 of sample 0"));
  CHECK(contains(error_of(metric, 1, scores, {{0, 4}, {}, {}, {}}), "2 label values, expected 3"));
  auto spoilt = scores;
  spoilt[5] = std::numeric_limits<float>::quiet_NaN();
  CHECK(contains(error_of(metric, 1, spoilt, {{0, 1, 0}, {}, {}, {}}), "is not finite"));
  CHECK(error_of(metric, 1, spoilt, {{0, 255, 0}, {}, {}, {}}).empty());
  const auto refusal = [&](const xs::LabelSpec& label, xs::Dims prediction) -> std::string {
    try {
      metric.begin(label, prediction);
    } catch (const xs::Error& error) {
      return error.what();
    }
    return {};
  };
  CHECK(contains(refusal(classes(1), {1, 1, 1}), "top-2 accuracy: found 1 classes, expected at least 2"));
  CHECK(contains(refusal({xs::LabelKind::real, {1, 1, 4}, {}, 0}, {1, 1, 4}), "wants a head whose labels are classes"));
}
