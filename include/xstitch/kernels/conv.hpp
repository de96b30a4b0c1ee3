#pragma once
/// \file
/// The passes of a convolution, by the algorithm that suits its sizes (chosen by the compiler): depthwise, as a fully
/// connected layer (conv_im2col.hpp), or directly (conv_correlate.hpp), where a pointwise convolution (1x1, stride 1,
/// no pad) takes the image as one long row. Many channels under 3x3 or 5x5 taps go by Winograd (conv_winograd.hpp) in
/// fp32, and in bf16 without an instruction for it; a first layer with a stride does, too, but for the gradient to its
/// input (winograd_cells.hpp). In bf16 on a processor with a matrix unit everything but depthwise
/// goes by tiles (tiles/conv_tiles.hpp), as the program finds when it runs.

#include <xstitch/kernels/arithmetic.hpp>
#include <xstitch/kernels/conv_backward_data.hpp>
#include <xstitch/kernels/conv_backward_weights.hpp>
#include <xstitch/kernels/conv_depthwise.hpp>
#include <xstitch/kernels/conv_forward.hpp>
#include <xstitch/kernels/conv_im2col.hpp>
#include <xstitch/kernels/conv_winograd.hpp>
#include <xstitch/kernels/conv_winograd_weights.hpp>
#include <xstitch/kernels/sum_rows.hpp>
#include <xstitch/kernels/tiles/conv_tiles.hpp>
#include <xstitch/kernels/tiles/conv_weight_tiles.hpp>
#include <xstitch/kernels/tiles/unit_or.hpp>
#include <xstitch/kernels/winograd_cells.hpp>

#include <algorithm>
#include <type_traits>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Where gradients go. A null input gradient is not wanted; wanted weight and bias gradients without a place are
/// emitted.
struct ConvGradients {
  float* input = nullptr;
  float* weight = nullptr;
  float* bias = nullptr;
  bool wants_weight = true, wants_bias = true;
};

/// The same convolution in the form that the kernels like best.
constexpr ConvShape canonical(ConvShape s) noexcept {
  if (s.kernel.height == 1) s.dilation.height = 1;
  if (s.kernel.width == 1) s.dilation.width = 1;
  if (s.pointwise()) s.in = {1, s.in.height * s.in.width, s.in.channels};
  return s;
}
constexpr bool is_depthwise(const ConvShape& s) noexcept { return s.group_in() == 1 && s.group_out() == 1; }

template <class Arithmetic>
constexpr bool suits_winograd(const ConvShape& s) noexcept {
  return RoundsBeforehand<Arithmetic> && winograd::suits(s);
}
template <class Arithmetic>
constexpr bool weight_gradient_suits_winograd(const ConvShape& s) noexcept {
  return RoundsBeforehand<Arithmetic> && winograd::suits_weight_gradient(s);
}
template <class Arithmetic>
constexpr bool suits_cells(const ConvShape& s) noexcept {
  return RoundsBeforehand<Arithmetic> && winograd::suits_cells(s);
}
template <class Arithmetic>
constexpr bool suits_unit(const ConvShape& s) noexcept {
  return multiplies_on_unit<Arithmetic> && tiles_are_full_enough(s);
}
/// Bytes of the weights as a pass reads them.
template <class Arithmetic>
constexpr std::size_t forward_packed_bytes(const ConvShape& s) noexcept {
  const std::size_t bytes = suits_winograd<Arithmetic>(s) ? winograd_workspace(s)
                            : suits_cells<Arithmetic>(s)  ? cell_weights_bytes(s)
                                                          : forward_workspace<Arithmetic>(s);
  return suits_unit<Arithmetic>(s) ? std::max(bytes, forward_tiles_workspace(s)) : bytes;
}
template <class Arithmetic>
constexpr std::size_t backward_packed_bytes(const ConvShape& s) noexcept {
  const std::size_t bytes =
      suits_winograd<Arithmetic>(s) ? winograd_workspace(s) : backward_data_workspace<Arithmetic>(s);
  return suits_unit<Arithmetic>(s) ? std::max(bytes, backward_tiles_workspace(s)) : bytes;
}
/// Scratch of the gradient of the weights.
template <class Arithmetic>
constexpr Extent weight_gradient_workspace(const ConvShape& s) noexcept {
  const Extent other = weight_gradient_suits_winograd<Arithmetic>(s) ? Extent{0, winograd_weights_workspace(s)}
                       : suits_cells<Arithmetic>(s)                  ? Extent{0, cell_gradient_workspace(s)}
                                                                     : backward_weights_workspace<Arithmetic>(s);
  if (!suits_unit<Arithmetic>(s)) return other;
  const Extent tiles = weight_tiles_workspace(s);
  return {std::max(other.per_sample, tiles.per_sample), std::max(other.fixed, tiles.fixed)};
}

