#pragma once
/// \file
/// Mark<"name">: the tensor here can be read again later. Mark<"name", k> is output k of the operation before it.
/// Recall<"name">: goes back to that tensor (or to an Input): Concat<Layers<...>, Recall<"skip">>.

#include <xstitch/core/fixed_string.hpp>
#include <xstitch/weave/chain_builder.hpp>

namespace xstitch::inline XSTITCH_ISA {

template <FixedString Name, int Output = 0>
struct Mark {
  using leaves = TypeList<>;
  static constexpr void build(ChainBuilder& builder) {
    const int tensor = Output == 0 ? builder.current() : builder.last_output(Output);
    if (tensor == none) return builder.refuse(ProblemKind::no_tensor_of_this_name, Name.view());
    builder.name_tensor(Name.view(), tensor);
  }
};

/// The tensor that a Mark of this name has named.
template <FixedString Name>
struct Recall {
  using leaves = TypeList<>;
  static constexpr void build(ChainBuilder& builder) { builder.set_current(builder.named_tensor(Name.view())); }
};

}  // namespace xstitch::inline XSTITCH_ISA
