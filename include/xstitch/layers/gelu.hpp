#pragma once
/// \file
/// Gelu: y = x Phi(x), Phi the distribution function of the standard normal, in its exact form by erf.
/// GeluTanh: its approximation x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), as in GPT-2. Any shape.
/// Hendrycks, Gimpel: Gaussian error linear units, 2016.

#include <xstitch/kernels/elementwise.hpp>
#include <xstitch/layers/operation.hpp>

namespace xstitch::inline XSTITCH_ISA {

namespace detail {

template <class Forward, class Backward>
struct GeluLayer {
  static constexpr std::array<Attribute, 0> attributes() { return {}; }
  static constexpr bool reads_output = false;
  static constexpr Dims output_shape(Dims in) { return in; }

  template <Dims In>
  static void forward(const ForwardCall& call) {
    kernels::transform(call.threads, call.input, call.output, call.batch * In.size(), Forward{});
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    kernels::transform(call.threads, call.input, call.output_gradient, call.input_gradient, call.batch * In.size(),
                       Backward{});
  }
};

}  // namespace detail

struct Gelu : detail::GeluLayer<kernels::GeluForward, kernels::GeluBackward> {
  static constexpr std::string_view kind = "Gelu";
};
struct GeluTanh : detail::GeluLayer<kernels::GeluTanhForward, kernels::GeluTanhBackward> {
  static constexpr std::string_view kind = "GeluTanh";
};

}  // namespace xstitch::inline XSTITCH_ISA
