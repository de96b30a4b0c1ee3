#pragma once
/// \file
/// What the losses share: fixed chunks of work, the valid positions of a batch, and checks of label sizes.

#include <xstitch/core/error.hpp>
#include <xstitch/losses/loss.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {
namespace losses {

/// A range of positions cut into at most 64 chunks whose bounds depend on the problem alone. The partial sums of
/// the chunks live on the stack (a training step allocates nothing) and are added in their order, so that a loss
/// has the same bits on any number of threads.
struct Chunks {
  static constexpr std::size_t most = 64;
  std::size_t total = 0;
  std::size_t size = 1;
  std::size_t count = 0;

  /// `work` is the number of elements of one position: small problems stay on one thread.
  constexpr Chunks(std::size_t positions, std::size_t work) noexcept : total(positions) {
    constexpr std::size_t least_work = 16384;
    const std::size_t least = std::max<std::size_t>(1, least_work / std::max<std::size_t>(1, work));
    size = std::max(least, (total + most - 1) / most);
    count = (total + size - 1) / size;
  }
};

/// Adds up f(begin, end) over the chunks, in order.
template <class Function>
double sum_over(const Chunks& chunks, ThreadPool& threads, const Function& f) {
  std::array<double, Chunks::most> parts{};
  threads.parallel_for(chunks.count, [&](std::size_t i) {
    parts[i] = f(i * chunks.size, std::min(chunks.total, (i + 1) * chunks.size));
  });
  double all = 0.0;
  for (std::size_t i = 0; i < chunks.count; ++i) all += parts[i];
  return all;
}

/// How many of the positions satisfy valid(position).
template <class Function>
double count_over(const Chunks& chunks, ThreadPool& threads, const Function& valid) {
  return sum_over(chunks, threads, [&](std::size_t begin, std::size_t end) {
    std::size_t count = 0;
    for (std::size_t i = begin; i < end; ++i) count += valid(i) ? 1U : 0U;
    return static_cast<double>(count);
  });
}

/// Calls f(begin, end) for each chunk.
template <class Function>
void for_each(const Chunks& chunks, ThreadPool& threads, const Function& f) {
  threads.parallel_for(chunks.count,
                       [&](std::size_t i) { f(i * chunks.size, std::min(chunks.total, (i + 1) * chunks.size)); });
}

/// Whether the sample of this row of the batch has a label.
inline bool is_present(const LabelBatch& labels, std::size_t row) noexcept {
  return labels.present.empty() || labels.present[row / labels.rows] != 0;
}

/// Whether element or pixel `position` of the batch is valid; `per_row` positions make a row.
inline bool is_valid(const LabelBatch& labels, std::size_t position, std::size_t per_row) noexcept {
  return is_present(labels, position / per_row) && (labels.mask.empty() || labels.mask[position] != 0);
}

/// "sample 3 of the batch", or "sample 1 of the batch, region 0".
inline std::string place_of(const LabelBatch& labels, std::size_t row) {
  const std::string sample = "sample " + std::to_string(row / labels.rows) + " of the batch";
  return labels.rows == 1 ? sample : sample + ", region " + std::to_string(row % labels.rows);
}

/// Refuses label buffers of a wrong size for `batch` rows (samples x rows of a sample). A batch in which no sample has
/// this label may leave them empty.
inline void check_sizes(std::string_view who, const LabelBatch& labels, const LabelSpec& spec, std::size_t batch) {
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

/// Number of pixels with a normal.
inline double count_normals(const NormaliserCall& call, std::size_t pixels, const Chunks& chunks) {
  return count_over(chunks, call.threads, [&](std::size_t i) { return has_normal(call.labels, i, pixels); });
}

}  // namespace losses
}  // namespace xstitch::inline XSTITCH_ISA
