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

#include <xstitch/metrics/metric_support.hpp>

#include <algorithm>
#include <utility>

namespace xstitch::inline XSTITCH_ISA {

enum class PrecisionRule { all_points, eleven_points };

/// Predictions are [batch, prediction]: scores, larger means more likely; labels and mask have the same shape.
class MeanAveragePrecision : public Metric {
 public:
  explicit MeanAveragePrecision(Dims prediction, PrecisionRule rule = PrecisionRule::all_points)
      : shape_(prediction), rule_(rule), scored_(static_cast<std::size_t>(prediction.channels)) {}

  /// Pixels of a map count as samples of their channel's label.
  void add(std::size_t batch, const float* prediction, const LabelBatch& labels) override {
    label_support::check_sizes("mean average precision", labels, {LabelKind::binary, shape_, shape_, 0}, batch);
    for (std::size_t i = 0; i < batch * shape_.size(); ++i) {
      if (!label_support::is_valid(labels, i, shape_.size())) continue;
      if (!std::isfinite(prediction[i]))
        metrics::not_finite("mean average precision", labels, i / shape_.size(), i % shape_.size());
      const float label = labels.values[i];
      if (label != 0.0F && label != 1.0F)
        fail("mean average precision: label ", label, " of ", label_support::place_of(labels, i / shape_.size()),
             ", expected 0 or 1");
      scored_[i % scored_.size()].push_back({prediction[i], label != 0.0F});
    }
  }
  void reset() override {
    for (auto& label : scored_) label.clear();
  }
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
    for (const auto& label : scored_) all.push_back(average_precision(label));
    return all;
  }

 private:
  struct Scored {
    float score;
    bool positive;
  };
  struct Point {
    double recall;
    double precision;
  };

  [[nodiscard]] MetricValue average_precision(std::vector<Scored> ranked) const {
    std::sort(ranked.begin(), ranked.end(), [](const Scored& a, const Scored& b) { return a.score > b.score; });
    const auto positives =
        static_cast<double>(std::count_if(ranked.begin(), ranked.end(), [](const Scored& s) { return s.positive; }));
    if (positives == 0.0) return metrics::percentage("average precision", 0.0, 0.0);
    std::vector<Point> curve;
    double found = 0.0;
    for (std::size_t i = 0; i < ranked.size(); ++i) {
      found += ranked[i].positive ? 1.0 : 0.0;
      if (i + 1 == ranked.size() || ranked[i + 1].score != ranked[i].score)
        curve.push_back({found / positives, found / static_cast<double>(i + 1)});
    }
    for (std::size_t i = curve.size() - 1; i > 0; --i)
      curve[i - 1].precision = std::max(curve[i - 1].precision, curve[i].precision);
    return metrics::percentage("average precision",
                               rule_ == PrecisionRule::all_points ? area(curve) : eleven_points(curve), 1.0);
  }
  static double area(const std::vector<Point>& curve) {
    double sum = 0.0, recall = 0.0;
    for (const Point& point : curve) {
      sum += (point.recall - recall) * point.precision;
      recall = point.recall;
    }
    return sum;
  }
  static double eleven_points(const std::vector<Point>& curve) {
    double sum = 0.0;
    for (int step = 0; step <= 10; ++step) {
      const double recall = step / 10.0;
      const auto at =
          std::find_if(curve.begin(), curve.end(), [&](const Point& point) { return point.recall >= recall - 1e-12; });
      if (at != curve.end()) sum += at->precision;
    }
    return sum / 11.0;
  }

  Dims shape_;
  PrecisionRule rule_;
  std::vector<std::vector<Scored>> scored_;  ///< [label][valid sample]
};

}  // namespace xstitch::inline XSTITCH_ISA
