#pragma once
/// \file
/// Head<"name", items..., Loss>: one of several ends of a tower. What comes after it reads what it read.

#include <xstitch/core/fixed_string.hpp>
#include <xstitch/weave/chain_builder.hpp>

namespace xstitch::inline XSTITCH_ISA {

template <FixedString Name, class... Items>
struct Head {
  static constexpr auto name = Name;
  using leaves = Leaves<Items...>;
  using is_head = void;
  static constexpr void build(ChainBuilder& builder) {
    const int before = builder.current();
    builder.enter_head(Name.view());
    (builder.add<Items>(), ...);
    builder.leave_head(before);
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
