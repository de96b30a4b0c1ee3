#pragma once
/// \file
/// A picture in bytes, and how its values become the numbers that a network sees.

#include <xstitch/core/isa.hpp>
#include <xstitch/core/shape.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

/// Rows from the top, pixels from the left, channels together: [height, width, channels].
struct ByteImage {
  Dims shape{};
  std::vector<std::uint8_t> values;

  [[nodiscard]] const std::uint8_t* pixel(int row, int column) const noexcept {
    return values.data() +
           (static_cast<std::size_t>(row) * static_cast<std::size_t>(shape.width) + static_cast<std::size_t>(column)) *
               static_cast<std::size_t>(shape.channels);
  }
};

/// Network input from RGB bytes: (value / 255 - mean) / standard_deviation, in the order red, green, blue, or blue
/// first.
struct PixelScaling {
  std::array<float, 3> mean{0.5F, 0.5F, 0.5F};  ///< of red, green, blue
  std::array<float, 3> standard_deviation{0.25F, 0.25F, 0.25F};
  bool blue_first = false;

  /// Caffe's: blue, green, red from 0 to 255 minus the mean of ImageNet (104, 117, 123).
  static constexpr PixelScaling caffe() {
    return {{123.0F / 255.0F, 117.0F / 255.0F, 104.0F / 255.0F}, {1.0F / 255.0F, 1.0F / 255.0F, 1.0F / 255.0F}, true};
  }
  /// torchvision's: 0..1 minus the mean of ImageNet, over its standard deviation.
  static constexpr PixelScaling torchvision() { return {{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}, false}; }

  /// `pixels` RGB triples of bytes to floats.
  void apply(const std::uint8_t* bytes, std::size_t pixels, float* out) const noexcept {
    for (std::size_t c = 0; c < 3; ++c) {
      const std::size_t to = blue_first ? 2 - c : c;
      const float scale = 1.0F / (255.0F * standard_deviation[c]), shift = mean[c] / standard_deviation[c];
      for (std::size_t i = 0; i < pixels; ++i) out[3 * i + to] = static_cast<float>(bytes[3 * i + c]) * scale - shift;
    }
  }
};

}  // namespace xstitch::inline XSTITCH_ISA::data
