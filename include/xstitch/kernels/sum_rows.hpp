#pragma once
/// \file
/// The gradient of a bias alone: db[c] = sum over rows of dy[row, c]. (Where the weights' gradient is made, too, its
/// pass over dy adds up both.) A task has some channels and adds runs of 64 rows in floats, the runs in double, so that
/// the order of additions depends on the sizes alone.

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/simd.hpp>

#include <algorithm>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

inline void sum_rows(std::size_t rows, int channels, const float* from, float* to, ThreadPool& threads) {
  constexpr std::size_t run = 64;
  const auto vectors = static_cast<std::size_t>(divide_up(channels, lanes));
  threads.parallel_for(vectors, [&](std::size_t task) {
    const int c = static_cast<int>(task) * lanes, count = std::min(lanes, channels - c);
    double sums[static_cast<std::size_t>(lanes)] = {};
    for (std::size_t first = 0; first < rows; first += run) {
      Vector part(0.0F);
      for (std::size_t row = first; row < std::min(rows, first + run); ++row) {
        const float* p = from + row * static_cast<std::size_t>(channels) + c;
        part += count == lanes ? load(p) : load_some(p, count);
      }
      alignas(64) float values[static_cast<std::size_t>(lanes)];
      part.store_aligned(values);
      for (int i = 0; i < count; ++i) sums[i] += static_cast<double>(values[i]);
    }
    for (int i = 0; i < count; ++i) to[c + i] = static_cast<float>(sums[i]);
  });
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
