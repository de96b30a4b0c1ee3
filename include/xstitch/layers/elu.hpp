#pragma once
/// \file
/// Elu<alpha>: y = x where x > 0, else alpha (exp(x) - 1); alpha > 0, by default 1. dx = dy where y > 0, else
/// dy (y + alpha). Any shape, works in place. Clevert, Unterthiner, Hochreiter: Fast and accurate deep network learning
/// by exponential linear units, 2015.

#include <xstitch/layers/activation.hpp>

namespace xstitch::inline XSTITCH_ISA {

template <Ratio Alpha = Ratio{1}>
struct Elu : Activation<kernels::activations::Elu<Alpha>> {
  // The sign of the output must be that of the input.
  static_assert(Alpha.value() > 0.0F, "xstitch: the alpha of Elu is positive");
  static constexpr std::string_view kind = "Elu";
  static constexpr std::array<Attribute, 1> attributes() { return {Attribute::ratio("alpha", Alpha)}; }
};

}  // namespace xstitch::inline XSTITCH_ISA
