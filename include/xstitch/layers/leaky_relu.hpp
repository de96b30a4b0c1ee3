#pragma once
/// \file
/// LeakyRelu<slope>: y = x where x > 0, else slope x; slope in [0, 1], by default 1/100. Any shape, works in place.
/// Maas, Hannun, Ng: Rectifier nonlinearities improve neural network acoustic models, 2013.

#include <xstitch/kernels/elementwise.hpp>
#include <xstitch/layers/operation.hpp>
#include <xstitch/layers/options.hpp>

namespace xstitch::inline XSTITCH_ISA {

template <Ratio Slope = Ratio{1, 100}>
struct LeakyRelu {
  // A negative slope would make the sign of the input unknowable from the output.
  static_assert(Slope.value() >= 0.0F && Slope.value() <= 1.0F, "xstitch: the slope of LeakyRelu is in [0, 1]");
  static constexpr std::string_view kind = "LeakyRelu";
  static constexpr std::array<Attribute, 1> attributes() { return {Attribute::ratio("slope", Slope)}; }
  static constexpr bool reads_input = false;
  static constexpr bool in_place = true;
  static constexpr Dims output_shape(Dims in) { return in; }

  template <Dims In>
  static void forward(const ForwardCall& call) {
    kernels::transform(call.threads, call.input, call.output, call.batch * In.size(),
                       kernels::LeakyReluForward{Slope.value()});
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    kernels::transform(call.threads, call.output, call.output_gradient, call.input_gradient, call.batch * In.size(),
                       kernels::LeakyReluBackward{Slope.value()});
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
