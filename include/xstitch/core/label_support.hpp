#pragma once
/// \file
/// What losses and metrics ask of the labels of a batch: which positions are valid, whether the sizes are right, and
/// where a row is, in words.

#include <xstitch/core/error.hpp>
#include <xstitch/core/labels.hpp>
#include <xstitch/core/tensor.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {
namespace label_support {

/// Whether the sample of this row of the batch has a label.
inline bool is_present(const LabelBatch& labels, std::size_t row) noexcept {
  return labels.present.empty() || labels.present[row / labels.rows] != 0;
}

/// Whether element or pixel `position` of the batch is valid; `per_row` positions make a row.
inline bool is_valid(const LabelBatch& labels, std::size_t position, std::size_t per_row) noexcept {
  return is_present(labels, position / per_row) && (labels.mask.empty() || labels.mask[position] != 0);
}

/// "sample 3 of the batch", or "sample 1 of the batch, region 0".
XSTITCH_INLINE std::string place_of(const LabelBatch& labels, std::size_t row) {
  const std::string sample = "sample " + std::to_string(row / labels.rows) + " of the batch";
  return labels.rows == 1 ? sample : sample + ", region " + std::to_string(row % labels.rows);
}

/// Refuses label buffers of a wrong size for `batch` rows (samples x rows of a sample). A batch in which no sample has
/// this label may leave them empty.
XSTITCH_INLINE void check_sizes(std::string_view who, const LabelBatch& labels, const LabelSpec& spec,
                                std::size_t batch) {
  if (labels.rows == 0 || batch % labels.rows != 0)
    fail(who, ": labels of ", labels.rows, " rows a sample for a batch of ", batch, " rows");
  const std::size_t samples = batch / labels.rows;
  if (!labels.present.empty() && labels.present.size() != samples)
    fail(who, ": ", labels.present.size(), " marks of present labels, expected ", samples, " (one a sample)");
  bool any = labels.present.empty() && batch > 0;
  for (const std::uint8_t mark : labels.present) any = any || mark != 0;
  if (!any) return;
  const auto of = [&](Dims each) {
    return " (" + std::to_string(samples) + " samples of " +
           to_string(TensorShape(each, static_cast<int>(labels.rows))) + ")";
  };
  const std::size_t found = spec.integral() ? labels.indices.size() : labels.values.size();
  if (found != batch * spec.shape.size())
    fail(who, ": ", found, " label values, expected ", batch * spec.shape.size(), of(spec.shape));
  if (!labels.mask.empty() && labels.mask.size() != batch * spec.mask.size())
    fail(who, ": ", labels.mask.size(), " mask values, expected ", batch * spec.mask.size(), of(spec.mask), " or none");
}

/// A normal shorter than this has no direction: as a label it counts as invalid, as a prediction it is 90 degrees
/// off everything.
inline constexpr double shortest_normal = 1e-6;

inline double length(const float* v) noexcept {
  const double x = static_cast<double>(v[0]), y = static_cast<double>(v[1]), z = static_cast<double>(v[2]);
  return std::sqrt(x * x + y * y + z * z);
}

/// Whether pixel `position` has a normal. A NaN counts as one, so that it shows up in the loss.
inline bool has_normal(const LabelBatch& labels, std::size_t position, std::size_t per_row) noexcept {
  return is_valid(labels, position, per_row) && !(length(labels.values.data() + 3 * position) < shortest_normal);
}

}  // namespace label_support
}  // namespace xstitch::inline XSTITCH_ISA
