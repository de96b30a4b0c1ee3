#pragma once
/// \file
/// A training in one safetensors file: parameters under their names, the optimizer's arrays as "optimizer.0.NAME",
/// averaged weights as "weight_average.NAME", and the rest, with what a rule for the heads' weights has learned, as
/// JSON in the file's metadata under "training". The file is also a parameter file: load() and initialise_from() read
/// it.
///
/// Random numbers have no state here (they are functions of seed and step) and neither has the data order, so the
/// step is all that a resume needs to continue bit for bit, with the same network, optimizer, schedule, seeds, batch
/// and data. What differs is refused.

#include <xstitch/run/parameter_file.hpp>
#include <xstitch/run/training.hpp>
#include <xstitch/train/average_state.hpp>
#include <xstitch/train/balance_state.hpp>
#include <xstitch/train/optimizer_state.hpp>
#include <xstitch/train/training_state.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace checkpoint {

constexpr std::uint64_t version = 3;

/// Writes the state of a training, whole or not at all. Refuses values that are not finite: the last good one stays.
/// `metadata`: texts of the user's, which read_metadata(path) gives back.
XSTITCH_INLINE void write(const std::filesystem::path& path, const Training& training, const TrainingIdentity& identity,
                          const TrainingState& state, TextMap metadata = {}, const AveragedWeights* average = nullptr) {
  const AnyNet& net = training.net();
  net.model().check_whole();
  std::string bad = net.find_non_finite_parameter();
  if (bad.empty()) bad = optimizer_state::find_non_finite(training);
  if (bad.empty() && average != nullptr) bad = average_state::find_non_finite(*average);
  if (!bad.empty()) fail("no checkpoint is written to ", path.string(), ": \"", bad, "\" is not finite");
  std::vector<TensorView> tensors = parameter_file::views(net);
  optimizer_state::for_each(training, [&](const std::string& name, const auto& shape, std::span<const float> values) {
    tensors.push_back(TensorView::floats(name, shape, values));
  });
  Json text = Json()
                  .set("version", version)
                  .set("identity", identity.to_json())
                  .set("state", training_state::to_json(state))
                  .set("balance", balance_state::to_json(training));
  if (average != nullptr) {
    average_state::add_views(*average, tensors);
    text.set("average_updates", average->updates());
  }
  parameter_file::add_own(metadata, net);
  metadata["training"] = text.text();
  safetensors::write(path, tensors, metadata);
}

/// What to do about a schedule of another length.
XSTITCH_INLINE std::string advice(std::uint64_t then, std::uint64_t now) {
  return "\nThe schedule depends on its length, which is that of the training unless given: " + std::to_string(then) +
         " iterations then, " + std::to_string(now) +
         " now. To keep the learning rates of then set schedule_iterations = " + std::to_string(then) +
         "; to stretch the schedule, with a jump of the learning rate, set extend_schedule = true.";
}

inline constexpr std::string_view advice_on_bits =
    "\nIn bf16 each way to multiply has bits of its own. To continue with other bits set accept_other_bits = true.";

/// A checkpoint that was read.
struct Found {
  TrainingState state;
  std::uint64_t schedule_iterations = 0;  ///< TrainingIdentity::schedule_iterations then
  std::vector<BalanceArray> balance{};    ///< what the rule for the heads' weights had learned
  std::uint64_t average_updates = 0;      ///< AveragedWeights::updates()
  std::uint64_t accumulate = 1;           ///< slices of a batch
};

/// How long the training is to be that continues, and whether its schedule may be of another length.
struct Wanted {
  std::uint64_t total = ~std::uint64_t{0};
  bool other_length = false;
  bool finished = false;  ///< all of `total` done already
  bool other_bits = false;
  bool other_slices = false;  ///< those of the checkpoint are taken
};

/// Whether the network has the very parameters of the file: a training that continues in the same program.
inline bool holds_parameters_of(const AnyNet& net, const SafetensorsFile& file) {
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    const SafetensorsFile::Entry* entry = file.find(net.parameters()[i].name);
    if (entry == nullptr || entry->crc != crc32c(std::as_bytes(net.parameter(i)))) return false;
  }
  return true;
}

