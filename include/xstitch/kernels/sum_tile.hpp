#pragma once
/// \file
/// A register tile of a sum of outer products: gradients of weights, and linear layers.

#include <xstitch/kernels/outer_product.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Where a tile reads its operands: `rows` x `pixels` terms of the sum; strides in elements.
struct Pixels {
  int rows = 0;
  int pixels = 0;
  Index in_row = 0, in_pixel = 0;
  Index gradient_row = 0, gradient_pixel = 0;
  /// With Fetch: a vector's worth of cache lines from here on is fetched at each pixel, one after the other within a
  /// row. (One at a time: a burst would fill the queue of misses and stop the loads that the tile itself does.)
  const float* fetch = nullptr;
  Index fetch_row = 0;
};

/// M rows by V * lanes columns:
///
///     sums[m, o] = beta sums[m, o] + sum over pixels p of in[p][m] * gradient[p][o]
///
/// with beta = 0 (`beta_zero`) or 1. With Separate the new terms have accumulators of their own, which are added to
/// `sums` in the end: long sums lose less.
template <class Arithmetic, int M, int V, bool Fetch = false, bool Separate = false>
[[gnu::noinline]] void sum_tile(const typename Arithmetic::Element* in, const typename Arithmetic::Element* gradient,
                                const Pixels& where, float* sums, Index sums_row, bool beta_zero) noexcept {
  Vector acc[M][V];
  XSTITCH_UNROLL
  for (int m = 0; m < M; ++m) {
    XSTITCH_UNROLL
    for (int v = 0; v < V; ++v)
      acc[m][v] = Separate || beta_zero ? Vector(0.0F) : load(sums + m * sums_row + v * lanes);
  }
  for (int row = 0; row < where.rows; ++row, in += where.in_row, gradient += where.gradient_row) {
    const typename Arithmetic::Element* p = in;
    const typename Arithmetic::Element* q = gradient;
    [[maybe_unused]] const float* fetch = where.fetch + row * where.fetch_row;
    for (int x = where.pixels; x > 0; --x, p += where.in_pixel, q += where.gradient_pixel) {
      if constexpr (Fetch) {
        for (int f = 0; f < V * lanes; f += 16) __builtin_prefetch(fetch + f, 0, 2);
        fetch += V * lanes;
      }
      add_outer_product<Arithmetic>(acc, q, [&](int m) { return p + m; });
    }
  }
  XSTITCH_UNROLL
  for (int m = 0; m < M; ++m) {
    XSTITCH_UNROLL
    for (int v = 0; v < V; ++v) {
      float* to = sums + m * sums_row + v * lanes;
      store(to, Separate && !beta_zero ? load(to) + acc[m][v] : acc[m][v]);
    }
  }
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
