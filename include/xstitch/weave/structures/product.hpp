#pragma once
/// \file
/// Product<branches...>: branches from the same input, multiplied element by element: Product<Layers<>,
/// Layers<Conv<...>, Sigmoid>> is an attention gate. A branch may end in one channel, or in one pixel: it is then the
/// same for all channels, or pixels (squeeze-and-excitation). layers/multiply.hpp says more.

#include <xstitch/layers/multiply.hpp>
#include <xstitch/weave/structures/apply.hpp>

namespace xstitch::inline XSTITCH_ISA {

template <class... Branches>
struct Product {
  static_assert(sizeof...(Branches) >= 2, "xstitch: Product takes two branches or more");
  using leaves = Leaves<Branches..., Multiply>;
  static constexpr void build(ChainBuilder& builder) {
    const auto ends = Apply<Multiply, Branches...>::template build_branches<Branches...>(builder);
    if (builder.wrong()) return;
    Shapes<sizeof...(Branches)> shapes;
    for (std::size_t k = 0; k < ends.size(); ++k) shapes[k] = builder.shape(ends[k]);
    for (const TensorShape& shape : shapes.items)
      if (!Multiply::fits(shape, Multiply::largest(shapes)))
        return builder.refuse(ProblemKind::operation_does_not_fit, "Product", shape, Multiply::largest(shapes),
                              Multiply::requirement);
    builder.add_operation<Multiply>(ends);
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
