#pragma once
/// \file
/// Packs the part of an image that some rows of a correlation's output read (tile_layout.hpp), rounded to bf16, with
/// zeros around it.

#include <xstitch/kernels/tiles/pack_tiles.hpp>
#include <xstitch/kernels/tiles/tile_layout.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

class PackImage {
 public:
  /// The rows of output [first_row, first_row + rows) of one group; `image` is its first channel. `row`: run_scratch()
  /// numbers, of runs.
  static void run(const TileLayout& l, const float* image, int first_row, int rows, Bf16Bits* to,
                  Bf16Bits* row) noexcept {
    const Index plane = l.plane(rows);
    if (l.merged)
      pack_runs(l, image, first_row, plane, to, row);
    else
      pack_panels(l, image, first_row, plane, to);
  }
  static constexpr Index row_scratch(const TileLayout& l) noexcept {
    return l.merged ? round_up(Index{l.pitch} * l.c.stride.width * l.c.group_in, 32) + 32 : 0;
  }

 private:
  static void pack_panels(const TileLayout& l, const float* image, int first_row, Index plane, Bf16Bits* to) noexcept {
    const Index all = Index{l.c.group_in} * l.c.groups, panel = plane * l.planes() * 32;
    const int whole = l.channels / 32, rest = l.channels % 32;
    const auto clear_cells = [&](Bf16Bits* p, Index count) {
      for (int k = 0; k < l.panels; ++k, p += panel) clear(p, count * 32);
    };
    for (int phase = 0; phase < l.planes(); ++phase, to += plane * 32) {
      const int py = phase / l.stride.width, px = phase % l.stride.width;
      const Index first = divide_up(std::max(l.first_column - px, 0), l.stride.width);
      const Index last = std::max<Index>(first, divide_up(std::max(l.last_column - px, 0), l.stride.width));
      Index cell = 0;  // up to which all is written
      for (int r = 0; Index{r} * l.pitch < plane; ++r) {
        const float* from = l.source_row(image, (first_row + r) * l.stride.height + py);
        if (from == nullptr) continue;
        const Index begin = r * l.pitch + first, end = std::min(plane, r * l.pitch + last);
        if (begin >= end) continue;
        clear_cells(to + cell * 32, begin - cell);
        from += (first * l.stride.width + px - l.c.left) * all;
        for (cell = begin; cell < end; ++cell, from += l.stride.width * all) {
          Bf16Bits* p = to + cell * 32;
          for (int k = 0; k < whole; ++k, p += panel) round_row(from + k * 32, 32, p);
          if (rest > 0) {
            round_row(from + whole * 32, rest, p);
            clear(p + rest, 32 - rest);
          }
        }
      }
      clear_cells(to + cell * 32, plane - cell);
    }
  }

  static void pack_runs(const TileLayout& l, const float* image, int first_row, Index plane, Bf16Bits* to,
                        Bf16Bits* row) noexcept {
    const Index all = Index{l.c.group_in} * l.c.groups, piece = Index{l.c.stride.width} * l.c.group_in;
    const bool in_place = l.c.stride == Size{1} && l.pixel == l.channels;
    for (int r = 0; Index{r} * l.pitch < plane; ++r) {
      Bf16Bits* cells = to + Index{r} * l.pitch * l.pixel;
      const Index count = std::min<Index>(l.pitch, plane - Index{r} * l.pitch);
      for (int py = 0; py < l.c.stride.height; ++py) {
        const float* from = l.source_row(image, (first_row + r) * l.c.stride.height + py);
        Bf16Bits* line = in_place ? cells : row;
        const Index numbers = count * piece;
        const Index first = std::min(numbers, Index{l.first_column} * l.c.group_in);
        const Index last = from == nullptr ? first : std::min(numbers, Index{l.last_column} * l.c.group_in);
        clear(line, first);
        if (from != nullptr) {
          from += (l.first_column - l.c.left) * all;
          if (all == l.c.group_in)
            round_row(from, last - first, line + first);
          else
            for (Index i = first; i < last; i += l.c.group_in, from += all) round_row(from, l.c.group_in, line + i);
        }
        clear(line + last, numbers - last);
        if (in_place) continue;
        Bf16Bits* p = cells + py * piece;
        if (py * piece + 16 <= l.pixel) {
          // 16 numbers at a time, because that is one store; those after the piece are overwritten by the next phase.
          for (Index i = 0; i < count; ++i) std::memcpy(p + i * l.pixel, line + i * piece, 16 * sizeof(Bf16Bits));
          for (Index k = 16; k < piece; k += 16)
            for (Index i = 0; i < count; ++i)
              std::memcpy(p + i * l.pixel + k, line + i * piece + k,
                          static_cast<std::size_t>(std::min<Index>(16, piece - k)) * sizeof(Bf16Bits));
        } else {
          for (Index i = 0; i < count; ++i)
            std::memcpy(p + i * l.pixel, line + i * piece, static_cast<std::size_t>(piece) * sizeof(Bf16Bits));
        }
      }
      if (l.pixel != l.channels)
        for (Index i = 0; i < count; ++i) clear(cells + i * l.pixel + l.channels, l.pixel - l.channels);
    }
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
