#pragma once
/// \file
/// RoiPool<"regions", 6, Ratio{1, 16}>: pools the current tensor, a map of an image, in each region of the tower's
/// Input<"regions", Shape<64, 1, 5>, Boxes>; what follows works on 64 rows a sample, one a region. The ratio is a pixel
/// of the map over one of the image. layers/roi_pool.hpp says more.

#include <xstitch/core/fixed_string.hpp>
#include <xstitch/layers/roi_pool.hpp>
#include <xstitch/weave/chain_builder.hpp>

#include <array>

namespace xstitch::inline XSTITCH_ISA {

template <FixedString Regions, Size Output, Ratio Scale>
struct RoiPool {
  /// The operation of its two inputs.
  using Operation = RegionPool<Output, Scale>;
  using leaves = Leaves<Operation>;
  static constexpr void build(ChainBuilder& builder) {
    const int regions = builder.named_tensor(Regions.view());
    if (builder.wrong()) return;
    const TensorShape &map = builder.shape(builder.current()), &boxes = builder.shape(regions);
    if (!Operation::outputs({map, boxes}).valid())
      return builder.refuse(ProblemKind::operation_does_not_fit, "RoiPool", map, boxes, Operation::requirement);
    builder.add_operation<Operation>(std::array{builder.current(), regions});
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
