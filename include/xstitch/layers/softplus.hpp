#pragma once
/// \file
/// Softplus: y = log(1 + exp(x)), dx = dy (1 - exp(-y)). Any shape, works in place.
/// Dugas, Bengio, Belisle, Nadeau, Garcia: Incorporating second-order functional knowledge, 2000.

#include <xstitch/layers/activation.hpp>

namespace xstitch::inline XSTITCH_ISA {

struct Softplus : Activation<kernels::activations::Softplus> {
  static constexpr std::string_view kind = "Softplus";
};

}  // namespace xstitch::inline XSTITCH_ISA
