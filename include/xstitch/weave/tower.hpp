#pragma once
/// \file
/// Tower<"name", Shape<h, w, c>, items...>: one task's network: a name, an input shape, layers, and a loss (or several
/// Heads). Give it a name of its own, and messages say that name instead of the whole type:
///
///     struct Upper : xs::Tower<"upper", Input, Trunk, xs::Linear<"fc4", 10>, xs::SoftmaxCrossEntropy> {};

#include <xstitch/core/fixed_string.hpp>
#include <xstitch/core/tensor.hpp>
#include <xstitch/weave/type_list.hpp>

#include <concepts>

namespace xstitch::inline XSTITCH_ISA {

template <FixedString Name, class Input, class... Items>
struct Tower {
  static constexpr auto name = Name;
  static constexpr Dims input = Input::dims;  ///< extents of the input
  using items = TypeList<Items...>;
  /// Marks a tower.
  using is_tower = void;
};

/// A tower, or a type derived from one.
template <class T>
concept IsTower = requires {
  typename T::is_tower;
  typename T::items;
  { T::name.view() } -> std::convertible_to<std::string_view>;
};

}  // namespace xstitch::inline XSTITCH_ISA