/// Bytes of the gradients of weight and bias.
constexpr std::size_t weight_bytes(const ConvShape& s) noexcept { return align_up(s.weight_count() * sizeof(float)); }
constexpr std::size_t bias_bytes(const ConvShape& s) noexcept {
  return align_up(static_cast<std::size_t>(s.out_channels) * sizeof(float));
}

template <class Arithmetic>
constexpr Extent conv_workspace_of(const ConvShape& s) noexcept {
  const std::size_t gradients = weight_bytes(s) + bias_bytes(s);
  if (is_depthwise(s)) return {0, gradients};
  if (suits_im2col(s)) return im2col_workspace(s);
  const Extent images = weight_gradient_workspace<Arithmetic>(s);
  return {images.per_sample, std::max(forward_packed_bytes<Arithmetic>(s),
                                      gradients + backward_packed_bytes<Arithmetic>(s) + images.fixed)};
}
/// Scratch of a call of either pass.
constexpr Extent conv_workspace(const ConvShape& s, Precision precision) noexcept {
  if (!s.valid()) return {};
  return precision == Precision::bf16 ? conv_workspace_of<Bf16>(canonical(s)) : conv_workspace_of<Fp32>(canonical(s));
}

/// Bytes that pack() of the same convolution writes; 0: its weights are read in place.
constexpr std::size_t conv_packed_bytes(const ConvShape& given, Precision precision) noexcept {
  const ConvShape s = canonical(given);
  if (!s.valid() || is_depthwise(s)) return 0;
  if (suits_im2col(s)) return linear_packed_bytes(s.depth(), s.out_channels, precision);
  return precision == Precision::bf16 ? forward_packed_bytes<Bf16>(s) : forward_packed_bytes<Fp32>(s);
}

/// Directly, by Winograd or depthwise: weight and bias gradients are emitted when they are complete.
/// (Names of what is not taken are written out in full only where they may be: CellSource has no meaning for others.)
template <ConvShape S, class Arithmetic, bool ByCells = suits_cells<Arithmetic>(S)>
struct DirectPasses {
  using Forward = ConvForward<S, Arithmetic>;
  using BackwardWeights = ConvBackwardWeights<S, Arithmetic>;
};
template <ConvShape S, class Arithmetic>
struct DirectPasses<S, Arithmetic, true> {
  using Forward = CellForward<S, Arithmetic>;
  using BackwardWeights = CellBackwardWeights<S, Arithmetic>;
};

