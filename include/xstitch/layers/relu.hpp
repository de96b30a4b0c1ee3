#pragma once
/// \file
/// Relu: y = max(0, x), dx = dy where y > 0, else 0. Any shape, works in place; a NaN passes through.

#include <xstitch/layers/activation.hpp>

namespace xstitch::inline XSTITCH_ISA {

struct Relu : Activation<kernels::activations::Relu> {
  static constexpr std::string_view kind = "Relu";
};

}  // namespace xstitch::inline XSTITCH_ISA
