#pragma once
/// \file
/// Seam<"pool1">: a place where towers are stitched. It computes nothing, and costs nothing in a network that does not
/// stitch there. It may be anywhere in a tower: between layers, in a head, in a residual before its sum.

#include <xstitch/core/fixed_string.hpp>
#include <xstitch/weave/chain_builder.hpp>

namespace xstitch::inline XSTITCH_ISA {

template <FixedString Name>
struct Seam {
  static constexpr auto name = Name;
  using leaves = TypeList<>;
  static constexpr void build(ChainBuilder& builder) { builder.add_seam<Seam>(Name.view()); }
};

}  // namespace xstitch::inline XSTITCH_ISA
