#pragma once
/// \file
/// CrossStitch<TowerA, TowerB, ...>: towers of their own, mixed at the seams they have in common (Misra et al., CVPR
/// 2016). Settings stand beside the towers: At<"pool1", ...>, PerChannel, PerLayer, InitialAlpha<...>, Unit<...>,
/// Bfloat16.

#include <xstitch/weave/network.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace detail {

template <class S, class Towers>
struct CrossStitchTables;
template <class S, class... Towers>
struct CrossStitchTables<S, TypeList<Towers...>> {
  static_assert(sizeof...(Towers) >= 2, "xstitch: CrossStitch needs two towers or more; a single one is OneTask<...>");
  static_assert(sizeof...(Towers) <= max_towers, "xstitch: CrossStitch takes at most 8 towers");
  using type = Compiled<S::precision, typename S::unit, typename S::where, typename WholeLane<Towers>::type...>;
};

}  // namespace detail

template <class... TowersAndSettings>
class CrossStitch
    : public NetworkOf<
          typename detail::CrossStitchTables<detail::Settings<TowersAndSettings...>,
                                             typename detail::Settings<TowersAndSettings...>::towers>::type,
          "CrossStitch"> {
 public:
  using CrossStitch::NetworkOf::NetworkOf;
};

}  // namespace xstitch::inline XSTITCH_ISA
