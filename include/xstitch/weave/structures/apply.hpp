#pragma once
/// \file
/// Apply<Operation, Branches...>: an operation on several inputs, each the end of a branch that starts at the current
/// tensor; an empty branch, Layers<>, is that tensor itself. Its first output is what follows reads; Mark<"name", 1>
/// names the second.

#include <xstitch/weave/chain_builder.hpp>

#include <array>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {

template <class Operation, class... Branches>
struct Apply {
  using leaves = Leaves<Branches..., Operation>;
  static constexpr void build(ChainBuilder& builder) {
    builder.add_operation<Operation>(build_branches<Branches...>(builder));
  }

  /// Appends the branches and gives their ends.
  template <class... All>
  static constexpr std::array<int, sizeof...(All)> build_branches(ChainBuilder& builder) {
    const int start = builder.current();
    std::array<int, sizeof...(All)> ends{};
    std::size_t k = 0;
    const auto branch = [&]<class Items>() {
      builder.set_current(start);
      builder.enter_branch();
      builder.add<Items>();
      builder.leave_branch();
      ends[k++] = builder.current();
    };
    (branch.template operator()<All>(), ...);
    return ends;
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
