#pragma once
/// \file
/// The items of a tower cut in two: a trunk that several towers share, and what follows it.

#include <xstitch/core/type_text.hpp>
#include <xstitch/layers/traits.hpp>
#include <xstitch/losses/loss.hpp>
#include <xstitch/weave/chain_builder.hpp>
#include <xstitch/weave/structures/layers.hpp>
#include <xstitch/weave/structures/seam.hpp>
#include <xstitch/weave/tower.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

namespace xstitch::inline XSTITCH_ISA {
namespace detail {

/// Items with Layers dissolved, without seams (a shared trunk is not stitched).
template <class Item>
struct FlatItem {
  using type = TypeList<Item>;
};
template <FixedString Name>
struct FlatItem<Seam<Name>> {
  using type = TypeList<>;
};
template <class... Items>
TypeList<Items...> items_of(const Layers<Items...>*);
/// Layers, or a struct that derives from them.
template <class Item>
requires requires(const Item* item) { items_of(item); }
struct FlatItem<Item> {
  template <class List>
  struct Flat;
  template <class... Items>
  struct Flat<TypeList<Items...>> : Join<typename FlatItem<Items>::type...> {};
  using type = typename Flat<decltype(items_of(static_cast<const Item*>(nullptr)))>::type;
};
template <class List>
struct FlatItems;
template <class... Items>
struct FlatItems<TypeList<Items...>> : FlatItem<Layers<Items...>> {};

/// Shapes of any number of inputs, for an operation whose number is not known yet.
struct AnyShapes {
  static constexpr TensorShape one{Dims{64, 64, 64}};
  template <std::size_t N>
  constexpr operator Shapes<N>() const {  // NOLINT(google-explicit-constructor)
    Shapes<N> all;
    for (TensorShape& shape : all.items) shape = one;
    return all;
  }
};

template <class L, class In>
constexpr bool trains(const In& in) {
  for (const ParameterSpec& spec : traits::parameters<L>(in))
    if (spec.group != ParameterGroup::buffer && spec.learning_rate_multiplier > 0.0F) return true;
  return false;
}
template <class Item>
constexpr bool is_trained() {
  bool trained = false;
  const auto look = [&]<class L>() {
    if constexpr (Loss<L> || std::is_void_v<L>)
      return;
    else if constexpr (Layer<L>)
      trained = trained || trains<L>(AnyShapes::one.dims);
    else if constexpr (requires { L::parameters(AnyShapes{}); })
      trained = trained || trains<L>(AnyShapes{});
    else  // for any number of inputs
      trained = trained || trains<L>(Shapes{AnyShapes::one, AnyShapes::one});
  };
  const auto each = [&]<class... L>(TypeList<L...>) { (look.template operator()<L>(), ...); };
  each(typename LeavesOf<Item>::type{});
  return trained;
}
template <class Item>
constexpr std::string_view item_name() {
  if constexpr (
      requires { Item::name.view(); } && !requires { typename Item::is_head; })
    return Item::name.view();
  else
    return {};
}

/// Index of the first layer or Block with the name, or none.
template <class... Items>
constexpr int find_item(TypeList<Items...>, std::string_view wanted) {
  int found = none, i = 0;
  ((found = found == none && item_name<Items>() == wanted ? i : found, ++i), ...);
  return found;
}
/// Index of the first head, or else of the last item that is trained.
template <class... Items>
constexpr int find_end_of_trunk(TypeList<Items...>) {
  int head = none, last = 0, i = 0;
  ((
       head = head == none && requires { typename Items::is_head; } ? i : head, last = is_trained<Items>() ? i : last,
       ++i),
   ...);
  return head != none ? head : last;
}

/// The first `Count` items, and the others.
template <int Count, class List, class Numbers>
struct CutNumbered;
template <int Count, class... Items, int... I>
struct CutNumbered<Count, TypeList<Items...>, std::integer_sequence<int, I...>> {
  using front = typename Join<std::conditional_t<(I < Count), TypeList<Items>, TypeList<>>...>::type;
  using back = typename Join<std::conditional_t<(I < Count), TypeList<>, TypeList<Items>>...>::type;
};
template <int Count, class List>
using Cut = CutNumbered<Count, List, std::make_integer_sequence<int, static_cast<int>(List::size)>>;

template <class... Items>
constexpr std::array<std::string_view, sizeof...(Items)> texts_of(TypeList<Items...>) {
  return {type_text<Items>()...};
}

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
