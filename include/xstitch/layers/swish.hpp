#pragma once
/// \file
/// Swish (also SiLU): y = x s, s = 1 / (1 + exp(-x)), dx = dy (s + x s (1 - s)). Any shape.
/// HardSwish: y = x min(max(0, x + 3), 6) / 6. HardSigmoid: y = min(max(0, x + 3), 6) / 6, works in place.
/// Ramachandran, Zoph, Le: Searching for activation functions, 2017; Howard et al.: Searching for MobileNetV3, 2019.

#include <xstitch/layers/activation.hpp>

namespace xstitch::inline XSTITCH_ISA {

struct Swish : Activation<kernels::activations::Swish> {
  static constexpr std::string_view kind = "Swish";
};
/// Y = x min(max(x + 3, 0), 6) / 6 (Howard et al. 2019).
struct HardSwish : Activation<kernels::activations::HardSwish> {
  static constexpr std::string_view kind = "HardSwish";
};
/// Y = min(max(x + 3, 0), 6) / 6 (Howard et al. 2019).
struct HardSigmoid : Activation<kernels::activations::HardSigmoid> {
  static constexpr std::string_view kind = "HardSigmoid";
};

}  // namespace xstitch::inline XSTITCH_ISA
