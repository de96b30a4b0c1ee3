#pragma once
/// \file
/// Metrics of semantic segmentation (Long, Shelhamer, Darrell 2015). With n_ij the number of pixels of class i that
/// are predicted as j, and t_i = sum_j n_ij, over all valid pixels of the whole set:
///
///     pixel accuracy         sum_i n_ii / sum_i t_i
///     mean accuracy          mean_i n_ii / t_i                                    over classes with t_i > 0
///     mean IU                mean_i n_ii / (t_i + sum_j n_ji - n_ii)              over classes seen or predicted
///     frequency-weighted IU  sum_i t_i n_ii / (t_i + sum_j n_ji - n_ii) / sum_i t_i
///
/// all in percent. A class with neither truth nor prediction has no IU and is left out of the mean (counting it as
/// 0 would punish, as NaN it would spoil the mean). Predictions at ignored pixels count nowhere.

#include <xstitch/metrics/confusion_counts.hpp>

#include <cstdint>

namespace xstitch::inline XSTITCH_ISA {

/// One class of a SegmentationMetric.
struct ClassScore {
  MetricValue intersection_over_union;  ///< not measured if the class is absent from truth and prediction
  MetricValue accuracy;                 ///< share of its pixels found; not measured without truth
  std::uint64_t truth = 0;              ///< pixels of this class
  std::uint64_t predicted = 0;          ///< valid pixels predicted as this class
};

/// Predictions are [batch, height, width, classes]: probabilities or any other scores.
class SegmentationMetric : public Metric {
 public:
  /// For predictions of these extents: height, width, classes.
  explicit SegmentationMetric(Dims prediction) : counts_(prediction), classes_(counts_.classes()) {}

  void begin(const LabelSpec& /*label*/, Dims prediction) override {
    metrics::check_shape("segmentation metric", prediction, counts_.shape());
    reset();
  }
  void add(std::size_t batch, const float* prediction, const LabelBatch& labels) override {
    counts_.add("segmentation metric", batch, prediction, labels);
  }
  void reset() override { counts_.reset(); }

  /// pixel accuracy, mean IU, frequency-weighted IU, mean accuracy.
  [[nodiscard]] XSTITCH_INLINE std::vector<MetricValue> values() const override {
    double right = 0.0, all = 0.0, unions = 0.0, measured_unions = 0.0, weighted = 0.0, accuracies = 0.0, present = 0.0;
    for (std::size_t c = 0; c < classes_; ++c) {
      const ClassScore score = of_class(c);
      const auto truth = static_cast<double>(score.truth);
      right += static_cast<double>(counts_.at(c, c));
      all += truth;
      weighted += truth * score.intersection_over_union.value / 100.0;
      if (score.intersection_over_union.measured) {
        unions += score.intersection_over_union.value / 100.0;
        measured_unions += 1.0;
      }
      if (score.accuracy.measured) {
        accuracies += score.accuracy.value / 100.0;
        present += 1.0;
      }
    }
    return {metrics::percentage("pixel accuracy", right, all), metrics::percentage("mean IU", unions, measured_unions),
            metrics::percentage("frequency-weighted IU", weighted, all),
            metrics::percentage("mean accuracy", accuracies, present)};
  }
  /// Mean IU.
  [[nodiscard]] std::size_t main_value() const override { return 1; }

  /// One row a class.
  [[nodiscard]] XSTITCH_INLINE std::vector<ClassScore> per_class() const {
    std::vector<ClassScore> scores;
    for (std::size_t c = 0; c < classes_; ++c) scores.push_back(of_class(c));
    return scores;
  }
  /// Pixel counts, [truth, prediction] row-major.
  [[nodiscard]] const std::vector<std::uint64_t>& confusion() const noexcept { return counts_.all(); }

 private:
  [[nodiscard]] XSTITCH_INLINE ClassScore of_class(std::size_t c) const {
    ClassScore score;
    score.truth = counts_.truth(c);
    score.predicted = counts_.predicted(c);
    const std::uint64_t right = counts_.at(c, c);
    score.intersection_over_union = metrics::percentage("IU", static_cast<double>(right),
                                                        static_cast<double>(score.truth + score.predicted - right));
    score.accuracy = metrics::percentage("accuracy", static_cast<double>(right), static_cast<double>(score.truth));
    return score;
  }

  ConfusionCounts counts_;
  std::size_t classes_;
};

}  // namespace xstitch::inline XSTITCH_ISA
