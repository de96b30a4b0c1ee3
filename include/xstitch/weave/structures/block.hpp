#pragma once
/// \file
/// Block<"layer1.0", items...>: the names of the layers in it get its own as a prefix, "layer1.0.conv1.weight", in
/// parameters, messages and descriptions.

#include <xstitch/core/fixed_string.hpp>
#include <xstitch/weave/chain_builder.hpp>

namespace xstitch::inline XSTITCH_ISA {

template <FixedString Name, class... Items>
struct Block {
  static constexpr auto name = Name;
  using leaves = Leaves<Items...>;
  static constexpr void build(ChainBuilder& builder) {
    builder.enter_block(Name.view());
    (builder.add<Items>(), ...);
    builder.leave_block();
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
