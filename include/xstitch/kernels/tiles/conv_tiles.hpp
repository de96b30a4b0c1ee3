#pragma once
/// \file
/// Forward pass of a convolution and its gradient to the input in bf16 by tiles: correlations (correlate.hpp), the
/// latter one for each phase of the stride as in conv_backward_data.hpp.

#include <xstitch/kernels/conv_forward.hpp>
#include <xstitch/kernels/conv_shape.hpp>
#include <xstitch/kernels/tiles/conv_correlation.hpp>
#include <xstitch/kernels/tiles/correlate.hpp>
#include <xstitch/kernels/tiles/pack_weights.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

constexpr TileLayout forward_tiles(const ConvShape& s) noexcept { return TileLayout(forward_correlation(s)); }
constexpr TileLayout backward_tiles(const ConvShape& s, const StridePhase& v, const StridePhase& h) noexcept {
  return TileLayout(backward_correlation(s, v, h));
}
/// Bytes of the packed weights.
constexpr std::size_t forward_tiles_workspace(const ConvShape& s) noexcept {
  return align_up(static_cast<std::size_t>(forward_tiles(s).weights()) * sizeof(Bf16Bits));
}
constexpr std::size_t backward_tiles_workspace(const ConvShape& s) noexcept {
  std::size_t most = 0;
  for (int y = 0; y < s.stride.height; ++y)
    for (int x = 0; x < s.stride.width; ++x) {
      const StridePhase v = vertical_phase(s, y), h = horizontal_phase(s, x);
      if (has_phase(v, h)) most = std::max(most, static_cast<std::size_t>(backward_tiles(s, v, h).weights()));
    }
  return align_up(most * sizeof(Bf16Bits));
}

/// Whether at least an eighth of what tiles multiply is wanted: not with very few channels.
constexpr bool tiles_are_full_enough(const ConvShape& s) noexcept {
  const TileLayout l = forward_tiles(s);
  return Index{s.depth()} * s.group_out() * 8 >= Index{l.steps} * l.step_numbers * l.out_blocks() * 16;
}

template <ConvShape S, class Tiles>
struct TileConvForward : PackAndRun<TileConvForward<S, Tiles>> {
  static constexpr TileLayout layout = forward_tiles(S);

  static void pack(const float* weights, std::byte* to, ThreadPool& threads) {
    pack_forward_weights(layout, weights, reinterpret_cast<Bf16Bits*>(to), threads);
  }
  static void run_packed(std::size_t batch, const float* in, const std::byte* packed, const float* bias, bool with_relu,
                         float* out, ThreadPool& threads) {
    TileCorrelate<Tiles>::run(layout, batch, in, reinterpret_cast<const Bf16Bits*>(packed), bias, with_relu, out,
                              threads);
  }
};

template <ConvShape S, class Tiles>
struct TileConvBackwardData {
  static void run(std::size_t batch, const float* out_gradient, const float* weights, float* in_gradient,
                  std::byte* workspace, ThreadPool& threads) {
    auto* packed = reinterpret_cast<Bf16Bits*>(workspace);
    for (int y = 0; y < S.stride.height; ++y)
      for (int x = 0; x < S.stride.width; ++x) {
        const StridePhase v = vertical_phase(S, y), h = horizontal_phase(S, x);
        if (!has_phase(v, h)) continue;
        const TileLayout layout = backward_tiles(S, v, h);
        if (v.taps == 0 || h.taps == 0)
          clear(packed, layout.weights());
        else
          pack_backward_weights(layout, {Size{v.first, h.first}, Size{v.step, h.step}, S.kernel.width}, weights, packed,
                                threads);
        const Index to = (Index{y} * S.in.width + x) * S.in.channels;
        TileCorrelate<Tiles>::run(layout, batch, out_gradient, packed, nullptr, false, in_gradient + to, threads);
      }
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
