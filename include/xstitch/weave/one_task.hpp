#pragma once
/// \file
/// OneTask<Tower>: a tower by itself, the paper's one-task network.

#include <xstitch/weave/network.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace detail {

template <class S, class Towers>
struct OneTaskTables;
template <class S, class... Towers>
struct OneTaskTables<S, TypeList<Towers...>> {
  static_assert(sizeof...(Towers) == 1, "xstitch: OneTask takes exactly one tower");
  using type = Compiled<S::precision, NoUnit, StitchNowhere, typename WholeLane<Towers>::type...>;
};

}  // namespace detail

template <class... TowerAndSettings>
class OneTask
    : public NetworkOf<typename detail::OneTaskTables<detail::Settings<TowerAndSettings...>,
                                                      typename detail::Settings<TowerAndSettings...>::towers>::type,
                       "OneTask"> {
 public:
  using OneTask::NetworkOf::NetworkOf;
};

}  // namespace xstitch::inline XSTITCH_ISA
