#pragma once
/// \file
/// Layers<items...>: a sequence under a name of its own (using Trunk = Layers<...>); it dissolves where it is used.

#include <xstitch/weave/chain_builder.hpp>

namespace xstitch::inline XSTITCH_ISA {

template <class... Items>
struct Layers {
  using leaves = Leaves<Items...>;
  static constexpr void build(ChainBuilder& builder) { (builder.add<Items>(), ...); }
};

}  // namespace xstitch::inline XSTITCH_ISA
