#pragma once
/// \file
/// The cells of a correlation's input, for tiles.
///
///     out[y, x, o] = bias[o] + sum over taps (u, v) and channels c of
///         in[y stride - top + u dilation, x stride - left + v dilation, c] * weights[u, v, c, o]
///
/// The padded image is one flat row of cells, `pitch` of them to a row of the image, in which row y ends in the padding
/// that row y + 1 begins with. So 16 neighbouring flat cells are a tile, and a tap is nothing but an offset; output
/// pixels that fall into the padding are computed, too, and dropped. A cell is a pixel, and each phase of the stride
/// has a plane of cells of its own; or, merged, a cell holds the stride's height x width pixels (space to depth).

#include <xstitch/core/shape.hpp>
#include <xstitch/kernels/simd.hpp>

#include <algorithm>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Sizes of a correlation, of one group where they name one.
struct TileCorrelation {
  int image_height = 0, image_width = 0, groups = 1, group_in = 0;
  int top = 0, left = 0;  ///< padding, may be negative
  int out_height = 0, out_width = 0, group_out = 0;
  Size taps{}, stride{}, dilation{};
  Index out_image = 0, out_row = 0, out_pixel = 0;  ///< strides of the output in floats
};

struct TileCells {
  TileCorrelation c;
  bool merged = false;
  Size stride{}, taps{};  ///< in cells; merged: the stride is 1
  int channels = 0;       ///< numbers of a cell
  int pitch = 0;
  int first_column = 0, last_column = 0;  ///< of the padded image, that hold the image

  constexpr TileCells(const TileCorrelation& of, bool merges) noexcept
      : c(of),
        merged(merges),
        stride(merges ? Size{1} : of.stride),
        taps(merges ? merged_taps(of) : of.taps),
        channels(merges ? merged_channels(of) : of.group_in) {
    const int reach = (c.out_width - 1) * c.stride.width + (c.taps.width - 1) * c.dilation.width + 1;
    first_column = std::clamp(c.left, 0, reach);
    last_column = std::clamp(c.left + c.image_width, first_column, reach);
    if (c.stride.width == 1)
      pitch = std::max(last_column - first_column + std::max(first_column, reach - last_column), c.out_width);
    else
      pitch = c.out_width + last_cell().width;
  }
  static constexpr Size merged_taps(const TileCorrelation& c) noexcept {
    return {static_cast<int>(divide_up(c.taps.height, c.stride.height)),
            static_cast<int>(divide_up(c.taps.width, c.stride.width))};
  }
  static constexpr int merged_channels(const TileCorrelation& c) noexcept {
    return c.stride.height * c.stride.width * c.group_in;
  }

  [[nodiscard]] constexpr int tap_count() const noexcept { return taps.height * taps.width; }
  /// Where the last tap lies, in cells from the first.
  [[nodiscard]] constexpr Size last_cell() const noexcept {
    if (merged) return {taps.height - 1, taps.width - 1};
    return {(taps.height - 1) * c.dilation.height / stride.height, (taps.width - 1) * c.dilation.width / stride.width};
  }
  [[nodiscard]] constexpr int planes() const noexcept { return stride.height * stride.width; }
  /// Flat output pixels of some rows, in tiles.
  [[nodiscard]] constexpr Index tiles(int rows) const noexcept {
    return divide_up(Index{rows - 1} * pitch + c.out_width, 16);
  }
  /// Cells of a plane that some rows of output read.
  [[nodiscard]] constexpr Index plane(int rows) const noexcept {
    return tiles(rows) * 16 + Index{last_cell().height} * pitch + last_cell().width;
  }
  /// Where tap (u, v) of the cells is, in cells, from the first plane's first; planes have `plane` of them.
  [[nodiscard]] constexpr Index tap_cell(int u, int v, Index plane) const noexcept {
    if (merged) return Index{u} * pitch + v;
    const int y = u * c.dilation.height, x = v * c.dilation.width;
    return Index{y % stride.height * stride.width + x % stride.width} * plane + Index{y / stride.height} * pitch +
           x / stride.width;
  }
  /// A tap of the correlation (in reading order) and a channel; tap -1: there is none.
  struct Term {
    int tap, channel;
  };
  /// What number i of a cell is under tap (u, v) of the cells.
  [[nodiscard]] constexpr Term term(int u, int v, int i) const noexcept {
    if (i >= channels) return {-1, 0};
    if (!merged) return {u * taps.width + v, i};
    const int phase = i / c.group_in;
    u = u * c.stride.height + phase / c.stride.width;
    v = v * c.stride.width + phase % c.stride.width;
    return {u < c.taps.height && v < c.taps.width ? u * c.taps.width + v : -1, i % c.group_in};
  }
  /// Row y of the padded image, whose first column is `left` columns before the image; null: padding.
  [[nodiscard]] const float* source_row(const float* image, int y) const noexcept {
    y -= c.top;
    if (y < 0 || y >= c.image_height) return nullptr;
    return image + Index{y} * c.image_width * c.group_in * c.groups;
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
