#pragma once
/// \file
/// A correlation of images with packed weights: the forward pass of a convolution, and (with other weights and sizes)
/// the gradient to its input.
///
///     out[n, y, x, g, o] = bias[g, o] + sum over taps (u, v) and channels i of
///         in[n, y stride - top + u dilation, x stride - left + v dilation, g, i] * weights[g][o block][u][v][i][o]
///
/// One task computes a block of output rows of one group of one image for some blocks of output channels. It copies
/// the input rows it needs, padded, into scratch that stays in the second-level cache, unless the image can be read in
/// place; then the weights of one block of channels stay there too while all tiles of the task pass over them.
///
/// The pixels of a tile are a compile-time distance apart, so a tap of several columns is one run of consecutive
/// numbers (a first layer of 3 channels and 11 columns: 33 numbers, nothing padded).

#include <xstitch/core/shape.hpp>
#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/conv_tile.hpp>
#include <xstitch/kernels/pack_bf16.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// How the numbers that one output reads lie in scratch; everything counted in numbers (floats or bf16).
struct RunLayout {
  Index pixel = 0;  ///< from one pixel to the next
  int inner = 0;    ///< runs in a row of taps: 1 if the columns are one run
  Index run = 0;    ///< length of a run

  constexpr RunLayout(int channels, int taps_width, int stride, int dilation, int per_element, int bytes) noexcept
      : pixel(channels) {
    bool merged = taps_width == 1 || (dilation == 1 && channels * stride % per_element == 0);
    if (Index{channels} * stride * bytes % 2048 == 0) {  // all pixels of a tile in two of the 64 sets of the cache
      pixel += 64 / bytes;
      merged = taps_width == 1;
    }
    if (!merged || channels * stride % per_element != 0) pixel = round_up(pixel, per_element);
    inner = merged ? 1 : taps_width;
    run = merged ? Index{taps_width} * channels : channels;
  }
};

struct Correlation {
  int image_height = 0, image_width = 0, groups = 1, group_in = 0;
  int top = 0, left = 0;
  int out_height = 0;
  int taps_height = 0, taps_width = 0;
  Size stride{}, dilation{};
  Index out_image = 0, out_row = 0, out_pixel = 0;  ///< strides of the output in floats
};

/// Elements of the packed weights of one group: [blocks][taps][run][block_width], the last block perhaps narrower.
template <class Arithmetic>
constexpr Index packed_group(const RunLayout& layout, int taps_height, int group_out) noexcept {
  const Index columns = round_up(group_out, lanes);
  return columns * taps_height * layout.inner * divide_up(layout.run, Arithmetic::per_element);
}

/// Output rows of a task.
struct CorrelationRows {
  int first, last;
  Index in_step;  ///< elements from the source of one output row to the next
};

/// All images; `width` and `group_out` are those of the output. What is compiled for each of them is the function that
/// goes over a row by tiles of registers.
template <class Arithmetic>
class CorrelationTasks {
  using Element = typename Arithmetic::Element;
  static constexpr int bytes = Arithmetic::value_bytes;
  static constexpr std::size_t scratch_budget = 320 << 10;
  static constexpr Index wanted_tasks = 32;
  static constexpr Index least_rows = 6;

 public:
  using Tiles = void (*)(const Element* in, const CorrelationRows& rows, const Element* weights, const Taps& all_taps,
                         const Epilogue& epilogue, float* out, const Correlation& c, int valid);

