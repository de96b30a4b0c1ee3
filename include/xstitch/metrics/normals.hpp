#pragma once
/// \file
/// Metrics of surface normals (Fouhey, Gupta, Hebert 2013): the angle between prediction and truth in degrees,
///
///     angle = acos(clamp(p . n / (|p| |n|), -1, 1))
///
/// pooled over all valid pixels of all images of the set (never a mean of the images' medians): mean, median (of an
/// even count: the middle of the two middle ones), and the share of pixels strictly below 11.25, 22.5 and 30
/// degrees. A prediction without direction is 90 degrees off.
///
/// The median comes from a histogram of 2^20 bins over [0, 180]: 8 MiB whatever the size of the set, and within
/// 0.0001 degrees of the exact one. The rest is exact.

#include <xstitch/metrics/metric_support.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace xstitch::inline XSTITCH_ISA {

/// Predictions are [batch, height, width, 3].
class NormalsMetric : public Metric {
 public:
  /// For predictions of these extents: height, width, 3.
  explicit NormalsMetric(Dims in) : shape_{in.height, in.width, 3} {}

  void begin(const LabelSpec& /*label*/, Dims prediction) override {
    metrics::check_shape("normals metric", prediction, shape_);
    reset();
  }
  XSTITCH_INLINE void add(std::size_t batch, const float* prediction, const LabelBatch& labels) override {
    label_support::check_sizes("normals metric", labels,
                               {LabelKind::unit_normal, shape_, {shape_.height, shape_.width, 1}, 0}, batch);
    if (histogram_.empty()) histogram_.assign(bins, 0);
    for (std::size_t i = 0; i < batch * shape_.pixels(); ++i) {
      if (!label_support::has_normal(labels, i, shape_.pixels())) continue;
      const double angle = degrees_between(prediction + 3 * i, labels.values.data() + 3 * i);
      if (!std::isfinite(angle)) refuse(prediction + 3 * i, labels, i);
      sum_ += angle;
      ++count_;
      for (std::size_t t = 0; t < thresholds.size(); ++t) below_[t] += angle < thresholds[t] ? 1U : 0U;
      ++histogram_[std::min(bins - 1, static_cast<std::size_t>(angle / width))];
    }
  }
  void reset() override {
    histogram_.clear();
    below_ = {};
    sum_ = 0.0;
    count_ = 0;
  }
  /// mean, median, within 11.25, within 22.5, within 30.
  [[nodiscard]] XSTITCH_INLINE std::vector<MetricValue> values() const override {
    const bool measured = count_ > 0;
    const auto count = static_cast<double>(count_);
    return {{"mean", measured ? sum_ / count : 0.0, "deg", false, measured},
            {"median", measured ? (ranked((count_ - 1) / 2) + ranked(count_ / 2)) / 2.0 : 0.0, "deg", false, measured},
            metrics::percentage("within 11.25", static_cast<double>(below_[0]), count),
            metrics::percentage("within 22.5", static_cast<double>(below_[1]), count),
            metrics::percentage("within 30", static_cast<double>(below_[2]), count)};
  }
  /// Number of pixels measured.
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

  /// Angle between two vectors of any length.
  [[nodiscard]] static double degrees_between(const float* a, const float* b) noexcept {
    const double size = label_support::length(a) * label_support::length(b);
    if (size == 0.0) return 90.0;
    double dot = 0.0;
    for (std::size_t k = 0; k < 3; ++k) dot += static_cast<double>(a[k]) * static_cast<double>(b[k]);
    return std::acos(std::clamp(dot / size, -1.0, 1.0)) * (180.0 / std::numbers::pi);
  }

 private:
  static constexpr std::size_t bins = std::size_t{1} << 20;
  static constexpr double width = 180.0 / static_cast<double>(bins);
  static constexpr std::array<double, 3> thresholds{11.25, 22.5, 30.0};

  [[noreturn]] void refuse(const float* prediction, const LabelBatch& labels, std::size_t position) const {
    const std::size_t row = position / shape_.pixels(), pixel = position % shape_.pixels();
    if (!std::isfinite(label_support::length(prediction)))
      metrics::not_finite("normals metric", labels, row, 3 * pixel);
    fail("normals metric: the label of ", label_support::place_of(labels, row), " is not finite at pixel ", pixel);
  }
  /// Middle of the bin that holds the angle of this rank (0: the smallest).
  [[nodiscard]] double ranked(std::uint64_t rank) const {
    std::uint64_t passed = 0;
    std::size_t bin = 0;
    for (; bin + 1 < bins; ++bin) {
      passed += histogram_[bin];
      if (passed > rank) break;
    }
    return (static_cast<double>(bin) + 0.5) * width;
  }

  Dims shape_;
  std::vector<std::uint64_t> histogram_;
  std::array<std::uint64_t, 3> below_{};
  double sum_ = 0.0;
  std::uint64_t count_ = 0;
};

}  // namespace xstitch::inline XSTITCH_ISA
