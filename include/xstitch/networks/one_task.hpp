#pragma once
/// \file
/// OneTask<Tower>: a tower by itself, the paper's one-task network.

#include <xstitch/networks/network.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace detail {

template <class S, class Towers>
struct OneTaskProgram;
template <class S, class... Towers>
struct OneTaskProgram<S, TypeList<Towers...>> {
  using type = Compiled<S::precision, NoWeave<"OneTask", S, 1, 1, "exactly one tower">, ChainAt<WholeTower<Towers>>...>;
};

}  // namespace detail

template <class... TowerAndSettings>
class OneTask
    : public NetworkOf<typename detail::OneTaskProgram<detail::Settings<TowerAndSettings...>,
                                                       typename detail::Settings<TowerAndSettings...>::towers>::type,
                       "OneTask"> {
  static_assert(detail::VerdictOf<typename OneTask::compiled>::ok);

 public:
  using OneTask::NetworkOf::NetworkOf;
};

}  // namespace xstitch::inline XSTITCH_ISA
