#pragma once
// Weights, images and labels that scripts/golden/models.py and the tests of models make from one formula: a number in
// [-1, 1) for each name and index, scaled by what the name says.
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace golden {

/// Which image, and how far the biases of normalisations are from zero (`above`: all of them above it), so that no
/// input of a ReLU is so near to its kink that rounding decides.
struct Made {
  int image;
  double shift;
  bool above;
};

/// The formula: 32 bits for each name and index.
class Bits {
 public:
  explicit Bits(std::string_view name) {
    for (const char letter : name) seed_ = (seed_ ^ static_cast<std::uint8_t>(letter)) * 16777619U;
  }
  std::uint32_t operator[](std::size_t index) const {
    std::uint32_t x = seed_ + static_cast<std::uint32_t>(index) * 0x9E3779B9U;
    x = (x ^ (x >> 16)) * 0x7FEB352DU;
    x = (x ^ (x >> 15)) * 0x846CA68BU;
    return x ^ (x >> 16);
  }

 private:
  std::uint32_t seed_ = 2166136261U;
};
inline std::size_t sample(std::string_view name, std::size_t k, std::size_t count) {
  return Bits(std::string(name) + " samples")[k] % count;
}

/// The values of a tensor of a state_dict, in PyTorch's order.
inline std::vector<float> values(std::string_view name, const std::array<int, 4>& shape, double shift = 0.0,
                                 bool above = false) {
  std::size_t count = 1, rank = 0, depth = 1;
  for (; rank < 4 && shape[rank] > 0; ++rank) {
    count *= static_cast<std::size_t>(shape[rank]);
    if (rank > 0) depth *= static_cast<std::size_t>(shape[rank]);
  }
  double base = 0.0, factor = 1.0;
  if (name.ends_with("running_var"))
    base = 1.0, factor = 0.5;
  else if (shift > 0.0)
    base = 0.0;
  else if (name.ends_with("running_mean") || name.ends_with("bias"))
    factor = 0.1;
  else if (rank == 1)
    base = 1.0, factor = 0.25;
  else if (!name.starts_with("image"))
    factor = std::sqrt(6.0 / static_cast<double>(depth));
  std::vector<float> all(count);
  const Bits bits(name);
  for (std::size_t i = 0; i < count; ++i) {
    double u = static_cast<double>(bits[i] >> 8) * 0x1p-23 - 1.0;
    if (shift > 0.0) u = above ? std::abs(u) + shift : u < 0.0 ? u - shift : u + shift;
    all[i] = static_cast<float>(base + factor * u);
  }
  return all;
}

}  // namespace golden
