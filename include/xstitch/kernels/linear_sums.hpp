#pragma once
/// \file
/// The sums of some columns of a fully connected layer's output, [samples][width], while its weights are walked down.

#include <xstitch/kernels/simd.hpp>

#include <algorithm>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

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

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
