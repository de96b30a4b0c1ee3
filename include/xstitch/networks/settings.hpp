#pragma once
/// \file
/// Settings of a network: types beside the towers, in any order.
///
///     CrossStitch<At<"pool1", "fc6">, PerLayer, A, B>
///     CrossStitch<Unit<Nddr>, UnitAt<"fc6", Other>, A, B, Bfloat16>

#include <xstitch/core/fixed_string.hpp>
#include <xstitch/core/precision.hpp>
#include <xstitch/core/ratio.hpp>
#include <xstitch/core/type_text.hpp>
#include <xstitch/weave/problem.hpp>
#include <xstitch/weave/tower.hpp>
#include <xstitch/weave/units/cross_stitch_unit.hpp>

#include <array>
#include <span>
#include <string_view>
#include <type_traits>

namespace xstitch::inline XSTITCH_ISA {

/// Stitch at these seams alone.
template <FixedString... Seams>
struct At {};
/// One matrix of alphas a channel (the default; the paper's choice for segmentation + normals).
struct PerChannel {};
/// One matrix of alphas for the whole activation map (the paper's choice for detection + attributes).
struct PerLayer {};
/// Initial values: alpha_S on the diagonal, alpha_D / (N - 1) elsewhere. Default: 9/10 and 1/10.
template <Ratio Same, Ratio Different>
struct InitialAlpha {
  static constexpr Ratio same = Same, different = Different;  ///< alpha_S and alpha_D of the paper
};
/// Another weave unit instead of the paper's: an operation from n tensors to n tensors (layers/operation.hpp).
template <class U>
struct Unit {};
/// A unit of its own for one seam.
template <FixedString Seam, class U>
struct UnitAt {};
/// Multiply in bf16, with fp32 accumulators and master weights.
struct Bfloat16 {};

namespace detail {

/// What a setting is about; two of one topic contradict each other.
enum class Topic : std::uint8_t { nothing, seams, alphas, initial_alpha, unit, unit_of_a_seam, precision };

template <class T>
constexpr Topic topic = Topic::nothing;
template <FixedString... Seams>
constexpr Topic topic<At<Seams...>> = Topic::seams;
template <>
inline constexpr Topic topic<PerChannel> = Topic::alphas;
template <>
inline constexpr Topic topic<PerLayer> = Topic::alphas;
template <Ratio S, Ratio D>
constexpr Topic topic<InitialAlpha<S, D>> = Topic::initial_alpha;
template <class U>
constexpr Topic topic<Unit<U>> = Topic::unit;
template <FixedString Seam, class U>
constexpr Topic topic<UnitAt<Seam, U>> = Topic::unit_of_a_seam;
template <>
inline constexpr Topic topic<Bfloat16> = Topic::precision;

/// A setting of the network, for messages.
struct Given {
  std::string_view text;
  Topic topic = Topic::nothing;
  bool tower = false;
};

/// The first setting that a kind of network does not take, or that is given twice. `stitched`: whether the kind has
/// seams at all; the paper's alphas have no meaning beside another unit.
constexpr Problem find_wrong_setting(std::string_view kind, bool stitched, std::span<const Given> all) {
  std::string_view unit{};
  for (const Given& g : all)
    if (g.topic == Topic::unit) unit = g.text;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Given& g = all[i];
    if (g.tower) continue;
    if (g.topic == Topic::nothing) return {.kind = ProblemKind::neither_tower_nor_setting, .item = g.text};
    if (!stitched && g.topic != Topic::precision)
      return {.kind = ProblemKind::setting_not_used, .tower = kind, .item = g.text};
    for (std::size_t j = 0; j < i; ++j)
      if (all[j].topic == g.topic && g.topic != Topic::unit_of_a_seam)
        return {.kind = ProblemKind::setting_twice, .tower = kind, .item = all[j].text, .other_item = g.text};
    if (!unit.empty() && (g.topic == Topic::alphas || g.topic == Topic::initial_alpha))
      return {.kind = ProblemKind::setting_twice, .tower = kind, .item = unit, .other_item = g.text};
  }
  return {};
}

constexpr Problem check_tower_count(std::string_view kind, std::size_t towers, std::size_t least, std::size_t most,
                                    std::string_view needs) {
  if (towers >= least && towers <= most) return {};
  return {.kind = ProblemKind::wrong_number_of_towers, .tower = kind, .item = needs};
}

template <class T>
struct TowerOrNone {
  using type = TypeList<>;
};
template <IsTower T>
struct TowerOrNone<T> {
  using type = TypeList<T>;
};

template <class... Args>
struct Settings {
  using towers = typename Join<typename TowerOrNone<Args>::type...>::type;
  static constexpr Precision precision = (std::is_same_v<Args, Bfloat16> || ...) ? Precision::bf16 : Precision::fp32;
  static constexpr std::array<Given, sizeof...(Args)> given{
      Given{IsTower<Args> ? std::string_view{} : type_text<Args>(), topic<Args>, IsTower<Args>}...};
};

/// The setting of a topic, or the default.
template <Topic Wanted, class Default, class... Args>
struct Find {
  using type = Default;
};
template <Topic Wanted, class Default, class First, class... Rest>
struct Find<Wanted, Default, First, Rest...>
    : std::conditional_t<topic<First> == Wanted, std::type_identity<First>, Find<Wanted, Default, Rest...>> {};

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
