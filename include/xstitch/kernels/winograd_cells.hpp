#pragma once
/// \file
/// A convolution of stride s as one of stride 1 (space to depth): the s x s pixels that a step passes over are a cell
/// of s s c numbers, [row][column][channel],
///
///     y[i, j, o] = b[o] + sum over taps U, V, rows p and columns q of a cell, channels c of
///                         x[(i + U) s - pad + p, (j + V) s - pad + q, c] W[U s + p, V s + q, c, o]
///
/// with W = 0 outside of the kernel: one of 11 x 11 with stride 4 becomes 3 x 3 taps of cells. Those go by Winograd's
/// minimal filtering (conv_winograd.hpp), which makes 225 products of the 11 x 11 x 4 that two by two outputs take of
/// each channel. The last row (column) of the elements of a tile depends on the last row (column) of taps alone, so
/// what the kernel does not reach in their cells is left out.
///
/// Only tiles are gathered from the image; the weights and their gradient keep their layout. With 2 x 2 and 3 x 3 taps
/// of cells the error is no larger than that of direct sums. With 4 x 4 (7 x 7 and stride 2) that of the weights'
/// gradient was 3.6 times as large, for a forward pass that takes 0.93 of the time: they go directly.

#include <xstitch/kernels/conv_winograd.hpp>
#include <xstitch/kernels/conv_winograd_weights.hpp>

#include <algorithm>
#include <cstring>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {
namespace winograd {

/// Rows and columns of taps of cells.
constexpr Size cell_taps(const ConvShape& s) noexcept {
  return {static_cast<int>(divide_up(s.kernel.height, s.stride.height)),
          static_cast<int>(divide_up(s.kernel.width, s.stride.width))};
}
/// The correlation of cells.
constexpr Sizes cell_sizes(const ConvShape& s) noexcept {
  Sizes sizes;
  sizes.taps = cell_taps(s).height;
  sizes.group_in = s.stride.height * s.stride.width * s.group_in();
  sizes.groups = s.groups;
  sizes.out_height = s.out_height();
  sizes.out_width = s.out_width();
  sizes.group_out = s.group_out();
  return sizes;
}
/// Rows and columns of a cell that the last taps reach.
constexpr Size last_reach(const ConvShape& s) noexcept {
  const Size taps = cell_taps(s);
  return {s.kernel.height - (taps.height - 1) * s.stride.height, s.kernel.width - (taps.width - 1) * s.stride.width};
}
/// Products for a tile of 2 x 2 outputs, of one channel of input and one of output.
constexpr Index cell_tile_products(const ConvShape& s) noexcept {
  const Index full = cell_taps(s).height;  // rows of elements that have all rows of a cell
  const Size reach = last_reach(s);
  return (full * s.stride.height + reach.height) * (full * s.stride.width + reach.width);
}

/// Few channels, or cells would be large; products enough, and enough of them saved, to pay for the transformations.
/// (Time of the direct kernels by that of cells, forward and weights, with AVX2: 11 x 11, stride 4, 3 channels to 96
/// 1.53 and 1.45; 7 x 7, stride 4, 3 to 96 1.28 and 1.42; 8 x 8, stride 4, 4 to 32 1.25 and 1.28; 5 x 5, stride 2, 3 to
/// 64 1.06 and 1.49. Not: 9 x 9, stride 4, 1 to 32 0.80 and 1.16.)
constexpr bool suits_cells(const ConvShape& s) noexcept {
  constexpr int most_terms = 64, least_outputs = 32, least_work = 768;
  constexpr std::size_t least_pixels = 48;
  if (!s.valid() || s.dilation != Size{1} || s.stride.height < 2 || s.stride.width < 2) return false;
  const Size taps = cell_taps(s);
  const int terms = cell_sizes(s).group_in;
  return taps.height == taps.width && (taps.height == 2 || taps.height == 3) && terms <= most_terms &&
         terms * s.group_out() >= least_work && s.group_out() % lanes == 0 && s.group_out() >= least_outputs &&
         s.out().pixels() >= least_pixels && outputs * outputs * 5 * Index{s.taps()} >= 8 * cell_tile_products(s);
}

constexpr TaskLimits cell_limits{28, 32, 96, 16};

/// Tiles of cells: see PixelSource. The terms of a product are the numbers of a cell.
template <ConvShape S, class Arithmetic>
class CellSource {
 public:
  static constexpr Sizes sizes = cell_sizes(S);

 private:
  static constexpr int window = sizes.window(), elements = sizes.elements(), taps = sizes.taps;
  static constexpr int row = S.stride.width * S.group_in();       // numbers of a row of a cell
  static constexpr Index cell = round_up(sizes.group_in, lanes);  // from a cell to the next
  static constexpr Size reach = last_reach(S);
  static constexpr int strip = 8, columns = outputs * strip + taps - 1;  // tiles, and cells beside each other, gathered

 public:
  static constexpr TaskLimits limits = cell_limits;
  static constexpr Index scratch = window * columns * cell;
  static constexpr std::array<int, 2> partial_runs{reach.height * row, reach.width* S.group_in()};

