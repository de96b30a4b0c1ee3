#pragma once
/// \file
/// The register tile of a convolution's forward pass. A function of its own, named by its extents only, so that layers
/// and passes share it.

#include <xstitch/kernels/outer_product.hpp>

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
        add_outer_product<Arithmetic>(acc, weights, [&](int m) { return p + m * PixelStep; });
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

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