template <ConvShape S, class Arithmetic>
struct DirectConv {
  static constexpr bool by_winograd = suits_winograd<Arithmetic>(S);
  template <class OnUnit, class Other>
  using OrUnit = std::conditional_t<suits_unit<Arithmetic>(S), UnitOr<OnUnit, Other>, Other>;
  using Forward =
      OrUnit<TileConvForward<S, UnitTiles>, std::conditional_t<by_winograd, WinogradForward<S, Arithmetic>,
                                                               typename DirectPasses<S, Arithmetic>::Forward>>;
  using BackwardData =
      OrUnit<TileConvBackwardData<S, UnitTiles>,
             std::conditional_t<by_winograd, WinogradBackwardData<S, Arithmetic>, ConvBackwardData<S, Arithmetic>>>;
  using BackwardWeights =
      OrUnit<TileConvBackwardWeights<S, UnitTiles>,
             std::conditional_t<weight_gradient_suits_winograd<Arithmetic>(S), WinogradBackwardWeights<S, Arithmetic>,
                                typename DirectPasses<S, Arithmetic>::BackwardWeights>>;

  static void pack(const float* weights, std::byte* to, ThreadPool& threads) { Forward::pack(weights, to, threads); }

  static void forward(std::size_t batch, const float* in, const float* weights, const float* bias, bool with_relu,
                      float* out, [[maybe_unused]] std::byte* workspace, ThreadPool& threads,
                      [[maybe_unused]] const std::byte* packed = nullptr) {
    if constexpr (is_depthwise(S)) {
      DepthwiseConv::forward(S, batch, in, weights, bias, with_relu, out, threads);
    } else if (packed != nullptr) {
      Forward::run_packed(batch, in, packed, bias, with_relu, out, threads);
    } else {
      Forward::run(batch, in, weights, bias, with_relu, out, workspace, threads);
    }
  }

  template <class Emit>
  static void backward(std::size_t batch, const float* in, const float* out_gradient, const float* weights,
                       bool has_bias, ConvGradients to, Emit&& emit, std::byte* workspace, ThreadPool& threads) {
    has_bias = has_bias && to.wants_bias;
    float* weight = to.weight != nullptr ? to.weight : reinterpret_cast<float*>(workspace);
    float* bias = !has_bias            ? nullptr
                  : to.bias != nullptr ? to.bias
                                       : reinterpret_cast<float*>(workspace + weight_bytes(S));
    workspace += weight_bytes(S) + bias_bytes(S);
    if constexpr (is_depthwise(S)) {
      if (to.input != nullptr) DepthwiseConv::backward_data(S, batch, out_gradient, weights, to.input, threads);
      if (to.wants_weight) DepthwiseConv::backward_weights(S, batch, in, out_gradient, weight, bias, threads);
    } else {
      if (to.input != nullptr) BackwardData::run(batch, out_gradient, weights, to.input, workspace, threads);
      workspace += backward_packed_bytes<Arithmetic>(S);
      if (to.wants_weight) BackwardWeights::run_all(batch, in, out_gradient, weight, bias, workspace, threads);
    }
    if (has_bias && !to.wants_weight) sum_rows(batch * S.out().pixels(), S.out_channels, out_gradient, bias, threads);
    if (to.wants_weight && to.weight == nullptr) {
      constexpr std::size_t piece = 4096;  // fits into the first-level cache
      threads.parallel_for((S.weight_count() + piece - 1) / piece, [&](std::size_t i) {
        emit(0, i * piece, weight + i * piece, std::min(piece, S.weight_count() - i * piece));
      });
    }
    if (has_bias && to.bias == nullptr) emit(1, 0, bias, std::size_t{S.out_channels});
  }
};

/// forward(): out = conv(in) + bias, and max(0, .) of that if with_relu. `packed` is null, or what pack(), where
/// conv_packed_bytes is not 0, made from the weights.
/// backward(): makes the wanted gradients. Where weight or bias have no place to be stored, they are given to
/// emit(0 or 1, offset, gradient, count), from several threads, each piece after its last use of the weights.
template <ConvShape S, Precision P>
struct Conv : std::conditional_t<suits_im2col(canonical(S)), Im2colConv<canonical(S), ArithmeticOf<P>>,
                                 DirectConv<canonical(S), ArithmeticOf<P>>> {
  static_assert(S.valid());
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