XSTITCH_INLINE Found parse(const std::string& text, const Training& to, const TrainingIdentity& identity,
                           const Wanted& wanted, bool continues) {
  const AnyNet& net = to.net();
  const Json training = Json::parse(text, "metadata \"training\"");
  if (training.at("version").whole() != version)
    fail("a checkpoint of version ", training.at("version").whole(), ", expected ", version);
  const Json& have = training.at("identity");
  TrainingIdentity of_now = identity;
  const Json* products = have.find("products");
  const std::string then_products = products != nullptr && products->is_string() ? products->string() : std::string();
  const bool bits_differ =
      !identity.products.empty() && have.at("precision").string() == "bf16" && then_products != identity.products;
  if (bits_differ && wanted.other_bits) of_now.products = then_products;
  Json want = of_now.to_json();
  Found found{training_state::from_json(training.at("state")), have.at("schedule_iterations").whole(), {}};
  if (const Json* updates = training.find("average_updates")) found.average_updates = updates->whole();
  const std::uint64_t then = found.schedule_iterations, now = identity.schedule_iterations;
  const bool lengths_differ = then != now && then > 0 && now > 0;
  if (lengths_differ && wanted.other_length) want.set("schedule_iterations", then);
  if (continues) want.set("initial", have.at("initial"));
  found.accumulate = have.at("accumulate").whole();
  if (wanted.other_slices) want.set("accumulate", found.accumulate);
  if (have.find("reduction") != nullptr && identity.reduction.empty()) want.set("reduction", "");
  if (const std::string text_of_all = training_state::differences(have, want); !text_of_all.empty())
    fail("the checkpoint belongs to another training. To start from its parameters alone use load().", text_of_all,
         lengths_differ && !wanted.other_length ? advice(then, now) : "",
         bits_differ && !wanted.other_bits ? advice_on_bits : "");
  if (found.state.interval.size() != net.heads().size())
    fail("losses of ", found.state.interval.size(), " heads, expected ", net.heads().size());
  if (found.state.step > wanted.total)
    fail("has done ", found.state.step, " iterations, but ", wanted.total, " are wanted in all");
  if (wanted.finished && found.state.step != wanted.total)
    fail("has done ", found.state.step, " iterations, but the training finished after ", wanted.total,
         ": an older checkpoint was put in its place");
  if (to.balance().given()) found.balance = balance_state::from_json(training.at("balance"), to);
  return found;
}

/// Restores parameters and optimizer, and says where the training was. A checkpoint of another network, optimizer,
/// seed, batch ... is refused, and so is another length of the schedule unless it is wanted. On an Error nothing is
/// changed.
XSTITCH_INLINE Found read(const std::filesystem::path& path, Training& training, const TrainingIdentity& identity,
                          const Wanted& wanted = {}, AveragedWeights* average = nullptr) {
  AnyNet& net = training.net();
  const SafetensorsFile file(path);
  const auto text = file.metadata().find("training");
  if (text == file.metadata().end())
    fail(path.string(), ": holds parameters, but no state of a training to continue from");
  if (!file.has_checksums())
    fail(path.string(),
         ": has no checksums, which a checkpoint needs to be continued from; load() takes its parameters");
  Found found;
  try {
    found = parse(text->second, training, identity, wanted, holds_parameters_of(net, file));
  } catch (const Error& error) {
    fail(path.string(), ": ", error.what());
  }
  const optimizer_state::Restored arrays(file, path, net, found.state.step > 0 ? training.optimizer_state_count() : 0);
  std::vector<std::vector<float>> averaged;
  if (average != nullptr) averaged = average_state::read(file, path, net);
  load(net, path);
  arrays.commit(training);
  training.set_balance_state(found.balance);
  if (average != nullptr)
    average->restore(found.average_updates, [&](std::size_t i) { return std::span<const float>(averaged[i]); });
  return found;
}

}  // namespace checkpoint
}  // namespace xstitch::inline XSTITCH_ISA
