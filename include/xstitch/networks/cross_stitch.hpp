#pragma once
/// \file
/// CrossStitch<TowerA, TowerB, ...>: towers of their own, mixed at the seams they have in common (Misra et al., CVPR
/// 2016). Settings are given beside the towers: At<"pool1", ...>, PerChannel, PerLayer, InitialAlpha<...>, Unit<...>,
/// UnitAt<"pool1", ...>, Bfloat16.

#include <xstitch/networks/network.hpp>

#include <array>
#include <cstddef>
#include <tuple>

namespace xstitch::inline XSTITCH_ISA {
namespace detail {

/// Chains that are stitched at seams.
template <class... Args>
struct CrossStitchWeave {
  using settings = Settings<Args...>;
  static constexpr bool stitches = true;
  static constexpr Problem settings_problem = [] {
    const Problem wrong = find_wrong_setting("CrossStitch", true, settings::given);
    return wrong.found() ? wrong
                         : check_tower_count("CrossStitch", settings::towers::size, 2, kernels::stitch_max_towers,
                                             "2 to 32 towers; a single one is OneTask<...>");
  }();

  template <FixedString... Seams>
  static constexpr auto names_of(At<Seams...>) {
    return std::array<std::string_view, sizeof...(Seams)>{Seams.view()...};
  }
  static constexpr auto seams = names_of(typename Find<Topic::seams, At<>, Args...>::type{});

  static constexpr bool per_channel = !(std::is_same_v<Args, PerLayer> || ...);
  using alpha = typename Find<Topic::initial_alpha, InitialAlpha<Ratio{9, 10}, Ratio{1, 10}>, Args...>::type;
  using paper = Unit<CrossStitchUnit<per_channel, alpha::same, alpha::different>>;
  template <class U>
  static U inner(Unit<U>);
  using common_unit = decltype(inner(typename Find<Topic::unit, paper, Args...>::type{}));

  // Units of single seams.
  template <class T>
  struct OfASeam {
    static constexpr std::string_view seam{};
    using unit = void;
  };
  template <FixedString Seam, class U>
  struct OfASeam<UnitAt<Seam, U>> {
    static constexpr auto text = Seam;
    static constexpr std::string_view seam = text.view();
    using unit = U;
  };
  template <FixedString Seam>
  static constexpr std::size_t place = [] {
    std::size_t found = sizeof...(Args), i = 0;
    ((found = topic<Args> == Topic::unit_of_a_seam && OfASeam<Args>::seam == Seam.view() ? i : found, ++i), ...);
    return found;
  }();
  template <FixedString Seam>
  using unit = typename std::tuple_element_t<place<Seam>,
                                             std::tuple<OfASeam<Args>..., OfASeam<UnitAt<Seam, common_unit>>>>::unit;

  static constexpr Problem find_problem(std::span<const std::string_view> stitched) {
    Problem problem;
    const auto check = [&](Topic t, std::string_view seam) {
      if (t == Topic::unit_of_a_seam && !contains(stitched, seam) && !problem.found())
        problem = {.kind = ProblemKind::unit_for_no_seam, .item = seam};
    };
    (check(topic<Args>, OfASeam<Args>::seam), ...);
    return problem;
  }
};

template <class W, class Towers>
struct CrossStitchProgram;
template <class W, class... Towers>
struct CrossStitchProgram<W, TypeList<Towers...>> {
  using type = Compiled<W::settings::precision, W, ChainAt<WholeTower<Towers>>...>;
};

}  // namespace detail

template <class... TowersAndSettings>
class CrossStitch
    : public NetworkOf<
          typename detail::CrossStitchProgram<detail::CrossStitchWeave<TowersAndSettings...>,
                                              typename detail::Settings<TowersAndSettings...>::towers>::type,
          "CrossStitch"> {
  static_assert(detail::VerdictOf<typename CrossStitch::compiled>::ok);

 public:
  using CrossStitch::NetworkOf::NetworkOf;
};

}  // namespace xstitch::inline XSTITCH_ISA
