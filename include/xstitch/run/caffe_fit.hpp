#pragma once
/// \file
/// Whether a blob of a Caffe file is what a parameter takes. Its values lie as in PyTorch:
///
///     Conv             [out, in / groups, height, width]     from Convolution, or from InnerProduct [out, in h w]
///     TransposedConv   [in, out / groups, height, width]     from Deconvolution
///     Linear           [out, in]                             from InnerProduct, or from Convolution [out, c, h, w]
///     bias             [out]
///
/// Extents of 1 in front (Caffe's older shapes always have four) do not count.

#include <xstitch/io/caffe_file.hpp>
#include <xstitch/io/weight_order.hpp>
#include <xstitch/weave/record.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {
namespace caffe_details {

inline const Attribute* find_attribute(const OperationRecord& record, std::string_view name) {
  for (const Attribute& attribute : record.attributes)
    if (attribute.name == name) return &attribute;
  return nullptr;
}

inline weight_order::Shape without_leading_ones(weight_order::Shape shape, std::size_t least) {
  while (shape.size() > least && shape.front() == 1) shape.erase(shape.begin());
  return shape;
}

/// Why a blob does not fit, as "what, expected what"; empty if it does.
[[gnu::cold]] inline std::string misfit(const OperationRecord& operation, const ParameterSpec& spec,
                                        const CaffeLayer& layer, std::size_t blob) {
  using weight_order::Shape;
  const auto text = [](const Shape& shape) { return safetensors::to_text(shape); };
  const Shape& found = layer.blobs[blob].shape;
  const Shape want = weight_order::pytorch_shape(spec);
  const bool bias = blob == 1;
  if (bias || spec.axes.size() != want.size()) {
    if (!bias) return "a weight of type " + layer.type + ", expected one whose axes are known";
    return without_leading_ones(found, want.size()) == want ? "" : text(found) + ", expected " + text(want);
  }
  const bool deconvolution = spec.axes == "HWOI", convolution = spec.axes == "HWIO", linear = spec.axes == "IO";
  if (!deconvolution && !convolution && !linear)
    return "a weight of type " + layer.type + ", expected one of a layer that Caffe has";
  if (deconvolution != (layer.type == "Deconvolution"))
    return "type " + layer.type + ", expected " + (deconvolution ? "Deconvolution" : "Convolution or InnerProduct");
  if (layer.transposed) return "a transposed weight [in, out], expected [out, in]";
  const Attribute* groups = find_attribute(operation, "groups");
  const long long wanted = groups == nullptr ? 1 : groups->values[0];
  const bool fully_connected = layer.type == "InnerProduct";
  if (!fully_connected && !linear && layer.groups != 0 && layer.groups != wanted)
    return std::to_string(layer.groups) + " groups, expected " + std::to_string(wanted);

  if (without_leading_ones(found, want.size()) == want && linear == fully_connected) return {};
  if (convolution && fully_connected) {
    const Shape rows{want[0], want[1] * want[2] * want[3]};
    if (wanted == 1 && without_leading_ones(found, 2) == rows) return {};
    return text(found) + ", expected " + text(wanted == 1 ? rows : want);
  }
  if (linear && !fully_connected) {
    const Dims in = spec.input;
    const auto extent = [](int n) { return static_cast<std::uint64_t>(n); };
    const Shape kernel{want[0], extent(in.channels), extent(in.height), extent(in.width)};
    return layer.groups <= 1 && found == kernel ? "" : text(found) + ", expected " + text(kernel);
  }
  return text(found) + ", expected " + text(want);
}

}  // namespace caffe_details
}  // namespace xstitch::inline XSTITCH_ISA
