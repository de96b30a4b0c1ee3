#pragma once
/// \file
/// Split<"conv4", A, B>: one trunk up to (not including) layer conv4, separate from conv4 on (the paper's sense: conv4
/// is the first layer that is separate). Shared<A, B>: split before each tower's last layer that is trained, or before
/// its heads where it has several. Parameters of the trunk are named "shared.conv1.weight".

#include <xstitch/weave/network.hpp>

namespace xstitch::inline XSTITCH_ISA {

namespace refused {

template <FixedString TowerName, FixedString LayerName>
struct NoLayerToSplitAt {
  static_assert(
      never_named<LayerName>,
      "xstitch: Split<\"layer\", ...> names a layer that a tower does not have: NoLayerToSplitAt says the tower "
      "and the layer");
};
template <FixedString TowerA, class ItemA, FixedString TowerB, class ItemB>
struct SharedPartDiffers {
  static_assert(never<ItemA>,
                "xstitch: the towers of a shared trunk must be the same types up to the split: "
                "SharedPartDiffers says the towers and the first pair that differs");
};
template <FixedString TowerA, class InputA, FixedString TowerB, class InputB>
struct SharedInputDiffers {
  static_assert(never<InputA>,
                "xstitch: towers that share a trunk need the same input shape: SharedInputDiffers says both");
};
struct EndOfTrunk;

}  // namespace refused

namespace detail {

template <class T>
struct IsSeam : std::false_type {};
template <FixedString Name>
struct IsSeam<Seam<Name>> : std::true_type {};
template <class T>
struct IsHead : std::false_type {};
template <FixedString Name, class... Items>
struct IsHead<Head<Name, Items...>> : std::true_type {};

template <class Done, class... Todo>
struct WithoutSeams {
  using type = Done;
};
template <class... Done, class First, class... Rest>
struct WithoutSeams<TypeList<Done...>, First, Rest...>
    : WithoutSeams<std::conditional_t<IsSeam<First>::value, TypeList<Done...>, TypeList<Done..., First>>, Rest...> {};

template <class List>
struct WithoutSeamsOf;
template <class... Items>
struct WithoutSeamsOf<TypeList<Items...>> : WithoutSeams<TypeList<>, Items...> {};

/// Items of a tower, flat, without seams.
template <class T>
struct PlainItems;
template <FixedString Name, class Input, class... Items>
struct PlainItems<Tower<Name, Input, Items...>> {
  using type = typename WithoutSeamsOf<typename Flatten<TypeList<>, Items...>::type>::type;
  static constexpr auto name = Name;
  static constexpr Dims in = Input::dims;
};

template <class Item>
constexpr bool is_named(std::string_view wanted) {
  if constexpr (Layer<Item>)
    return traits::name<Item>() == wanted;
  else
    return false;
}
template <class Item>
constexpr bool is_trained() {
  if constexpr (Layer<Item>) {
    for (const ParameterSpec& spec : traits::parameters<Item>(Dims{64, 64, 64}))
      if (spec.group != ParameterGroup::buffer) return true;
  }
  return false;
}

/// Index of the first item with the name, or -1.
template <class... Items>
constexpr int find_layer(TypeList<Items...>, std::string_view wanted) {
  int found = none, i = 0;
  ((found = found == none && is_named<Items>(wanted) ? i : found, ++i), ...);
  return found;
}
/// Index of the first head, or else of the last trained layer.
template <class... Items>
constexpr int find_end_of_trunk(TypeList<Items...>) {
  int head = none, last = 0, i = 0;
  ((head = head == none && IsHead<Items>::value ? i : head, last = is_trained<Items>() ? i : last, ++i), ...);
  return head != none ? head : last;
}

/// Cuts a list into its first `Count` types and the rest.
template <int Count, class Front, class... Items>
struct Cut {
  using front = Front;
  using back = TypeList<Items...>;
};
template <int Count, class... Front, class First, class... Rest>
requires(Count > 0) struct Cut<Count, TypeList<Front...>, First, Rest...>
    : Cut<Count - 1, TypeList<Front..., First>, Rest...> {
};

template <int Count, class List>
struct CutList;
template <int Count, class... Items>
struct CutList<Count, TypeList<Items...>> : Cut<Count, TypeList<>, Items...> {};

/// The first pair of types in which two lists differ, else EndOfTrunk twice.
template <class A, class B>
struct FirstDifference {
  using a = refused::EndOfTrunk;
  using b = refused::EndOfTrunk;
};
template <class A, class... As, class B, class... Bs>
struct FirstDifference<TypeList<A, As...>, TypeList<B, Bs...>>
    : std::conditional_t<std::is_same_v<A, B>, FirstDifference<TypeList<As...>, TypeList<Bs...>>,
                         FirstDifference<TypeList<>, TypeList<>>> {
  using rest = FirstDifference<TypeList<As...>, TypeList<Bs...>>;
  using a = std::conditional_t<std::is_same_v<A, B>, typename rest::a, A>;
  using b = std::conditional_t<std::is_same_v<A, B>, typename rest::b, B>;
};
template <class A, class... As>
struct FirstDifference<TypeList<A, As...>, TypeList<>> {
  using a = A;
  using b = refused::EndOfTrunk;
};
template <class B, class... Bs>
struct FirstDifference<TypeList<>, TypeList<B, Bs...>> {
  using a = refused::EndOfTrunk;
  using b = B;
};

template <FixedString Name, Dims In, class List>
struct PartSteps;
template <FixedString Name, Dims In, class... Items>
struct PartSteps<Name, In, TypeList<Items...>> {
  using resolved = Resolve<Name, FixedString{""}, false, In, TypeList<>, Items...>;
  using type = typename resolved::type;
  static constexpr Dims out = resolved::out;
};

/// Where each tower is cut: at a named layer, or before its last trained layer.
template <FixedString LayerName>
struct CutAt {
  template <class T>
  static constexpr int index() {
    constexpr int found = find_layer(typename PlainItems<T>::type{}, LayerName.view());
    if constexpr (found == none)
      return sizeof(refused::NoLayerToSplitAt<PlainItems<T>::name, LayerName>) == 0;  // 0: an index to go on with
    else
      return found;
  }
};
struct CutAtEnd {
  template <class T>
  static constexpr int index() {
    return find_end_of_trunk(typename PlainItems<T>::type{});
  }
};

template <class S, class Where, class Towers>
struct SplitTables;
template <class S, class Where, class First, class... Others>
struct SplitTables<S, Where, TypeList<First, Others...>> {
  static_assert(sizeof...(Others) >= 1, "xstitch: a split needs two towers or more");
  template <class T>
  using cut = CutList<Where::template index<T>(), typename PlainItems<T>::type>;
  using trunk = typename cut<First>::front;

