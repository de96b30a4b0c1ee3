#pragma once
/// \file
/// RegionPool<size, scale>: the maxima over a grid of size bins in each region of a map (Girshick: Fast R-CNN, 2015).
/// Inputs: a map {h, w, c}, one row a sample, and regions {r, 1, 5}: (1 if used or 0, x0, y0, x1, y1) each, in pixels
/// of the image, `scale` times which are pixels of the map. Output: r rows of {size.height, size.width, c}; what
/// follows works on each region.
///
/// The bins are those of torchvision.ops.roi_pool for the same four numbers (kernels/roi_pool.hpp). A region that is
/// not used gives zeros and gets no gradient; regions get none at all. The structure RoiPool<"regions", size, scale>
/// finds the regions of an Input by name.

#include <xstitch/kernels/roi_pool.hpp>
#include <xstitch/layers/operation.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

template <Size Output, Ratio Scale>
struct RegionPool {
  static_assert(Output.height > 0 && Output.width > 0, "xstitch: RoiPool: a region has at least one bin");
  static_assert(Scale.numerator > 0 && Scale.denominator > 0, "xstitch: RoiPool: the scale is above 0");

  static constexpr std::string_view kind = "RoiPool";
  static constexpr std::string_view requirement =
      "RoiPool: reads a map of one row a sample, and regions {n, 1, 5}: (1 if used or 0, x0, y0, x1, y1) each";
  static constexpr bool reads_input = false, reads_output = false;
  static constexpr std::array<Attribute, 2> attributes() {
    return {Attribute::integers("size", Output.height, Output.width), Attribute::ratio("scale", Scale)};
  }
  static constexpr Shapes<1> outputs(const Shapes<2>& in) {
    const bool fits = in[0].element == ElementType::float32 && in[1].element == ElementType::float32 &&
                      in[0].rows == 1 && in[1].rows == 1 && in[1].dims.width == 1 && in[1].dims.channels == 5;
    return {fits ? TensorShape(Dims{Output.height, Output.width, in[0].dims.channels}, in[1].dims.height)
                 : TensorShape{}};
  }
  /// The pixel of each maximum.
  static constexpr Extent saved(const Shapes<2>& in) { return {outputs(in)[0].size() * sizeof(std::int32_t), 0}; }

  static void forward(const ForwardCall& call) {
    kernels::roi_pool(shape(call), call.inputs[0], call.inputs[1], call.outputs[0],
                      reinterpret_cast<std::int32_t*>(call.saved), call.threads);
  }
  static void backward(const BackwardCall& call) {
    if (call.input_gradients[0] != nullptr)
      kernels::roi_pool_gradient(shape(call), call.output_gradients[0],
                                 reinterpret_cast<const std::int32_t*>(call.saved), call.input_gradients[0],
                                 call.threads);
    if (call.input_gradients[1] != nullptr)
      std::fill_n(call.input_gradients[1], call.batch * call.input_shapes[1].size(), 0.0F);
  }

 private:
  template <class Call>
  static kernels::RoiPoolShape shape(const Call& call) {
    const Dims map = call.input_shapes[0].dims;
    return {.maps = call.batch,
            .regions = static_cast<std::size_t>(call.input_shapes[1].dims.height),
            .channels = static_cast<std::size_t>(map.channels),
            .height = map.height,
            .width = map.width,
            .rows = Output.height,
            .columns = Output.width,
            .scale = static_cast<float>(Scale.numerator) / static_cast<float>(Scale.denominator)};
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
