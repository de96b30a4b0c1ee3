#pragma once
/// \file
/// The correlations that a convolution's forward pass and its gradient to the input are, in the words of
/// tile_cells.hpp.

#include <xstitch/kernels/conv_backward_data.hpp>
#include <xstitch/kernels/conv_shape.hpp>
#include <xstitch/kernels/tiles/tile_cells.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

constexpr TileCorrelation forward_correlation(const ConvShape& s) noexcept {
  const Dims to = s.out();
  return {s.in.height,
          s.in.width,
          s.groups,
          s.group_in(),
          s.pad.top,
          s.pad.left,
          to.height,
          to.width,
          s.group_out(),
          s.kernel,
          s.stride,
          s.dilation,
          static_cast<Index>(to.size()),
          Index{to.width} * to.channels,
          to.channels};
}
constexpr bool has_phase(const StridePhase& v, const StridePhase& h) noexcept { return v.count > 0 && h.count > 0; }
/// Of one phase of the stride. Without taps (a stride above the kernel) it has one all the same, for weights of zero.
constexpr TileCorrelation backward_correlation(const ConvShape& s, const StridePhase& v,
                                               const StridePhase& h) noexcept {
  const Index row = Index{s.in.width} * s.in.channels;
  return {s.out_height(),
          s.out_width(),
          s.groups,
          s.group_out(),
          v.pad,
          h.pad,
          v.count,
          h.count,
          s.group_in(),
          Size{std::max(v.taps, 1), std::max(h.taps, 1)},
          Size{1},
          Size{v.dilation, h.dilation},
          static_cast<Index>(s.in.size()),
          s.stride.height * row,
          Index{s.stride.width} * s.in.channels};
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
