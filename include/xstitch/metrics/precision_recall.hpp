#pragma once
/// \file
/// Precision-recall curves of yes/no labels (heads of SigmoidCrossEntropy), a curve a label: a point for each different
/// score (metrics/scored_labels.hpp), and the area under its steps,
///
///     average precision = sum over points n of (recall_n - recall_(n-1)) precision_n
///
/// in percent: scikit-learn's average_precision_score. MeanAveragePrecision, which such a head reports by itself, makes
/// the precision monotone before (PASCAL VOC), and is never smaller. A label without a positive has no curve and is
/// left out of the mean. Missing and masked labels do not count.
///
///     xs::PrecisionRecall curves({"wooden", "round"});
///     xs::evaluate(net, data, {.metrics = {{"attributes", curves}}});
///     xs::write_file_atomically("curves.csv", xs::curve_table(curves).to_csv());   // report/metric_tables.hpp

#include <xstitch/metrics/scored_labels.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class PrecisionRecall : public Metric {
 public:
  /// The curve of one label.
  struct Curve {
    std::string name;                      ///< of the label
    std::vector<CurvePoint> points;        ///< the largest score first; recall rises to 1
    MetricValue average_precision;         ///< not measured without a positive
    std::size_t positives = 0, valid = 0;  ///< elements that are positive, and that have a label
  };

  /// Labels are called by these names, or by their numbers.
  explicit PrecisionRecall(std::vector<std::string> names = {}) : names_(std::move(names)) {}

  XSTITCH_INLINE void begin(const LabelSpec& label, Dims prediction) override {
    if (label.kind != LabelKind::binary || label.shape != prediction)
      fail(who, ": wants a head whose labels are yes or no, found labels of another kind for predictions of ",
           to_string(prediction));
    metrics::check_names(who, names_, static_cast<std::size_t>(prediction.channels));
    scored_ = ScoredLabels(prediction);
  }
  void add(std::size_t batch, const float* prediction, const LabelBatch& labels) override {
    scored_.add(who, batch, prediction, labels);
  }
  void reset() override { scored_.reset(); }

  [[nodiscard]] XSTITCH_INLINE std::vector<MetricValue> values() const override {
    double sum = 0.0, measured = 0.0;
    for (std::size_t label = 0; label < scored_.labels(); ++label) {
      const MetricValue one = average_precision(scored_.curve(label));
      sum += one.value / 100.0;
      measured += one.measured ? 1.0 : 0.0;
    }
    return {metrics::percentage("mean average precision (steps)", sum, measured)};
  }

  /// One for each label.
  [[nodiscard]] XSTITCH_INLINE std::vector<Curve> curves() const {
    std::vector<Curve> all;
    for (std::size_t label = 0; label < scored_.labels(); ++label) {
      Curve curve{
          metrics::name_of(names_, label), scored_.curve(label), {}, scored_.positives(label), scored_.valid(label)};
      curve.average_precision = average_precision(curve.points);
      all.push_back(std::move(curve));
    }
    return all;
  }

 private:
  static constexpr std::string_view who = "precision-recall curves";

  static MetricValue average_precision(const std::vector<CurvePoint>& points) {
    double sum = 0.0, recall = 0.0;
    for (const CurvePoint& point : points) {
      sum += (point.recall - recall) * point.precision;
      recall = point.recall;
    }
    return metrics::percentage("average precision", sum, points.empty() ? 0.0 : 1.0);
  }

  std::vector<std::string> names_;
  ScoredLabels scored_;
};

}  // namespace xstitch::inline XSTITCH_ISA
