#pragma once
/// \file
/// Weights of the heads by name, the same in every step; 1 for a head that is not named.
///
///     {.balance = xs::FixedWeights{{{"segmentation", 1.0F}, {"normals", 0.5F}}}}
///
/// They are those of Training::set_head_weight, but part of what a training is: a resume with others is refused.

#include <xstitch/core/number_text.hpp>
#include <xstitch/run/loss_balance.hpp>
#include <xstitch/train/setting_range.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

struct FixedWeights {
  /// A head and its weight.
  struct Head {
    std::string name;     ///< "tower" or "tower.head"
    float weight = 1.0F;  ///< its factor in the loss
  };
  std::vector<Head> heads{};  ///< of the heads that have one; 1 for others

  static constexpr std::string_view name = "FixedWeights";
  static constexpr BalanceNeeds needs{};
  /// Whether it is this head.
  static constexpr bool (*named)(const HeadSlot&, const Head&) = [](const HeadSlot& slot, const Head& head) {
    return slot.name() == head.name;
  };

  /// Its one array: the weights.
  [[nodiscard]] XSTITCH_INLINE std::vector<BalanceArray> arrays(const BalanceSetup& setup) const {
    std::vector<BalanceArray> list{{"weight", {}}};
    for (const HeadSlot& slot : setup.heads) {
      double weight = 1.0;
      for (const Head& head : heads)
        if (named(slot, head)) weight = static_cast<double>(head.weight);
      list[0].values.push_back(weight);
    }
    return list;
  }
  void weigh(const BalanceCall& call) const { std::ranges::copy(call.state[0].values, call.weights.begin()); }
  void update(const BalanceCall&) const {}

  XSTITCH_INLINE void check(const BalanceSetup& setup) const {
    for (const Head& head : heads) {
      setting_range::at_least_zero(name, "weight of '" + head.name + "'", static_cast<double>(head.weight));
      if (std::ranges::count(heads, head.name, &Head::name) > 1)
        fail(name, ": found two weights for head '", head.name, "', expected one");
      std::string all;
      for (const HeadSlot& slot : setup.heads) all += (all.empty() ? "" : ", ") + slot.name();
      if (std::ranges::none_of(setup.heads, [&](const HeadSlot& slot) { return named(slot, head); }))
        fail(name, ": found a weight for head '", head.name, "', expected one of ", all);
    }
  }
  [[nodiscard]] XSTITCH_INLINE std::string describe() const {
    std::string text;
    for (const Head& head : heads) text += (text.empty() ? "" : ", ") + head.name + " " + number_text(head.weight, 9);
    return "FixedWeights(" + text + ")";
  }
};

static_assert(BalanceRule<FixedWeights>);

}  // namespace xstitch::inline XSTITCH_ISA
