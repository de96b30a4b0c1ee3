#include <xstitch/metrics/mean_average_precision.hpp>
#include <xstitch/metrics/precision_recall.hpp>

#include "metric_test_support.hpp"

namespace golden {
#include "../golden/metrics.inc"
}

using namespace metric_test;

namespace {

constexpr xs::LabelSpec yes_or_no(xs::Dims shape) { return {xs::LabelKind::binary, shape, shape, 0}; }

template <std::size_t N>
void check_curve(const xs::PrecisionRecall::Curve& curve, const double (&expected)[N], double average) {
  REQUIRE(3 * curve.points.size() == N);
  for (std::size_t i = 0; i < curve.points.size(); ++i) {
    CHECK(static_cast<double>(curve.points[i].threshold) == expected[3 * i]);
    CHECK(curve.points[i].recall == doctest::Approx(expected[3 * i + 1]));
    CHECK(curve.points[i].precision == doctest::Approx(expected[3 * i + 2]));
  }
  CHECK(curve.average_precision.value == doctest::Approx(average));
}

}  // namespace

TEST_CASE("precision-recall curves: scikit-learn's example") {
  xs::PrecisionRecall metric;
  metric.begin(yes_or_no({1, 1, 1}), {1, 1, 1});
  const std::vector<float> scores{0.125F, 0.5F, 0.375F, 0.75F};
  metric.add(4, scores.data(), {{}, {0, 0, 1, 1}, {}, {}});
  check_curve(metric.curves()[0], {0.75, 0.5, 1.0, 0.5, 0.5, 0.5, 0.375, 1.0, 2.0 / 3, 0.125, 1.0, 0.5},
              100.0 * (0.5 + 0.5 * 2 / 3));
}

TEST_CASE("precision-recall curves: the formula over all thresholds, with ties and masked labels; batches") {
  xs::PrecisionRecall metric({"one", "two", "three"});
  const xs::Dims shape{1, 1, 3};
  metric.begin(yes_or_no(shape), shape);
  const std::vector<float> scores(std::begin(golden::label_scores), std::end(golden::label_scores));
  const xs::LabelBatch labels{{},
                              {std::begin(golden::labels), std::end(golden::labels)},
                              {std::begin(golden::label_mask), std::end(golden::label_mask)},
                              {}};
  check_batches(metric, 50, scores, labels);
  const auto curves = metric.curves();
  REQUIRE(curves.size() == 3);
  check_curve(curves[0], golden::curve_0, golden::average_precision_0[0]);
  check_curve(curves[1], golden::curve_1, golden::average_precision_1[0]);
  check_curve(curves[2], golden::curve_2, golden::average_precision_2[0]);
  CHECK(curves[1].name == "two");
  CHECK(curves[1].valid < 50);
  CHECK(value(metric, "mean average precision (steps)") ==
        doctest::Approx(
            (golden::average_precision_0[0] + golden::average_precision_1[0] + golden::average_precision_2[0]) / 3));
  // Made monotone, precision is never smaller.
  xs::MeanAveragePrecision monotone(shape);
  monotone.add(50, scores.data(), labels);
  CHECK(value(monotone, "mean average precision") >= value(metric, "mean average precision (steps)"));
}

TEST_CASE("precision-recall curves: labels without a positive, or without any; maps") {
  xs::PrecisionRecall metric;
  check_empty(metric);
  const xs::Dims map{1, 2, 3};
  metric.begin(yes_or_no(map), map);
  check_empty(metric);
  const std::vector<float> scores{3, 0, 0, 1, 0, 0, 9, 9, 9, 9, 9, 9};
  metric.add(2, scores.data(),
             {{}, {1, 0, 1, 1, 0, 1, 7, 7, 7, 7, 7, 7}, {1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1}, {1, 0}});
  const auto curves = metric.curves();
  CHECK(curves[0].average_precision.value == 100.0);
  CHECK(curves[0].points.size() == 2);
  CHECK((curves[0].positives == 2 && curves[0].valid == 2));
  CHECK(curves[1].points.empty());
  CHECK_FALSE(curves[1].average_precision.measured);
  CHECK((curves[1].positives == 0 && curves[1].valid == 2));
  CHECK((curves[2].positives == 0 && curves[2].valid == 0));
  CHECK(value(metric, "mean average precision (steps)") == 100.0);
}

TEST_CASE("precision-recall curves: what they refuse") {
  xs::PrecisionRecall metric({"one"});
  const auto refusal = [&](const xs::LabelSpec& label, xs::Dims prediction) -> std::string {
    try {
      metric.begin(label, prediction);
    } catch (const xs::Error& error) {
      return error.what();
    }
    return {};
  };
  CHECK(contains(refusal(yes_or_no({1, 1, 2}), {1, 1, 2}), "1 names for 2 channels"));
  CHECK(contains(refusal({xs::LabelKind::class_index, {1, 1, 1}, {}, 1}, {1, 1, 1}), "whose labels are yes or no"));
  CHECK(refusal(yes_or_no({1, 1, 1}), {1, 1, 1}).empty());
  CHECK(contains(error_of(metric, 1, {1}, {{}, {0.5F}, {}, {}}), "precision-recall curves: label 0.5 of sample 0"));
}
