#pragma once
/// \file
/// Rank 0 reads the checkpoint; the others are told of all that came out of it.

#include <xstitch/run/ranks.hpp>
#include <xstitch/train/checkpoint.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace shared_state {

/// `found` on rank 0: what it restored the training from.
XSTITCH_INLINE void tell(Ranks& ranks, Training& training, AveragedWeights* average,
                         std::optional<checkpoint::Found>& found) {
  Json json;
  if (found)
    json = Json()
               .set("state", training_state::to_json(found->state))
               .set("schedule_iterations", found->schedule_iterations)
               .set("accumulate", found->accumulate)
               .set("average_updates", found->average_updates)
               .set("balance", balance_state::to_json(training));
  std::string text = json.text();
  ranks.broadcast_text(0, text);
  json = Json::parse(text, "state of rank 0");
  if (json.find("state") == nullptr) return;
  const bool told = ranks.rank() > 0;
  AnyNet& net = training.net();
  if (told) {
    found.emplace();
    found->state = training_state::from_json(json.at("state"));
    found->schedule_iterations = json.at("schedule_iterations").whole();
    found->accumulate = json.at("accumulate").whole();
    found->average_updates = json.at("average_updates").whole();
    if (training.balance().given()) found->balance = balance_state::from_json(json.at("balance"), training);
    training.reset();
    training.set_balance_state(found->balance);
  }
  for (std::size_t i = 0; i < net.parameters().size(); ++i)
    ranks.broadcast(0, std::as_writable_bytes(net.mutable_parameter(i)));
  if (training.shares_optimizer_state()) training.spread_optimizer_state();
  for (std::size_t k = 0; k < training.optimizer_state_count() && !training.shares_optimizer_state(); ++k)
    for (std::size_t i = 0; i < net.parameters().size(); ++i)
      if (net.parameters()[i].spec.group != ParameterGroup::buffer)
        ranks.broadcast(0, std::as_writable_bytes(training.optimizer_state(k, i)));
  if (average == nullptr) return;
  std::vector<std::vector<float>> values;
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    const std::span<const float> own = average->values(i);
    values.emplace_back(own.begin(), own.end());
    ranks.broadcast(0, std::as_writable_bytes(std::span(values.back())));
  }
  average->restore(found->average_updates, [&](std::size_t i) { return std::span<const float>(values[i]); });
}

}  // namespace shared_state
}  // namespace xstitch::inline XSTITCH_ISA
