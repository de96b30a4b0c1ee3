#pragma once
// The protocol by which methods are compared: every row of a table is trained in two stages.
//
//   stage 1   N iterations for each task
//   stage 2   N more: a fresh optimizer, the schedule from its beginning
//
// A cross-stitched pair starts stage 2 from the two one-task networks of stage 1; "one-task" is that same stage with
// alphas frozen at (1, 0). Networks that train their tasks together (split, shared, units) run both stages as
// themselves. An ensemble's partner is trained with seed s + 1000, which no other row has. The last iterate is judged.
#include <xstitch/core/error.hpp>
#include <xstitch/core/number_text.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace protocol {

namespace xs = xstitch;

/// One stage of one network.
struct Training {
  std::string name;             ///< of its folder
  std::string network;          ///< of the preset
  std::uint64_t seed = 1;       ///< of initial values, data order and dropout
  std::uint64_t data_seed = 1;  ///< of the rooms that are drawn to train on
  std::uint64_t iterations = 0;
  std::vector<std::string> start;                   ///< trainings whose last iterates are its initial values
  std::vector<std::array<std::string, 2>> mapping;  ///< of prefixes of parameters: {"presence.", "normals."}
  std::array<float, 2> alpha{0.9F, 0.1F};           ///< initial alpha_S, alpha_D
  bool alphas_frozen = false;
  float learning_rate = 0.0F, alpha_multiplier = 0.0F;  ///< 0: the preset's
  std::string balance;                                  ///< a rule that weighs the losses; empty: none
  std::string variant;                                  ///< of the data: "", or what the program knows
};

/// One row of a table for one seed: the mean of the predictions of `ends`, one training or two.
struct Row {
  std::string method;
  std::uint64_t seed = 1;
  std::vector<std::string> ends;
  std::size_t tasks = 2;
};

/// How a pair is trained beyond stage 1, where it differs from the preset.
struct PairSettings {
  std::string network = "cross_stitch";
  std::array<float, 2> alpha{0.9F, 0.1F};
  float learning_rate = 0.0F, alpha_multiplier = 0.0F;
  std::string balance, variant;
  std::uint64_t data_seed = 0;     ///< 0: the seed
  std::vector<std::string> tasks;  ///< empty: the plan's
  std::string suffix;              ///< of the training's name: what differs
};

class Plan {
 public:
  /// Tasks: a network of the preset that trains one alone each. Iterations: of stage 1 for each task, and of stage 2.
  Plan(std::vector<std::string> tasks, std::vector<std::uint64_t> first, std::uint64_t second)
      : tasks_(std::move(tasks)), first_(std::move(first)), second_(second) {
    if (tasks_.size() != first_.size()) xs::fail("plan: ", tasks_.size(), " tasks, ", first_.size(), " numbers");
  }

  Row one_task(std::uint64_t seed, PairSettings settings = {}) {
    settings.alpha = {1.0F, 0.0F};
    return {"one-task", seed, {second_stage("one-task", seed, settings, true)}, tasks_.size()};
  }
  Row cross_stitch(std::uint64_t seed, const std::string& method = "cross-stitch", const PairSettings& settings = {}) {
    return {method, seed, {second_stage("cross-stitch", seed, settings, false)}, tasks_.size()};
  }
  Row ensemble(std::uint64_t seed, const PairSettings& settings = {}) {
    PairSettings partner = settings;
    partner.data_seed = seed;
    return {
        "ensemble", seed, {one_task(seed, settings).ends[0], one_task(seed + 1000, partner).ends[0]}, tasks_.size()};
  }
  /// Other tasks than the plan's, stage 1 of each as long as the plan's first; `network` stitches them.
  Row stitched_tasks(const std::string& network, const std::vector<std::string>& tasks, std::uint64_t seed,
                     bool one_task) {
    PairSettings settings;
    settings.network = network;
    settings.tasks = tasks;
    if (one_task) settings.alpha = {1.0F, 0.0F};
    const std::string method = one_task ? "one-task" : "cross-stitch";
    return {method, seed, {second_stage(network + "." + method, seed, settings, one_task)}, tasks.size()};
  }
  /// Both stages as itself, stage 1 as long as the plan's first task's.
  Row together(const std::string& network, std::uint64_t seed, PairSettings settings = {}, std::size_t tasks = 2) {
    settings.network = network;
    const std::string method = network + settings.suffix;
    Training first = training(method + ".1", seed, settings);
    first.iterations = first_[0];
    Training second = training(method + ".2", seed, settings);
    second.iterations = second_;
    second.start = {add(std::move(first))};
    return {method, seed, {add(std::move(second))}, tasks};
  }

  /// A training of its own. The same name twice is the same training.
  const std::string& add(Training training) {
    for (const Training& known : trainings_)
      if (known.name == training.name) return known.name;
    trainings_.push_back(std::move(training));
    return trainings_.back().name;
  }

  /// Each comes after those that it starts from.
  [[nodiscard]] const std::vector<Training>& trainings() const noexcept { return trainings_; }
  [[nodiscard]] const Training& find(const std::string& name) const {
    for (const Training& t : trainings_)
      if (t.name == name) return t;
    xs::fail("plan: no training \"", name, "\"");
  }
  /// All trainings that a row needs, once each.
  [[nodiscard]] std::vector<std::string> needed(const Row& row) const {
    std::vector<std::string> names;
    const std::function<void(const std::string&)> visit = [&](const std::string& name) {
      for (const std::string& known : names)
        if (known == name) return;
      for (const std::string& source : find(name).start) visit(source);
      names.push_back(name);
    };
    for (const std::string& end : row.ends) visit(end);
    return names;
  }

  [[nodiscard]] static std::string name_of(std::string what, std::uint64_t seed) {
    for (char& letter : what)
      if (letter == ':' || letter == '/' || letter == ' ') letter = '-';
    return "seed" + std::to_string(seed) + "." + what;
  }

 private:
  Training training(const std::string& what, std::uint64_t seed, const PairSettings& settings) const {
    Training t;
    t.name =
        name_of(what + (settings.learning_rate > 0.0F ? ".rate-" + xs::number_text(settings.learning_rate, 5) : "") +
                    (settings.variant.empty() ? "" : "." + settings.variant),
                seed);
    t.network = settings.network;
    t.seed = seed;
    t.data_seed = settings.data_seed == 0 ? seed : settings.data_seed;
    t.alpha = settings.alpha;
    t.learning_rate = settings.learning_rate;
    t.alpha_multiplier = settings.alpha_multiplier;
    t.balance = settings.balance;
    t.variant = settings.variant;
    return t;
  }
  /// Stage 1 of each task, then the pair.
  std::string second_stage(const std::string& what, std::uint64_t seed, const PairSettings& settings, bool frozen) {
    Training pair = training(what + settings.suffix, seed, settings);
    pair.iterations = second_;
    pair.alphas_frozen = frozen;
    const std::vector<std::string>& tasks = settings.tasks.empty() ? tasks_ : settings.tasks;
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      PairSettings alone;
      alone.network = tasks[t];
      alone.learning_rate = settings.learning_rate;
      alone.variant = settings.variant;
      alone.data_seed = settings.data_seed;
      Training first = training(tasks[t], seed, alone);
      first.iterations = settings.tasks.empty() ? first_[t] : first_[0];
      pair.start.push_back(add(std::move(first)));
    }
    return add(std::move(pair));
  }

  std::vector<std::string> tasks_;
  std::vector<std::uint64_t> first_;
  std::uint64_t second_;
  std::vector<Training> trainings_;
};

}  // namespace protocol
