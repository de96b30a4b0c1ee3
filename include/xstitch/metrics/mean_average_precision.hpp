#pragma once
/// \file
/// Mean average precision (metrics/average_precision.hpp) of yes/no labels. For each label the valid samples are ranked
/// by score; precision and recall are taken at each score, samples of equal score together (so the result does not
/// depend on their order).
///
/// A label without a positive has no AP and is left out of the mean. In percent. Keeps 8 bytes for each valid
/// element of the set.

#include <xstitch/metrics/average_precision.hpp>
#include <xstitch/metrics/scored_labels.hpp>

#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// Predictions are [batch, prediction]: scores, larger means more likely; labels and mask have the same shape.
class MeanAveragePrecision : public Metric {
 public:
  /// For predictions of these extents, a yes or no for each number.
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
  [[nodiscard]] XSTITCH_INLINE std::vector<MetricValue> values() const override {
    double sum = 0.0, measured = 0.0;
    for (const MetricValue& label : per_label()) {
      sum += label.value / 100.0;
      measured += label.measured ? 1.0 : 0.0;
    }
    return {metrics::percentage("mean average precision", sum, measured)};
  }
  /// Average precision of each label.
  [[nodiscard]] XSTITCH_INLINE std::vector<MetricValue> per_label() const {
    std::vector<MetricValue> all;
    for (std::size_t label = 0; label < scored_.labels(); ++label) {
      const std::vector<CurvePoint> curve = scored_.curve(label);
      all.push_back(
          metrics::percentage("average precision", average_precision(curve, rule_), curve.empty() ? 0.0 : 1.0));
    }
    return all;
  }

 private:
  ScoredLabels scored_;
  PrecisionRule rule_;
};

}  // namespace xstitch::inline XSTITCH_ISA
