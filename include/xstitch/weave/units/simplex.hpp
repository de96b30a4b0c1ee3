#pragma once
/// \file
/// A cross-stitch unit whose alphas are weights of a mean: each row is the softmax of free parameters, so that what a
/// tower gets is positive and sums to 1, whatever the learning rate does.
///
///     forward    alpha[t, s, c] = exp(logit[t, s, c]) / sum over k of exp(logit[t, k, c])
///                y_t[p, c] = sum over s of alpha[t, s, c] x_s[p, c]
///     backward   dx_s[p, c] = sum over t of alpha[t, s, c] dy_t[p, c],  dalpha[t, s, c] = sum over p of dy_t x_s
///                dlogit[t, s, c] = alpha[t, s, c] (dalpha[t, s, c] - sum over k of alpha[t, k, c] dalpha[t, k, c])
///
/// logit is {T, T, C} per channel or {T, T, 1} per layer. Initial values are given as alphas: `Same` on the diagonal,
/// Different / (T - 1) elsewhere, both positive and together 1; logit = log(alpha).
///
///     CrossStitch<Unit<Simplex<>>, A, B>        UnitAt<"pool5", Simplex<false, Ratio{4, 5}, Ratio{1, 5}>>
///
/// Source: Misra et al., CVPR 2016, section 3, for the unit, whose alphas are not constrained there.

#include <xstitch/core/ratio.hpp>
#include <xstitch/kernels/multiply_add.hpp>
#include <xstitch/weave/units/stitch_call.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

template <bool PerChannel = true, Ratio Same = Ratio{9, 10}, Ratio Different = Ratio{1, 10}>
struct Simplex {
  static constexpr std::string_view kind = "Simplex";
  static constexpr std::string_view requirement =
      "initial alphas > 0 with sum 1; and 2 to 32 towers";  // clang shows 34 letters
  static constexpr bool reads_output = false;
  static constexpr bool gradient_in_place = true;

  template <std::size_t N>
  static constexpr Shapes<N> outputs(const Shapes<N>& in) {
    return N >= 2 && N <= kernels::stitch_max_towers && sums_to_one ? in : Shapes<N>{};
  }
  static constexpr std::array<Attribute, 1> attributes() { return {Attribute::flag("per_channel", PerChannel)}; }
  template <std::size_t N>
  static constexpr std::array<ParameterSpec, 1> parameters(const Shapes<N>& in) {
    constexpr int towers = static_cast<int>(N);
    ParameterSpec logit;
    logit.name = "logit";
    logit.extents = Extents(towers, towers, PerChannel ? in[0].dims.channels : 1);
    logit.initializer = Initializer::custom();
    logit.group = ParameterGroup::stitch;
    return {logit};
  }
  template <std::size_t N>
  static void initialize(const Shapes<N>& in, std::size_t /*index*/, float* values, RandomKey /*key*/) {
    const std::size_t width = PerChannel ? units::channels_of(in[0]) : 1;
    for (std::size_t pair = 0; pair < N * N; ++pair)
      std::fill_n(values + pair * width, width,
                  std::log(pair / N == pair % N ? Same.value() : Different.value() / static_cast<float>(N - 1)));
  }
  template <std::size_t N>
  static constexpr Extent workspace(const Shapes<N>& in) {
    return {0, align_up(kernels::stitch_workspace(N, units::channels_of(in[0]))) +
                   N * N * units::channels_of(in[0]) * sizeof(float)};
  }
  template <std::size_t N>
  static constexpr std::size_t multiply_adds(const Shapes<N>& in) {
    return N * N * in[0].size();
  }

  static void forward(const ForwardCall& call) {
    const float* alpha =
        softmax(call.parameters[0], call.order, call.input_shapes.size(), call.input_shapes[0], call.workspace);
    kernels::stitch_forward(units::stitch_of(call), alpha, PerChannel);
  }
  static void backward(const BackwardCall& call) {
    const TensorShape& at = call.input_shapes[0];
    const std::size_t towers = call.input_shapes.size(), width = PerChannel ? units::channels_of(at) : 1;
    const float* alpha = softmax(call.parameters[0], call.order, towers, at, call.workspace);
    float* gradient = call.parameter_gradients[0];  // first dalpha, then dlogit
    kernels::stitch_backward(units::stitch_of(call), alpha, gradient, PerChannel);
    for (std::size_t t = 0; t < towers; ++t)
      for (std::size_t c = 0; c < width; ++c) {
        const std::size_t row = t * towers * width + c;
        float mean = 0.0F;
        for (std::size_t k = 0; k < towers; ++k) {
          const std::size_t i = row + call.order[k] * width;
          mean = kernels::multiply_add(alpha[i], gradient[i], mean);
        }
        for (std::size_t i = row; i < row + towers * width; i += width) gradient[i] = alpha[i] * (gradient[i] - mean);
      }
  }

 private:
  static constexpr bool sums_to_one = Same.numerator > 0 && Different.numerator > 0 && Same.denominator > 0 &&
                                      Different.denominator > 0 &&
                                      Same.numerator* Different.denominator + Different.numerator* Same.denominator ==
                                          Same.denominator* Different.denominator;

  /// The alphas, after what the kernels need of the workspace. The largest logit of a row is taken off first.
  static const float* softmax(const float* logit, const std::size_t* order, std::size_t towers, const TensorShape& at,
                              std::byte* workspace) {
    const std::size_t width = PerChannel ? units::channels_of(at) : 1;
    auto* alpha =
        reinterpret_cast<float*>(workspace + align_up(kernels::stitch_workspace(towers, units::channels_of(at))));
    for (std::size_t t = 0; t < towers; ++t)
      for (std::size_t c = 0; c < width; ++c) {
        const std::size_t row = t * towers * width + c, end = row + towers * width;
        float most = logit[row], sum = 0.0F;
        for (std::size_t i = row; i < end; i += width) most = std::max(most, logit[i]);
        for (std::size_t i = row; i < end; i += width) alpha[i] = std::exp(logit[i] - most);
        for (std::size_t k = 0; k < towers; ++k) sum += alpha[row + order[k] * width];
        for (std::size_t i = row; i < end; i += width) alpha[i] /= sum;
      }
    return alpha;
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
