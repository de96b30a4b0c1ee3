#pragma once
/// \file
/// What a layer says about each of its parameters. Storage, initial values, serialisation, printing, counting,
/// optimizer groups and gradient checks are all derived from these descriptions.

#include <xstitch/core/isa.hpp>
#include <xstitch/core/shape.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

/// Extents of a parameter, up to four, row-major: convolution weights are {kernel height, kernel width, in, out}.
struct Extents {
  std::array<int, 4> size{};
  int rank = 0;

  constexpr Extents() = default;
  constexpr explicit Extents(int a) : size{a}, rank(1) {}
  constexpr Extents(int a, int b) : size{a, b}, rank(2) {}
  constexpr Extents(int a, int b, int c) : size{a, b, c}, rank(3) {}
  constexpr Extents(int a, int b, int c, int d) : size{a, b, c, d}, rank(4) {}

  [[nodiscard]] constexpr std::size_t count() const noexcept {
    std::size_t n = 1;
    for (int i = 0; i < rank; ++i) n *= static_cast<std::size_t>(size[static_cast<std::size_t>(i)]);
    return n;
  }
  constexpr bool operator==(const Extents&) const noexcept = default;
};

/// How a parameter gets its initial values.
enum class InitializerKind : std::uint8_t {
  constant,  ///< value everywhere
  gaussian,  ///< normal, mean 0, standard deviation `value`
  xavier,    ///< uniform in +-sqrt(3 / fan_in) (Caffe's rule)
  he,        ///< normal, standard deviation sqrt(2 / fan_in)
  pytorch,   ///< uniform in +-1 / sqrt(fan_in) (PyTorch's default of Conv2d and Linear)
  bilinear,  ///< {height, width, ...}: the bilinear interpolation kernel, the same for each channel
  stitch,    ///< {towers, towers, channels or 1}: `value` on the diagonal, `other` elsewhere
  custom,    ///< the layer's own function `initialize(Dims, parameter index, float* values, RandomKey)`
};

struct Initializer {
  InitializerKind kind = InitializerKind::constant;
  float value = 0.0F;
  float other = 0.0F;

  static constexpr Initializer constant(float v) { return {InitializerKind::constant, v}; }
  static constexpr Initializer gaussian(float standard_deviation) {
    return {InitializerKind::gaussian, standard_deviation};
  }
  static constexpr Initializer xavier() { return {InitializerKind::xavier}; }
  static constexpr Initializer he() { return {InitializerKind::he}; }
  static constexpr Initializer pytorch() { return {InitializerKind::pytorch}; }
  static constexpr Initializer bilinear() { return {InitializerKind::bilinear}; }
  static constexpr Initializer custom() { return {InitializerKind::custom}; }
};

/// The group decides which multipliers an optimizer applies.
enum class ParameterGroup : std::uint8_t {
  weight,  ///< learning rate x 1, weight decay x 1
  bias,    ///< learning rate x bias_multiplier (Caffe: 2), no weight decay
  stitch,  ///< of weave units: learning rate x alpha_multiplier, no weight decay
  buffer,  ///< never trained: running means, codebooks, fixed kernels
};

/// One parameter of a layer; the layer's name comes in front: "upper.conv1.weight".
struct ParameterSpec {
  std::string_view name;
  Extents extents;
  Initializer initializer;
  ParameterGroup group = ParameterGroup::weight;
  int fan_in = 1;  ///< inputs that one output sums over, for xavier and he
  /// On top of the group's multiplier (0 freezes the parameter).
  float learning_rate_multiplier = 1.0F;
  float weight_decay_multiplier = 1.0F;
  /// A letter for each extent: "HWIO" for the weights of a convolution, "IO" for those of a fully connected layer;
  /// empty if nothing is said. Files of other libraries have them in another order.
  std::string_view axes{};
  Dims input{};  ///< what "I" of "IO" runs over: height, width, channels of an image that is read as one long vector
  std::string_view pytorch_name{};  ///< its name in files of PyTorch's where that is another one
};

}  // namespace xstitch::inline XSTITCH_ISA
