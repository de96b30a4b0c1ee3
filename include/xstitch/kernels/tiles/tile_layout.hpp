#pragma once
/// \file
/// How a correlation's input (tile_cells.hpp) lies in memory as tiles of A, and the order of its sums:
///
///   panels  Channels in panels of 32, each [phase of the stride][cell][32]. A step of the sum is a panel under a tap.
///   runs    For few channels: merged cells, and a step is 32 numbers of the run of cells under a row of taps. The last
///           step of a run ends where the run does, and what it repeats meets weights of zero, so that nothing outside
///           of the window is read, but for pixels of its last cells that the kernel does not reach: they meet weights
///           of zero, too, and one that is not finite makes NaN of outputs beside its own.

#include <xstitch/kernels/tiles/tile_cells.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

struct TileLayout : TileCells {
  static constexpr int step_numbers = 32;

  int pixel = step_numbers;  ///< numbers from a cell to the next
  int panels = 1;
  int run = 0, run_steps = 0;  ///< numbers and steps of a row of taps
  int depth = step_numbers;    ///< numbers of a step
  int steps = 0;

  constexpr explicit TileLayout(const TileCorrelation& of) noexcept : TileCells(of, prefers_runs(of)) {
    if (merged) {
      pixel = static_cast<int>(round_up(channels, 2));
      run = taps.width * pixel;
      run_steps = static_cast<int>(divide_up(run, step_numbers));
      depth = std::min(run, step_numbers);
      steps = taps.height * run_steps;
    } else {
      panels = static_cast<int>(divide_up(channels, step_numbers));
      steps = tap_count() * panels;
    }
  }
  static constexpr bool prefers_runs(const TileCorrelation& c) noexcept {
    const Index in_panels = c.taps.height * c.taps.width * divide_up(c.group_in, step_numbers);
    const Size cells = merged_taps(c);
    const Index in_runs = cells.height * divide_up(cells.width * round_up(merged_channels(c), 2), step_numbers);
    return c.dilation == Size{1} && c.group_in % step_numbers != 0 && in_runs < in_panels;
  }

  /// Numbers of an image's part that some rows of output read.
  [[nodiscard]] constexpr Index image(int rows) const noexcept {
    return round_up(plane(rows) * pixel * planes() * panels, 32);
  }
  /// Blocks of 16 outputs that share their tiles of A. Rows of a run cross cache lines: those are loaded less often.
  [[nodiscard]] constexpr int together() const noexcept { return merged ? 2 : 1; }
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
    if (merged) return Index{step / run_steps} * pitch * pixel + first_of_run(step);
    const int tap = step % tap_count(), panel = step / tap_count();
    return (Index{panel} * planes() * plane + tap_cell(tap / taps.width, tap % taps.width, plane)) * pixel;
  }
  /// What number k of a step is; tap -1: it meets a weight of zero.
  [[nodiscard]] constexpr Term step_term(int step, int k) const noexcept {
    if (!merged) {
      const int tap = step % tap_count();
      return term(tap / taps.width, tap % taps.width, step / tap_count() * step_numbers + k);
    }
    const int i = first_of_run(step) + k;
    if (i < step % run_steps * step_numbers) return {-1, 0};
    return term(step / run_steps, i / pixel, i % pixel);
  }

 private:
  [[nodiscard]] constexpr int first_of_run(int step) const noexcept {
    return std::min(step % run_steps * step_numbers, run - depth);
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
