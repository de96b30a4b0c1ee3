#pragma once
/// \file
/// Sigmoid: y = 1 / (1 + exp(-x)), dx = dy y (1 - y). Any shape, works in place.

#include <xstitch/layers/activation.hpp>

namespace xstitch::inline XSTITCH_ISA {

struct Sigmoid : Activation<kernels::activations::Sigmoid> {
  static constexpr std::string_view kind = "Sigmoid";
};

}  // namespace xstitch::inline XSTITCH_ISA
