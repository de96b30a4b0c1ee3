#pragma once
/// \file
/// The three passes of a convolution, by the algorithm that suits its sizes (chosen by the compiler).
///
/// A pointwise convolution (1x1, stride 1, no pad) takes the image as one long row.

#include <xstitch/kernels/arithmetic.hpp>
#include <xstitch/kernels/conv_backward_data.hpp>
#include <xstitch/kernels/conv_backward_weights.hpp>
#include <xstitch/kernels/conv_forward.hpp>

#include <algorithm>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Where gradients go. What is null is not wanted (input), or put into the workspace (weight, bias).
struct ConvGradients {
  float* input = nullptr;
  float* weight = nullptr;
  float* bias = nullptr;
};

/// The same convolution in the form that the kernels like best.
constexpr ConvShape canonical(ConvShape s) noexcept {
  if (s.pointwise()) s.in = {1, s.in.height * s.in.width, s.in.channels};
  if (s.kernel.height == 1) s.dilation.height = 1;
  if (s.kernel.width == 1) s.dilation.width = 1;
  return s;
}

/// Image rows by image rows: conv_correlate.hpp.
template <class Arithmetic>
constexpr Extent direct_workspace(const ConvShape& s) noexcept {
  const std::size_t gradients = align_up(s.weight_count() * sizeof(float)) +
                                align_up(static_cast<std::size_t>(s.out_channels) * sizeof(float));
  const Extent images = backward_weights_workspace<Arithmetic>(s);
  return {images.per_sample, std::max(forward_workspace<Arithmetic>(s),
                                      gradients + backward_data_workspace<Arithmetic>(s) + images.fixed)};
}

template <ConvShape S, class Arithmetic>
struct DirectConv {
  using Forward = ConvForward<S, Arithmetic>;
  using Data = ConvBackwardData<S, Arithmetic>;
  using Weights = ConvBackwardWeights<S, Arithmetic>;

  static void forward(std::size_t batch, const float* in, const float* weights, const float* bias, bool with_relu,
                      float* out, std::byte* workspace, ThreadPool& threads) {
    Forward::run(batch, in, weights, bias, with_relu, out, workspace, threads);
  }

  static ConvGradients backward(std::size_t batch, const float* in, const float* out_gradient, const float* weights,
                                bool has_bias, ConvGradients to, std::byte* workspace, ThreadPool& threads) {
    constexpr std::size_t weight_bytes = align_up(S.weight_count() * sizeof(float));
    constexpr std::size_t bias_bytes = align_up(static_cast<std::size_t>(S.out_channels) * sizeof(float));
    if (to.weight == nullptr) to.weight = reinterpret_cast<float*>(workspace);
    if (has_bias && to.bias == nullptr) to.bias = reinterpret_cast<float*>(workspace + weight_bytes);
    workspace += weight_bytes + bias_bytes;
    if (to.input != nullptr) Data::run(batch, out_gradient, weights, to.input, workspace, threads);
    workspace += backward_data_workspace<Arithmetic>(S);
    Weights::run_all(batch, in, out_gradient, to.weight, has_bias ? to.bias : nullptr, workspace, threads);
    return to;
  }
};

/// forward(): out = conv(in) + bias, and max(0, .) of that if with_relu.
/// backward(): writes the wanted gradients; returns where those of weight and bias are. Reads the weights before it
/// writes their gradient.
template <ConvShape S, Precision P>
struct Conv : DirectConv<canonical(S), ArithmeticOf<P>> {
  static_assert(S.valid());
};

/// Scratch of a call of either pass, in either precision.
constexpr Extent conv_workspace(const ConvShape& shape) noexcept {
  if (!shape.valid()) return {};
  const Extent a = direct_workspace<Fp32>(canonical(shape)), b = direct_workspace<Bf16>(canonical(shape));
  return {std::max(a.per_sample, b.per_sample), std::max(a.fixed, b.fixed)};
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
