#pragma once
// A preset: the size of the networks, which is a type, and defaults that the command line can change.
//
// A header in presets/ brings a size and one preset or more:
//
//   struct NAME : Towers<height, width, classes, ...> {   // the file is presets/NAME.hpp
//     static std::vector<Preset> presets();
//   };
//
// The build makes a translation unit of each of networks/*.hpp for it, and a list of all presets.
#include <xstitch/run/any_net.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace paper {

namespace xs = xstitch;

using NetworkPointer = std::unique_ptr<xs::AnyNet>;
using MakeNetwork = NetworkPointer (*)(const std::string& network, xs::Seed seed);

inline constexpr int words = 20;  ///< of the normals' codebook

struct Preset {
  std::string name, what;  ///< `what`: one line for --help
  int height = 0, width = 0, classes = 0;
  std::size_t batch = 4;
  std::uint64_t iterations = 0;  ///< N, of each stage
  std::size_t seeds = 5;
  std::size_t train_rooms = 0, test_rooms = 0;
  float learning_rate = 0.01F, weight_decay = 5e-4F, alpha_multiplier = 100.0F;
  std::vector<std::string> experiments;    ///< of `all`
  std::vector<std::string> splits;         ///< of `fig2`: layers
  std::vector<std::vector<float>> alphas;  ///< of `table1` and `table4`: alpha_S, alpha_D
  std::vector<float> alpha_multipliers;    ///< of `table2`
  /// Of a size: "segmentation", "normals", "depth", "presence" (one task each), "cross_stitch", "split:conv4" ...
  /// An Error names what there is for anything else.
  MakeNetwork make = nullptr;
};

/// All presets; made by the build.
std::vector<Preset> presets();

}  // namespace paper
