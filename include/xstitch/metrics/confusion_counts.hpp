#pragma once
/// \file
/// n_ij: how many positions (samples, or pixels) of class i are predicted as j, the class of the largest score and the
/// first of equals. Ignored labels and those of samples without one do not count.

#include <xstitch/metrics/metric_support.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class ConfusionCounts {
 public:
  /// Predictions are [batch, height, width, classes]: probabilities or any other scores.
  explicit ConfusionCounts(Dims prediction = {})
      : shape_(prediction), classes_(static_cast<std::size_t>(prediction.channels)), counts_(classes_ * classes_) {}

  XSTITCH_INLINE void add(std::string_view who, std::size_t batch, const float* prediction, const LabelBatch& labels) {
    label_support::check_sizes(who, labels,
                               {LabelKind::class_index, {shape_.height, shape_.width, 1}, {}, shape_.channels}, batch);
    for (std::size_t n = 0; n < batch; ++n) {
      if (!label_support::is_present(labels, n)) continue;
      for (std::size_t i = n * shape_.pixels(); i < (n + 1) * shape_.pixels(); ++i) {
        const std::int32_t label = labels.indices[i];
        if (is_ignored(label, shape_.channels)) continue;
        if (label >= shape_.channels) metrics::wrong_label(who, label, labels, n, shape_.channels);
        const std::size_t best = metrics::largest(who, prediction + i * classes_, classes_, labels, n);
        ++counts_[static_cast<std::size_t>(label) * classes_ + best];
      }
    }
  }
  void reset() { counts_.assign(counts_.size(), 0); }

  [[nodiscard]] Dims shape() const noexcept { return shape_; }
  [[nodiscard]] std::size_t classes() const noexcept { return classes_; }
  [[nodiscard]] std::uint64_t at(std::size_t truth, std::size_t predicted) const {
    return counts_[truth * classes_ + predicted];
  }
  /// Positions of a class, and those predicted as it.
  [[nodiscard]] std::uint64_t truth(std::size_t c) const {
    std::uint64_t sum = 0;
    for (std::size_t k = 0; k < classes_; ++k) sum += at(c, k);
    return sum;
  }
  [[nodiscard]] std::uint64_t predicted(std::size_t c) const {
    std::uint64_t sum = 0;
    for (std::size_t k = 0; k < classes_; ++k) sum += at(k, c);
    return sum;
  }
  /// [truth, predicted] row-major.
  [[nodiscard]] const std::vector<std::uint64_t>& all() const noexcept { return counts_; }

 private:
  Dims shape_;
  std::size_t classes_;
  std::vector<std::uint64_t> counts_;
};

}  // namespace xstitch::inline XSTITCH_ISA
