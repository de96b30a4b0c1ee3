#pragma once
/// \file
/// Boxes in an image, in pixels, edges at whole numbers: the pixel (column x, row y) is (x, y, x + 1, y + 1), the whole
/// image (0, 0, width, height). (PASCAL VOC counts pixels from 1 and names the last one: x0 = xmin - 1, x1 = xmax.)
///
///     overlap(a, b)      intersection over union; 0 where a box is empty
///     encode(r, b)       from a region to a box: dx = (cx_b - cx_r) / w_r, dy likewise, dw = log(w_b / w_r), dh
///     likewise decode(r, offsets) the box; encode and decode are inverse (Girshick et al., 2014, appendix C)
///     keep_maxima        non-maximum suppression: from the highest score down, a box stays unless it overlaps one that
///                        stayed by more than the threshold
///
/// Products are of two floats in double: exact, so that no fused multiply-add changes a bit.

#include <xstitch/core/error.hpp>
#include <xstitch/core/sort_stably.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// A rectangle in pixels of an image, [x0, x1) x [y0, y1): its width is x1 - x0, without Caffe's added pixel.
struct Box {
  float x0 = 0.0F, y0 = 0.0F, x1 = 0.0F, y1 = 0.0F;  ///< left, top, right and bottom edge

  /// X1 - x0, in pixels.
  [[nodiscard]] float width() const noexcept { return x1 - x0; }
  /// Y1 - y0, in pixels.
  [[nodiscard]] float height() const noexcept { return y1 - y0; }
  /// Whether it holds no area; also true of NaN.
  [[nodiscard]] bool empty() const noexcept { return !(x1 > x0 && y1 > y0); }
  /// Square pixels; 0 where it is empty.
  [[nodiscard]] double area() const noexcept {
    return empty() ? 0.0 : static_cast<double>(width()) * static_cast<double>(height());
  }
  constexpr bool operator==(const Box&) const noexcept = default;
};

/// What turns a region into a box, in units of the region's size (Girshick 2014).
struct BoxOffsets {
  /// Shift of the centre by width and height; logarithms of the ratios of width and height.
  float dx = 0.0F, dy = 0.0F, dw = 0.0F, dh = 0.0F;
  constexpr bool operator==(const BoxOffsets&) const noexcept = default;
};

/// What both boxes cover; empty where they do not meet.
inline Box intersection(const Box& a, const Box& b) noexcept {
  return {std::max(a.x0, b.x0), std::max(a.y0, b.y0), std::min(a.x1, b.x1), std::min(a.y1, b.y1)};
}

/// Intersection over union, from 0 to 1; 0 where either is empty.
inline double overlap(const Box& a, const Box& b) noexcept {
  const double common = intersection(a, b).area();
  return common > 0.0 ? common / (a.area() + b.area() - common) : 0.0;
}

/// The part of a box that lies in an image of that size.
inline Box clipped(const Box& b, float width, float height) noexcept {
  return {std::clamp(b.x0, 0.0F, width), std::clamp(b.y0, 0.0F, height), std::clamp(b.x1, 0.0F, width),
          std::clamp(b.y1, 0.0F, height)};
}

namespace boxes {

inline double middle(float low, float high) noexcept {
  return 0.5 * (static_cast<double>(low) + static_cast<double>(high));
}
inline double extent(float low, float high) noexcept { return static_cast<double>(high - low); }

}  // namespace boxes

/// Neither box may be empty.
inline BoxOffsets encode(const Box& region, const Box& box) noexcept {
  using namespace boxes;  // NOLINT(google-build-using-namespace): two helpers
  const double w = extent(region.x0, region.x1), h = extent(region.y0, region.y1);
  return {static_cast<float>((middle(box.x0, box.x1) - middle(region.x0, region.x1)) / w),
          static_cast<float>((middle(box.y0, box.y1) - middle(region.y0, region.y1)) / h),
          static_cast<float>(std::log(extent(box.x0, box.x1) / w)),
          static_cast<float>(std::log(extent(box.y0, box.y1) / h))};
}

/// Offsets of size are cut off at log(1000 / 16), as in Detectron: an untrained network does not give infinite boxes.
XSTITCH_INLINE Box decode(const Box& region, const BoxOffsets& o) noexcept {
  using namespace boxes;  // NOLINT(google-build-using-namespace): two helpers
  static const double most = std::log(1000.0 / 16.0);
  const double w = extent(region.x0, region.x1), h = extent(region.y0, region.y1);
  const double x = middle(region.x0, region.x1) + static_cast<double>(o.dx) * w,
               y = middle(region.y0, region.y1) + static_cast<double>(o.dy) * h;
  const double half_w = 0.5 * (std::exp(std::min(most, static_cast<double>(o.dw))) * w),
               half_h = 0.5 * (std::exp(std::min(most, static_cast<double>(o.dh))) * h);
  return {static_cast<float>(x - half_w), static_cast<float>(y - half_h), static_cast<float>(x + half_w),
          static_cast<float>(y + half_h)};
}

/// Numbers of the boxes that stay, highest score first; of equal scores the one that comes first is the higher.
XSTITCH_INLINE std::vector<std::size_t> keep_maxima(std::span<const Box> boxes, std::span<const float> scores,
                                                    double threshold) {
  if (boxes.size() != scores.size())
    fail("non-maximum suppression: ", boxes.size(), " boxes and ", scores.size(), " scores");
  std::vector<std::size_t> order(boxes.size()), kept;
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (!std::isfinite(scores[i])) fail("non-maximum suppression: the score of box ", i, " is not finite");
  sort_stably(order, [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  for (const std::size_t i : order)
    if (std::none_of(kept.begin(), kept.end(), [&](std::size_t k) { return overlap(boxes[k], boxes[i]) > threshold; }))
      kept.push_back(i);
  return kept;
}

}  // namespace xstitch::inline XSTITCH_ISA
