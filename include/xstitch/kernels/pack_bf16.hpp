#pragma once
/// \file
/// The copies of pack.hpp in bf16: numbers are rounded on the way, and paired along the sum that follows.

#include <xstitch/kernels/pack.hpp>
#include <xstitch/kernels/simd_bf16.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// As in fp32; strides in numbers.
inline void copy_window(const Window& w, std::uint32_t* to, Index pixel_stride, Index row_stride, Bf16) noexcept {
  const int first = std::clamp(-w.left, 0, w.width);
  const int last = std::clamp(w.image_width - w.left, first, w.width);
  auto* row = reinterpret_cast<std::byte*>(to);
  for (int y = 0; y < w.height; ++y, row += 2 * row_stride) {
    const int source_y = w.top + y;
    if (source_y < 0 || source_y >= w.image_height) {
      std::memset(row, 0, static_cast<std::size_t>(2 * row_stride));
      continue;
    }
    std::byte* p = row + 2 * first * pixel_stride;
    std::memset(row, 0, static_cast<std::size_t>(p - row));
    const float* from = w.image + (Index{source_y} * w.image_width + w.left + first) * w.channels;
    if (pixel_stride == w.wanted && w.channels == w.wanted) {
      round_row(from, (last - first) * pixel_stride, p);
      p += 2 * (last - first) * pixel_stride;
    } else {
      for (int x = first; x < last; ++x, p += 2 * pixel_stride, from += w.channels) {
        round_row(from, w.wanted, p);
        std::memset(p + 2 * w.wanted, 0, static_cast<std::size_t>(2 * (pixel_stride - w.wanted)));
      }
    }
    std::memset(p, 0, static_cast<std::size_t>(row + 2 * row_stride - p));
  }
}

/// Pairs along the run: [rows][(run + 1) / 2][width]; the last pair of an odd run ends in zero.
inline void pack_columns(const float* from, Index column_stride, Index rows, Index run, int valid, int width,
                         std::uint32_t* to, Bf16) noexcept {
  for (Index r = 0; r < rows; ++r) {
    for (Index k = 0; k < run; k += 2, to += width) {
      make_pairs(from, k + 1 < run ? from + column_stride : nullptr, valid, to);
      std::fill(to + valid, to + width, 0U);
      from += (k + 1 < run ? 2 : 1) * column_stride;
    }
  }
}

/// [(length + 1) / 2][width]: pairs along the rows.
inline void pack_transposed(const float* from, Index from_row, Index length, int valid, int width, std::uint32_t* to,
                            Bf16) noexcept {
  constexpr Index piece = 32;
  for (Index k = 0; k < length; k += piece) {
    const Index count = std::min(length - k, piece), pairs = divide_up(count, 2);
    for (int c = 0; c < valid; ++c) {
      std::uint32_t row[piece / 2] = {};
      round_row(from + c * from_row + k, count, reinterpret_cast<std::byte*>(row));
      for (Index i = 0; i < pairs; ++i) to[i * width + c] = row[i];
    }
    for (Index i = 0; i < pairs; ++i) std::fill(to + i * width + valid, to + (i + 1) * width, 0U);
    to += pairs * width;
  }
}

/// Pairs of numbers of two images (or rows); `second` may be null: zeros.
inline void copy_pairs(const float* first, const float* second, Index count, std::uint32_t* to, Bf16) noexcept {
  make_pairs(first, second, count, to);
}

/// Pairs of the same pixel of two images: [pixels][columns], zeros after `valid`.
inline void pack_gradient(const float* from, const float* second, Index from_pixel, int pixels, int valid, int columns,
                          std::uint32_t* to, Bf16) noexcept {
  for (int p = 0; p < pixels; ++p, to += columns) {
    const Index at = p * from_pixel;
    make_pairs(from + at, second != nullptr ? second + at : nullptr, valid, to);
    std::fill(to + valid, to + columns, 0U);
  }
}

/// Rows of consecutive pairs: `rows` x `count` numbers to rows of `row_pairs` pairs.
inline void pack_rows(const float* from, int rows, Index count, std::uint32_t* to, Index row_pairs, Bf16) noexcept {
  for (int r = 0; r < rows; ++r, from += count, to += row_pairs) {
    to[row_pairs - 1] = 0;
    round_row(from, count, reinterpret_cast<std::byte*>(to));
  }
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
