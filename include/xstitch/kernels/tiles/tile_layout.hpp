#pragma once
/// \file
/// How a correlation's input lies in memory for tiles, and the order of its sums.
///
///     out[y, x, o] = bias[o] + sum over taps (u, v) and channels c of
///         in[y stride - top + u dilation, x stride - left + v dilation, c] * weights[u, v, c, o]
///
/// The padded image is one flat row of cells, `pitch` of them to a row of the image, in which row y ends in the padding
/// that row y + 1 begins with. So 16 neighbouring flat cells are a tile of A, and a tap is nothing but an offset; output
/// pixels that fall into the padding are computed, too, and dropped. Two layouts of a cell:
///
///   panels  Channels in panels of 32, each [phase of the stride][cell][32]. A step of the sum is a panel under a tap.
///   runs    For few channels: a cell holds the stride's height x width pixels (space to depth), and a step is 32
///           numbers of the run of cells under a row of taps. The last step of a run ends where the run does, and what
///           it repeats meets weights of zero, so that nothing outside of the window is read.

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

struct TileLayout {
  static constexpr int step_numbers = 32;

  TileCorrelation c;
  bool runs = false;
  Size stride{}, taps{};  ///< in cells; of runs the stride is 1
  int channels = 0;       ///< numbers of a cell
  int pixel = 0;          ///< numbers from a cell to the next
  int panels = 1;
  int run = 0, run_steps = 0;  ///< numbers and steps of a row of taps
  int depth = step_numbers;    ///< numbers of a step
  int steps = 0;
  int pitch = 0;
  int first_column = 0, last_column = 0;  ///< of the padded image, that hold the image

  constexpr explicit TileLayout(const TileCorrelation& of) noexcept : c(of) {
    const int in_panels = c.taps.height * c.taps.width * static_cast<int>(divide_up(c.group_in, step_numbers));
    const int cell = c.stride.height * c.stride.width * c.group_in, even = static_cast<int>(round_up(cell, 2));
    const int high = static_cast<int>(divide_up(c.taps.height, c.stride.height));
    const int wide = static_cast<int>(divide_up(c.taps.width, c.stride.width));
    const int in_runs = high * static_cast<int>(divide_up(wide * even, step_numbers));
    runs = c.dilation == Size{1} && c.group_in % step_numbers != 0 && in_runs < in_panels;
    if (runs) {
      stride = Size{1};
      taps = {high, wide};
      channels = cell;
      pixel = even;
      run = wide * even;
      run_steps = static_cast<int>(divide_up(run, step_numbers));
      depth = std::min(run, step_numbers);
      steps = in_runs;
    } else {
      stride = c.stride;
      taps = c.taps;
      channels = c.group_in;
      pixel = step_numbers;
      panels = static_cast<int>(divide_up(c.group_in, step_numbers));
      steps = in_panels;
    }
    const int reach = (c.out_width - 1) * c.stride.width + (c.taps.width - 1) * c.dilation.width + 1;
    first_column = std::clamp(c.left, 0, reach);
    last_column = std::clamp(c.left + c.image_width, first_column, reach);
    if (c.stride.width == 1)
      pitch = std::max(last_column - first_column + std::max(first_column, reach - last_column), c.out_width);
    else
      pitch = c.out_width + last_cell().width;
  }

  /// Where the last tap lies, in cells from the first.
  [[nodiscard]] constexpr Size last_cell() const noexcept {
    if (runs) return {taps.height - 1, taps.width - 1};
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
  /// Numbers of an image's part that some rows of output read.
  [[nodiscard]] constexpr Index image(int rows) const noexcept {
    return round_up(plane(rows) * pixel * planes() * panels, 32);
  }
  /// Blocks of 16 outputs that share their tiles of A. Rows of a run cross cache lines: those are loaded less often.
  [[nodiscard]] constexpr int together() const noexcept { return runs ? 2 : 1; }
  [[nodiscard]] constexpr int out_blocks() const noexcept { return static_cast<int>(divide_up(c.group_out, 16)); }
  /// Numbers of the packed weights of all groups: [group][blocks together][step][block][depth / 2 pairs][16][2].
  [[nodiscard]] constexpr Index weights() const noexcept { return Index{c.groups} * group_weights(); }
  [[nodiscard]] constexpr Index group_weights() const noexcept { return Index{out_blocks()} * steps * step_weights(); }
  [[nodiscard]] constexpr Index step_weights() const noexcept { return Index{depth} * 16; }
  [[nodiscard]] constexpr Index weights_at(int block, int step) const noexcept {
    const int first = block / together() * together(), wide = std::min(together(), out_blocks() - first);
    return (Index{first} * steps + Index{step} * wide + (block - first)) * step_weights();
  }

  /// Offset of a step in the numbers of an image's part, whose planes have `plane` cells.
  [[nodiscard]] constexpr Index offset(int step, Index plane) const noexcept {
    if (runs) return Index{step / run_steps} * pitch * pixel + first_of_run(step);
    const int tap = step % (taps.height * taps.width), panel = step / (taps.height * taps.width);
    const int y = tap / taps.width * c.dilation.height, x = tap % taps.width * c.dilation.width;
    const int of_plane = y % stride.height * stride.width + x % stride.width;
    return ((Index{panel} * planes() + of_plane) * plane + Index{y / stride.height} * pitch + x / stride.width) * pixel;
  }
  /// What number k of a step is: a tap (in reading order) and a channel; tap -1: meets a weight of zero.
  struct Term {
    int tap, channel;
  };
  [[nodiscard]] constexpr Term term(int step, int k) const noexcept {
    if (!runs) {
      const int all = taps.height * taps.width, channel = step / all * step_numbers + k;
      return {channel < channels ? step % all : -1, channel};
    }
    const int i = first_of_run(step) + k, in_cell = i % pixel;
    if (i < step % run_steps * step_numbers || in_cell >= channels) return {-1, 0};
    const int phase = in_cell / c.group_in;
    const int u = step / run_steps * c.stride.height + phase / c.stride.width;
    const int v = i / pixel * c.stride.width + phase % c.stride.width;
    return {u < c.taps.height && v < c.taps.width ? u * c.taps.width + v : -1, in_cell % c.group_in};
  }

 private:
  [[nodiscard]] constexpr int first_of_run(int step) const noexcept {
    return std::min(step % run_steps * step_numbers, run - depth);
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
