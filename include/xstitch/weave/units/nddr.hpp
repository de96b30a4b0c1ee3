#pragma once
/// \file
/// Neural discriminative dimensionality reduction: every tower gets a 1x1 convolution of its own over the channels of
/// all towers, T of them,
///
///     forward    y_t[p, o] = sum over s, i of x_s[p, i] W[t, s, i, o]
///     backward   dx_s[p, i] = sum over t, o of dy_t[p, o] W[t, s, i, o]    dW[t, s, i, o] = sum_p x_s[p, i] dy_t[p, o]
///
/// weight {T, T, C, C}: row t is the kernel of tower t over the concatenated towers. Initial values: alpha on the
/// diagonal of W[t, t], beta / (T - 1) on that of the other towers, 0 elsewhere; 0.9 and 0.1. No bias: in the paper
/// batch normalisation and a ReLU follow, which are layers of the tower here: Seam<"pool1">, BatchNorm<"norm1">, Relu.
/// The weights are in the group of the alphas (alpha_multiplier; no weight decay).
///
///     CrossStitch<Unit<Nddr<>>, A, B>        UnitAt<"pool5", Nddr<Ratio{4, 5}, Ratio{1, 5}>>
///
/// Source: Gao, Ma, Zhao, Liu and Yuille, CVPR 2019 (arXiv 1801.08297), section 3.

#include <xstitch/core/ratio.hpp>
#include <xstitch/kernels/nddr.hpp>
#include <xstitch/layers/operation.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

template <Ratio Same = Ratio{9, 10}, Ratio Different = Ratio{1, 10}>
struct Nddr {
  static constexpr std::string_view kind = "Nddr";
  static constexpr std::string_view requirement = "Nddr: 2 to 32 towers";
  static constexpr bool reads_output = false;
  static constexpr bool gradient_in_place = true;

  template <std::size_t N>
  static constexpr Shapes<N> outputs(const Shapes<N>& in) {
    return N >= 2 && N <= 32 ? in : Shapes<N>{};
  }
  template <std::size_t N>
  static constexpr std::array<Attribute, 1> attributes(const Shapes<N>&) {
    return {Attribute::integers("towers", static_cast<int>(N))};
  }
  template <std::size_t N>
  static constexpr std::array<ParameterSpec, 1> parameters(const Shapes<N>& in) {
    constexpr int towers = static_cast<int>(N);
    const int channels = in[0].dims.channels;
    ParameterSpec weight;
    weight.name = "weight";
    weight.extents = Extents(towers, towers, channels, channels);
    weight.initializer = Initializer::custom();
    weight.group = ParameterGroup::stitch;
    weight.fan_in = towers * channels;
    return {weight};
  }
  template <std::size_t N>
  static void initialize(const Shapes<N>& in, std::size_t /*index*/, float* values, RandomKey /*key*/) {
    const kernels::NddrShape s = shape(in[0], N);
    std::fill_n(values, s.weight_count(), 0.0F);
    for (std::size_t pair = 0; pair < N * N; ++pair)
      for (std::size_t c = 0; c < s.channels; ++c)
        values[(pair * s.channels + c) * s.channels + c] =
            pair / N == pair % N ? Same.value() : Different.value() / static_cast<float>(N > 1 ? N - 1 : 1);
  }
  template <std::size_t N>
  static constexpr Extent workspace(const Shapes<N>& in) {
    const Extent a = kernels::Nddr<kernels::Fp32>::workspace(shape(in[0], N));
    const Extent b = kernels::Nddr<kernels::Bf16>::workspace(shape(in[0], N));
    return {std::max(a.per_sample, b.per_sample), std::max(a.fixed, b.fixed)};
  }
  template <std::size_t N>
  static constexpr std::size_t multiply_adds(const Shapes<N>& in) {
    return N * N * in[0].size() * static_cast<std::size_t>(in[0].dims.channels);
  }

  template <auto In, Precision P = Precision::fp32>
  static void forward(const ForwardCall& call) {
    kernels::Nddr<kernels::ArithmeticOf<P>>::forward(shape(call.input_shapes[0], call.input_shapes.size()),
                                                     {.batch = call.batch,
                                                      .inputs = call.inputs,
                                                      .outputs = call.outputs,
                                                      .order = call.order,
                                                      .weights = call.parameters[0],
                                                      .workspace = call.workspace,
                                                      .threads = call.threads});
  }
  template <auto In, Precision P = Precision::fp32>
  static void backward(const BackwardCall& call) {
    kernels::Nddr<kernels::ArithmeticOf<P>>::backward(shape(call.input_shapes[0], call.input_shapes.size()),
                                                      {.batch = call.batch,
                                                       .inputs = call.inputs,
                                                       .output_gradients = call.output_gradients,
                                                       .input_gradients = call.input_gradients,
                                                       .order = call.order,
                                                       .weights = call.parameters[0],
                                                       .weight_gradient = call.parameter_gradients[0],
                                                       .workspace = call.workspace,
                                                       .threads = call.threads});
  }

 private:
  static constexpr kernels::NddrShape shape(const TensorShape& at, std::size_t towers) {
    const auto channels = static_cast<std::size_t>(at.dims.channels);
    return {towers, at.size() / channels, channels};
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
