#pragma once
/// \file
/// Ensemble<M, Towers...>: M independent networks a task (the paper: 2), with initial values, data order and dropout of
/// their own, each trained by its own loss. Predictions are averaged before they are decoded.

#include <xstitch/networks/network.hpp>

#include <utility>

namespace xstitch::inline XSTITCH_ISA {
namespace detail {

template <class S, int Members, class Towers, class MemberNumbers>
struct EnsembleProgram;
template <class S, int Members, class... Towers, int... M>
struct EnsembleProgram<S, Members, TypeList<Towers...>, std::integer_sequence<int, M...>> {
  static_assert(Members >= 1, "xstitch: Ensemble<M, ...> needs M of 1 or more");
  template <int Member>
  using member = TypeList<ChainAt<WholeTower<Towers>, Member>...>;
  template <class List>
  struct Make;
  template <class... Chains>
  struct Make<TypeList<Chains...>> {
    using type =
        Compiled<S::precision, NoWeave<"Ensemble", S, 1, static_cast<std::size_t>(-1), "a tower or more">, Chains...>;
  };
  using type = typename Make<typename Join<member<M>...>::type>::type;
};

}  // namespace detail

template <int Members, class... TowersAndSettings>
class Ensemble
    : public NetworkOf<typename detail::EnsembleProgram<detail::Settings<TowersAndSettings...>, Members,
                                                        typename detail::Settings<TowersAndSettings...>::towers,
                                                        std::make_integer_sequence<int, Members>>::type,
                       "Ensemble", Members> {
  static_assert(detail::VerdictOf<typename Ensemble::compiled>::ok);

 public:
  using Ensemble::NetworkOf::NetworkOf;
};

}  // namespace xstitch::inline XSTITCH_ISA
