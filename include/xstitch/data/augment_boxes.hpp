#pragma once
/// \file
/// Boxes that move with their image: rows of (1 if used, x0, y0, x1, y1), in pixels of the image, edges at whole
/// numbers (the whole image is 0, 0, width, height).
///
///     crop      x' = (x / width - left) / share * width, y' likewise, clipped to the image; a box that has nothing in
///               the window is unused from then on (a row of zeros)
///     mirror    x0' = width - x1, x1' = width - x0
///
/// Rows that are not used stay as they are.

#include <xstitch/core/error.hpp>
#include <xstitch/core/shape.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::augment {

/// The window of a crop, as shares of height and width.
struct Window {
  double top = 0.0, left = 0.0, share = 1.0;
};

/// Elements of a box.
inline constexpr std::size_t box_elements = 5;

inline constexpr bool is_boxes_shape(Dims shape) noexcept {
  return shape.width == 1 && shape.channels == static_cast<int>(box_elements);
}

XSTITCH_INLINE void move_boxes(std::vector<float>& boxes, Dims image, const Window& window, bool mirrored) {
  const auto width = static_cast<float>(image.width), height = static_cast<float>(image.height);
  const auto cropped = [&](float position, double start, float extent) {
    const auto whole = static_cast<double>(extent);
    return static_cast<float>((static_cast<double>(position) - start * whole) / window.share);
  };
  for (std::size_t i = 0; i + box_elements <= boxes.size(); i += box_elements) {
    float* box = boxes.data() + i;
    if (box[0] == 0.0F) continue;
    if (window.share < 1.0) {
      const float x0 = cropped(box[1], window.left, width), x1 = cropped(box[3], window.left, width);
      const float y0 = cropped(box[2], window.top, height), y1 = cropped(box[4], window.top, height);
      if (x1 <= 0.0F || x0 >= width || y1 <= 0.0F || y0 >= height) {
        std::fill_n(box, box_elements, 0.0F);
        continue;
      }
      box[1] = std::clamp(x0, 0.0F, width);
      box[2] = std::clamp(y0, 0.0F, height);
      box[3] = std::clamp(x1, 0.0F, width);
      box[4] = std::clamp(y1, 0.0F, height);
    }
    if (!mirrored) continue;
    const float x0 = box[1];
    box[1] = width - box[3];
    box[3] = width - x0;
  }
}

/// Boxes that are none: said with the name of the field.
XSTITCH_INLINE void check_boxes(const std::vector<float>& boxes, std::string_view field) {
  for (std::size_t i = 0; i + box_elements <= boxes.size(); i += box_elements) {
    const float* box = boxes.data() + i;
    if (box[0] == 0.0F) continue;
    const bool finite = std::all_of(box, box + box_elements, [](float v) { return std::isfinite(v); });
    if (box[0] != 1.0F || !finite || box[1] > box[3] || box[2] > box[4])
      fail("input \"", field, "\", row ", i / box_elements, ": found (", box[0], ", ", box[1], ", ", box[2], ", ",
           box[3], ", ", box[4], "), expected (1 if used or 0, x0, y0, x1, y1) with x0 <= x1 and y0 <= y1");
  }
}

}  // namespace xstitch::inline XSTITCH_ISA::augment
