#pragma once
/// \file
/// Operations that multiply by weights, with ONNX's axes:
///
///     Conv, DepthwiseConv   Conv             {height, width, in / groups, out} -> {out, in / groups, height, width}
///     TransposedConv        ConvTranspose    {height, width, out / groups, in} -> {in, out / groups, height, width}
///     Linear                Flatten, Gemm    {in, out} -> {out, in}, the inputs of an image channels first

#include <xstitch/onnx/translations/entry.hpp>

#include <array>

namespace xstitch::inline XSTITCH_ISA {
namespace onnx {
namespace translations {

/// {top, left, bottom, right} of an attribute "pad": of two numbers where opposite sides are equal.
inline Integers pads_of(const Operation& o) {
  const Integers pad = o.integers("pad");
  return pad.size() == 4 ? pad : Integers{pad[0], pad[1], pad[0], pad[1]};
}

inline void correlate(Operation& o, std::string_view type, Settings settings) {
  const Strided weights = permuted(o.parameter(0).data(), o.parameter_spec(0).extents, {3, 2, 0, 1});
  const auto extent = [&](std::size_t axis) { return static_cast<std::int64_t>(weights.extents[axis]); };
  Names inputs{o.input(Form::image), o.weight(0, {extent(0), extent(1), extent(2), extent(3)}, weights)};
  if (o.flag("bias")) inputs.push_back(o.weight(1, {o.integer("outputs")}));
  settings.insert(settings.end(), {{"kernel_shape", o.integers("kernel")},
                                   {"strides", o.integers("stride")},
                                   {"pads", pads_of(o)},
                                   {"group", o.integer("groups")}});
  o.gives(o.node(type, inputs, settings), Form::image);
}
inline void conv(Operation& o) { correlate(o, "Conv", {{"dilations", o.integers("dilation")}}); }
inline void transposed_conv(Operation& o) { correlate(o, "ConvTranspose", {}); }

inline void linear(Operation& o) {
  const Dims in = o.input_shape().dims;
  const auto h = static_cast<std::size_t>(in.height), w = static_cast<std::size_t>(in.width),
             c = static_cast<std::size_t>(in.channels), outputs = static_cast<std::size_t>(o.integer("outputs"));
  const Strided weights{o.parameter(0).data(), {outputs, c, h, w}, {1, outputs, w * c * outputs, c * outputs}};
  Names inputs{o.input(Form::vector),
               o.weight(0, {o.integer("outputs"), static_cast<std::int64_t>(in.size())}, weights)};
  if (o.flag("bias")) inputs.push_back(o.weight(1, {o.integer("outputs")}));
  o.gives(o.node("Gemm", inputs, {{"transB", 1}}), Form::vector);
}

inline constexpr std::array weighted{Entry{"Conv", &conv}, Entry{"DepthwiseConv", &conv},
                                     Entry{"TransposedConv", &transposed_conv}, Entry{"Linear", &linear}};

}  // namespace translations
}  // namespace onnx
}  // namespace xstitch::inline XSTITCH_ISA
