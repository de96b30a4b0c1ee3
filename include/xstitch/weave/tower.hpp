#pragma once
/// \file
/// The words a network is written in: Layers, Seam, Head, Residual, Concat, Tower.

#include <xstitch/core/fixed_string.hpp>
#include <xstitch/core/shape.hpp>

namespace xstitch::inline XSTITCH_ISA {

/// A sequence of layers under a name of its own (using Trunk = Layers<...>); it dissolves where it is used.
template <class... Items>
struct Layers {};

/// A place where towers are stitched. It computes nothing, and costs nothing in a network that does not stitch.
template <FixedString Name>
struct Seam {
  static constexpr auto name = Name;
};

/// y = x + F(x), F the layers given; they must keep the shape.
template <class... Items>
struct Residual {};

/// Branches side by side from the same input, their channels one after the other: Concat<Layers<...>, Layers<...>>.
template <class... Branches>
struct Concat {};

/// One of several ends of a tower: layers and a loss.
template <FixedString Name, class... Items>
struct Head {
  static constexpr auto name = Name;
};

/// One task's network: a name, an input shape, layers, and a loss (or several Heads).
template <FixedString Name, class Input, class... Items>
struct Tower {
  static constexpr auto name = Name;
  static constexpr Dims input = Input::dims;
};

/// A plain list of types.
template <class... Types>
struct TypeList {
  static constexpr std::size_t size = sizeof...(Types);
};

}  // namespace xstitch::inline XSTITCH_ISA
