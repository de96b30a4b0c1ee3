#pragma once
/// \file
/// Tanh: y = tanh(x), dx = dy (1 - y^2). Any shape, works in place.

#include <xstitch/layers/activation.hpp>

namespace xstitch::inline XSTITCH_ISA {

struct Tanh : Activation<kernels::activations::Tanh> {
  static constexpr std::string_view kind = "Tanh";
};

}  // namespace xstitch::inline XSTITCH_ISA
