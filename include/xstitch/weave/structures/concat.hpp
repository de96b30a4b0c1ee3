#pragma once
/// \file
/// Concat<branches...>: branches side by side from the same input, their channels one after the other:
/// Concat<Layers<...>, Layers<...>>. A branch may be an earlier tensor: Recall<"name">.

#include <xstitch/layers/concatenate.hpp>
#include <xstitch/weave/structures/apply.hpp>

namespace xstitch::inline XSTITCH_ISA {

template <class... Branches>
struct Concat {
  using leaves = Leaves<Branches..., Concatenate>;
  static constexpr void build(ChainBuilder& builder) {
    const auto ends = Apply<Concatenate, Branches...>::template build_branches<Branches...>(builder);
    for (std::size_t k = 1; k < ends.size() && !builder.wrong(); ++k) {
      const TensorShape &a = builder.shape(ends[0]), &b = builder.shape(ends[k]);
      if (a.dims.height != b.dims.height || a.dims.width != b.dims.width || a.rows != b.rows)
        return builder.refuse(ProblemKind::branches_differ, "Concat", b, a);
    }
    builder.add_operation<Concatenate>(ends);
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
