#pragma once
/// \file
/// Split<"conv4", A, B>: one trunk up to (not including) the layer or Block conv4, separate from conv4 on (the paper's
/// sense: conv4 is the first layer that is separate). Shared<A, B>: split before each tower's last layer that is
/// trained, or before its heads where it has several. Parameters of the trunk are named "shared.conv1.weight". What the
/// trunk marks can be recalled by the towers.

#include <xstitch/networks/network.hpp>
#include <xstitch/networks/split_items.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace detail {

template <class List>
struct Trunk;
template <class... Items>
struct Trunk<TypeList<Items...>> {
  template <Dims In>
  struct From {
    static constexpr std::string_view name = "shared";
    using leaves = Leaves<Items...>;
    static constexpr ChainBuilder make() {
      ChainBuilder builder(name, TensorShape(In));
      (builder.add<Items>(), ...);
      return builder;
    }
  };
};
template <class T, class TrunkSource, class List>
struct Tail;
template <class T, class TrunkSource, class... Items>
struct Tail<T, TrunkSource, TypeList<Items...>> {
  static constexpr std::string_view name = T::name.view();
  using leaves = Leaves<Items...>;
  static constexpr ChainBuilder make() {
    ChainBuilder builder(name, TrunkSource::make());
    (builder.add<Items>(), ...);
    builder.check_end();
    return builder;
  }
};

/// Where each tower is cut: at a named layer, or before its last trained layer.
template <FixedString LayerName>
struct CutAt {
  static constexpr std::string_view layer = LayerName.view();
  template <class List>
  static constexpr int index() {
    return find_item(List{}, layer);
  }
};
struct CutAtEnd {
  static constexpr std::string_view layer{};
  template <class List>
  static constexpr int index() {
    return find_end_of_trunk(List{});
  }
};

template <FixedString Kind, class S, class Where, class Towers>
struct SplitProgram {  // no tower at all
  using type = Compiled<Precision::fp32, NoWeave<Kind, S, 2, static_cast<std::size_t>(-1), "2 towers or more">>;
};
template <FixedString Kind, class S, class Where, class First, class... Others>
struct SplitProgram<Kind, S, Where, TypeList<First, Others...>> {
  template <class T>
  using items = typename FlatItems<typename T::items>::type;
  template <class T>
  static constexpr int place = Where::template index<items<T>>();
  template <class T>
  using cut = Cut<(place<T> == none ? 0 : place<T>), items<T>>;
  using trunk = typename cut<First>::front;

  /// What makes `T`'s part up to the cut another one than the first tower's.
  template <class T>
  static constexpr Problem difference() {
    if (!(First::input == T::input))
      return {.kind = ProblemKind::shared_input_differs,
              .tower = First::name.view(),
              .other_tower = T::name.view(),
              .got = TensorShape(First::input),
              .wanted = TensorShape(T::input)};
    if constexpr (!std::is_same_v<trunk, typename cut<T>::front>) {
      constexpr auto a = texts_of(trunk{});
      constexpr auto b = texts_of(typename cut<T>::front{});
      std::size_t i = 0;
      while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
      return {.kind = ProblemKind::shared_part_differs,
              .tower = First::name.view(),
              .other_tower = T::name.view(),
              .item = i < a.size() ? a[i] : "the end of the trunk",
              .other_item = i < b.size() ? b[i] : "the end of the trunk"};
    }
    return {};
  }

  struct Weave : NoWeave<Kind, S, 2, static_cast<std::size_t>(-1), "2 towers or more"> {
    static constexpr Problem settings_problem = [] {
      Problem first = Weave::NoWeave::settings_problem;
      const auto look = [&]<class T>() {
        if (first.found()) return;
        if (place<T> == none)
          first = {.kind = ProblemKind::no_layer_to_split_at, .tower = T::name.view(), .item = Where::layer};
        else
          first = difference<T>();
      };
      look.template operator()<First>();
      (look.template operator()<Others>(), ...);
      return first;
    }();
  };

  using shared = typename Trunk<trunk>::template From<First::input>;
  template <class T>
  using tail = ChainAt<Tail<T, shared, typename cut<T>::back>, 0, 0>;
  using type = Compiled<S::precision, Weave, ChainAt<shared>, tail<First>, tail<Others>...>;
};

}  // namespace detail

template <FixedString LayerName, class... TowersAndSettings>
class Split
    : public NetworkOf<
          typename detail::SplitProgram<"Split", detail::Settings<TowersAndSettings...>, detail::CutAt<LayerName>,
                                        typename detail::Settings<TowersAndSettings...>::towers>::type,
          "Split"> {
  static_assert(detail::VerdictOf<typename Split::compiled>::ok);

 public:
  using Split::NetworkOf::NetworkOf;
};

template <class... TowersAndSettings>
class Shared
    : public NetworkOf<typename detail::SplitProgram<"Shared", detail::Settings<TowersAndSettings...>, detail::CutAtEnd,
                                                     typename detail::Settings<TowersAndSettings...>::towers>::type,
                       "Shared"> {
  static_assert(detail::VerdictOf<typename Shared::compiled>::ok);

 public:
  using Shared::NetworkOf::NetworkOf;
};

}  // namespace xstitch::inline XSTITCH_ISA