  static constexpr Taps terms(int element) noexcept {
    const int rows = element / window == window - 1 ? reach.height : S.stride.height;
    const int wide = element % window == window - 1 ? reach.width * S.group_in() : row;
    return wide == row ? Taps{1, 1, 0, 0, Index{rows} * row} : Taps{rows, 1, row, 0, wide};
  }
  static constexpr Index terms_before(int element) noexcept {
    Index sum = 0;
    for (int e = 0; e < element; ++e) sum += terms(e).outer * terms(e).run;
    return sum;
  }
  static constexpr Index place(int element, Index term) noexcept {
    const Taps t = terms(element);
    if (t.outer == 1) return term < t.run ? term : -1;
    return term / row < t.outer && term % row < t.run ? term / row * t.run + term % row : -1;
  }
  static constexpr Index weight_row(int tap, Index term) noexcept {
    const Index y = tap / taps * S.stride.height + term / row;
    const Index x = tap % taps * S.stride.width + term % row / S.group_in();
    return y < S.kernel.height && x < S.kernel.width ? (y * S.kernel.width + x) * S.group_in() + term % S.group_in()
                                                     : -1;
  }

  /// All terms of a group, whose first channel (of cells) is given.
  static void load(const float* in, Index channel, Index /*count*/, Index first, int tiles, const float* /*zeros*/,
                   float* cells, float* to, Index pixel, Index step) noexcept {
    const Index group_channel = channel / sizes.group_in * S.group_in();
    std::fill_n(cells, scratch, 0.0F);  // between cells, too
    for (int i = 0; i < tiles;) {
      const Place<sizes> at(first + i);
      const int n = std::min({strip, tiles - i, sizes.tile_columns() - at.x / outputs});
      gather(in + at.image * static_cast<Index>(S.in.size()) + group_channel, at.y * S.stride.height - S.pad.top,
             at.x * S.stride.width - S.pad.left, outputs * n + taps - 1, cells);
      for (int k = 0; k < n; ++k, ++i) {
        const float* from[elements];
        for (int e = 0; e < elements; ++e) from[e] = cells + (e / window * columns + e % window + outputs * k) * cell;
        transform_tile<taps, Arithmetic>(from, cell, to + i * pixel, step);
      }
    }
  }

 private:
  /// `wide` columns of the rows of cells of a tile; (y, x): their first pixel. Zeros outside of the image.
  static void gather(const float* image, int y, int x, int wide, float* cells) noexcept {
    constexpr std::size_t bytes = static_cast<std::size_t>(row) * sizeof(float);
    // Rows of cells [first, last) lie inside, and are neighbours in memory if there is one group.
    const int before = S.groups > 1 ? wide : x >= 0 ? 0 : static_cast<int>(divide_up(-x, S.stride.width));
    const int first = std::min(before, wide), last = std::clamp((S.in.width - x) / S.stride.width, first, wide);
    for (int u = 0; u < window * S.stride.height; ++u) {
      float* to = cells + u / S.stride.height * columns * cell + u % S.stride.height * row;
      if (y + u < 0 || y + u >= S.in.height) {
        for (int v = 0; v < wide; ++v) std::memset(to + v * cell, 0, bytes);
        continue;
      }
      const float* line = image + Index{y + u} * S.in.width * S.in.channels;
      for (int v = 0; v < first; ++v) copy_pixels(line, x + v * S.stride.width, to + v * cell);
      const float* from = line + (x + Index{first} * S.stride.width) * S.in.channels;
      for (int v = first; v < last; ++v, from += row) std::memcpy(to + v * cell, from, bytes);
      for (int v = last; v < wide; ++v) copy_pixels(line, x + v * S.stride.width, to + v * cell);
    }
  }
  static void copy_pixels(const float* line, int x, float* to) noexcept {
    for (int q = 0; q < S.stride.width; ++q, to += S.group_in())
      for (int c = 0; c < S.group_in(); ++c)
        to[c] = x + q >= 0 && x + q < S.in.width ? line[Index{x + q} * S.in.channels + c] : 0.0F;
  }
};

}  // namespace winograd

/// Forward pass and gradient of the weights: see ConvForward, ConvBackwardWeights.
template <ConvShape S, class Arithmetic = Fp32>
using CellForward = WinogradForward<S, Arithmetic, winograd::CellSource<S, Arithmetic>>;
template <ConvShape S, class Arithmetic = Fp32>
using CellBackwardWeights = WinogradBackwardWeights<S, Arithmetic, winograd::CellSource<S, Arithmetic>>;

/// Bytes of the transformed weights, and of scratch of the gradient of the weights.
constexpr std::size_t cell_weights_bytes(const ConvShape& s) noexcept {
  return align_up(static_cast<std::size_t>(winograd::cell_sizes(s).weights()) * sizeof(float));
}
constexpr std::size_t cell_gradient_workspace(const ConvShape& s) noexcept {
  return winograd_parts_bytes(s, winograd::WeightTasks(winograd::cell_sizes(s), winograd::cell_limits).parts);
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
