#pragma once
/// \file
/// Gradient of a convolution to its weights and bias.
///
///     dW[u, v, c, o] = sum over n, y, x of x[n, y s - p + u d, x s - p + v d, c] dy[n, y, x, o]
///     db[o] = sum over n, y, x of dy[n, y, x, o]
///
/// First the padded images are copied, each group by itself, with a distance between pixels that spreads them over
/// the sets of the first-level cache (unless they can be read in place). Then one task makes a range of rows of the
/// [taps * channels][out] matrix for one block of output channels: over all images in order, a few image rows at a
/// time, whose output gradient it first packs. The sums of a tile stay in registers over those rows. The order of
/// sums depends on the sizes alone.

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/conv_shape.hpp>
#include <xstitch/kernels/conv_tile.hpp>
#include <xstitch/kernels/pack.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// How the rows of the weight gradient and the copies of the images are laid out.
struct WeightGradientLayout {
  bool merged = false;  ///< few channels: a row of taps is one run of numbers, else the channels of one tap
  int inner = 1, run = 0;
  int pixel = 0;        ///< elements
  int window_height = 0, window_width = 0;
  bool in_place = false;
  Index row = 0, image = 0;  ///< elements; of one group

  constexpr WeightGradientLayout(const ConvShape& s, int numbers) noexcept
      : merged(s.group_in() < tile_rows && s.dilation.width == 1),
        inner(merged ? 1 : s.kernel.width),
        run(merged ? s.kernel.width * s.group_in() : s.group_in()),
        pixel(!merged && s.group_in() % 32 == 0 ? s.group_in() + 16 : s.group_in()),
        window_height((s.out_height() - 1) * s.stride.height + (s.kernel.height - 1) * s.dilation.height + 1),
        window_width((s.out_width() - 1) * s.stride.width + (s.kernel.width - 1) * s.dilation.width + 1),
        in_place(numbers == 1 && s.groups == 1 && s.pad == Size{0} && pixel == s.in.channels),
        row(in_place ? Index{s.in.width} * s.in.channels : round_up(Index{window_width + numbers - 1} * pixel, 16)),
        image(in_place ? static_cast<Index>(s.in.size()) : row * window_height) {}
};
/// Bytes of the padded copies of the images, each sample.
template <class Arithmetic>
constexpr std::size_t backward_weights_workspace(const ConvShape& s) noexcept {
  const WeightGradientLayout layout(s, Arithmetic::numbers);
  return layout.in_place ? 0 : static_cast<std::size_t>(layout.image * s.groups) * sizeof(typename Arithmetic::Element);
}

template <ConvShape S, class Arithmetic>
class ConvBackwardWeights {
  using Element = typename Arithmetic::Element;
  static constexpr int numbers = Arithmetic::numbers;
  static constexpr WeightGradientLayout layout{S, numbers};
  static constexpr int inner = layout.inner, run = layout.run, pixel = layout.pixel;
  static constexpr Index row = layout.row, image = layout.image;

  static constexpr Split split{run, tile_rows};
  static constexpr int tiles = S.kernel.height * inner * split.tiles;
  static constexpr int blocks = static_cast<int>(divide_up(S.group_out(), block_width));
  static constexpr int wanted_tasks = 32;
  static constexpr int parts = std::clamp<int>((wanted_tasks + S.groups * blocks - 1) / (S.groups * blocks), 1, tiles);

  // Image rows whose gradient is packed together: it shares the first-level cache with as many input pixels.
  static constexpr int cached_pixels = 176;
  static constexpr int row_blocks = static_cast<int>(
      divide_up(S.out_height(), std::clamp(cached_pixels / S.out_width(), 1, S.out_height())));
  static constexpr int row_block = static_cast<int>(divide_up(S.out_height(), row_blocks));
  static constexpr int row_elements = static_cast<int>(divide_up(S.out_width(), numbers));

 public:
  /// weight_gradient: [kernel height, kernel width, group in, out]; bias_gradient: [out] or null.
  static void run_all(std::size_t batch, const float* in, const float* out_gradient, float* weight_gradient,
                      float* bias_gradient, std::byte* workspace, ThreadPool& threads) {
    const auto* images = reinterpret_cast<const Element*>(layout.in_place ? static_cast<const void*>(in) : workspace);
    if constexpr (!layout.in_place) {
      auto* copies = reinterpret_cast<Element*>(workspace);
      threads.parallel_for(batch * std::size_t{S.groups}, [&](std::size_t task) {
        const Index n = static_cast<Index>(task) / S.groups, group = static_cast<Index>(task) % S.groups;
        const Window window{in + n * static_cast<Index>(S.in.size()) + group * S.group_in(),
                            S.in.height,
                            S.in.width,
                            S.in.channels,
                            S.group_in(),
                            -S.pad.height,
                            -S.pad.width,
                            layout.window_height,
                            layout.window_width};
        copy_window_pixels(window, copies + static_cast<Index>(task) * image, pixel, row, S.stride.width, Arithmetic{});
      });
    }
    constexpr auto tasks = static_cast<std::size_t>(S.groups * blocks * parts);
    threads.parallel_for(tasks, [&](std::size_t task) {
      const int part = static_cast<int>(task) % parts, block = static_cast<int>(task) / parts % blocks;
      const int group = static_cast<int>(task) / parts / blocks;
      const Task t{static_cast<Index>(batch), images, out_gradient, weight_gradient, part == 0 ? bias_gradient : nullptr,
                   group, block, part * tiles / parts, (part + 1) * tiles / parts};
      constexpr bool has_single = S.group_out() % block_width > 0 && S.group_out() % block_width <= lanes;
      const int valid = std::min(block_width, S.group_out() - block * block_width);
      if constexpr (has_single) {
        if (valid <= lanes) return run_task<1>(t, valid);
      }
      if constexpr (S.group_out() > lanes) run_task<tile_vectors>(t, valid);
    });
  }

