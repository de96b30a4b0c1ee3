#pragma once
/// \file
/// One task of the gradient of a convolution's weights: the sums of its tiles over the image rows of the task, in
/// order,
///
///     dW[u, v, c, o] (+)= sum over y, x of x[y s - p + u d, x s - p + v d, c] dy[y, x, o],   db[o] (+)= sum of dy[y,
///     x, o]
///
/// The sums of a tile stay in registers over a block of rows. Products with padding are left out: a tap passes over
/// those pixels only that read the image.

#include <xstitch/kernels/conv_weight_prefetch.hpp>
#include <xstitch/kernels/conv_weight_task.hpp>
#include <xstitch/kernels/sum_tile.hpp>

#include <algorithm>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

template <ConvShape S, class Arithmetic>
class ConvWeightRows {
  using Task = ConvWeightTask<S, Arithmetic>;
  using Element = typename Task::Element;
  static constexpr const auto& layout = Task::layout;
  static constexpr const auto& split = Task::split;
  static constexpr int per_element = Task::per_element, inner = Task::inner, row_block = Task::row_block,
                       row_blocks = Task::row_blocks;
  static constexpr bool by_images = Task::by_images;
  static constexpr Index out_image = Task::out_image;

 public:
  static void run(const Task& t) {
    constexpr bool has_single = S.group_out() % block_width > 0 && S.group_out() % block_width <= lanes;
    if constexpr (has_single) {
      if (t.valid() <= lanes) return run_vectors<1>(t);
    }
    if constexpr (S.group_out() > lanes) run_vectors<tile_vectors>(t);
  }

 private:
  template <int V>
  static void run_vectors(const Task& t) {
    constexpr int width = V * lanes;
    constexpr Index packed_row = Index{S.out_width()} * width;
    const int valid = t.valid();
    const bool gaps = valid != width;  // after the last channel: sums cannot be made in place
    const bool packs = per_element > 1 || gaps || t.last_tile - t.first_tile >= 8;
    const int first_k = Task::tile_start(t.first_tile), last_k = Task::tile_start(t.last_tile);
    const bool in_place = !by_images && !gaps;
    float* sums = in_place ? t.weight_gradient + Index{first_k} * S.out_channels : t.sums;
    const Index sums_row = in_place ? S.out_channels : width;
    alignas(64) float bias_sums[width] = {};
    if (t.bias_gradient != nullptr && !t.beta_zero) std::copy_n(t.bias_gradient, valid, bias_sums);

    for (Index unit = t.first_unit; unit < t.last_unit; ++unit) {
      const Index n = unit / row_blocks * per_element;
      const int y = static_cast<int>(unit % row_blocks) * row_block;
      const Element* image = t.images + (n / per_element - t.first_image) * layout.image + t.group * layout.group -
                             t.first_row * layout.row;
      const int rows = std::min(row_block, S.out_height() - y);
      const float* dy = t.out_gradient + (n * S.out_height() + y) * S.out_width() * S.out_channels + t.channel();
      const float* second = per_element > 1 && n + 1 < t.batch ? dy + out_image : nullptr;
      if (t.bias_gradient != nullptr) {
        add_to_bias<V>(dy, rows * S.out_width(), valid, bias_sums);
        if (second != nullptr) add_to_bias<V>(second, rows * S.out_width(), valid, bias_sums);
      }
      const Element* g = reinterpret_cast<const Element*>(dy);
      Index gradient_row = Index{S.out_width()} * S.out_channels, gradient_pixel = S.out_channels;
      if (packs) {
        pack_gradient(dy, second, S.out_channels, rows * S.out_width(), valid, width, t.gradient, Arithmetic{});
        g = t.gradient;
        gradient_row = packed_row;
        gradient_pixel = width;
      }
      ConvWeightPrefetch<S, Arithmetic> next(t, n, y, rows, image, dy);
      for (int tile = t.first_tile; tile < t.last_tile; ++tile) {
        const int k = Task::tile_start(tile), tap = Task::tap(tile), u = tap / inner, v = tap % inner;
        const Range ys = inside(u * S.dilation.height - layout.top, S.stride.height, layout.height, y, y + rows);
        const Range xs =
            layout.merged ? Range{0, S.out_width()}
                          : inside(v * S.dilation.width - layout.left, S.stride.width, layout.width, 0, S.out_width());
        const Pixels where{ys.last - ys.first,
                           xs.last - xs.first,
                           S.stride.height * layout.row,
                           S.stride.width * layout.pixel,
                           gradient_row,
                           gradient_pixel,
                           nullptr,
                           0};
        const Element* from = image + (ys.first * S.stride.height + u * S.dilation.height - layout.top) * layout.row +
                              (xs.first * S.stride.width + v * S.dilation.width - layout.left) * layout.pixel +
                              (k - tap * Task::run);
        const Element* with = g + (ys.first - y) * gradient_row + xs.first * gradient_pixel;
        float* to = sums + (k - first_k) * sums_row;
        const bool beta_zero = t.beta_zero && unit == t.first_unit;
        next.some();
        if (tile % split.tiles < split.large_count)
          sum_tile<Arithmetic, split.large, V>(from, with, where, to, sums_row, beta_zero);
        else if constexpr (split.large > 1)
          sum_tile<Arithmetic, split.large - 1, V>(from, with, where, to, sums_row, beta_zero);
      }
    }
    if (!by_images && gaps)
      for (int k = first_k; k < last_k; ++k)
        std::copy_n(sums + Index{k - first_k} * width, valid, t.weight_gradient + Index{k} * S.out_channels);
    if (t.bias_gradient != nullptr) std::copy_n(bias_sums, valid, t.bias_gradient);
  }

  struct Range {
    int first, last;
  };
  /// Those i of [first, last) with 0 <= i * stride + offset < size.
  static constexpr Range inside(int offset, int stride, int size, int first, int last) noexcept {
    const int low = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
    const int high = size - 1 - offset < 0 ? 0 : (size - 1 - offset) / stride + 1;
    const int from = std::clamp(low, first, last);
    return {from, std::clamp(high, from, last)};
  }

  /// sums[channel] += the gradients of `pixels` pixels.
  template <int V>
  static void add_to_bias(const float* from, int pixels, int valid, float* sums) noexcept {
    if (valid == V * lanes) {
      constexpr int accumulators = 4;  // sums of every fourth pixel: one alone would wait for each addition
      Vector acc[accumulators][V];
      XSTITCH_UNROLL
      for (int v = 0; v < V; ++v) {
        acc[0][v] = load(sums + v * lanes);
        XSTITCH_UNROLL
        for (int a = 1; a < accumulators; ++a) acc[a][v] = Vector(0.0F);
      }
      int p = 0;
      for (; p + accumulators <= pixels; p += accumulators, from += accumulators * S.out_channels) {
        XSTITCH_UNROLL
        for (int a = 0; a < accumulators; ++a) {
          XSTITCH_UNROLL
          for (int v = 0; v < V; ++v) acc[a][v] += load(from + a * S.out_channels + v * lanes);
        }
      }
      for (; p < pixels; ++p, from += S.out_channels) {
        XSTITCH_UNROLL
        for (int v = 0; v < V; ++v) acc[0][v] += load(from + v * lanes);
      }
      XSTITCH_UNROLL
      for (int v = 0; v < V; ++v) store(sums + v * lanes, (acc[0][v] + acc[1][v]) + (acc[2][v] + acc[3][v]));
    } else {
      for (int p = 0; p < pixels; ++p, from += S.out_channels)
        for (int c = 0; c < valid; ++c) sums[c] += from[c];
    }
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
