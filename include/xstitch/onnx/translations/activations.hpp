#pragma once
/// \file
/// Activations: operators of ONNX where there is one, in whatever form the input has. Gelu, GeluTanh and Swish are
/// written out:
///
///     Gelu       x / 2 (1 + erf(x / sqrt(2)))
///     GeluTanh   x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
///     Swish      x sigmoid(x)

#include <xstitch/onnx/translations/entry.hpp>

#include <array>

namespace xstitch::inline XSTITCH_ISA {
namespace onnx {
namespace translations {

/// One operator, and numbers beside its input.
inline void elementwise(Operation& o, std::string_view type, const Settings& settings = {}, const Names& more = {}) {
  const Form form = o.present_form();
  Names inputs{o.input(form)};
  inputs.insert(inputs.end(), more.begin(), more.end());
  o.gives(o.node(type, inputs, settings), form);
}

inline void relu(Operation& o) { elementwise(o, "Relu"); }
inline void relu6(Operation& o) { elementwise(o, "Clip", {}, {o.number("least", 0.0F), o.number("most", 6.0F)}); }
inline void leaky_relu(Operation& o) { elementwise(o, "LeakyRelu", {{"alpha", o.ratio("slope")}}); }
inline void elu(Operation& o) { elementwise(o, "Elu", {{"alpha", o.ratio("alpha")}}); }
inline void sigmoid(Operation& o) { elementwise(o, "Sigmoid"); }
inline void tanh(Operation& o) { elementwise(o, "Tanh"); }
inline void softplus(Operation& o) { elementwise(o, "Softplus"); }
inline void hard_swish(Operation& o) { elementwise(o, "HardSwish"); }
inline void hard_sigmoid(Operation& o) { elementwise(o, "HardSigmoid", {{"alpha", 1.0F / 6.0F}, {"beta", 0.5F}}); }
inline void swish(Operation& o) {
  const Form form = o.present_form();
  const std::string x = o.input(form);
  o.gives(o.node("Mul", {x, o.node("Sigmoid", {x})}), form);
}
/// x / 2 (1 + f), f a value.
inline void gaussian(Operation& o, const std::string& x, const std::string& f, Form form) {
  const std::string half = o.node("Mul", {x, o.number("half", 0.5F)});
  o.gives(o.node("Mul", {half, o.node("Add", {f, o.number("one", 1.0F)})}), form);
}
inline void gelu(Operation& o) {
  const Form form = o.present_form();
  const std::string x = o.input(form);
  gaussian(o, x, o.node("Erf", {o.node("Mul", {x, o.number("root_of_half", 0.70710678F)})}), form);
}
inline void gelu_tanh(Operation& o) {
  const Form form = o.present_form();
  const std::string x = o.input(form);
  const std::string cubic = o.node("Mul", {o.node("Mul", {x, x}), o.number("cubic", 0.044715F)});
  const std::string factor = o.node("Add", {cubic, o.number("linear", 1.0F)});
  const std::string inside = o.node("Mul", {o.node("Mul", {x, o.number("root", 0.79788456F)}), factor});
  gaussian(o, x, o.node("Tanh", {inside}), form);
}

inline constexpr std::array activations{Entry{"Relu", &relu},
                                        Entry{"Relu6", &relu6},
                                        Entry{"LeakyRelu", &leaky_relu},
                                        Entry{"Elu", &elu},
                                        Entry{"Sigmoid", &sigmoid},
                                        Entry{"Tanh", &tanh},
                                        Entry{"Softplus", &softplus},
                                        Entry{"HardSwish", &hard_swish},
                                        Entry{"HardSigmoid", &hard_sigmoid},
                                        Entry{"Swish", &swish},
                                        Entry{"Gelu", &gelu},
                                        Entry{"GeluTanh", &gelu_tanh}};

}  // namespace translations
}  // namespace onnx
}  // namespace xstitch::inline XSTITCH_ISA