  static void run(const Correlation& c, int width, int group_out, Tiles tiles, std::size_t batch, const float* in,
                  const Element* weights, const float* bias, bool with_relu, float* out, ThreadPool& threads) {
    const RunLayout layout(c.group_in, c.taps_width, c.stride.width, c.dilation.width, Arithmetic::per_element, bytes);
    const int window_width = std::max(1, (width - 1) * c.stride.width + (c.taps_width - 1) * c.dilation.width + 1);
    const int taps_reach = std::max(0, (c.taps_height - 1) * c.dilation.height);
    const int blocks = static_cast<int>(divide_up(group_out, block_width));
    const Index channels = Index{c.group_in} * c.groups;
    const int whole_height = (c.out_height - 1) * c.stride.height + taps_reach + 1;
    const bool in_place = std::is_same_v<Arithmetic, Fp32> && c.groups == 1 && c.top == 0 && c.left == 0 &&
                          layout.pixel == channels && window_width <= c.image_width && whole_height <= c.image_height;
    // A run may read a few numbers after a row (its last element in bf16): they are zero and exist.
    const Index row =
        in_place ? Index{c.image_width} * channels : round_up(window_width * layout.pixel + 1, 64 / bytes);
    const Index row_elements = row / Arithmetic::per_element;

    const Index fitting = (static_cast<Index>(scratch_budget) / (row * bytes) - taps_reach - 1) / c.stride.height + 1;
    // Tasks share out rows before they share out channels, for which each would copy the same rows.
    const Index images = static_cast<Index>(batch) * c.groups;
    const Index wanted_rows = std::max(least_rows, divide_up(c.out_height, divide_up(wanted_tasks, images)));
    const int row_blocks =
        static_cast<int>(divide_up(c.out_height, std::clamp<Index>(std::min(fitting, wanted_rows), 1, c.out_height)));
    const int rows = static_cast<int>(divide_up(c.out_height, row_blocks));
    const Index coarse = static_cast<Index>(batch) * c.groups * row_blocks;
    const int chunks = static_cast<int>(std::clamp<Index>(divide_up(wanted_tasks, coarse), 1, blocks));

    const Taps taps{c.taps_height, layout.inner, c.dilation.height * row_elements,
                    c.dilation.width * layout.pixel / Arithmetic::per_element,
                    divide_up(layout.run, Arithmetic::per_element)};
    const Index depth = Index{taps.outer} * taps.inner * taps.run;
    const Index group_elements = packed_group<Arithmetic>(layout, c.taps_height, group_out);

    threads.parallel_for(static_cast<std::size_t>(coarse) * static_cast<std::size_t>(chunks), [&](std::size_t task) {
      Index t = static_cast<Index>(task);
      const int chunk = static_cast<int>(t % chunks);
      t /= chunks;
      const int row_block = static_cast<int>(t % row_blocks);
      t /= row_blocks;
      const int group = static_cast<int>(t % c.groups);
      const Index n = t / c.groups;

      const int first_row = row_block * rows, last_row = std::min(first_row + rows, c.out_height);
      if (first_row >= last_row) return;
      const float* image = in + n * c.image_height * c.image_width * channels + Index{group} * c.group_in;
      const Element* source;
      if (in_place) {
        source = reinterpret_cast<const Element*>(image + first_row * c.stride.height * row);
      } else {
        const int height = (last_row - first_row - 1) * c.stride.height + taps_reach + 1;
        Element* copy =
            reinterpret_cast<Element*>(thread_scratch(static_cast<std::size_t>(height * row * bytes) + 128));
        const Window window{image,    c.image_height, c.image_width,
                            channels, c.group_in,     first_row * c.stride.height - c.top,
                            -c.left,  height,         window_width};
        copy_window(window, copy, layout.pixel, row, Arithmetic{});
        source = copy;
      }
      const Element* group_weights = weights + group * group_elements;
      for (int block = chunk * blocks / chunks; block < (chunk + 1) * blocks / chunks; ++block) {
        const int valid = std::min(block_width, group_out - block * block_width);
        const Index channel = Index{group} * group_out + Index{block} * block_width;
        alignas(64) float block_bias[block_width] = {};
        if (bias != nullptr) std::copy_n(bias + channel, valid, block_bias);
        const Epilogue epilogue{bias != nullptr ? block_bias : nullptr, with_relu};
        const Element* w = group_weights + block * block_width * depth;
        float* to = out + n * c.out_image + channel;
        const CorrelationRows rows_here{first_row, last_row, c.stride.height * row_elements};
        tiles(source, rows_here, w, taps, epilogue, to, c, valid);
      }
    });
  }
};

/// The same with `PixelStep`, RunLayout::pixel * stride / per_element, and the output's sizes as constants.
template <class Arithmetic, int PixelStep, int Width, int GroupOut>
class Correlate {
  using Element = typename Arithmetic::Element;

 public:
  static void run(const Correlation& c, std::size_t batch, const float* in, const Element* weights, const float* bias,
                  bool with_relu, float* out, ThreadPool& threads) {
    CorrelationTasks<Arithmetic>::run(c, Width, GroupOut, &tiles, batch, in, weights, bias, with_relu, out, threads);
  }

 private:
  static void tiles(const Element* in, const CorrelationRows& rows, const Element* weights, const Taps& taps,
                    const Epilogue& epilogue, float* out, const Correlation& c, int valid) {
    if constexpr (GroupOut % block_width == 0 || GroupOut % block_width > lanes) {
      run_rows<tile_vectors>(in, rows, weights, taps, epilogue, out, c, valid);
    } else if (valid <= lanes) {
      run_rows<1>(in, rows, weights, taps, epilogue, out, c, valid);
    } else if constexpr (GroupOut > lanes) {
      run_rows<tile_vectors>(in, rows, weights, taps, epilogue, out, c, valid);
    }
  }

  template <int V>
  static void run_rows(const Element* in, const CorrelationRows& rows, const Element* weights, const Taps& all_taps,
                       const Epilogue& epilogue, float* out, const Correlation& c, int valid) noexcept {
    constexpr Split split(Width, tile_rows);
    out += rows.first * c.out_row;
    for (int y = rows.first; y < rows.last; ++y, in += rows.in_step, out += c.out_row) {
      // Taps in rows above and below the image would multiply zeros.
      const int above = c.top - y * c.stride.height;
      const int first_tap = std::clamp<int>(static_cast<int>(divide_up(above, c.dilation.height)), 0, all_taps.outer);
      const int reach = above + c.image_height - 1;
      const int last_tap = reach < 0 ? first_tap : std::clamp(reach / c.dilation.height + 1, first_tap, all_taps.outer);
      Taps taps = all_taps;
      taps.outer = last_tap - first_tap;
      const Element* p = in + first_tap * taps.outer_stride;
      const Element* w = weights + first_tap * (taps.inner * taps.run * V * lanes);
      float* q = out;
      int tile = 0;
      for (; tile < split.large_count; ++tile, p += split.large * PixelStep, q += split.large * c.out_pixel)
        correlate_tile<Arithmetic, split.large, V, PixelStep>(p, w, taps, epilogue, q, c.out_pixel, valid);
      if constexpr (split.large_count < split.tiles) {
        constexpr int small = split.large - 1;
        for (; tile < split.tiles; ++tile, p += small * PixelStep, q += small * c.out_pixel)
          correlate_tile<Arithmetic, small, V, PixelStep>(p, w, taps, epilogue, q, c.out_pixel, valid);
      }
    }
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
