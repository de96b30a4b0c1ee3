#pragma once
/// \file
/// Activation<Function>: y[i] = f(x[i]), dx[i] = dy[i] f'(x[i]), of any shape. All activations are made from it, in a
/// few lines; Function is two functions of a vector (kernels/activations.hpp):
///
///     struct SquareFunction { static Vector f(const Vector& x) { return x * x; }
///                             static Vector df(const Vector& x, const Vector& dy) { return dy * (x + x); } };
///     struct Square : Activation<SquareFunction> { static constexpr std::string_view kind = "Square"; };
///
/// With `static constexpr bool of_output = true` df is given y in place of x: the layer works in place and nobody keeps
/// its input. With `fusible = true`, too, what comes before it may apply f while it writes (layers/fusion.hpp).

#include <xstitch/kernels/activations.hpp>
#include <xstitch/kernels/elementwise.hpp>
#include <xstitch/layers/fusion.hpp>
#include <xstitch/layers/operation.hpp>

#include <array>
#include <string_view>
#include <type_traits>

namespace xstitch::inline XSTITCH_ISA {

template <class Function>
struct Activation {
  /// Whether df is given y in place of x.
  static constexpr bool of_output = requires { requires Function::of_output; };
  using fusion = std::conditional_t<fusions::by_element<Function>, Function, void>;
  static constexpr std::array<Attribute, 0> attributes() { return {}; }
  static constexpr bool reads_input = !of_output, reads_output = of_output;
  static constexpr bool in_place = of_output, gradient_in_place = true;
  static constexpr Dims output_shape(Dims in) { return in; }

  template <Dims In>
  static void forward(const ForwardCall& call) {
    kernels::transform(call.threads, call.input, call.output, call.batch * In.size(),
                       [](const kernels::Vector& x) { return Function::f(x); });
  }
  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    kernels::transform(call.threads, of_output ? call.output : call.input, call.output_gradient, call.input_gradient,
                       call.batch * In.size(),
                       [](const kernels::Vector& v, const kernels::Vector& dy) { return Function::df(v, dy); });
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
