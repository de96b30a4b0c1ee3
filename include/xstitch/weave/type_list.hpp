#pragma once
/// \file
/// Lists of types, and lists joined.

#include <xstitch/core/isa.hpp>

#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {

/// A plain list of types.
template <class... Types>
struct TypeList {
  static constexpr std::size_t size = sizeof...(Types);
};

namespace detail {

/// Several lists as one, eight at a time.
template <class... Lists>
struct Join {
  using type = TypeList<>;
};
template <class... A>
struct Join<TypeList<A...>> {
  using type = TypeList<A...>;
};
template <class... A, class... B>
struct Join<TypeList<A...>, TypeList<B...>> {
  using type = TypeList<A..., B...>;
};
template <class... A, class... B, class... C>
struct Join<TypeList<A...>, TypeList<B...>, TypeList<C...>> {
  using type = TypeList<A..., B..., C...>;
};
template <class... A, class... B, class... C, class... D, class... Rest>
struct Join<TypeList<A...>, TypeList<B...>, TypeList<C...>, TypeList<D...>, Rest...>
    : Join<TypeList<A..., B..., C..., D...>, Rest...> {};
template <class... A, class... B, class... C, class... D, class... E, class... F, class... G, class... H, class... Rest>
struct Join<TypeList<A...>, TypeList<B...>, TypeList<C...>, TypeList<D...>, TypeList<E...>, TypeList<F...>,
            TypeList<G...>, TypeList<H...>, Rest...>
    : Join<TypeList<A..., B..., C..., D..., E..., F..., G..., H...>, Rest...> {};

/// The operations that an item of a tower brings, in the order in which it appends them: a structure says so itself
/// (`leaves`), anything else is one operation.
template <class Item>
struct LeavesOf {
  using type = TypeList<Item>;
};
template <class Item>
requires requires { typename Item::leaves; }
struct LeavesOf<Item> {
  using type = typename Item::leaves;
};

}  // namespace detail

/// The operations of several items, one after the other.
template <class... Items>
using Leaves = typename detail::Join<typename detail::LeavesOf<Items>::type...>::type;

}  // namespace xstitch::inline XSTITCH_ISA
