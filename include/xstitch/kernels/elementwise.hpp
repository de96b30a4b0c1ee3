#pragma once
/// \file
/// Functions of one number, over arrays. Every element goes through the same vector instructions, whichever place it
/// has: the last, incomplete vector is computed on a padded copy.

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/simd.hpp>

#include <algorithm>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Floats of one task: 64 KiB, which outweighs the cost of starting it and leaves enough tasks for many threads.
inline constexpr std::size_t elementwise_chunk = 16384;

/// What a kernel does to each vector before it writes it: nothing.
struct Unchanged {
  template <class V>
  static V f(const V& v) {
    return v;
  }
};

/// Calls f(begin, end) for runs of at most `chunk` elements that together cover [0, count).
template <class Function>
void for_chunks(ThreadPool& threads, std::size_t count, std::size_t chunk, const Function& f) {
  threads.parallel_for((count + chunk - 1) / chunk,
                       [&](std::size_t i) { f(i * chunk, std::min(count, (i + 1) * chunk)); });
}

/// Calls f(row) for each of `count` rows of `channels` elements.
template <class Function>
void for_rows(ThreadPool& threads, std::size_t count, std::size_t channels, const Function& f) {
  const std::size_t chunk = std::max<std::size_t>(1, elementwise_chunk / channels);
  for_chunks(threads, count, chunk, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) f(row);
  });
}

/// y[i] = op(x[i]) for Vector op(Vector); y may be x.
template <class Operation>
void transform(const float* x, float* y, std::size_t count, const Operation& op) {
  constexpr auto step = static_cast<std::size_t>(lanes);
  std::size_t i = 0;
  for (; i + step <= count; i += step) store(y + i, op(load(x + i)));
  if (const auto rest = static_cast<int>(count - i); rest > 0) store_some(y + i, op(load_some(x + i, rest)), rest);
}

/// y[i] = op(a[i], b[i]); y may be a or b.
template <class Operation>
void transform(const float* a, const float* b, float* y, std::size_t count, const Operation& op) {
  constexpr auto step = static_cast<std::size_t>(lanes);
  std::size_t i = 0;
  for (; i + step <= count; i += step) store(y + i, op(load(a + i), load(b + i)));
  if (const auto rest = static_cast<int>(count - i); rest > 0)
    store_some(y + i, op(load_some(a + i, rest), load_some(b + i, rest)), rest);
}

/// The same, cut into tasks.
template <class Operation>
void transform(ThreadPool& threads, const float* x, float* y, std::size_t count, const Operation& op) {
  for_chunks(threads, count, elementwise_chunk,
             [&](std::size_t begin, std::size_t end) { transform(x + begin, y + begin, end - begin, op); });
}
template <class Operation>
void transform(ThreadPool& threads, const float* a, const float* b, float* y, std::size_t count, const Operation& op) {
  for_chunks(threads, count, elementwise_chunk,
             [&](std::size_t begin, std::size_t end) { transform(a + begin, b + begin, y + begin, end - begin, op); });
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
