#pragma once
/// \file
/// The state of a training in one safetensors file: parameters under their names, the optimizer's arrays as
/// "optimizer.0.NAME", and the rest as JSON in the file's metadata under "training". The file is also a parameter
/// file: load() and initialise_from() read it.
///
/// Random numbers have no state here (they are functions of seed and step) and neither has the data order, so the
/// step is all that a resume needs to go on bit for bit, with the same network, optimizer, schedule, seeds, batch
/// and data. What differs is refused.

#include <xstitch/core/optimizer.hpp>
#include <xstitch/run/training.hpp>
#include <xstitch/train/parameter_file.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// What must be equal for a training to go on where another stopped.
struct TrainingIdentity {
  std::string network;  ///< AnyNet::signature()
  Precision precision = Precision::fp32;
  std::uint64_t network_seed = 0;
  std::string optimizer;  ///< OptimizerRef::describe()
  std::string schedule;
  std::string augment;
  std::uint64_t seed = 0;
  std::uint64_t batch = 0;
  std::uint64_t samples = 0;  ///< of the data set
  float clip_norm = 0.0F;

  [[nodiscard]] Json to_json() const {
    // Seeds have 64 bits, more than a JSON number keeps.
    return Json()
        .set("network", network)
        .set("precision", precision == Precision::bf16 ? "bf16" : "fp32")
        .set("network_seed", std::to_string(network_seed))
        .set("optimizer", optimizer)
        .set("schedule", schedule)
        .set("augment", augment)
        .set("seed", std::to_string(seed))
        .set("batch", batch)
        .set("samples", samples)
        .set("clip_norm", static_cast<double>(clip_norm));
  }
};

/// Where a training stands.
struct TrainingState {
  std::uint64_t step = 0;   ///< steps done
  std::uint64_t total = 0;  ///< steps wanted
  bool has_best = false;
  double best_score = 0.0;
  std::uint64_t best_step = 0;
  std::uint64_t interval_steps = 0;       ///< steps since the last line of the log
  std::vector<double> interval_losses{};  ///< their losses summed, one a head
};

