#pragma once
/// \file
/// Ensemble<M, Towers...>: M independent networks a task (the paper: 2), with initial values, data order and dropout of
/// their own, each trained by its own loss. Predictions are averaged before they are decoded.

#include <xstitch/weave/network.hpp>

#include <utility>

namespace xstitch::inline XSTITCH_ISA {
namespace detail {

template <class S, int Members, class Towers, class MemberNumbers>
struct EnsembleTables;
template <class S, int Members, class... Towers, int... M>
struct EnsembleTables<S, Members, TypeList<Towers...>, std::integer_sequence<int, M...>> {
  static_assert(Members >= 1, "xstitch: Ensemble<M, ...> needs M of 1 or more");
  static_assert(sizeof...(Towers) >= 1, "xstitch: Ensemble<M, ...> needs a tower");
  template <int Member>
  using lanes = TypeList<typename WholeLane<Towers, Member>::type...>;
  template <class Done, class... Lists>
  struct JoinAll {
    using type = Done;
  };
  template <class Done, class First, class... Lists>
  struct JoinAll<Done, First, Lists...> : JoinAll<typename Join<Done, First>::type, Lists...> {};
  template <class List>
  struct Make;
  template <class... Lanes>
  struct Make<TypeList<Lanes...>> {
    using type = Compiled<S::precision, NoUnit, StitchNowhere, Lanes...>;
  };
  using type = typename Make<typename JoinAll<TypeList<>, lanes<M>...>::type>::type;
};

}  // namespace detail

template <int Members, class... TowersAndSettings>
class Ensemble
    : public NetworkOf<typename detail::EnsembleTables<detail::Settings<TowersAndSettings...>, Members,
                                                       typename detail::Settings<TowersAndSettings...>::towers,
                                                       std::make_integer_sequence<int, Members>>::type,
                       "Ensemble", Members> {
 public:
  using Ensemble::NetworkOf::NetworkOf;
};

}  // namespace xstitch::inline XSTITCH_ISA
