#pragma once
/// \file
/// Gelu: y = x Phi(x), Phi the distribution function of the standard normal, in its exact form by erf.
/// GeluTanh: its approximation x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), as in GPT-2. Any shape.
/// Hendrycks, Gimpel: Gaussian error linear units, 2016.

#include <xstitch/layers/activation.hpp>

namespace xstitch::inline XSTITCH_ISA {

struct Gelu : Activation<kernels::activations::Gelu> {
  static constexpr std::string_view kind = "Gelu";
};
/// The approximation by tanh: y = x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) (Hendrycks and Gimpel 2016).
struct GeluTanh : Activation<kernels::activations::GeluTanh> {
  static constexpr std::string_view kind = "GeluTanh";
};

}  // namespace xstitch::inline XSTITCH_ISA
