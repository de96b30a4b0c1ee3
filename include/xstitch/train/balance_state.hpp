#pragma once
/// \file
/// What a rule for the weights of the heads has learned, as JSON in a checkpoint: {array: {head: number}}, with the
/// digits that give the same bits back.
///
///     {"weight": {"a": 1.25, "b": 0.75}, "first loss": {"a": 2.3, "b": 0.7}, ...}

#include <xstitch/io/json.hpp>
#include <xstitch/run/training.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace balance_state {

XSTITCH_INLINE Json to_json(const Training& training) {
  Json all{Json::Object{}};
  for (const BalanceArray& array : training.balance_state()) {
    Json heads{Json::Object{}};
    for (std::size_t h = 0; h < array.values.size(); ++h) heads.set(training.net().heads()[h].name(), array.values[h]);
    all.set(array.name, std::move(heads));
  }
  return all;
}

/// The arrays that the training's rule has; an Error says which is missing.
XSTITCH_INLINE std::vector<BalanceArray> from_json(const Json& json, const Training& training) {
  std::vector<BalanceArray> arrays(training.balance_state().begin(), training.balance_state().end());
  for (BalanceArray& array : arrays) {
    const Json& heads = json.at(array.name);
    for (std::size_t h = 0; h < array.values.size(); ++h)
      array.values[h] = heads.at(training.net().heads()[h].name()).number();
  }
  return arrays;
}

}  // namespace balance_state
}  // namespace xstitch::inline XSTITCH_ISA
