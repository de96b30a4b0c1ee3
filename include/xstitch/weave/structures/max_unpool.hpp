#pragma once
/// \file
/// MaxUnpool<"where">: puts the elements of the current tensor back where a pool found its maxima, in a map of the
/// shape that the pool read: MaxPoolIndices<2>, Mark<"where", 1>, ..., MaxUnpool<"where">. layers/max_unpool.hpp says
/// more.

#include <xstitch/core/fixed_string.hpp>
#include <xstitch/layers/max_unpool.hpp>
#include <xstitch/weave/chain_builder.hpp>

#include <array>

namespace xstitch::inline XSTITCH_ISA {

template <FixedString Where>
struct MaxUnpool {
  using leaves = Leaves<Unpool>;
  static constexpr void build(ChainBuilder& builder) {
    const int indices = builder.named_tensor(Where.view()), pooled = builder.source_of(Where.view());
    if (builder.wrong()) return;
    const TensorShape &x = builder.shape(builder.current()), &where = builder.shape(indices);
    if (where.element != ElementType::int32 || pooled == none || !(x.dims == where.dims))
      return builder.refuse(ProblemKind::operation_does_not_fit, "MaxUnpool", x, where, Unpool::requirement);
    builder.add_operation<Unpool>(std::array{builder.current(), indices, pooled});
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
