#pragma once
/// \file
/// Fetches what a task of the gradient of a convolution's weights reads after the present image rows into the
/// second-level cache, a share with each tile.

#include <xstitch/kernels/conv_weight_task.hpp>

#include <algorithm>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

template <ConvShape S, class Arithmetic>
class ConvWeightPrefetch {
  using Task = ConvWeightTask<S, Arithmetic>;
  using Element = typename Task::Element;
  static constexpr const auto& layout = Task::layout;
  static constexpr int per_element = Task::per_element, row_block = Task::row_block;
  static constexpr Index out_image = Task::out_image;

 public:
  /// After output rows [y, y + rows) of image n (or of the pair from n on); image, dy: where those begin.
  ConvWeightPrefetch(const Task& t, Index n, int y, int rows, const Element* image, const float* dy) noexcept {
    const int first_tap = Task::tap(t.first_tile) / Task::inner, last_tap = Task::tap(t.last_tile - 1) / Task::inner;
    const auto row_after = [&](int out_row, int tap) {  // of the image, one after the last that is read
      return std::clamp((out_row - 1) * S.stride.height + tap * S.dilation.height - layout.top + 1, 0, layout.height);
    };
    int next_y = y + rows, first_row = row_after(next_y, last_tap);
    if (next_y >= S.out_height()) {
      if (n + per_element >= t.batch) return;
      image += layout.image;
      dy += (per_element - 1) * out_image;
      next_y = 0;
      first_row = std::max(0, row_after(1, first_tap) - 1);
    }
    const int last_row = row_after(std::min(next_y + row_block, S.out_height()), last_tap);
    image_ = reinterpret_cast<const char*>(image + first_row * layout.row);
    image_pixel_ = static_cast<Index>(sizeof(Element)) * (layout.merged ? 16 : layout.pixel);
    image_left_ = std::max(0, last_row - first_row) * (layout.merged ? divide_up(layout.row, 16) : Index{layout.width});
    gradient_ = reinterpret_cast<const char*>(dy + Index{rows} * S.out_width() * S.out_channels);
    gradient_left_ = (std::min(next_y + row_block, S.out_height()) - next_y) * S.out_width();
    const Index shares = t.last_tile - t.first_tile;
    image_share_ = divide_up(image_left_, shares);
    gradient_share_ = divide_up(gradient_left_, shares);
  }
  void some() noexcept {
    constexpr Index pixel_bytes = layout.merged ? 64 : Task::run * static_cast<Index>(sizeof(Element));
    for (Index i = std::min(image_share_, image_left_); i > 0; --i, --image_left_, image_ += image_pixel_)
      for (Index b = 0; b < pixel_bytes; b += 64) __builtin_prefetch(image_ + b, 0, 2);
    constexpr Index gradient_bytes = std::min(S.group_out(), block_width) * 4;
    for (Index i = std::min(gradient_share_, gradient_left_); i > 0; --i, --gradient_left_) {
      for (int image = 0; image < per_element; ++image)
        for (Index b = 0; b < gradient_bytes; b += 64) __builtin_prefetch(gradient_ + image * out_image * 4 + b, 0, 2);
      gradient_ += S.out_channels * 4;
    }
  }

 private:
  const char *image_ = nullptr, *gradient_ = nullptr;
  Index image_pixel_ = 0, image_left_ = 0, image_share_ = 0, gradient_left_ = 0, gradient_share_ = 0;
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
