#pragma once
/// \file
/// LeakyRelu<slope>: y = x where x > 0, else slope x; slope in [0, 1], by default 1/100. Any shape, works in place.
/// Maas, Hannun, Ng: Rectifier nonlinearities improve neural network acoustic models, 2013.

#include <xstitch/layers/activation.hpp>

namespace xstitch::inline XSTITCH_ISA {

template <Ratio Slope = Ratio{1, 100}>
struct LeakyRelu : Activation<kernels::activations::LeakyRelu<Slope>> {
  // A negative slope would make the sign of the input unknowable from the output.
  static_assert(Slope.value() >= 0.0F && Slope.value() <= 1.0F, "xstitch: the slope of LeakyRelu is in [0, 1]");
  static constexpr std::string_view kind = "LeakyRelu";
  static constexpr std::array<Attribute, 1> attributes() { return {Attribute::ratio("slope", Slope)}; }
};

}  // namespace xstitch::inline XSTITCH_ISA
