#pragma once
/// \file
/// Input<"regions", Shape<64, 1, 5>, Boxes>: a further input of a tower beside its own, read by Recall<"regions">. What
/// it holds (Image, Boxes, or plain elements) tells augmentation what to do with it: a mirrored image moves its boxes.

#include <xstitch/core/fixed_string.hpp>
#include <xstitch/weave/chain_builder.hpp>

namespace xstitch::inline XSTITCH_ISA {

/// An image: augmentation crops, mirrors and scales it.
struct Image {
  static constexpr InputKind input_kind = InputKind::image;  ///< the kind as a value
};
/// Regions of the tower's image, which move with it.
struct Boxes {
  static constexpr InputKind input_kind = InputKind::boxes;  ///< the kind as a value
};
/// Numbers that augmentation leaves alone.
struct Plain {
  static constexpr InputKind input_kind = InputKind::plain;  ///< the kind as a value
};

template <FixedString Name, class InputShape, class Kind = Plain>
struct Input {
  using leaves = TypeList<>;
  static constexpr void build(ChainBuilder& builder) {
    builder.add_input(Name.view(), TensorShape(InputShape::dims), Kind::input_kind);
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
