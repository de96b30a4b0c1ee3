#pragma once
/// \file
/// Scratch memory of a thread, and copies of image rows and weights into the order in which the kernels read them.

#include <xstitch/core/memory.hpp>
#include <xstitch/kernels/transpose.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Scratch of the calling thread, 64-byte aligned, at least `bytes` long; its contents are lost at the next call.
/// It only grows, and starts at a size that nearly every kernel fits into, so that nothing is allocated after a
/// thread's first task. (Scratch by task would be as large as all tasks together and never in cache.)
inline std::byte* thread_scratch(std::size_t bytes) {
  constexpr std::size_t least = std::size_t{2} << 20;
  thread_local Memory memory;
  if (memory.bytes() < bytes) memory = Memory(std::max(bytes, least));
  return memory.data();
}

/// A rectangle of an image to be copied: rows and columns may lie outside, where the copy is zero.
struct Window {
  const float* image = nullptr;  ///< first channel wanted of pixel (0, 0)
  int image_height = 0, image_width = 0;
  Index channels = 0;     ///< of a pixel of the image (its stride in floats)
  Index wanted = 0;       ///< channels to copy
  int top = 0, left = 0;  ///< of the window, may be negative
  int height = 0, width = 0;
};

/// fp32: copies `window` to rows of `row_stride` and pixels of `pixel_stride` floats. Channels between `wanted` and
/// pixel_stride, and whatever lies after the last pixel of a row, are zeroed.
inline void copy_window(const Window& w, float* to, Index pixel_stride, Index row_stride, Fp32) noexcept {
  const int first = std::clamp(-w.left, 0, w.width);  // columns [first, last) lie inside the image
  const int last = std::clamp(w.image_width - w.left, first, w.width);
  const auto bytes = static_cast<std::size_t>(w.wanted) * sizeof(float);
  for (int y = 0; y < w.height; ++y, to += row_stride) {
    const int source_y = w.top + y;
    if (source_y < 0 || source_y >= w.image_height) {
      std::fill(to, to + row_stride, 0.0F);
      continue;
    }
    float* p = std::fill_n(to, first * pixel_stride, 0.0F);
    const float* from = w.image + (Index{source_y} * w.image_width + w.left + first) * w.channels;
    if (pixel_stride == w.wanted && w.channels == w.wanted) {
      const Index count = (last - first) * pixel_stride;
      if (count > 0) std::memcpy(p, from, static_cast<std::size_t>(count) * sizeof(float));
      p += count;
    } else {
      for (int x = first; x < last; ++x, p += pixel_stride, from += w.channels) {
        std::memcpy(p, from, bytes);
        std::fill(p + w.wanted, p + pixel_stride, 0.0F);
      }
    }
    std::fill(p, to + row_stride, 0.0F);
  }
}

/// fp32: writes one packed block of weights: for each of `rows` rows of `run` consecutive rows of the [depth][columns]
/// matrix, [run][width] floats with zeros after `valid` columns.
inline void pack_columns(const float* from, Index column_stride, Index rows, Index run, int valid, int width, float* to,
                         Fp32) noexcept {
  for (Index k = 0; k < rows * run; ++k, from += column_stride, to += width) {
    std::memcpy(to, from, static_cast<std::size_t>(valid) * sizeof(float));
    std::fill(to + valid, to + width, 0.0F);
  }
}

/// fp32: writes the transpose of `valid` rows of `length` floats as [length][width], zeros after `valid`.
inline void pack_transposed(const float* from, Index from_row, Index length, int valid, int width, float* to,
                            Fp32) noexcept {
  constexpr Index piece = 16;  // of a row: one cache line
  for (Index k = 0; k < length; k += piece, to += piece * width) {
    const Index count = std::min(length - k, piece);
    transpose(from + k, from_row, valid, count, to, width);
    for (Index i = 0; i < count; ++i) std::fill(to + i * width + valid, to + (i + 1) * width, 0.0F);
  }
}

/// fp32: copies `count` numbers; there is no second one to pair with.
inline void copy_pairs(const float* first, const float* /*second*/, Index count, float* to, Fp32) noexcept {
  std::copy_n(first, count, to);
}

/// fp32: packs `valid` columns of some pixels as [pixels][columns], zeros after `valid`.
inline void pack_gradient(const float* from, const float* /*second*/, Index from_pixel, int pixels, int valid,
                          int columns, float* to, Fp32) noexcept {
  for (int p = 0; p < pixels; ++p, from += from_pixel, to += columns) {
    if (valid == columns) {
      for (int c = 0; c < columns; c += lanes) store(to + c, load(from + c));
    } else {
      std::copy_n(from, valid, to);
      std::fill(to + valid, to + columns, 0.0F);
    }
  }
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
