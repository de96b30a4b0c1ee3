#pragma once
/// \file
/// How the gradient of a convolution's weights is cut into tasks (conv_backward_weights.hpp says why): the rows of the
/// [taps * channels][out] matrix into tiles, output channels into blocks, images into blocks of rows.

#include <xstitch/kernels/conv_shape.hpp>
#include <xstitch/kernels/conv_weight_images.hpp>
#include <xstitch/kernels/sum_tile.hpp>

#include <algorithm>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

template <ConvShape S, class Arithmetic>
struct ConvWeightTask {
  using Element = typename Arithmetic::Element;
  static constexpr int per_element = Arithmetic::per_element;
  static constexpr WeightGradientLayout layout{S};
  static constexpr int inner = layout.inner, run = layout.run;

  static constexpr Split split{run, tile_rows};
  static constexpr int tiles = S.kernel.height * inner * split.tiles;
  static constexpr int blocks = static_cast<int>(divide_up(S.group_out(), block_width));
  // All sums of a block of channels stay in the second-level cache beside what they are made from.
  static constexpr bool by_images = cuts_weight_gradient_by_images(S);
  static constexpr int wanted_tasks = 16;
  static constexpr int parts =
      by_images ? 1 : std::clamp<int>((wanted_tasks + S.groups * blocks - 1) / (S.groups * blocks), 1, tiles);

  // Image rows whose gradient is packed together: it shares the first-level cache with as many input pixels.
  static constexpr int cached_pixels = 256;
  static constexpr int row_block = static_cast<int>(divide_up(
      S.out_height(), divide_up(S.out_height(), std::clamp(cached_pixels / S.out_width(), 1, S.out_height()))));
  static constexpr int row_blocks = static_cast<int>(divide_up(S.out_height(), row_block));
  static constexpr Index out_image = static_cast<Index>(S.out().size());
  static constexpr std::size_t gradient_elements =
      static_cast<std::size_t>(S.out_width()) * static_cast<std::size_t>(row_block) * block_width;

  Index batch = 0;
  Index first_unit = 0, last_unit = 0;  ///< pairs of images (or images) * row_blocks + row block
  bool beta_zero = true;                ///< as in sum_tile()
  const Element* images = nullptr;      ///< layout.image elements apart, the first with row `first_row` only
  Index first_image = 0;
  int first_row = 0;
  const float* out_gradient = nullptr;
  int group = 0, block = 0, first_tile = 0, last_tile = tiles;
  float *weight_gradient = nullptr, *bias_gradient = nullptr;
  float* sums = nullptr;        ///< [depth][columns] where not made in place
  Element* gradient = nullptr;  ///< scratch for some packed rows

  [[nodiscard]] Index channel() const noexcept { return Index{group} * S.group_out() + Index{block} * block_width; }
  [[nodiscard]] int valid() const noexcept { return std::min(block_width, S.group_out() - block * block_width); }

  /// The tap (or, where `layout.merged`, the row of taps) of a tile.
  static constexpr int tap(int tile) noexcept { return tile / split.tiles; }
  /// First row of a tile in the [taps * channels] rows of the weight gradient.
  static constexpr int tile_start(int tile) noexcept {
    const int t = tile % split.tiles;
    return tile / split.tiles * run + split.start_of(t);
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
