#pragma once
/// \file
/// Input<"regions", Shape<64, 1, 5>, Boxes>: a further input of a tower beside its own, read by Recall<"regions">. What
/// it holds (Image, Boxes, or plain elements) tells augmentation what to do with it: a mirrored image moves its boxes.

#include <xstitch/core/fixed_string.hpp>
#include <xstitch/weave/chain_builder.hpp>

namespace xstitch::inline XSTITCH_ISA {

struct Image {
  static constexpr InputKind input_kind = InputKind::image;
};
struct Boxes {
  static constexpr InputKind input_kind = InputKind::boxes;
};
struct Plain {
  static constexpr InputKind input_kind = InputKind::plain;
};

template <FixedString Name, class InputShape, class Kind = Plain>
struct Input {
  using leaves = TypeList<>;
  static constexpr void build(ChainBuilder& builder) {
    builder.add_input(Name.view(), TensorShape(InputShape::dims), Kind::input_kind);
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
