#pragma once
/// \file
/// Operations that join, cut or pass on what they read. Dropout and Identity make no node: their output is their input.

#include <xstitch/onnx/translations/entry.hpp>

#include <array>

namespace xstitch::inline XSTITCH_ISA {
namespace onnx {
namespace translations {

/// All inputs in the form that the output usually has.
inline Names all_inputs(Operation& o, Form form) {
  Names names;
  for (std::size_t k = 0; k < o.inputs(); ++k) names.push_back(o.input(form, k));
  return names;
}
inline void pass(Operation& o) { o.gives_input(); }
inline void sum(Operation& o) {
  const Form form = usual_form(o.output_shape());
  o.gives(o.node("Sum", all_inputs(o, form)), form);
}
inline void concat(Operation& o) {
  const Form form = usual_form(o.output_shape());
  o.gives(o.node("Concat", all_inputs(o, form), {{"axis", 1}}), form);
}
/// One channel or one pixel is the same for all: ONNX repeats extents of 1 as well.
inline void product(Operation& o) {
  const Form form = usual_form(o.output_shape());
  const Names names = all_inputs(o, form);
  std::string y = names[0];
  for (std::size_t k = 1; k < names.size(); ++k) y = o.node("Mul", {y, names[k]});
  o.gives(y, form);
}
inline void crop(Operation& o) {
  const Integers offset = o.integers("offset"), size = o.integers("size");
  o.gives(o.node("Slice", {o.input(Form::image), o.constant(offset),
                           o.constant({offset[0] + size[0], offset[1] + size[1]}), o.constant({2, 3})}),
          Form::image);
}
inline void softmax(Operation& o) {
  const Form form = o.usual_form();
  o.gives(o.node("Softmax", {o.input(form)}, {{"axis", 1}}), form);
}

inline constexpr std::array structure{Entry{"Dropout", &pass},   Entry{"Identity", &pass},   Entry{"Sum", &sum},
                                      Entry{"Concat", &concat},  Entry{"Product", &product}, Entry{"Crop", &crop},
                                      Entry{"Softmax", &softmax}};

}  // namespace translations
}  // namespace onnx
}  // namespace xstitch::inline XSTITCH_ISA
