#pragma once
/// \file
/// Mean average precision of yes/no labels. For each label the valid samples are ranked by score; precision and
/// recall are taken at each score, samples of equal score together (so the result does not depend on their order).
///
///     all points     area under the precision made monotone, P(r) = max precision at recall >= r  (VOC from 2010)
///     eleven points  mean of P(r) at r = 0, 0.1, ..., 1                                        (VOC until 2009)
///
/// A label without a positive has no AP and is left out of the mean. In percent. Keeps 8 bytes for each valid
/// element of the set.

#include <xstitch/metrics/scored_labels.hpp>

#include <algorithm>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

enum class PrecisionRule { all_points, eleven_points };

/// Predictions are [batch, prediction]: scores, larger means more likely; labels and mask have the same shape.
class MeanAveragePrecision : public Metric {
 public:
  explicit MeanAveragePrecision(Dims prediction, PrecisionRule rule = PrecisionRule::all_points)
      : scored_(prediction), rule_(rule) {}

  void begin(const LabelSpec& /*label*/, Dims prediction) override {
    metrics::check_shape("mean average precision", prediction, scored_.shape());
    reset();
  }
  /// Pixels of a map count as samples of their channel's label.
  void add(std::size_t batch, const float* prediction, const LabelBatch& labels) override {
    scored_.add("mean average precision", batch, prediction, labels);
  }
  void reset() override { scored_.reset(); }
  [[nodiscard]] std::vector<MetricValue> values() const override {
    double sum = 0.0, measured = 0.0;
    for (const MetricValue& label : per_label()) {
      sum += label.value / 100.0;
      measured += label.measured ? 1.0 : 0.0;
    }
    return {metrics::percentage("mean average precision", sum, measured)};
  }
  /// Average precision of each label.
  [[nodiscard]] std::vector<MetricValue> per_label() const {
    std::vector<MetricValue> all;
    for (std::size_t label = 0; label < scored_.labels(); ++label) {
      std::vector<CurvePoint> curve = scored_.curve(label);
      for (std::size_t i = curve.size(); i-- > 1;)
        curve[i - 1].precision = std::max(curve[i - 1].precision, curve[i].precision);
      all.push_back(metrics::percentage("average precision",
                                        rule_ == PrecisionRule::all_points ? area(curve) : eleven_points(curve),
                                        curve.empty() ? 0.0 : 1.0));
    }
    return all;
  }

 private:
  static double area(const std::vector<CurvePoint>& curve) {
    double sum = 0.0, recall = 0.0;
    for (const CurvePoint& point : curve) {
      sum += (point.recall - recall) * point.precision;
      recall = point.recall;
    }
    return sum;
  }
  static double eleven_points(const std::vector<CurvePoint>& curve) {
    double sum = 0.0;
    for (int step = 0; step <= 10; ++step) {
      const double recall = step / 10.0;
      const auto at = std::find_if(curve.begin(), curve.end(),
                                   [&](const CurvePoint& point) { return point.recall >= recall - 1e-12; });
      if (at != curve.end()) sum += at->precision;
    }
    return sum / 11.0;
  }

  ScoredLabels scored_;
  PrecisionRule rule_;
};

}  // namespace xstitch::inline XSTITCH_ISA
