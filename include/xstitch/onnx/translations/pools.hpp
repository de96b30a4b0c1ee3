#pragma once
/// \file
/// Pooling, unpooling and enlargement. Rounding up (CeilMode) is written as padding below and right that holds exactly
/// the windows there are, because runtimes do not agree on which of them count:
///
///     end = max(0, (out - 1) stride + kernel - in - begin)
///
/// AveragePool with IncludePadding divides by what a window covers of input and padding: the padding is then written as
/// zeros around the input, and what lies beyond is not counted.

#include <xstitch/onnx/translations/weighted.hpp>

#include <algorithm>
#include <array>

namespace xstitch::inline XSTITCH_ISA {
namespace onnx {
namespace translations {

/// ONNX's settings of a pool on an input with so much padding around it already.
inline Settings pool_settings(const Operation& o, const Integers& padded) {
  const Integers kernel = o.integers("kernel"), stride = o.integers("stride"), given = pads_of(o);
  const Dims in = o.input_shape().dims, out = o.output_shape().dims;
  const Integers extent{in.height + padded[0] + padded[2], in.width + padded[1] + padded[3]},
      outputs{out.height, out.width};
  Integers pads(4);
  for (std::size_t axis = 0; axis < 2; ++axis) {
    pads[axis] = given[axis] - padded[axis];
    pads[axis + 2] =
        std::max<std::int64_t>(0, (outputs[axis] - 1) * stride[axis] + kernel[axis] - extent[axis] - pads[axis]);
  }
  return {{"kernel_shape", kernel}, {"strides", stride}, {"pads", pads}};
}
inline void max_pool(Operation& o) {
  o.gives(o.node("MaxPool", {o.input(Form::image)}, pool_settings(o, {0, 0, 0, 0})), Form::image);
}
/// ONNX's indices run over the whole batch, ours over a plane; only MaxUnpool reads them, and it takes ONNX's.
inline void max_pool_indices(Operation& o) {
  const Names made = o.nodes("MaxPool", {o.input(Form::image)}, 2, pool_settings(o, {0, 0, 0, 0}));
  o.gives(made[0], Form::image, 0);
  o.gives(made[1], Form::image, 1);
}
inline void max_unpool(Operation& o) {
  const std::string all = o.node("Shape", {o.input(Form::image)});
  const std::string samples = o.node("Slice", {all, o.constant({0}), o.constant({1})});
  const std::string row = o.constant(extents_of(o.output_shape(), Form::image));
  const std::string shape = o.node("Concat", {samples, row}, {{"axis", 0}});
  o.gives(o.node("MaxUnpool", {o.input(Form::image, 0), o.input(Form::image, 1), shape},
                 {{"kernel_shape", Integers{1, 1}}, {"strides", Integers{1, 1}}}),
          Form::image);
}
inline void average_pool(Operation& o) {
  const Integers pad = pads_of(o);
  const bool padded = o.flag("include_padding") && std::any_of(pad.begin(), pad.end(), [](auto p) { return p > 0; });
  std::string x = o.input(Form::image);
  if (padded) x = o.node("Pad", {x, o.constant({0, 0, pad[0], pad[1], 0, 0, pad[2], pad[3]})});
  o.gives(o.node("AveragePool", {x}, pool_settings(o, padded ? pad : Integers{0, 0, 0, 0})), Form::image);
}
inline void global_average_pool(Operation& o) {
  o.gives(o.node("GlobalAveragePool", {o.input(Form::image)}), Form::image);
}
inline void upsample(Operation& o) {
  const Integers factor = o.integers("factor");
  const std::vector<float> scales{1.0F, 1.0F, static_cast<float>(factor[0]), static_cast<float>(factor[1])};
  o.gives(o.node("Resize", {o.input(Form::image), "", o.constant("scales", {4}, scales)},
                 {{"mode", "linear"}, {"coordinate_transformation_mode", "half_pixel"}}),
          Form::image);
}
/// MaxRoiPool wants regions of all samples in one list, each with the number of its sample.
inline void roi_pool(Operation& o) {
  const std::int64_t regions = o.input_shape(1).dims.height;
  const std::string boxes = o.node("Reshape", {o.input(Form::pixels, 1), o.constant({-1, regions, 5})});
  const auto columns = [&](std::int64_t begin, std::int64_t end) {
    return o.node("Slice", {boxes, o.constant({begin}), o.constant({end}), o.constant({2})});
  };
  const std::string used = columns(0, 1), each = o.node("Shape", {used});
  const std::string samples = o.node("Squeeze", {o.node("Slice", {each, o.constant({0}), o.constant({1})})});
  const std::string numbers =
      o.node("Range", {o.constant("first", {}, Integers{0}), samples, o.constant("step", {}, Integers{1})});
  const std::string sample = o.node("Reshape", {o.node("Cast", {numbers}, {{"to", 1}}), o.constant({-1, 1, 1})});
  const std::string rows = o.node("Concat", {o.node("Expand", {sample, each}), columns(1, 5)}, {{"axis", 2}});
  const std::string pooled =
      o.node("MaxRoiPool", {o.input(Form::image, 0), o.node("Reshape", {rows, o.constant({-1, 5})})},
             {{"pooled_shape", o.integers("size")}, {"spatial_scale", o.ratio("scale")}});
  const std::string flags = o.node("Reshape", {used, o.constant({-1, 1, 1, 1})});
  const std::string zero = o.number("zero", 0.0F);
  o.gives(o.node("Where", {o.node("Equal", {flags, zero}), zero, pooled}), Form::image);
}

inline constexpr std::array pools{Entry{"MaxPool", &max_pool},
                                  Entry{"MaxPoolIndices", &max_pool_indices},
                                  Entry{"MaxUnpool", &max_unpool},
                                  Entry{"AveragePool", &average_pool},
                                  Entry{"GlobalAveragePool", &global_average_pool},
                                  Entry{"Upsample", &upsample},
                                  Entry{"RoiPool", &roi_pool}};

}  // namespace translations
}  // namespace onnx
}  // namespace xstitch::inline XSTITCH_ISA
