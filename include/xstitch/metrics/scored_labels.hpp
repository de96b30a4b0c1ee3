#pragma once
/// \file
/// Scores of yes/no labels, label by label, and precision and recall at each score: what is at least as likely counts
/// as a yes, samples of equal score together, so that the result does not depend on their order,
///
///     recall = positives among them / positives      precision = positives among them / all of them
///
/// Keeps 8 bytes for each valid element of the set.

#include <xstitch/metrics/average_precision.hpp>
#include <xstitch/metrics/metric_support.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class ScoredLabels {
 public:
  /// Predictions are [batch, prediction]: larger means more likely; labels and mask have the same shape. Pixels of a
  /// map count as samples of their channel's label.
  explicit ScoredLabels(Dims prediction = {})
      : shape_(prediction), scored_(static_cast<std::size_t>(prediction.channels)) {}

  XSTITCH_INLINE void add(std::string_view who, std::size_t batch, const float* prediction, const LabelBatch& labels) {
    label_support::check_sizes(who, labels, {LabelKind::binary, shape_, shape_, 0}, batch);
    for (std::size_t i = 0; i < batch * shape_.size(); ++i) {
      if (!label_support::is_valid(labels, i, shape_.size())) continue;
      if (!std::isfinite(prediction[i])) metrics::not_finite(who, labels, i / shape_.size(), i % shape_.size());
      const float label = labels.values[i];
      if (label != 0.0F && label != 1.0F)
        fail(who, ": label ", label, " of ", label_support::place_of(labels, i / shape_.size()), ", expected 0 or 1");
      scored_[i % scored_.size()].push_back({prediction[i], label != 0.0F});
    }
  }
  void reset() {
    for (auto& label : scored_) label.clear();
  }

  [[nodiscard]] Dims shape() const noexcept { return shape_; }
  [[nodiscard]] std::size_t labels() const noexcept { return scored_.size(); }
  [[nodiscard]] std::size_t valid(std::size_t label) const { return scored_[label].size(); }
  [[nodiscard]] std::size_t positives(std::size_t label) const {
    return static_cast<std::size_t>(
        std::count_if(scored_[label].begin(), scored_[label].end(), [](const ScoredAnswer& s) { return s.positive; }));
  }
  /// A point for each different score, the largest first; none where there is no positive.
  [[nodiscard]] std::vector<CurvePoint> curve(std::size_t label) const {
    return precision_recall(scored_[label], positives(label));
  }

 private:
  Dims shape_;
  std::vector<std::vector<ScoredAnswer>> scored_;  ///< [label][valid sample]
};

}  // namespace xstitch::inline XSTITCH_ISA
