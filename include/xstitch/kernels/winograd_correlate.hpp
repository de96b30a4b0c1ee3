#pragma once
/// \file
/// A correlation of stride 1 with transformed weights u by Winograd's minimal filtering, with bias and ReLU:
///
///     Y = A' [sum over channels of u * (B' d B)] A
///
/// One task takes some tiles of all images of one group: it transforms their inputs to matrices [tiles][channels], one
/// for each element of a tile, multiplies each by the transformed weights (the register tile of conv_tile.hpp), and
/// transforms back. conv_winograd.hpp says more.

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/conv_tile.hpp>
#include <xstitch/kernels/pack.hpp>
#include <xstitch/kernels/winograd_tile.hpp>

#include <algorithm>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {
namespace winograd {

/// Source: see PixelSource.
template <class Source>
class Correlate {
  static constexpr Sizes S = Source::sizes;
  using Transform = winograd::Transform<S.taps>;
  static constexpr int window = S.window(), elements = S.elements();
  static constexpr int blocks = S.blocks();
  static constexpr Index terms = round_up(S.group_in, lanes);
  static constexpr Index pixel = terms * 4 % 2048 == 0 ? terms + 16 : terms;  // not all in one cache set
  static constexpr Index out_channels = Index{S.groups} * S.group_out;
  // Transformed inputs and products of a task have about the size of the second-level cache.
  static constexpr int task_tiles = static_cast<int>(divide_up(Source::limits.tiles, tile_rows)) * tile_rows;
  static constexpr int half = tile_rows / 2;
  // From one element's matrix to the next: a line more than their size, so that those of a tile lie in different cache
  // sets.
  static constexpr Index inputs_step = task_tiles * pixel + 16;
  static constexpr Index products_step(Index columns) noexcept { return task_tiles * columns + 16; }
  static constexpr Index wanted_tasks = 24;

 public:
  static void run(std::size_t batch, const float* in, const float* weights, const float* bias, bool with_relu,
                  float* out, ThreadPool& threads) {
    const Index all = static_cast<Index>(batch) * S.image_tiles(), parts = divide_up(all, task_tiles);
    const Index chunks = std::clamp<Index>(divide_up(wanted_tasks, parts * S.groups), 1, blocks);
    threads.parallel_for(static_cast<std::size_t>(parts * S.groups * chunks), [&](std::size_t task) {
      const Index t = static_cast<Index>(task), chunk = t % chunks, group = t / chunks % S.groups;
      const Index first = t / chunks / S.groups * task_tiles;
      const int tiles = static_cast<int>(std::min<Index>(task_tiles, all - first));
      const Index first_block = chunk * blocks / chunks, last_block = (chunk + 1) * blocks / chunks;
      const Index first_column = first_block * block_width;
      const Index columns = std::min<Index>(S.group_out, last_block * block_width) - first_column;

      float* inputs = reinterpret_cast<float*>(thread_scratch(
          static_cast<std::size_t>(elements * (inputs_step + products_step(columns)) + pixel + Source::scratch) *
          sizeof(float)));
      float* products = inputs + elements * inputs_step;
      float* zeros = products + elements * products_step(columns);
      std::fill_n(zeros, pixel, 0.0F);
      Source::load(in, group * S.group_in, S.group_in, first, tiles, zeros, zeros + pixel, inputs, pixel, inputs_step);
      const float* w = weights + (group * elements * S.group_out + elements * first_column) * S.group_in;
      for (int element = 0; element < elements; ++element) multiply(inputs, w, element, tiles, columns, products);
      const Index channel = group * S.group_out + first_column;
      for (int i = 0; i < tiles; ++i) {
        const Place<S> at(first + i);
        store_tile(products + i * columns, columns, at, bias != nullptr ? bias + channel : zeros, bias != nullptr,
                   with_relu, out + at.image * S.out_height * S.out_width * out_channels + channel);
      }
    });
  }

 private:
  /// products[element][tile][column] = sum over terms of inputs[element][tile][term] * weights[..][term][column].
  static void multiply(const float* inputs, const float* weights, int element, int tiles, Index columns,
                       float* products) noexcept {
    const Taps run = Source::terms(element);
    const float* from = inputs + element * inputs_step;
    float* to = products + element * products_step(columns);
    for (Index column = 0; column < columns; column += block_width) {
      const Index width = std::min<Index>(block_width, columns - column);
      const float* w = weights + elements * column * S.group_in + Source::terms_before(element) * width;
      // Tiles after the last are computed from whatever is there, and not stored in the end.
      int i = 0;
      for (; tiles - i > half; i += tile_rows) multiply_tile<tile_rows>(from, i, w, run, columns, width, to + column);
      for (; i < tiles; i += half) multiply_tile<half>(from, i, w, run, columns, width, to + column);
    }
  }
  template <int M>
  static void multiply_tile(const float* from, int first, const float* weights, const Taps& run, Index columns,
                            Index width, float* to) noexcept {
    constexpr int step = static_cast<int>(pixel);
    if (width == block_width)
      correlate_tile<Fp32, M, tile_vectors, step>(from + first * pixel, weights, run, Epilogue{}, to + first * columns,
                                                  columns, block_width);
    else
      correlate_tile<Fp32, M, 1, step>(from + first * pixel, weights, run, Epilogue{}, to + first * columns, columns,
                                       lanes);
  }

  static void store_tile(const float* products, Index columns, const Place<S>& at, const float* bias, bool with_bias,
                         bool with_relu, float* image) noexcept {
    const bool right = at.x + 1 < S.out_width, below = at.y + 1 < S.out_height;
    float* const to = image + (Index{at.y} * S.out_width + at.x) * out_channels;
    constexpr Index row = Index{S.out_width} * out_channels;
    for (Index c = 0; c < columns; c += lanes) {
      Vector m[elements], y[outputs * outputs];
      for_each_element<window>([&](int i) { m[i] = load(products + i * products_step(columns) + c); });
      Transform::output(m, y);
      XSTITCH_UNROLL
      for (Vector& v : y) {
        if (with_bias) v += load(bias + c);
        if (with_relu) v = relu(v);
      }
      store(to + c, y[0]);
      if (right) store(to + out_channels + c, y[1]);
      if (below) store(to + row + c, y[2]);
      if (right && below) store(to + row + out_channels + c, y[3]);
    }
  }
};

}  // namespace winograd
}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
