#pragma once
/// \file
/// What a checkpoint says besides numbers: which training it belongs to, and how far that has come. As JSON:
///
///     "identity": {"network": ..., "optimizer": ..., "batch": ...}        must be equal for a resume
///     "state": {"step", "total", "best", "interval", "evaluation_pending"}

#include <xstitch/io/json.hpp>
#include <xstitch/run/training.hpp>
#include <xstitch/train/text_difference.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// What must be equal for a training to continue where another stopped.
struct TrainingIdentity {
  std::string network;  ///< AnyNet::signature()
  std::string frozen;   ///< names of the parameters that are not trained
  Precision precision = Precision::fp32;
  std::string products;  ///< in bf16: kernels::bf16_products(), which has bits of its own
  std::uint64_t network_seed = 0;
  std::string optimizer;  ///< OptimizerRef::describe()
  std::string schedule;
  std::uint64_t schedule_iterations = 0;  ///< its length; 0 for one that does not depend on it
  std::string augment;
  std::uint64_t seed = 0;
  std::uint64_t batch = 0;
  bool drop_last = false;
  std::uint64_t samples = 0;  ///< of the data set
  std::string data;           ///< its fields and some samples: fingerprint::of()
  std::string initial;        ///< the parameters at the beginning: fingerprint::of()
  std::string learning_rate_multipliers, weight_decay_multipliers;  ///< parameter_multipliers::to_text()
  std::string weight_average;                                       ///< WeightAverage::describe()
  float clip_norm = 0.0F;
  std::uint64_t accumulate = 1;
  NotFinite not_finite = NotFinite::stop;
  std::string balance;    ///< LossBalance::describe()
  std::string reduction;  ///< Distributed::describe()
  std::string job;        ///< of a TrainingJob: its random identity

  [[nodiscard]] Json to_json() const {
    Json json = common_json();
    if (!products.empty()) json.set("products", products);
    if (!reduction.empty()) json.set("reduction", reduction);
    return json;
  }

 private:
  [[nodiscard]] XSTITCH_INLINE Json common_json() const {
    // Seeds have 64 bits, more than a JSON number keeps.
    return Json()
        .set("network", network)
        .set("frozen", frozen)
        .set("precision", precision == Precision::bf16 ? "bf16" : "fp32")
        .set("network_seed", std::to_string(network_seed))
        .set("optimizer", optimizer)
        .set("schedule", schedule)
        .set("schedule_iterations", schedule_iterations)
        .set("augment", augment)
        .set("seed", std::to_string(seed))
        .set("batch", batch)
        .set("drop_last", drop_last)
        .set("samples", samples)
        .set("data", data)
        .set("initial", initial)
        .set("learning_rate_multipliers", learning_rate_multipliers)
        .set("weight_decay_multipliers", weight_decay_multipliers)
        .set("weight_average", weight_average)
        .set("clip_norm", static_cast<double>(clip_norm))
        .set("accumulate", accumulate)
        .set("not_finite", not_finite == NotFinite::skip ? "skip" : "stop")
        .set("balance", balance)
        .set("job", job);
  }
};

/// How far a training has come.
struct TrainingState {
  std::uint64_t step = 0;   ///< steps done
  std::uint64_t total = 0;  ///< steps wanted
  bool has_best = false;
  double best_score = 0.0;
  std::uint64_t best_step = 0;
  std::vector<LossSum> interval{};  ///< [head], summed since the last line of the log
  bool evaluation_pending = false;  ///< an evaluation is due at `step` and has not been made
};

namespace training_state {

/// All that differs between an identity and the one wanted, a line each, or nothing.
XSTITCH_INLINE std::string differences(const Json& have, const Json& want) {
  std::string text;
  bool other_schedule = false;
  for (const auto& [key, value] : want.object()) {
    const Json* old = have.find(key);
    if (old != nullptr && *old == value) continue;
    if (key == "schedule") other_schedule = true;
    if (key == "schedule_iterations" && other_schedule) continue;  // said already
    text += "\n  " + key + ": ";
    if (old != nullptr && old->is_string() && value.is_string())
      text += text_difference::to_text(old->string(), value.string());
    else
      text += "then " + (old == nullptr ? std::string("not known") : old->text()) + ", now " + value.text();
  }
  return text;
}

XSTITCH_INLINE Json to_json(const TrainingState& state) {
  Json::Array interval;
  for (const LossSum& loss : state.interval)
    interval.emplace_back(Json().set("sum", loss.sum).set("normaliser", loss.normaliser));
  Json json;
  json.set("step", state.step).set("total", state.total);
  if (state.has_best) json.set("best", Json().set("score", state.best_score).set("step", state.best_step));
  json.set("interval", std::move(interval)).set("evaluation_pending", state.evaluation_pending);
  return json;
}

XSTITCH_INLINE TrainingState from_json(const Json& json) {
  TrainingState state;
  state.step = json.at("step").whole();
  state.total = json.at("total").whole();
  if (const Json* best = json.find("best")) {
    state.has_best = true;
    state.best_score = best->at("score").number();
    state.best_step = best->at("step").whole();
  }
  for (const Json& loss : json.at("interval").array())
    state.interval.push_back({loss.at("sum").number(), loss.at("normaliser").number()});
  state.evaluation_pending = json.at("evaluation_pending").boolean();
  return state;
}

}  // namespace training_state
}  // namespace xstitch::inline XSTITCH_ISA
