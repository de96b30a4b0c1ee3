#pragma once
/// \file
/// Share of samples whose most probable class is the label, in percent. Ignored and missing labels do not count.

#include <xstitch/metrics/metric_support.hpp>

#include <cstdint>

namespace xstitch::inline XSTITCH_ISA {

/// Predictions are [batch, classes]: probabilities or any other scores.
class Accuracy : public Metric {
 public:
  /// Of predictions over that many classes.
  explicit Accuracy(int classes) : classes_(classes) {}

  void begin(const LabelSpec& /*label*/, Dims prediction) override {
    metrics::check_shape("accuracy", prediction, {1, 1, classes_});
    reset();
  }
  XSTITCH_INLINE void add(std::size_t batch, const float* prediction, const LabelBatch& labels) override {
    label_support::check_sizes("accuracy", labels, {LabelKind::class_index, {1, 1, 1}, {}, classes_}, batch);
    const auto classes = static_cast<std::size_t>(classes_);
    for (std::size_t n = 0; n < batch; ++n) {
      if (!label_support::is_present(labels, n) || is_ignored(labels.indices[n], classes_)) continue;
      const std::int32_t label = labels.indices[n];
      if (label >= classes_) metrics::wrong_label("accuracy", label, labels, n, classes_);
      ++counted_;
      if (metrics::largest("accuracy", prediction + n * classes, classes, labels, n) == static_cast<std::size_t>(label))
        ++right_;
    }
  }
  void reset() override { right_ = counted_ = 0; }
  [[nodiscard]] XSTITCH_INLINE std::vector<MetricValue> values() const override {
    return {metrics::percentage("accuracy", static_cast<double>(right_), static_cast<double>(counted_))};
  }

 private:
  int classes_;
  std::uint64_t right_ = 0, counted_ = 0;
};

}  // namespace xstitch::inline XSTITCH_ISA