 private:
  struct Task {
    Index batch;
    const Element* images;
    const float* out_gradient;
    float* weight_gradient;
    float* bias_gradient;
    int group, block, first_tile, last_tile;
  };

  /// First row of a tile in the [taps * channels] rows of the weight gradient.
  static constexpr int tile_start(int tile) noexcept {
    const int t = tile % split.tiles;
    return tile / split.tiles * run + t * (split.large - 1) + std::min(t, split.large_count);
  }

  template <int V>
  static void run_task(const Task& t, int valid) {
    constexpr int width = V * lanes;
    constexpr Index packed_row = Index{row_elements} * width;
    const bool partial = valid != width;
    const bool packs = numbers > 1 || partial || t.last_tile - t.first_tile >= 8;
    const int first_k = tile_start(t.first_tile), last_k = tile_start(t.last_tile);
    const std::size_t sum_count = partial ? static_cast<std::size_t>(last_k - first_k) * width : 0;
    auto* gradient = reinterpret_cast<Element*>(
        thread_scratch(sizeof(Element) * packed_row * row_block + sum_count * sizeof(float)));
    const Index channel = Index{t.group} * S.group_out() + Index{t.block} * block_width;
    float* sums = partial ? reinterpret_cast<float*>(gradient + packed_row * row_block)
                          : t.weight_gradient + Index{first_k} * S.out_channels + channel;
    const Index sums_row = partial ? width : S.out_channels;
    alignas(64) float bias_sums[width] = {};

    for (Index n = 0; n < t.batch; ++n) {
      for (int y = 0; y < S.out_height(); y += row_block) {
        const int rows = std::min(row_block, S.out_height() - y);
        const float* dy = t.out_gradient + (n * S.out_height() + y) * S.out_width() * S.out_channels + channel;
        if (t.bias_gradient != nullptr) add_columns<V>(dy, rows * S.out_width(), valid, bias_sums);
        Pixels where{rows, row_elements, S.stride.height * row, Index{numbers} * S.stride.width * pixel,
                     Index{S.out_width()} * S.out_channels, S.out_channels};
        const Element* g = reinterpret_cast<const Element*>(dy);
        if (packs) {
          pack_gradient(dy, S.out_channels, rows, S.out_width(), valid, width, gradient, Arithmetic{});
          g = gradient;
          where.gradient_row = packed_row;
          where.gradient_pixel = width;
        }
        const Element* x = t.images + (n * S.groups + t.group) * image + Index{y} * S.stride.height * row;
        const bool fresh = n == 0 && y == 0;
        for (int tile = t.first_tile; tile < t.last_tile; ++tile) {
          const int k = tile_start(tile), tap = tile / split.tiles;
          const Element* from = x + tap / inner * S.dilation.height * row +
                                Index{tap % inner} * S.dilation.width * pixel + (k - tap * run);
          float* to = sums + (k - first_k) * sums_row;
          if (tile % split.tiles < split.large_count)
            weight_gradient_tile<Arithmetic, split.large, V>(from, g, where, to, sums_row, fresh);
          else if constexpr (split.large > 1)
            weight_gradient_tile<Arithmetic, split.large - 1, V>(from, g, where, to, sums_row, fresh);
        }
      }
    }
    if (partial)
      for (int k = first_k; k < last_k; ++k)
        std::copy_n(sums + Index{k - first_k} * width, valid, t.weight_gradient + Index{k} * S.out_channels + channel);
    if (t.bias_gradient != nullptr) std::copy_n(bias_sums, valid, t.bias_gradient + channel);
  }

  template <int V>
  static void add_columns(const float* from, int pixels, int valid, float* sums) noexcept {
    if (valid == V * lanes) {
      Vector acc[V];
      XSTITCH_UNROLL
      for (int v = 0; v < V; ++v) acc[v] = load(sums + v * lanes);
      for (int p = 0; p < pixels; ++p, from += S.out_channels) {
        XSTITCH_UNROLL
        for (int v = 0; v < V; ++v) acc[v] += load(from + v * lanes);
      }
      XSTITCH_UNROLL
      for (int v = 0; v < V; ++v) store(sums + v * lanes, acc[v]);
    } else {
      for (int p = 0; p < pixels; ++p, from += S.out_channels)
        for (int c = 0; c < valid; ++c) sums[c] += from[c];
    }
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
