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

#include <xstitch/metrics/metric_support.hpp>

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
  explicit SegmentationMetric(Dims prediction)
      : shape_(prediction), classes_(static_cast<std::size_t>(prediction.channels)), confusion_(classes_ * classes_) {}

  void add(std::size_t batch, const float* prediction, const LabelBatch& labels) override {
    const char* who = "segmentation metric";
    label_support::check_sizes(who, labels,
                               {LabelKind::class_index, {shape_.height, shape_.width, 1}, {}, shape_.channels}, batch);
    for (std::size_t n = 0; n < batch; ++n) {
      if (!label_support::is_present(labels, n)) continue;
      for (std::size_t i = n * shape_.pixels(); i < (n + 1) * shape_.pixels(); ++i) {
        const std::int32_t label = labels.indices[i];
        if (is_ignored(label, shape_.channels)) continue;
        if (label >= shape_.channels) metrics::wrong_label(who, label, labels, n, shape_.channels);
        const std::size_t best = metrics::largest(who, prediction + i * classes_, classes_, labels, n);
        ++confusion_[static_cast<std::size_t>(label) * classes_ + best];
      }
    }
  }
  void reset() override { confusion_.assign(confusion_.size(), 0); }

  /// pixel accuracy, mean IU, frequency-weighted IU, mean accuracy.
  [[nodiscard]] std::vector<MetricValue> values() const override {
    double right = 0.0, all = 0.0, unions = 0.0, measured_unions = 0.0, weighted = 0.0, accuracies = 0.0, present = 0.0;
    for (std::size_t c = 0; c < classes_; ++c) {
      const ClassScore score = of_class(c);
      const auto truth = static_cast<double>(score.truth);
      right += static_cast<double>(confusion_[c * classes_ + c]);
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

  [[nodiscard]] std::vector<ClassScore> per_class() const {
    std::vector<ClassScore> scores;
    for (std::size_t c = 0; c < classes_; ++c) scores.push_back(of_class(c));
    return scores;
  }
  /// Pixel counts, [truth, prediction] row-major.
  [[nodiscard]] const std::vector<std::uint64_t>& confusion() const noexcept { return confusion_; }

 private:
  [[nodiscard]] ClassScore of_class(std::size_t c) const {
    ClassScore score;
    for (std::size_t k = 0; k < classes_; ++k) {
      score.truth += confusion_[c * classes_ + k];
      score.predicted += confusion_[k * classes_ + c];
    }
    const std::uint64_t right = confusion_[c * classes_ + c];
    score.intersection_over_union = metrics::percentage("IU", static_cast<double>(right),
                                                        static_cast<double>(score.truth + score.predicted - right));
    score.accuracy = metrics::percentage("accuracy", static_cast<double>(right), static_cast<double>(score.truth));
    return score;
  }

  Dims shape_;
  std::size_t classes_;
  std::vector<std::uint64_t> confusion_;
};

}  // namespace xstitch::inline XSTITCH_ISA
