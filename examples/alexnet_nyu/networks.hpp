#pragma once
// The menu of networks: one translation unit a preset, because its networks share all their kernels.
#include <xstitch/run/training.hpp>

#include <memory>
#include <string>
#include <vector>

namespace alexnet_nyu {

namespace xs = xstitch;

/// Size, width and classes are types; everything else of a preset is a default that the command line can change.
struct Preset {
  std::string name;
  std::string what;  ///< one line for --help
  int height = 0, width = 0, classes = 0;
  std::size_t batch = 16;
  std::size_t segmentation_iterations = 0, normals_iterations = 0;  ///< of stage 1
  std::size_t second_iterations = 0;                                ///< of stage 2
  float learning_rate = 0.01F, weight_decay = 5e-4F, alpha_multiplier = 100.0F;
  std::size_t train_rooms = 0, test_rooms = 0;
  /// "segmentation", "normals" (one task each), "ensemble", "shared", "split:LAYER", "cross_stitch",
  /// "cross_stitch:layer" (one alpha matrix a layer). An Error names what there is for anything else.
  std::unique_ptr<xs::AnyNet> (*make)(const std::string& network, xs::Seed seed) = nullptr;
  /// "segmentation", "normals" and "cross_stitch" multiplying in bf16; null if the preset has none.
  std::unique_ptr<xs::AnyNet> (*make_bf16)(const std::string& network, xs::Seed seed) = nullptr;
  std::string (*describe)() = nullptr;  ///< table of the cross-stitched pair
};

Preset demo_preset();
Preset full_preset();
Preset paper_preset();

inline std::vector<Preset> presets() { return {demo_preset(), full_preset(), paper_preset()}; }

}  // namespace alexnet_nyu
