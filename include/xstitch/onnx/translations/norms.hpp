#pragma once
/// \file
/// Normalisations. GroupNorm has no operator before opset 18 and is written out: the channels of a group and the pixels
/// are one axis, [batch, groups, -1], on which InstanceNormalization works; weight and bias of each channel follow.

#include <xstitch/onnx/translations/entry.hpp>

#include <array>

namespace xstitch::inline XSTITCH_ISA {
namespace onnx {
namespace translations {

inline void batch_norm(Operation& o) {
  const Form form = o.usual_form();
  Names inputs{o.input(form)};
  for (std::size_t i = 0; i < 4; ++i) inputs.push_back(o.weight(i, {o.input_shape().dims.channels}));
  o.gives(o.node("BatchNormalization", inputs, {{"epsilon", o.ratio("epsilon")}}), form);
}
inline void group_norm(Operation& o) {
  const Form form = o.usual_form();
  const std::int64_t groups = o.integer("groups");
  const auto count = static_cast<std::size_t>(groups);
  const std::string x = o.node("Reshape", {o.input(form), o.constant({0, groups, -1})});
  const std::string plain = o.node("InstanceNormalization",
                                   {x, o.constant("ones", {groups}, std::vector<float>(count, 1.0F)),
                                    o.constant("zeros", {groups}, std::vector<float>(count, 0.0F))},
                                   {{"epsilon", o.ratio("epsilon")}});
  Integers extents = extents_of(o.input_shape(), form);
  extents.insert(extents.begin(), -1);
  const std::string back = o.node("Reshape", {plain, o.constant(extents)});
  const std::string scaled = o.node("Mul", {back, o.weight(0, o.channel_extents(form))});
  o.gives(o.node("Add", {scaled, o.weight(1, o.channel_extents(form))}), form);
}
inline void layer_norm(Operation& o) {
  const Dims in = o.input_shape().dims;
  const auto normalised = [&](Form form, std::int64_t axis, const std::string& weight, const std::string& bias) {
    o.gives(
        o.node("LayerNormalization", {o.input(form), weight, bias}, {{"axis", axis}, {"epsilon", o.ratio("epsilon")}}),
        form);
  };
  if (in.pixels() == 1 || o.flag("over_channels")) {
    const Form form = in.pixels() == 1 ? Form::vector : Form::pixels;
    return normalised(form, -1, o.weight(0, {in.channels}), o.weight(1, {in.channels}));
  }
  const auto parameter = [&](std::size_t i) {
    return o.weight(i, extents_of(o.input_shape(), Form::image),
                    permuted(o.parameter(i).data(), o.parameter_spec(i).extents, {2, 0, 1, 3}));
  };
  normalised(Form::image, 1, parameter(0), parameter(1));
}
inline void lrn(Operation& o) {
  o.gives(o.node("LRN", {o.input(Form::image)},
                 {{"size", o.integer("size")},
                  {"alpha", o.ratio("alpha")},
                  {"beta", o.ratio("beta")},
                  {"bias", o.ratio("k")}}),
          Form::image);
}
/// x / |x|, and 0 where x is shorter than 1e-6.
inline std::string unit_vectors(Operation& o, const std::string& x) {
  const std::string length = o.node("ReduceL2", {x}, {{"axes", Integers{1}}, {"keepdims", 1}});
  const std::string none = o.node("Less", {length, o.number("shortest", 1e-6F)});
  return o.node("Where", {none, o.number("zero", 0.0F), o.node("Div", {x, length})});
}
inline void normalise(Operation& o) {
  const Form form = o.usual_form();
  o.gives(unit_vectors(o, o.input(form)), form);
}

inline constexpr std::array norms{Entry{"BatchNorm", &batch_norm}, Entry{"GroupNorm", &group_norm},
                                  Entry{"LayerNorm", &layer_norm}, Entry{"Lrn", &lrn}, Entry{"Normalise", &normalise}};

}  // namespace translations
}  // namespace onnx
}  // namespace xstitch::inline XSTITCH_ISA
