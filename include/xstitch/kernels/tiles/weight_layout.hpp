#pragma once
/// \file
/// How the gradient of a convolution's weights is made by tiles. The sum runs over pixels and images; a step of it is
/// 16 flat pixels (tile_cells.hpp) of a pair of images, so that a shift by one tap is one row of 64 bytes, always
/// aligned.
///
///   B  the input            [pair of images][group][block of 16 channels][phase of the stride][cell][16 channels][2]
///   A  the output gradient  [pair of images][group][block of 16 outputs][tile][16 outputs][16 pixels][2]
///   C  [16 outputs][16 channels of a cell] under one tap
///
/// The gradient of a flat pixel in the padding is zero, and meets pixels of the next row: one that is not finite makes
/// NaN of a sum that it would not be part of.
///
/// A block of channels under a tap is a `stream` of tiles of B: six streams go past the same tiles of A.

#include <xstitch/kernels/conv_shape.hpp>
#include <xstitch/kernels/tiles/conv_correlation.hpp>
#include <xstitch/kernels/tiles/tile_cells.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

struct TileWeightLayout : TileCells {
  constexpr explicit TileWeightLayout(const ConvShape& s) noexcept : TileWeightLayout(forward_correlation(s)) {}
  constexpr explicit TileWeightLayout(const TileCorrelation& of) noexcept : TileCells(of, prefers_merged(of)) {}

  static constexpr bool prefers_merged(const TileCorrelation& c) noexcept {
    const Size cells = merged_taps(c);
    return c.dilation == Size{1} && cells.height * cells.width * divide_up(merged_channels(c), 16) <
                                        c.taps.height * c.taps.width * divide_up(c.group_in, 16);
  }
  [[nodiscard]] constexpr int in_blocks() const noexcept { return static_cast<int>(divide_up(channels, 16)); }
  [[nodiscard]] constexpr int out_blocks() const noexcept { return static_cast<int>(divide_up(c.group_out, 16)); }
  [[nodiscard]] constexpr Index tiles_of_pair() const noexcept { return tiles(c.out_height); }
  /// Numbers.
  static constexpr Index cell_numbers = 32, tile_numbers = 512;
  [[nodiscard]] constexpr Index plane_cells() const noexcept { return plane(c.out_height); }
  [[nodiscard]] constexpr Index in_block() const noexcept { return plane_cells() * planes() * cell_numbers; }
  [[nodiscard]] constexpr Index in_pair() const noexcept { return in_block() * in_blocks() * c.groups; }
  [[nodiscard]] constexpr Index out_block() const noexcept { return tiles_of_pair() * tile_numbers; }
  [[nodiscard]] constexpr Index out_pair() const noexcept { return out_block() * out_blocks() * c.groups; }

  /// Tasks that a pair's output gradients are packed by.
  [[nodiscard]] constexpr Index gradient_parts() const noexcept { return divide_up(tiles_of_pair(), 16); }

  struct Stream {
    int block, u, v;
  };
  [[nodiscard]] constexpr int streams() const noexcept { return in_blocks() * tap_count(); }
  [[nodiscard]] constexpr Stream stream(int i) const noexcept {
    return {i / tap_count(), i % tap_count() / taps.width, i % taps.width};
  }
  /// Where a stream begins in a pair's numbers of a group.
  [[nodiscard]] constexpr Index stream_at(int i) const noexcept {
    const Stream s = stream(i);
    return s.block * in_block() + tap_cell(s.u, s.v, plane_cells()) * cell_numbers;
  }
};

/// Bytes of both packed operands, and of sums for the bias: those of pairs of images, the last perhaps alone.
constexpr Extent weight_tiles_workspace(const ConvShape& s) noexcept {
  const TileWeightLayout l(s);
  const Index sums = round_up(l.gradient_parts() * s.out_channels * Index{sizeof(float)}, 64);
  const auto pair = static_cast<std::size_t>((l.in_pair() + l.out_pair()) * 2 + sums);
  return {pair / 2, align_up(pair / 2) + 64};
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
