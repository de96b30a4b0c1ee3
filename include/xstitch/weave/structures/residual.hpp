#pragma once
/// \file
/// Residual<items...>: y = x + F(x), F the items given; they must keep the shape. With a projection,
/// Residual<Layers<body...>, Shortcut<items...>>: y = F(x) + G(x), both of one shape (He et al.: Deep residual
/// learning, 2015). A Seam at the end of the body is before the sum.

#include <xstitch/layers/sum.hpp>
#include <xstitch/weave/structures/apply.hpp>
#include <xstitch/weave/structures/layers.hpp>

namespace xstitch::inline XSTITCH_ISA {

/// What a Residual adds in place of its input.
template <class... Items>
struct Shortcut : Layers<Items...> {};

namespace detail {

/// The sum of the ends of two branches from one tensor.
template <class Body, class Way>
struct ResidualOf {
  using leaves = Leaves<Body, Way, Sum>;
  static constexpr void build(ChainBuilder& builder) {
    const std::array<int, 2> ends = Apply<Sum, Body, Way>::template build_branches<Body, Way>(builder);
    if (!builder.wrong() && !(builder.shape(ends[0]) == builder.shape(ends[1])))
      return builder.refuse(ProblemKind::residual_changes_shape, "Residual", builder.shape(ends[0]),
                            builder.shape(ends[1]));
    builder.add_operation<Sum>(ends);
  }
};

}  // namespace detail

template <class... Items>
struct Residual : detail::ResidualOf<Layers<Items...>, Layers<>> {};
template <class Body, class... Way>
struct Residual<Body, Shortcut<Way...>> : detail::ResidualOf<Body, Shortcut<Way...>> {};

}  // namespace xstitch::inline XSTITCH_ISA
