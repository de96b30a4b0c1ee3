#include <xstitch/metrics/confusion_matrix.hpp>
#include <xstitch/metrics/segmentation.hpp>

#include "metric_test_support.hpp"

#include <array>

namespace golden {
#include "../golden/metrics.inc"
}

using namespace metric_test;

namespace {

constexpr xs::LabelSpec classes(int count, int height = 1, int width = 1) {
  return {xs::LabelKind::class_index, {height, width, 1}, {}, count};
}

/// Adds samples whose predictions are these classes.
void add(xs::ConfusionMatrix& metric, const std::vector<std::int32_t>& truth, const std::vector<int>& predicted,
         const std::vector<std::uint8_t>& present = {}) {
  std::vector<float> scores(metric.classes() * predicted.size(), 0.0F);
  for (std::size_t i = 0; i < predicted.size(); ++i)
    scores[i * metric.classes() + static_cast<std::size_t>(predicted[i])] = 1.0F;
  metric.add(predicted.size(), scores.data(), {truth, {}, {}, present});
}

}  // namespace

TEST_CASE("confusion matrix: counts, precision and recall of PyTorch's arithmetic") {
  xs::ConfusionMatrix metric;
  check_empty(metric);
  metric.begin(classes(6), {1, 1, 6});
  check_empty(metric);
  metric.add(40, golden::class_scores,
             {{std::begin(golden::class_labels), std::end(golden::class_labels)}, {}, {}, {}});
  const auto each = metric.per_class();
  REQUIRE(each.size() == 6);
  for (std::size_t c = 0; c < 6; ++c) {
    for (std::size_t k = 0; k < 6; ++k) CHECK(metric.count(c, k) == golden::confusion[c * 6 + k]);
    CHECK(each[c].name == std::to_string(c));
    CHECK(each[c].precision.value == doctest::Approx(golden::precision[c]));
    CHECK(each[c].recall.value == doctest::Approx(golden::recall[c]));
  }
  CHECK(value(metric, "mean recall") == doctest::Approx((golden::recall[0] + golden::recall[1] + golden::recall[2] +
                                                         golden::recall[3] + golden::recall[4] + golden::recall[5]) /
                                                        6));
}

TEST_CASE("confusion matrix: scikit-learn's examples, classes that are absent") {
  xs::ConfusionMatrix metric({"ant", "bird", "cat"});
  metric.begin(classes(3), {1, 1, 3});
  add(metric, {2, 0, 2, 2, 0, 1}, {0, 0, 2, 2, 0, 2});
  const std::array<std::uint64_t, 9> expected{2, 0, 0, 0, 0, 1, 1, 0, 2};
  for (std::size_t i = 0; i < 9; ++i) CHECK(metric.count(i / 3, i % 3) == expected[i]);
  const auto each = metric.per_class();
  CHECK(each[1].name == "bird");
  CHECK_FALSE(each[1].precision.measured);  // never predicted
  CHECK(each[1].recall.value == 0.0);
  CHECK(each[1].recall.measured);
  CHECK((each[2].truth == 3 && each[2].predicted == 3));
  CHECK(value(metric, "mean precision") == doctest::Approx(100.0 * 2 / 3));  // of the two that are predicted
  CHECK(value(metric, "mean recall") == doctest::Approx(100.0 * (1.0 + 0.0 + 2.0 / 3) / 3));

  metric.begin(classes(3), {1, 1, 3});  // forgets
  add(metric, {0, 1, 2, 0, 1, 2}, {0, 2, 1, 0, 0, 1});
  CHECK(value(metric, "mean precision") == doctest::Approx(100.0 * (2.0 / 3) / 3));
  CHECK(value(metric, "mean recall") == doctest::Approx(100.0 / 3));

  metric.reset();
  add(metric, {0, 255, -1, 1}, {1, 0, 0, 1}, {1, 1, 1, 0});  // one that counts
  CHECK(metric.count(0, 1) == 1);
  CHECK((metric.per_class()[0].truth == 1 && metric.per_class()[1].truth == 0));
  CHECK_FALSE(metric.per_class()[1].recall.measured);
}

TEST_CASE("confusion matrix: maps, as the segmentation metric counts them; batches") {
  constexpr xs::Dims map{2, 3, 4};
  constexpr std::array<std::string_view, 4> names{"wall", "floor", "chair", "lamp"};
  xs::ConfusionMatrix metric(names);
  xs::SegmentationMetric segmentation(map);
  metric.begin(classes(4, 2, 3), map);
  const auto scores = random_values(5 * map.size(), "map");
  xs::LabelBatch labels;
  for (std::int32_t i = 0; i < 30; ++i) labels.indices.push_back(i % 7 == 3 ? 255 : i % 4);
  labels.present = {1, 1, 0, 1, 1};
  metric.add(5, scores.data(), labels);
  segmentation.add(5, scores.data(), labels);
  for (std::size_t i = 0; i < 16; ++i) CHECK(metric.count(i / 4, i % 4) == segmentation.confusion()[i]);
  CHECK(value(metric, "mean recall") == value(segmentation, "mean accuracy"));
  CHECK(metric.name(3) == "lamp");
  check_batches(metric, 5, scores, labels);
}

TEST_CASE("confusion matrix: what it refuses") {
  xs::ConfusionMatrix metric({"a", "b", "c"});
  const auto refusal = [&](const xs::LabelSpec& label, xs::Dims prediction) -> std::string {
    try {
      metric.begin(label, prediction);
    } catch (const xs::Error& error) {
      return error.what();
    }
    return {};
  };
  CHECK(contains(refusal(classes(4), {1, 1, 4}), "3 names for 4 channels"));
  CHECK(contains(refusal({xs::LabelKind::binary, {1, 1, 3}, {1, 1, 3}, 0}, {1, 1, 3}), "whose labels are classes"));
  CHECK(refusal(classes(3), {1, 1, 3}).empty());
  CHECK(contains(error_of(metric, 1, {1, 2, 3}, {{3}, {}, {}, {}}), "confusion matrix: label 3 of sample 0"));
  CHECK_THROWS_AS((void)metric.count(0, 3), xs::Error);
}
