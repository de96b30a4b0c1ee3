#pragma once
/// \file
/// A picture in bytes. How its values become the numbers that a network sees: core/pixel_scaling.hpp.

#include <xstitch/core/isa.hpp>
#include <xstitch/core/pixel_scaling.hpp>
#include <xstitch/core/shape.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

/// Rows from the top, pixels from the left, channels together: [height, width, channels].
struct ByteImage {
  Dims shape{};                      ///< height, width and channels (1 or 3)
  std::vector<std::uint8_t> values;  ///< row by row, channels of a pixel side by side

  /// The first channel of a pixel.
  [[nodiscard]] const std::uint8_t* pixel(int row, int column) const noexcept {
    return values.data() +
           (static_cast<std::size_t>(row) * static_cast<std::size_t>(shape.width) + static_cast<std::size_t>(column)) *
               static_cast<std::size_t>(shape.channels);
  }
};

}  // namespace xstitch::inline XSTITCH_ISA::data
