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
  std::array<int, 4> size{};  ///< from the outermost to the innermost
  int rank = 0;               ///< how many of `size` count

  constexpr Extents() = default;
  /// A vector.
  constexpr explicit Extents(int a) : size{a}, rank(1) {}
  /// A matrix of a rows and b columns.
  constexpr Extents(int a, int b) : size{a, b}, rank(2) {}
  /// Three extents.
  constexpr Extents(int a, int b, int c) : size{a, b, c}, rank(3) {}
  /// Four extents.
  constexpr Extents(int a, int b, int c, int d) : size{a, b, c, d}, rank(4) {}

  /// Elements, the product of the extents.
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

/// Initial values of a parameter: a rule, and the numbers that it needs.
struct Initializer {
  InitializerKind kind = InitializerKind::constant;  ///< the rule
  float value = 0.0F;  ///< the constant, the standard deviation, or the diagonal of `stitch`
  float other = 0.0F;  ///< of `stitch`: what is not on the diagonal

  /// The same value everywhere.
  static constexpr Initializer constant(float v) { return {InitializerKind::constant, v}; }
  /// Normal, with mean 0.
  static constexpr Initializer gaussian(float standard_deviation) {
    return {InitializerKind::gaussian, standard_deviation};
  }
  /// Uniform in +-sqrt(3 / fan_in): Caffe's rule, after Glorot and Bengio 2010.
  static constexpr Initializer xavier() { return {InitializerKind::xavier}; }
  /// Normal, standard deviation sqrt(2 / fan_in): He et al. 2015.
  static constexpr Initializer he() { return {InitializerKind::he}; }
  /// Uniform in +-1 / sqrt(fan_in).
  static constexpr Initializer pytorch() { return {InitializerKind::pytorch}; }
  /// The kernel of bilinear interpolation, for a TransposedConv that scales up.
  static constexpr Initializer bilinear() { return {InitializerKind::bilinear}; }
  /// By the function `initialize` of the layer.
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
  std::string_view name;                          ///< without the layer's name: "weight"
  Extents extents;                                ///< row-major
  Initializer initializer;                        ///< rule of its initial values
  ParameterGroup group = ParameterGroup::weight;  ///< which multipliers an optimizer applies
  int fan_in = 1;                                 ///< inputs that one output sums over, for xavier and he
  /// On top of the group's multiplier (0 freezes the parameter).
  float learning_rate_multiplier = 1.0F;
  float weight_decay_multiplier = 1.0F;  ///< on top of the group's
  /// A letter for each extent: "HWIO" for the weights of a convolution, "IO" for those of a fully connected layer;
  /// empty if nothing is said. Files of other libraries have them in another order.
  std::string_view axes{};
  Dims input{};  ///< what "I" of "IO" runs over: height, width, channels of an image that is read as one long vector
  std::string_view pytorch_name{};  ///< its name in files of PyTorch's where that is another one
};

}  // namespace xstitch::inline XSTITCH_ISA