  template <class T>
  static constexpr bool same_trunk() {
    using difference = FirstDifference<trunk, typename cut<T>::front>;
    if constexpr (!(PlainItems<First>::in == PlainItems<T>::in))
      return sizeof(refused::SharedInputDiffers<PlainItems<First>::name, refused::GotDims<PlainItems<First>::in>,
                                                PlainItems<T>::name, refused::GotDims<PlainItems<T>::in>>) != 0;
    else if constexpr (!std::is_same_v<trunk, typename cut<T>::front>)
      return sizeof(refused::SharedPartDiffers<PlainItems<First>::name, typename difference::a, PlainItems<T>::name,
                                               typename difference::b>) != 0;
    else
      return true;
  }
  static_assert((same_trunk<Others>() && ...));

  using shared = PartSteps<FixedString{"shared"}, PlainItems<First>::in, trunk>;
  template <class T>
  using tail = Lane<PlainItems<T>::name, 0, 0, shared::out,
                    typename TowerSteps<PlainItems<T>::name, shared::out, typename cut<T>::back>::type>;
  using type = Compiled<S::precision, NoUnit, StitchNowhere,
                        Lane<FixedString{"shared"}, 0, none, PlainItems<First>::in, typename shared::type>, tail<First>,
                        tail<Others>...>;
};

}  // namespace detail

template <FixedString LayerName, class... TowersAndSettings>
class Split
    : public NetworkOf<typename detail::SplitTables<detail::Settings<TowersAndSettings...>, detail::CutAt<LayerName>,
                                                    typename detail::Settings<TowersAndSettings...>::towers>::type,
                       "Split"> {
 public:
  using Split::NetworkOf::NetworkOf;
};

template <class... TowersAndSettings>
class Shared
    : public NetworkOf<typename detail::SplitTables<detail::Settings<TowersAndSettings...>, detail::CutAtEnd,
                                                    typename detail::Settings<TowersAndSettings...>::towers>::type,
                       "Shared"> {
 public:
  using Shared::NetworkOf::NetworkOf;
};

}  // namespace xstitch::inline XSTITCH_ISA
