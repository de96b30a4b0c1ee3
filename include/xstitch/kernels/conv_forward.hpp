#pragma once
/// \file
/// Forward pass of a convolution: weights are packed (once a call, or once for many), then conv_correlate.hpp does the
/// work.
///
///     y[n, i, j, o] = b[o] + sum over u, v, c of x[n, i s - p + u d, j s - p + v d, c] W[u, v, c, o]

#include <xstitch/kernels/conv_correlate.hpp>
#include <xstitch/kernels/conv_shape.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

template <class Arithmetic>
constexpr RunLayout forward_layout(const ConvShape& s) noexcept {
  return {s.group_in(),     s.kernel.width,          s.stride.width,
          s.dilation.width, Arithmetic::per_element, Arithmetic::value_bytes};
}
/// Bytes of the packed weights.
template <class Arithmetic>
constexpr std::size_t forward_workspace(const ConvShape& s) noexcept {
  const Index group = packed_group<Arithmetic>(forward_layout<Arithmetic>(s), s.kernel.height, s.group_out());
  return align_up(static_cast<std::size_t>(group * s.groups) * sizeof(typename Arithmetic::Element));
}

/// run() of a forward pass that has pack() and run_packed().
template <class Self>
struct PackAndRun {
  /// Both at once where nothing is packed yet; bias: [out] or null.
  static void run(std::size_t batch, const float* in, const float* weights, const float* bias, bool with_relu,
                  float* out, std::byte* workspace, ThreadPool& threads, const std::byte* packed = nullptr) {
    if (packed == nullptr) Self::pack(weights, workspace, threads);
    Self::run_packed(batch, in, packed == nullptr ? workspace : packed, bias, with_relu, out, threads);
  }
};

template <ConvShape S, class Arithmetic>
class ConvForward : public PackAndRun<ConvForward<S, Arithmetic>> {
  using Element = typename Arithmetic::Element;
  static constexpr RunLayout layout = forward_layout<Arithmetic>(S);
  static constexpr Index group_elements = packed_group<Arithmetic>(layout, S.kernel.height, S.group_out());
  static constexpr int blocks = static_cast<int>(divide_up(S.group_out(), block_width));

 public:
  /// weights: canonical [kernel height, kernel width, group in, out]; `to`: forward_workspace bytes.
  static void pack(const float* weights, std::byte* to, ThreadPool& threads) {
    auto* packed = reinterpret_cast<Element*>(to);
    threads.parallel_for(std::size_t{S.groups} * std::size_t{blocks}, [&](std::size_t task) {
      const Index group = static_cast<Index>(task) / blocks, block = static_cast<Index>(task) % blocks;
      const int valid = static_cast<int>(std::min<Index>(block_width, S.group_out() - block * block_width));
      const int width = static_cast<int>(round_up(valid, lanes));
      constexpr Index rows = Index{S.kernel.height} * layout.inner;
      pack_columns(
          weights + group * S.group_out() + block * block_width, S.out_channels, rows, layout.run, valid, width,
          packed + group * group_elements + block * block_width * rows * divide_up(layout.run, Arithmetic::per_element),
          Arithmetic{});
    });
  }

  static void run_packed(std::size_t batch, const float* in, const std::byte* packed, const float* bias, bool with_relu,
                         float* out, ThreadPool& threads) {
    constexpr Dims to = S.out();
    const Correlation c{S.in.height,
                        S.in.width,
                        S.groups,
                        S.group_in(),
                        S.pad.top,
                        S.pad.left,
                        to.height,
                        S.kernel.height,
                        S.kernel.width,
                        S.stride,
                        S.dilation,
                        static_cast<Index>(to.size()),
                        Index{to.width} * to.channels,
                        to.channels};
    constexpr int step = static_cast<int>(layout.pixel * S.stride.width / Arithmetic::per_element);
    Correlate<Arithmetic, step, to.width, S.group_out()>::run(c, batch, in, reinterpret_cast<const Element*>(packed),
                                                              bias, with_relu, out, threads);
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