namespace checkpoint {

/// The first words in which two long texts differ.
inline std::string difference(std::string_view have, std::string_view want) {
  std::size_t start = 0, i = 0;
  for (; i < have.size() && i < want.size() && have[i] == want[i]; ++i)
    if (have[i] == ' ') start = i + 1;
  const auto excerpt = [start](std::string_view text) {
    std::string word(text.substr(std::min(start, text.size()), 80));
    return word.size() == 80 ? word + "..." : word;
  };
  return "\"" + excerpt(have) + "\", now \"" + excerpt(want) + "\"";
}

/// All that differs, or nothing.
inline std::string differences(const Json& have, const Json& want) {
  std::string text;
  for (const auto& [key, value] : want.object()) {
    const Json* old = have.find(key);
    if (old != nullptr && *old == value) continue;
    text += "\n  " + key + ": then " +
            (old != nullptr && old->is_string() && value.is_string()
                 ? difference(old->string(), value.string())
                 : (old == nullptr ? std::string("not known") : old->text()) + ", now " + value.text());
  }
  return text;
}

inline Json to_json(const TrainingState& state) {
  Json::Array losses;
  for (const double loss : state.interval_losses) losses.emplace_back(loss);
  Json json;
  json.set("step", state.step).set("total", state.total);
  if (state.has_best) json.set("best", Json().set("score", state.best_score).set("step", state.best_step));
  json.set("interval", Json().set("steps", state.interval_steps).set("losses", std::move(losses)));
  return json;
}

inline TrainingState state_from(const Json& json) {
  TrainingState state;
  state.step = json.at("step").whole();
  state.total = json.at("total").whole();
  if (const Json* best = json.find("best")) {
    state.has_best = true;
    state.best_score = best->at("score").number();
    state.best_step = best->at("step").whole();
  }
  state.interval_steps = json.at("interval").at("steps").whole();
  for (const Json& loss : json.at("interval").at("losses").array()) state.interval_losses.push_back(loss.number());
  return state;
}

inline std::string optimizer_name(std::size_t which, const std::string& parameter) {
  return "optimizer." + std::to_string(which) + "." + parameter;
}

/// Name of the first array of the optimizer that is not finite, or empty.
inline std::string find_non_finite_state(const AnyNet& net) {
  for (std::size_t k = 0; k < net.optimizer_state_count(); ++k)
    for (std::size_t i = 0; i < net.parameters().size(); ++i)
      if (!all_finite(net.optimizer_state(k, i))) return optimizer_name(k, net.parameters()[i].name);
  return {};
}

/// Writes the state of a training, whole or not at all. Refuses values that are not finite: the last good one stays.
inline void write(const std::filesystem::path& path, const AnyNet& net, const TrainingIdentity& identity,
                  const TrainingState& state) {
  std::string bad = net.find_non_finite_parameter();
  if (bad.empty()) bad = find_non_finite_state(net);
  if (!bad.empty()) fail("no checkpoint is written to ", path.string(), ": \"", bad, "\" is not finite");
  std::vector<TensorView> tensors = parameter_file::views(net);
  for (std::size_t k = 0; k < net.optimizer_state_count(); ++k)
    for (std::size_t i = 0; i < net.parameters().size(); ++i) {
      const ParameterSlot& slot = net.parameters()[i];
      if (slot.spec.group == ParameterGroup::buffer) continue;
      tensors.push_back(TensorView::floats(optimizer_name(k, slot.name), parameter_file::shape_of(slot.spec.extents),
                                           net.optimizer_state(k, i)));
    }
  const Json training = Json().set("version", 1).set("identity", identity.to_json()).set("state", to_json(state));
  safetensors::write(path, tensors,
                     {{"format", "xstitch"}, {"signature", net.signature()}, {"training", training.text()}});
}

/// Restores parameters and optimizer, and returns where the training stood. A checkpoint of another network,
/// optimizer, seed, batch ... is refused before anything is changed.
inline TrainingState read(const std::filesystem::path& path, AnyNet& net, const TrainingIdentity& identity,
                          std::size_t optimizer_states) {
  const SafetensorsFile file(path);
  const auto found = file.metadata().find("training");
  if (found == file.metadata().end())
    fail(path.string(), ": holds parameters, but no state of a training to go on from");
  TrainingState state;
  try {
    const Json training = Json::parse(found->second, "metadata \"training\"");
    if (training.at("version").whole() != 1) fail("version ", training.at("version").whole(), ", expected 1");
    if (const std::string text = differences(training.at("identity"), identity.to_json()); !text.empty())
      fail("the checkpoint belongs to another training. To start from its parameters alone use load().", text);
    state = state_from(training.at("state"));
    if (state.interval_losses.size() != net.heads().size() && !state.interval_losses.empty())
      fail("losses of ", state.interval_losses.size(), " heads, expected ", net.heads().size());
  } catch (const Error& error) {
    fail(path.string(), ": ", error.what());
  }
  // load() checks names, shapes and values of the parameters and changes nothing on error; the optimizer's arrays
  // are checked before it.
  const bool stepped = state.step > 0;
  for (std::size_t k = 0; stepped && k < optimizer_states; ++k)
    for (const ParameterSlot& slot : net.parameters()) {
      if (slot.spec.group == ParameterGroup::buffer) continue;
      const SafetensorsFile::Entry* entry = file.find(optimizer_name(k, slot.name));
      if (entry == nullptr || entry->shape != parameter_file::shape_of(slot.spec.extents))
        fail(path.string(), ": \"", optimizer_name(k, slot.name), "\" is ",
             entry == nullptr ? "missing" : "of a wrong shape");
    }
  load(net, path);
  if (!stepped) return state;
  net.reserve_optimizer_state(optimizer_states);
  for (std::size_t k = 0; k < optimizer_states; ++k)
    for (std::size_t i = 0; i < net.parameters().size(); ++i)
      if (net.parameters()[i].spec.group != ParameterGroup::buffer)
        file.read(optimizer_name(k, net.parameters()[i].name), net.optimizer_state(k, i));
  if (const std::string bad = find_non_finite_state(net); !bad.empty())
    fail(path.string(), ": \"", bad, "\" is not finite");
  return state;
}

}  // namespace checkpoint
}  // namespace xstitch::inline XSTITCH_ISA
