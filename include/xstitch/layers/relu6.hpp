#pragma once
/// \file
/// Relu6: y = min(max(0, x), 6), dx = dy where 0 < y < 6, else 0. Any shape, works in place; BatchNorm applies it.
/// Sandler, Howard, Zhu, Zhmoginov, Chen: MobileNetV2, 2018.

#include <xstitch/layers/activation.hpp>

namespace xstitch::inline XSTITCH_ISA {

struct Relu6 : Activation<kernels::activations::Relu6> {
  static constexpr std::string_view kind = "Relu6";
};

}  // namespace xstitch::inline XSTITCH_ISA
