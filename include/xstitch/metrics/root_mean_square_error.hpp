#pragma once
/// \file
/// Root mean square error and mean absolute error over all valid elements of the set, in the unit of the labels.

#include <xstitch/metrics/metric_support.hpp>

#include <cmath>
#include <cstdint>

namespace xstitch::inline XSTITCH_ISA {

class RootMeanSquareError : public Metric {
 public:
  /// `mask`: [H, W, 1] for one mark a pixel, the shape itself for one an element.
  RootMeanSquareError(Dims prediction, Dims mask) : shape_(prediction), mask_(mask) {
    if (mask.height != prediction.height || mask.width != prediction.width ||
        (mask.channels != 1 && mask.channels != prediction.channels))
      fail("root mean square error: a mask of ", to_string(mask), " for predictions of ", to_string(prediction));
  }
  /// For predictions of these extents.
  explicit RootMeanSquareError(Dims prediction) : RootMeanSquareError(prediction, prediction) {}

  void begin(const LabelSpec& /*label*/, Dims prediction) override {
    metrics::check_shape("root mean square error", prediction, shape_);
    reset();
  }
  XSTITCH_INLINE void add(std::size_t batch, const float* prediction, const LabelBatch& labels) override {
    label_support::check_sizes("root mean square error", labels, {LabelKind::real, shape_, mask_, 0}, batch);
    const std::size_t step = shape_.size() / mask_.size();
    for (std::size_t i = 0; i < batch * shape_.size(); ++i) {
      if (!label_support::is_valid(labels, i / step, mask_.size())) continue;
      const double difference = static_cast<double>(prediction[i]) - static_cast<double>(labels.values[i]);
      if (!std::isfinite(prediction[i]))
        metrics::not_finite("root mean square error", labels, i / shape_.size(), i % shape_.size());
      if (!std::isfinite(difference))
        fail("root mean square error: label ", labels.values[i], " of ",
             label_support::place_of(labels, i / shape_.size()), ", expected a finite number");
      squares_ += difference * difference;
      sizes_ += std::abs(difference);
      ++count_;
    }
  }
  void reset() override {
    squares_ = sizes_ = 0.0;
    count_ = 0;
  }
  [[nodiscard]] XSTITCH_INLINE std::vector<MetricValue> values() const override {
    const bool measured = count_ > 0;
    const auto count = static_cast<double>(count_);
    return {{"RMSE", measured ? std::sqrt(squares_ / count) : 0.0, "", false, measured},
            {"mean absolute error", measured ? sizes_ / count : 0.0, "", false, measured}};
  }

 private:
  Dims shape_, mask_;
  double squares_ = 0.0, sizes_ = 0.0;
  std::uint64_t count_ = 0;
};

}  // namespace xstitch::inline XSTITCH_ISA
