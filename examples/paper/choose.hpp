#pragma once
// Settings chosen on validation data (DataSettings::validation), with a seed that is not reported:
//
//   round 1   of every method the learning rate: 1, 1/2, 2 times the preset's
//   round 2   with it, the layer to split at, and the multiplier of the alphas: 1, 1/5, 5 times the preset's
//
// The best has the largest delta_m of the primary outcomes against one-task with the preset's learning rate; of equal
// ones the first. Networks are then trained again on all training data.
#include <atomic>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/comparison.hpp"
#include "common/runner.hpp"

namespace paper {

namespace xs = xstitch;

/// 0 and empty: the preset's.
struct Chosen {
  float one_task_rate = 0.0F, split_rate = 0.0F, shared_rate = 0.0F, cross_stitch_rate = 0.0F;
  float alpha_multiplier = 0.0F;
  std::string split;  ///< a layer

  [[nodiscard]] protocol::PairSettings with_rate(float rate) const {
    protocol::PairSettings settings;
    settings.learning_rate = rate;
    return settings;
  }
  [[nodiscard]] protocol::PairSettings cross_stitch() const {
    protocol::PairSettings settings = with_rate(cross_stitch_rate);
    settings.alpha_multiplier = alpha_multiplier;
    if (alpha_multiplier > 0.0F) settings.suffix = ".multiplier-" + xs::number_text(alpha_multiplier, 6);
    return settings;
  }
};

/// A file that choose() wrote. What equals the preset's is 0.
Chosen read_chosen(const std::filesystem::path& file, float learning_rate, float alpha_multiplier);

struct ChoiceSettings {
  std::vector<std::string> tasks;
  std::uint64_t iterations = 0, seed = 0;
  std::vector<protocol::Column> columns;
  std::vector<std::string> splits;  ///< layers; round 1 takes `first_split`
  std::string first_split;
};
/// Writes choice.txt and chosen.json to the folder of results. False if it was stopped.
bool choose(const ChoiceSettings& settings, protocol::Subject& subject, const protocol::RunSettings& run,
            const std::atomic<bool>& stop);

}  // namespace paper
