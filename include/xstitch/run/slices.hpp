#pragma once
/// \file
/// A batch cut into slices that are worked off one after the other, and whether the labels of a slice are all there.

#include <xstitch/core/share.hpp>
#include <xstitch/run/execution.hpp>

#include <cstddef>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// Labels of every head, as many as the samples need.
XSTITCH_INLINE void check_labels(const Layout& layout, const Slice& slice) {
  const auto& heads = layout.heads();
  if (slice.labels.size() != heads.size())
    fail(layout.program().kind, ": the batch has labels for ", slice.labels.size(), " heads, the network has ",
         heads.size());
  for (std::size_t h = 0; h < heads.size(); ++h) {
    const LabelBatch& label = slice.labels[h];
    const LabelSpec& spec = heads[h].label;
    const std::size_t rows = slice.size * static_cast<std::size_t>(spec.rows);
    const std::size_t have = spec.integral() ? label.indices.size() : label.values.size();
    if (have < rows * spec.shape.size() || (!label.present.empty() && label.present.size() < slice.size))
      fail("label of '", heads[h].name(), "': ", have, " elements and ", label.present.size(),
           " presence flags, expected ", rows * spec.shape.size(), " and ", slice.size, " (or no flags)");
    if (!label.mask.empty() && label.mask.size() < rows * spec.mask.size())
      fail("mask of '", heads[h].name(), "': ", label.mask.size(), " entries, expected ", rows * spec.mask.size());
  }
}

class Slices {
 public:
  /// Of the part of a batch that a rank has: the slice of a round. `samples`: of the whole batch. Labels are copied for
  /// it, into memory that is kept and that the next slice uses again.
  XSTITCH_INLINE Slice cut(const Layout& layout, const Batch& batch, const Share& share, std::size_t samples,
                           std::size_t round) {
    Slice part(batch);
    const Share::Range range = share.range(samples, round);
    part.position = batch.first_position + range.begin;
    if (range.size == batch.size) return part;
    part.begin = 0;
    for (std::size_t k = 0; k < round; ++k) part.begin += share.range(samples, k).size;
    part.size = range.size;
    labels_.resize(batch.labels.size());
    for (std::size_t h = 0; h < batch.labels.size(); ++h) {
      const LabelBatch& whole = batch.labels[h];
      const LabelSpec& spec = layout.heads()[h].label;
      const std::size_t rows = static_cast<std::size_t>(spec.rows);
      copy(whole.indices, labels_[h].indices, part, spec.integral() ? rows * spec.shape.size() : 0);
      copy(whole.values, labels_[h].values, part, spec.integral() ? 0 : rows * spec.shape.size());
      copy(whole.mask, labels_[h].mask, part, rows * spec.mask.size());
      copy(whole.present, labels_[h].present, part, 1);
      labels_[h].rows = whole.rows;
    }
    part.labels = {labels_.data(), labels_.size()};
    return part;
  }

 private:
  template <class T>
  static void copy(const std::vector<T>& from, std::vector<T>& to, const Slice& part, std::size_t per_sample) {
    if (from.empty()) return to.clear();
    to.assign(from.data() + part.begin * per_sample, from.data() + (part.begin + part.size) * per_sample);
  }

  std::vector<LabelBatch> labels_;
};

}  // namespace xstitch::inline XSTITCH_ISA
