#pragma once
/// \file
/// Tanh: y = tanh(x), dx = dy (1 - y^2). Any shape, works in place.

#include <xstitch/kernels/elementwise.hpp>
#include <xstitch/layers/operation.hpp>

namespace xstitch::inline XSTITCH_ISA {

struct Tanh {
  static constexpr std::string_view kind = "Tanh";
  static constexpr std::array<Attribute, 0> attributes() { return {}; }
  static constexpr bool reads_input = false;
  static constexpr bool in_place = true;
  static constexpr Dims output_shape(Dims in) { return in; }

  template <Dims In>
  static void forward(const ForwardCall& call) {
    kernels::transform(call.threads, call.input, call.output, call.batch * In.size(), kernels::TanhForward{});
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    kernels::transform(call.threads, call.output, call.output_gradient, call.input_gradient, call.batch * In.size(),
                       kernels::TanhBackward{});
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
