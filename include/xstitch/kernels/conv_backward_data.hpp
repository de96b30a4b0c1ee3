#pragma once
/// \file
/// Gradient of a convolution to its input: for each phase of the stride, a correlation of the output gradient with
/// the taps of that phase, flipped and transposed.
///
///     dx[n, i, j, c] = sum over o and the taps u, v with i + p = y s + u d, j + p = x s + v d of
///                      dy[n, y, x, o] W[u, v, c, o]
///
/// Input rows i = r + s t of one phase r use only every (s / gcd(s, d))-th tap, and neighbouring t read neighbouring
/// y: a plain correlation of stride 1. Stride 1 is the case of one phase.

#include <xstitch/kernels/conv_correlate.hpp>
#include <xstitch/kernels/conv_shape.hpp>

#include <numeric>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// One phase of one direction. Tap j of `taps` (in reading order) is tap first - j * step of the kernel.
struct StridePhase {
  int count = 0;  ///< input rows of this phase
  int taps = 0;
  int first = 0, step = 1;
  int dilation = 1;  ///< of the correlation
  int pad = 0;       ///< of the correlation, may be negative

  constexpr StridePhase(int phase, int size, int kernel, int stride, int kernel_dilation, int kernel_pad) noexcept
      : count(phase < size ? (size - phase + stride - 1) / stride : 0),
        step(stride / std::gcd(stride, kernel_dilation)),
        dilation(kernel_dilation / std::gcd(stride, kernel_dilation)) {
    int lowest = 0;
    while (lowest < kernel && lowest < step && (phase + kernel_pad - lowest * kernel_dilation) % stride != 0) ++lowest;
    if (lowest >= kernel || lowest >= step) return;
    taps = (kernel - 1 - lowest) / step + 1;
    first = lowest + (taps - 1) * step;
    pad = (taps - 1) * dilation - (phase + kernel_pad - lowest * kernel_dilation) / stride;
  }
};

constexpr StridePhase vertical_phase(const ConvShape& s, int phase) noexcept {
  return {phase, s.in.height, s.kernel.height, s.stride.height, s.dilation.height, s.pad.top};
}
constexpr StridePhase horizontal_phase(const ConvShape& s, int phase) noexcept {
  return {phase, s.in.width, s.kernel.width, s.stride.width, s.dilation.width, s.pad.left};
}
template <class Arithmetic>
constexpr RunLayout backward_layout(const ConvShape& s, const StridePhase& h) noexcept {
  return {s.group_out(), h.taps, 1, h.dilation, Arithmetic::per_element, Arithmetic::value_bytes};
}
/// Elements of the packed weights of one phase.
template <class Arithmetic>
constexpr Index phase_elements(const ConvShape& s, const StridePhase& v, const StridePhase& h) noexcept {
  return s.groups * packed_group<Arithmetic>(backward_layout<Arithmetic>(s, h), v.taps, s.group_in());
}
/// Bytes of the packed weights.
template <class Arithmetic>
constexpr std::size_t backward_data_workspace(const ConvShape& s) noexcept {
  Index sum = 0;
  for (int y = 0; y < s.stride.height; ++y)
    for (int x = 0; x < s.stride.width; ++x)
      sum += phase_elements<Arithmetic>(s, vertical_phase(s, y), horizontal_phase(s, x));
  return align_up(static_cast<std::size_t>(sum) * sizeof(typename Arithmetic::Element));
}

template <ConvShape S, class Arithmetic>
class ConvBackwardData {
  using Element = typename Arithmetic::Element;
  static constexpr int blocks = static_cast<int>(divide_up(S.group_in(), block_width));

 public:
  static void run(std::size_t batch, const float* out_gradient, const float* weights, float* in_gradient,
                  std::byte* workspace, ThreadPool& threads) {
    auto* packed = reinterpret_cast<Element*>(workspace);
    for (int y = 0; y < S.stride.height; ++y) {
      for (int x = 0; x < S.stride.width; ++x) {
        const StridePhase v = vertical_phase(S, y), h = horizontal_phase(S, x);
        if (v.count == 0 || h.count == 0) continue;
        pack(v, h, weights, packed, threads);
        constexpr Index row = Index{S.in.width} * S.in.channels;
        const Correlation c{S.out_height(),
                            S.out_width(),
                            S.groups,
                            S.group_out(),
                            v.pad,
                            h.pad,
                            v.count,
                            v.taps,
                            h.taps,
                            Size{1},
                            Size{v.dilation, h.dilation},
                            static_cast<Index>(S.in.size()),
                            S.stride.height * row,
                            Index{S.stride.width} * S.in.channels};
        float* to = in_gradient + y * row + Index{x} * S.in.channels;
        constexpr int step =
            static_cast<int>(backward_layout<Arithmetic>(S, horizontal_phase(S, 0)).pixel / Arithmetic::per_element);
        constexpr int large = static_cast<int>(divide_up(S.in.width, S.stride.width));
        constexpr int small = S.in.width / S.stride.width;
        if (h.count == large)
          Correlate<Arithmetic, step, large, S.group_in()>::run(c, batch, out_gradient, packed, nullptr, false, to,
                                                                threads);
        else if constexpr (small > 0 && small < large)
          Correlate<Arithmetic, step, small, S.group_in()>::run(c, batch, out_gradient, packed, nullptr, false, to,
                                                                threads);
        packed += phase_elements<Arithmetic>(S, v, h);
      }
    }
  }

 private:
  /// [group][block of input channels][tap rows][runs of (tap columns, output channels)][input channels of the block].
  static void pack(const StridePhase& v, const StridePhase& h, const float* weights, Element* to, ThreadPool& threads) {
    const RunLayout layout = backward_layout<Arithmetic>(S, h);
    const Index rows = Index{v.taps} * layout.inner, run = divide_up(layout.run, Arithmetic::per_element);
    const Index group_elements = packed_group<Arithmetic>(layout, v.taps, S.group_in());
    threads.parallel_for(std::size_t{S.groups} * std::size_t{blocks}, [&](std::size_t task) {
      const Index group = static_cast<Index>(task) / blocks, block = static_cast<Index>(task) % blocks;
      const int valid = static_cast<int>(std::min<Index>(block_width, S.group_in() - block * block_width));
      const int width = static_cast<int>(round_up(valid, lanes));
      Element* p = to + group * group_elements + block * block_width * rows * run;
      for (int tap_row = 0; tap_row < v.taps; ++tap_row) {
        for (int tap_column = 0; tap_column < h.taps; ++tap_column) {
          const Index tap = Index{v.first - tap_row * v.step} * S.kernel.width + (h.first - tap_column * h.step);
          // Numbers of this tap start at an element, because runs of several columns are merged only if they do.
          pack_transposed(weights + (tap * S.group_in() + block * block_width) * S.out_channels + group * S.group_out(),
                          S.out_channels, S.group_out(), valid, width, p, Arithmetic{});
          p += divide_up(S.group_out(), Arithmetic::per_element) * width;
        }
      }
    });
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
