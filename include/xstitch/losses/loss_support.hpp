#pragma once
/// \file
/// What the losses share: fixed chunks of work, and counts over them.

#include <xstitch/core/label_support.hpp>
#include <xstitch/losses/loss.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {
namespace losses {

using namespace label_support;

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

/// Number of pixels with a normal.
inline double count_normals(const NormaliserCall& call, std::size_t pixels, const Chunks& chunks) {
  return count_over(chunks, call.threads, [&](std::size_t i) { return has_normal(call.labels, i, pixels); });
}

}  // namespace losses
}  // namespace xstitch::inline XSTITCH_ISA
