#pragma once
/// \file
/// The two register tiles that do all the arithmetic of a convolution. Each is a function of its own, named by its
/// extents only, so that layers and passes share them.

#include <xstitch/kernels/simd.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Where a correlation reads its input: `outer` x `inner` runs of `run` consecutive elements.
struct Taps {
  int outer = 0;
  int inner = 0;
  Index outer_stride = 0;  ///< elements
  Index inner_stride = 0;
  Index run = 0;
};

/// What happens to a tile when it is done.
struct Epilogue {
  const float* bias = nullptr;  ///< V * lanes floats, or null
  bool relu = false;
};

/// `M` neighbouring output pixels by V * lanes output channels:
///
///     out[m, o] = bias[o] + sum over runs r and elements i of in[r + m * PixelStep + i] * weights[r][i][o]
///
/// Only the first `valid` channels are written.
template <class Arithmetic, int M, int V, int PixelStep>
[[gnu::noinline]] void correlate_tile(const typename Arithmetic::Element* in,
                                      const typename Arithmetic::Element* weights, const Taps& taps,
                                      const Epilogue& epilogue, float* out, Index out_pixel, int valid) noexcept {
  Vector acc[M][V];
  XSTITCH_UNROLL
  for (int v = 0; v < V; ++v) {
    const Vector first = epilogue.bias != nullptr ? load(epilogue.bias + v * lanes) : Vector(0.0F);
    XSTITCH_UNROLL
    for (int m = 0; m < M; ++m) acc[m][v] = first;
  }
  for (int outer = 0; outer < taps.outer; ++outer) {
    for (int inner = 0; inner < taps.inner; ++inner) {
      const typename Arithmetic::Element* p = in + outer * taps.outer_stride + inner * taps.inner_stride;
      for (Index i = taps.run; i > 0; --i, ++p, weights += V * lanes) {
        typename Arithmetic::Operand w[V];
        XSTITCH_UNROLL
        for (int v = 0; v < V; ++v) w[v] = Arithmetic::load(weights + v * lanes);
        XSTITCH_UNROLL
        for (int m = 0; m < M; ++m) {
          const auto x = Arithmetic::broadcast(p + m * PixelStep);
          XSTITCH_UNROLL
          for (int v = 0; v < V; ++v) acc[m][v] = Arithmetic::multiply_add(x, w[v], acc[m][v]);
        }
      }
    }
  }
  if (epilogue.relu) {
    XSTITCH_UNROLL
    for (int m = 0; m < M; ++m) {
      XSTITCH_UNROLL
      for (int v = 0; v < V; ++v) acc[m][v] = relu(acc[m][v]);
    }
  }
  if (valid == V * lanes) {
    XSTITCH_UNROLL
    for (int m = 0; m < M; ++m) {
      XSTITCH_UNROLL
      for (int v = 0; v < V; ++v) store(out + m * out_pixel + v * lanes, acc[m][v]);
    }
  } else {
    alignas(64) float buffer[M][V * lanes];
    XSTITCH_UNROLL
    for (int m = 0; m < M; ++m) {
      XSTITCH_UNROLL
      for (int v = 0; v < V; ++v) store(&buffer[m][v * lanes], acc[m][v]);
    }
    for (int m = 0; m < M; ++m)
      std::memcpy(out + m * out_pixel, buffer[m], static_cast<std::size_t>(valid) * sizeof(float));
  }
}

/// Where a tile of weight gradients reads its operands: `rows` x `pixels` pixels.
struct Pixels {
  int rows = 0;
  int pixels = 0;
  Index in_row = 0, in_pixel = 0;              ///< strides in elements
  Index gradient_row = 0, gradient_pixel = 0;
};

/// `M` neighbouring rows of the weight gradient by V * lanes output channels:
///
///     sums[m, o] (+)= sum over pixels p of in[p][m] * gradient[p][o]
///
/// `fresh` starts from zero instead of what `sums` holds.
template <class Arithmetic, int M, int V>
[[gnu::noinline]] void weight_gradient_tile(const typename Arithmetic::Element* in,
                                            const typename Arithmetic::Element* gradient, const Pixels& where,
                                            float* sums, Index sums_row, bool fresh) noexcept {
  Vector acc[M][V];
  XSTITCH_UNROLL
  for (int m = 0; m < M; ++m) {
    XSTITCH_UNROLL
    for (int v = 0; v < V; ++v) acc[m][v] = fresh ? Vector(0.0F) : load(sums + m * sums_row + v * lanes);
  }
  for (int row = 0; row < where.rows; ++row, in += where.in_row, gradient += where.gradient_row) {
    const typename Arithmetic::Element* p = in;
    const typename Arithmetic::Element* q = gradient;
    for (int x = where.pixels; x > 0; --x, p += where.in_pixel, q += where.gradient_pixel) {
      typename Arithmetic::Operand g[V];
      XSTITCH_UNROLL
      for (int v = 0; v < V; ++v) g[v] = Arithmetic::load(q + v * lanes);
      XSTITCH_UNROLL
      for (int m = 0; m < M; ++m) {
        const auto a = Arithmetic::broadcast(p + m);
        XSTITCH_UNROLL
        for (int v = 0; v < V; ++v) acc[m][v] = Arithmetic::multiply_add(a, g[v], acc[m][v]);
      }
    }
  }
  XSTITCH_UNROLL
  for (int m = 0; m < M; ++m) {
    XSTITCH_UNROLL
    for (int v = 0; v < V; ++v) store(sums + m * sums_row + v * lanes, acc[m][v]);
  }
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
