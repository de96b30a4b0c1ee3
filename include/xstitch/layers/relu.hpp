#pragma once
/// \file
/// Relu: y = max(0, x), dx = dy where y > 0, else 0. Any shape, works in place; a NaN passes through.

#include <xstitch/kernels/elementwise.hpp>
#include <xstitch/layers/fusion.hpp>
#include <xstitch/layers/operation.hpp>

namespace xstitch::inline XSTITCH_ISA {

struct Relu {
  static constexpr std::string_view kind = "Relu";
  static constexpr std::array<Attribute, 0> attributes() { return {}; }
  using fusion = fusions::MaxZero;
  static constexpr bool reads_input = false;
  static constexpr bool in_place = true;
  static constexpr Dims output_shape(Dims in) { return in; }

  template <Dims In>
  static void forward(const ForwardCall& call) {
    kernels::transform(call.threads, call.input, call.output, call.batch * In.size(), kernels::ReluForward{});
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    kernels::transform(call.threads, call.output, call.output_gradient, call.input_gradient, call.batch * In.size(),
                       kernels::ReluBackward{});
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
