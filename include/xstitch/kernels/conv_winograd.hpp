#pragma once
/// \file
/// Convolution of stride 1 by Winograd's minimal filtering (Lavin and Gray, CVPR 2016): a tile of 2 x 2 outputs needs
/// 16 products a pair of channels instead of 36 for 3x3 taps, 36 instead of 100 for 5x5.
///
///     Y = A' [sum over channels of (G g G') * (B' d B)] A
///
/// d: inputs of a tile, g: taps, * by element, ' the transpose; winograd_transform.hpp has the matrices. Sums over
/// channels alone are a ninth (25th) as long as direct ones, which outweighs what the transformations lose: the error
/// is half that of the direct convolution for 3x3, about the same for 5x5 (tests/kernels/conv_winograd_test.cpp shows
/// both). A number that is not finite spreads over its tile (inf - inf is NaN).
///
/// All arithmetic is fp32. Where a processor has no instruction for bf16, numbers are rounded to it before they are
/// transformed; with one, the instruction would round the transformed ones, too, so there it is not used.
///
/// Here the weights are transformed, once for many inputs; winograd_correlate.hpp does the rest.

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/conv_backward_data.hpp>
#include <xstitch/kernels/conv_forward.hpp>
#include <xstitch/kernels/pack.hpp>
#include <xstitch/kernels/winograd_correlate.hpp>
#include <xstitch/kernels/winograd_tile.hpp>
#include <xstitch/kernels/winograd_transform.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Forward pass: see ConvForward. Source: winograd_tile.hpp says what that is.
template <ConvShape S, class Arithmetic = Fp32,
          class Source = winograd::PixelSource<winograd::forward_sizes(S), Arithmetic>>
class WinogradForward : public PackAndRun<WinogradForward<S, Arithmetic, Source>> {
  static constexpr winograd::Sizes sizes = Source::sizes;
  static constexpr int taps = sizes.taps * sizes.taps, elements = sizes.elements();

 public:
  static void pack(const float* weights, std::byte* to, ThreadPool& threads) {
    auto* packed = reinterpret_cast<float*>(to);
    threads.parallel_for(std::size_t{S.groups} * std::size_t(sizes.blocks()), [&](std::size_t task) {
      const Index group = static_cast<Index>(task) / sizes.blocks(), block = static_cast<Index>(task) % sizes.blocks();
      const Index width = std::min<Index>(block_width, S.group_out() - block * block_width);
      const float* from = weights + group * S.group_out() + block * block_width;
      float* p = packed + elements * (group * S.group_out() + block * block_width) * sizes.group_in;
      for (Index c = 0; c < sizes.group_in; ++c)
        for (Index o = 0; o < width; o += lanes) {
          Vector g[taps], u[elements];
          for (int t = 0; t < taps; ++t) {
            const Index row = Source::weight_row(t, c);
            g[t] = row < 0 ? Vector(0.0F) : Arithmetic::rounded(load(from + row * S.out_channels + o));
          }
          winograd::Transform<sizes.taps>::weights(g, u);
          for (int i = 0; i < elements; ++i)
            if (const Index at = Source::place(i, c); at >= 0)
              store(p + (Source::terms_before(i) + at) * width + o, u[i]);
        }
    });
  }
  static void run_packed(std::size_t batch, const float* in, const std::byte* packed, const float* bias, bool with_relu,
                         float* out, ThreadPool& threads) {
    winograd::Correlate<Source>::run(batch, in, reinterpret_cast<const float*>(packed), bias, with_relu, out, threads);
  }
};

/// Gradient to the input: see ConvBackwardData.
template <ConvShape S, class Arithmetic = Fp32>
class WinogradBackwardData {
  static constexpr winograd::Sizes sizes = winograd::transposed_sizes(S);
  static constexpr int taps = S.taps(), elements = sizes.elements();

 public:
  static void run(std::size_t batch, const float* out_gradient, const float* weights, float* in_gradient,
                  std::byte* workspace, ThreadPool& threads) {
    pack(weights, reinterpret_cast<float*>(workspace), threads);
    using Source = winograd::PixelSource<sizes, Arithmetic>;
    winograd::Correlate<Source>::run(batch, out_gradient, reinterpret_cast<const float*>(workspace), nullptr, false,
                                     in_gradient, threads);
  }

 private:
  /// A few output channels at a time: their taps are transposed in the first-level cache, then transformed.
  static void pack(const float* weights, float* packed, ThreadPool& threads) {
    constexpr Index range = taps == 9 ? 16 : 8;
    constexpr Index ranges = divide_up(S.group_out(), range);
    threads.parallel_for(static_cast<std::size_t>(S.groups * sizes.blocks() * ranges), [&](std::size_t task) {
      const Index first = static_cast<Index>(task) % ranges * range, t = static_cast<Index>(task) / ranges;
      const Index group = t / sizes.blocks(), block = t % sizes.blocks();
      const Index width = std::min<Index>(block_width, S.group_in() - block * block_width);
      const Index count = std::min(range, S.group_out() - first);
      alignas(64) float flipped[taps][range * block_width];
      for (int tap = 0; tap < taps; ++tap)
        pack_transposed(weights + ((taps - 1 - tap) * S.group_in() + block * block_width) * S.out_channels +
                            group * S.group_out() + first,
                        S.out_channels, count, static_cast<int>(width), static_cast<int>(width), flipped[tap], Fp32{});
      float* p = packed + elements * (group * S.group_in() + block * block_width) * S.group_out();
      for (Index o = 0; o < count; ++o)
        for (Index c = 0; c < width; c += lanes) {
          Vector g[taps], u[elements];
          for (int tap = 0; tap < taps; ++tap) g[tap] = Arithmetic::rounded(load(flipped[tap] + o * width + c));
          winograd::Transform<sizes.taps>::weights(g, u);
          for (int i = 0; i < elements; ++i) store(p + (i * S.group_out() + first + o) * width + c, u[i]);
        }
    });
  }
};

/// Bytes of the transformed weights, the same for both.
constexpr std::size_t winograd_workspace(const ConvShape& s) noexcept {
  return align_up(static_cast<std::size_t>(winograd::forward_sizes(s).weights()) * sizeof(float));
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
