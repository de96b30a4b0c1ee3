#pragma once
/// \file
/// A picture of any size in a canvas of a fixed one: scaled by one factor to fit, in the middle, the rest at 0 (the
/// mean colour of the scaling).
///
///     factor = min(H / h, W / w)        x' = left + x * (scaled width / w), y' likewise; and back, clipped
///
/// The scaled sizes are whole numbers, so that the factors of the two axes differ by rounding.

#include <xstitch/core/boxes.hpp>
#include <xstitch/core/error.hpp>
#include <xstitch/core/shape.hpp>
#include <xstitch/data/image.hpp>
#include <xstitch/data/resize.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

class Letterbox {
 public:
  /// A picture of height x width in a canvas.
  Letterbox(int height, int width, int canvas_height, int canvas_width)
      : height_(height), width_(width), canvas_height_(canvas_height), canvas_width_(canvas_width) {
    if (height < 1 || width < 1 || canvas_height < 1 || canvas_width < 1)
      fail("letterbox: found ", height, "x", width, " in ", canvas_height, "x", canvas_width,
           ", expected extents of at least 1");
    const double factor =
        std::min(static_cast<double>(canvas_height) / height, static_cast<double>(canvas_width) / width);
    const auto scaled = [factor](int extent, int most) {
      return std::clamp(static_cast<int>(std::lround(extent * factor)), 1, most);
    };
    scaled_height_ = scaled(height, canvas_height);
    scaled_width_ = scaled(width, canvas_width);
    top_ = (canvas_height - scaled_height_) / 2;
    left_ = (canvas_width - scaled_width_) / 2;
  }

  /// Empty rows above the scaled picture.
  [[nodiscard]] int top() const noexcept { return top_; }
  /// Empty columns left of it.
  [[nodiscard]] int left() const noexcept { return left_; }
  /// Rows of the scaled picture.
  [[nodiscard]] int scaled_height() const noexcept { return scaled_height_; }
  /// Columns of the scaled picture.
  [[nodiscard]] int scaled_width() const noexcept { return scaled_width_; }

  /// From the picture's pixels to the canvas's.
  [[nodiscard]] Box place(const Box& box) const noexcept {
    const auto x = [this](float v) { return moved(v, scaled_width_, width_, left_); };
    const auto y = [this](float v) { return moved(v, scaled_height_, height_, top_); };
    return {x(box.x0), y(box.y0), x(box.x1), y(box.y1)};
  }
  /// From the canvas's pixels to the picture's, clipped to it.
  [[nodiscard]] Box restore(const Box& box) const noexcept {
    const auto back = [](float v, int start, int extent, int scaled) {
      return static_cast<float>((static_cast<double>(v) - start) * extent / scaled);
    };
    const Box out{back(box.x0, left_, width_, scaled_width_), back(box.y0, top_, height_, scaled_height_),
                  back(box.x1, left_, width_, scaled_width_), back(box.y1, top_, height_, scaled_height_)};
    return clipped(out, static_cast<float>(width_), static_cast<float>(height_));
  }

  /// The picture (RGB) at the size that it has in the canvas.
  [[nodiscard]] ByteImage shrink(const ByteImage& image) const {
    if (image.shape != Dims{height_, width_, 3})
      fail("letterbox: found a picture of ", to_string(image.shape), ", expected ", height_, "x", width_, "x3");
    return resize_smooth(image, scaled_height_, scaled_width_);
  }
  /// The canvas [H, W, 3] as a network sees it, from what shrink() gave.
  void fill(const ByteImage& scaled, const PixelScaling& scaling, std::vector<float>& out) const {
    const auto row = static_cast<std::size_t>(canvas_width_) * 3;
    out.assign(static_cast<std::size_t>(canvas_height_) * row, 0.0F);
    for (int r = 0; r < scaled_height_; ++r)
      scaling.apply(scaled.pixel(r, 0), static_cast<std::size_t>(scaled_width_),
                    out.data() + static_cast<std::size_t>(top_ + r) * row + static_cast<std::size_t>(left_) * 3);
  }

 private:
  static float moved(float v, int scaled, int extent, int start) noexcept {
    return static_cast<float>(static_cast<double>(v) * scaled / extent + start);
  }

  int height_, width_, canvas_height_, canvas_width_;
  int scaled_height_ = 1, scaled_width_ = 1, top_ = 0, left_ = 0;
};

}  // namespace xstitch::inline XSTITCH_ISA::data
