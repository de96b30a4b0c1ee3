#pragma once
/// \file
/// How the bytes of a picture become the numbers that a network sees:
///
///     x[c] = (v[c] / 255 - mean[c]) / standard_deviation[c]        v: red, green, blue, 0 to 255
///
/// in the order red, green, blue, or blue first.

#include <xstitch/core/isa.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace xstitch::inline XSTITCH_ISA {

struct PixelScaling {
  std::array<float, 3> mean{0.5F, 0.5F, 0.5F};  ///< of red, green, blue
  /// What (value - mean) is divided by, for each channel.
  std::array<float, 3> standard_deviation{0.25F, 0.25F, 0.25F};
  bool blue_first = false;  ///< channels in the order blue, green, red

  /// Caffe's: blue, green, red from 0 to 255 minus the mean of ImageNet (104, 117, 123).
  static constexpr PixelScaling caffe() {
    return {{123.0F / 255.0F, 117.0F / 255.0F, 104.0F / 255.0F}, {1.0F / 255.0F, 1.0F / 255.0F, 1.0F / 255.0F}, true};
  }
  /// torchvision's: 0..1 minus the mean of ImageNet, over its standard deviation.
  static constexpr PixelScaling torchvision() { return {{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}, false}; }
  /// Bytes as 0 to 1.
  static constexpr PixelScaling zero_to_one() { return {{0.0F, 0.0F, 0.0F}, {1.0F, 1.0F, 1.0F}, false}; }
  /// Bytes as -1 to 1, as networks of TensorFlow's want them.
  static constexpr PixelScaling minus_one_to_one() { return {{0.5F, 0.5F, 0.5F}, {0.5F, 0.5F, 0.5F}, false}; }

  /// `pixels` RGB triples of bytes to floats.
  void apply(const std::uint8_t* bytes, std::size_t pixels, float* out) const noexcept {
    for (std::size_t c = 0; c < 3; ++c) {
      const std::size_t to = blue_first ? 2 - c : c;
      const float scale = 1.0F / (255.0F * standard_deviation[c]), shift = mean[c] / standard_deviation[c];
      for (std::size_t i = 0; i < pixels; ++i) out[3 * i + to] = static_cast<float>(bytes[3 * i + c]) * scale - shift;
    }
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
