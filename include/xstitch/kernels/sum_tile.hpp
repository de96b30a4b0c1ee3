#pragma once
/// \file
/// A register tile of a sum of outer products: gradients of weights, and linear layers. With what walks down the
/// weights of a linear layer, some columns at a time: their sums, [samples][width], and the fetching of what comes
/// next.

#include <xstitch/kernels/outer_product.hpp>

#include <algorithm>

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

/// f(first sample, number of samples as a constant), largest tiles first.
template <class Function>
void for_each_tile_of_many(Index batch, Function&& f) {
  using std::integral_constant;
  Index n = 0;
  for (; batch - n >= tile_rows; n += tile_rows) f(n, integral_constant<int, tile_rows>{});
  if constexpr (tile_rows > 8)
    for (; batch - n >= 8; n += 8) f(n, integral_constant<int, 8>{});
  if constexpr (tile_rows > 4)
    for (; batch - n >= 4; n += 4) f(n, integral_constant<int, 4>{});
  for (; batch - n >= 2; n += 2) f(n, integral_constant<int, 2>{});
  for (; batch - n >= 1; n += 1) f(n, integral_constant<int, 1>{});
}

/// Every sample starts from the bias (or null: zero) of the `count` columns from `first` on, zeros after them.
inline void start_sums(const float* bias, Index first, Index count, Index width, Index samples, float* sums) noexcept {
  for (Index n = 0; n < samples; ++n, sums += width) {
    std::fill(sums, sums + width, 0.0F);
    if (bias != nullptr) std::copy_n(bias + first, count, sums);
  }
}

/// Writes them to rows of `outputs` floats, perhaps max(0, .).
inline void store_sums(const float* sums, Index first, Index count, Index width, Index samples, Index outputs,
                       bool with_relu, float* out) noexcept {
  const Index full = count / lanes * lanes;
  for (Index n = 0; n < samples; ++n, sums += width) {
    float* to = out + n * outputs + first;
    for (Index o = 0; o < full; o += lanes) store(to + o, with_relu ? relu(load(sums + o)) : load(sums + o));
    if (full < width)
      store_some(to + full, with_relu ? relu(load(sums + full)) : load(sums + full), static_cast<int>(count - full));
  }
}

/// Fetching memory while something else is computed, a few lines at a time: a burst would fill the queue of misses and
/// stop the loads of the computation. Fetches `rows` rows of `count` floats into the second-level cache, a share with
/// each of `calls` calls of some().
class GradualFetch {
 public:
  GradualFetch(const float* from, Index row, Index rows, Index count, Index calls) noexcept
      : from_(from), row_(row), lines_(divide_up(count, line)), left_(rows * lines_), share_(divide_up(left_, calls)) {}
  void some() noexcept {
    for (Index i = std::min(share_, left_); i > 0; --i, --left_) {
      __builtin_prefetch(from_ + at_ * line, 0, 2);
      if (++at_ == lines_) {
        at_ = 0;
        from_ += row_;
      }
    }
  }

 private:
  static constexpr Index line = 16;
  const float* from_;
  Index row_, lines_, left_, share_, at_ = 0;
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
