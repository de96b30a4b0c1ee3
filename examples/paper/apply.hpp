#pragma once
// A saved network at work: judged on a data set, or on a picture of the user's own.
#include <string>
#include <vector>

#include "preset.hpp"

namespace paper {

struct EvaluateSettings {
  std::string network;  ///< file
  std::string data = "rooms", split = "test";
  std::size_t rooms = 400, threads = 0;
};
/// Prints a row a task.
void evaluate_network(const EvaluateSettings& settings, const std::vector<Preset>& presets);

struct PredictSettings {
  /// Files; the picture is a PNG or a JPEG, the output a PNG, or a page (.html) of a detector's.
  std::string network, picture, output;
  std::size_t threads = 0;
};
/// Writes the picture, and beside it what the network's tasks see in it.
void predict_picture(const PredictSettings& settings, const std::vector<Preset>& presets);

}  // namespace paper
