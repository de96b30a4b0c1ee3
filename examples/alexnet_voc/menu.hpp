#pragma once
// The menu of networks: one translation unit a preset, because its networks share all their kernels.
#include <xstitch/run/training.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace alexnet_voc {

namespace xs = xstitch;

/// Pascal VOC's classes and aPascal's attributes. Data with fewer of them fill the first ones (pair_data.hpp), so that
/// one network serves all data sets.
inline constexpr int classes = 20, attributes = 64;
/// Regions of an image: in a step of training, and in one pass of inference.
inline constexpr int training_regions = 64, inference_regions = 300;

/// Size and width are types; everything else of a preset is a default that the command line can change.
struct Preset {
  std::string name;
  std::string what;  ///< one line for --help
  int height = 0, width = 0;
  std::uint64_t iterations = 0;  ///< of each of the two stages
  float learning_rate = 0.001F, weight_decay = 5e-4F, alpha_multiplier = 100.0F;
  bool stepwise = false;  ///< the learning rate a tenth after three quarters; else (1 - t / total)^0.9
  std::size_t train_rooms = 0, test_rooms = 0;
  /// "detection", "attributes" (one task each), "shared", "split:LAYER", "cross_stitch" (pool1, pool2,
  /// pool5; an alpha matrix a layer), "cross_stitch:fc" (fc6 and fc7, too), "cross_stitch:channel" (an alpha matrix a
  /// channel). An Error names what there is for anything else.
  std::unique_ptr<xs::AnyNet> (*make)(const std::string& network, xs::Seed seed) = nullptr;
  /// The same network for inference with more regions, without anything of training: for xs::AnyPredictor.
  const xs::Program& (*wide)(const std::string& network) = nullptr;
  std::string (*describe)() = nullptr;  ///< table of the cross-stitched pair
};

Preset demo_preset();
Preset paper_preset();

inline std::vector<Preset> presets() { return {demo_preset(), paper_preset()}; }

}  // namespace alexnet_voc
