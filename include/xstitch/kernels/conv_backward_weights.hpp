#pragma once
/// \file
/// Gradient of a convolution to its weights and bias.
///
///     dW[u, v, c, o] = sum over n, y, x of x[n, y s - p + u d, x s - p + v d, c] dy[n, y, x, o]
///     db[o] = sum over n, y, x of dy[n, y, x, o]
///
/// One task makes a range of rows of the [taps * channels][out] matrix for one block of output channels: over all
/// images in order, a few image rows at a time, whose output gradient it first packs (in place its pixels may share
/// sets of the first-level cache). The sums of a tile stay in registers over those rows. Products with padding are
/// left out: a tap passes over those pixels only that read the image. While a task works on some rows it fetches the
/// next ones into the second-level cache.
///
/// Few rows (a first layer) would be too little work for each passing over of the images: then a task makes all rows
/// from a part of the images, and the parts are added in order. The order of sums depends on sizes and batch alone.
///
/// conv_weight_images.hpp says how the images are read.

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/conv_shape.hpp>
#include <xstitch/kernels/conv_weight_images.hpp>
#include <xstitch/kernels/sum_tile.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

template <ConvShape S, class Arithmetic>
class ConvBackwardWeights {
  using Element = typename Arithmetic::Element;
  static constexpr int numbers = Arithmetic::numbers;
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

 public:
  /// weight_gradient: [kernel height, kernel width, group in, out]; bias_gradient: [out] or null.
  static void run_all(std::size_t batch, const float* in, const float* out_gradient, float* weight_gradient,
                      float* bias_gradient, std::byte* workspace, ThreadPool& threads) {
    if constexpr (by_images)
      run_by_images(batch, in, out_gradient, weight_gradient, bias_gradient, workspace, threads);
    else
      run_by_rows(batch, in, out_gradient, weight_gradient, bias_gradient, workspace, threads);
  }

 private:
  struct Task {
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
  };
  static constexpr std::size_t gradient_elements =
      static_cast<std::size_t>(S.out_width()) * static_cast<std::size_t>(row_block) * block_width;

  static void run_by_rows(std::size_t batch, const float* in, const float* out_gradient, float* weight_gradient,
                          float* bias_gradient, std::byte* workspace, ThreadPool& threads) {
    const Element* images = weight_gradient_images<S, Arithmetic>(batch, in, workspace, threads);
    threads.parallel_for(static_cast<std::size_t>(S.groups * blocks * parts), [&](std::size_t task) {
      Task t;
      const int part = static_cast<int>(task) % parts;
      t.block = static_cast<int>(task) / parts % blocks;
      t.group = static_cast<int>(task) / parts / blocks;
      t.batch = static_cast<Index>(batch);
      t.last_unit = divide_up(t.batch, numbers) * row_blocks;
      t.images = images;
      t.out_gradient = out_gradient;
      t.first_tile = part * tiles / parts;
      t.last_tile = (part + 1) * tiles / parts;
      t.weight_gradient = weight_gradient + t.channel();
      if (part == 0 && bias_gradient != nullptr) t.bias_gradient = bias_gradient + t.channel();
      const auto rows = static_cast<std::size_t>(tile_start(t.last_tile) - tile_start(t.first_tile));
      t.gradient = reinterpret_cast<Element*>(
          thread_scratch(gradient_elements * sizeof(Element) + rows * block_width * sizeof(float)));
      t.sums = reinterpret_cast<float*>(t.gradient + gradient_elements);
      run_block(t);
    });
  }

  static void run_by_images(std::size_t batch, const float* in, const float* out_gradient, float* weight_gradient,
                            float* bias_gradient, std::byte* workspace, ThreadPool& threads) {
    const Index units = divide_up(static_cast<Index>(batch), numbers) * row_blocks;
    const Index image_parts = std::min<Index>(weight_gradient_parts, units);
    auto* partial = reinterpret_cast<float*>(workspace);
    threads.parallel_for(static_cast<std::size_t>(image_parts), [&](std::size_t task) {
      const Index part = static_cast<Index>(task);
      const Index first = part * units / image_parts, last = (part + 1) * units / image_parts;
      constexpr bool copies = numbers > 1 || !layout.whole;
      auto* gradient = reinterpret_cast<Element*>(thread_scratch(
          (gradient_elements + (copies ? static_cast<std::size_t>(image_elements) + 64 : 0)) * sizeof(Element)));
      auto* copy = gradient + gradient_elements;
      // One image (or pair) after the other: its rows stay in cache while all blocks of channels read them.
      for (Index unit = first; unit < last;) {
        const Index n = unit / row_blocks, end = std::min(last, (n + 1) * row_blocks);
        Task t;
        t.batch = static_cast<Index>(batch);
        t.first_unit = unit;
        t.last_unit = end;
        t.beta_zero = unit == first;
        t.first_image = n;
        if constexpr (copies) {
          t.first_row = std::clamp(static_cast<int>(unit % row_blocks) * row_block * S.stride.height - layout.top, 0,
                                   layout.height);
          const int last_out = std::min(static_cast<int>((end - 1) % row_blocks + 1) * row_block, S.out_height()) - 1;
          const int end_row =
              std::clamp(last_out * S.stride.height + (S.kernel.height - 1) * S.dilation.height - layout.top + 1,
                         t.first_row, layout.height);
          copy_image_rows<S>(static_cast<Index>(batch), in, n, t.first_row, end_row, copy, Arithmetic{});
          t.images = copy;
        } else {
          t.images = reinterpret_cast<const Element*>(in) + n * layout.image;
        }
        t.out_gradient = out_gradient;
        t.gradient = gradient;
        for (t.group = 0; t.group < S.groups; ++t.group)
          for (t.block = 0; t.block < blocks; ++t.block) {
            t.sums = partial + ((part * S.groups + t.group) * blocks + t.block) * partial_floats;
            t.bias_gradient = bias_gradient != nullptr ? t.sums + S.depth() * block_width : nullptr;
            run_block(t);
          }
        unit = end;
      }
    });
    add_parts(partial, image_parts, weight_gradient, bias_gradient, threads);
  }

  static void run_block(const Task& t) {
    constexpr bool has_single = S.group_out() % block_width > 0 && S.group_out() % block_width <= lanes;
    if constexpr (has_single) {
      if (t.valid() <= lanes) return run_task<1>(t);
    }
    if constexpr (S.group_out() > lanes) run_task<tile_vectors>(t);
  }

  /// Sums of a task's part of the images, then those of the bias.
  static constexpr Index partial_floats = Index{S.depth() + 1} * block_width;
  static constexpr Index image_elements = layout.image;

  static void add_parts(const float* partial, Index image_parts, float* weight_gradient, float* bias_gradient,
                        ThreadPool& threads) {
    constexpr Index step = S.groups * blocks * partial_floats;
    constexpr Index rows = S.depth() + 1;
    constexpr Index range = 32;
    threads.parallel_for(static_cast<std::size_t>(divide_up(rows, range)), [&](std::size_t task) {
      const Index first = static_cast<Index>(task) * range;
      for (Index k = first; k < std::min(rows, first + range); ++k) {
        float* to = k < S.depth() ? weight_gradient + k * S.out_channels : bias_gradient;
        if (to == nullptr) continue;
        for (int g = 0; g < S.groups; ++g)
          for (int b = 0; b < blocks; ++b) {
            const int valid = std::min(block_width, S.group_out() - b * block_width);
            const int width = static_cast<int>(round_up(valid, lanes));
            const float* from = partial + (g * blocks + b) * partial_floats + k * (k < S.depth() ? width : block_width);
            float* sum = to + g * S.group_out() + b * block_width;
            int c = 0;
            for (; c + lanes <= valid; c += lanes) {
              Vector total = load(from + c);
              for (Index p = 1; p < image_parts; ++p) total += load(from + p * step + c);
              store(sum + c, total);
            }
            for (; c < valid; ++c) {
              float total = from[c];
              for (Index p = 1; p < image_parts; ++p) total += from[p * step + c];
              sum[c] = total;
            }
          }
      }
    });
  }

  /// First row of a tile in the [taps * channels] rows of the weight gradient.
  static constexpr int tile_start(int tile) noexcept {
    const int t = tile % split.tiles;
    return tile / split.tiles * run + t * (split.large - 1) + std::min(t, split.large_count);
  }

  template <int V>
  static void run_task(const Task& t) {
    constexpr int width = V * lanes;
    constexpr Index packed_row = Index{S.out_width()} * width;
    const int valid = t.valid();
    const bool gaps = valid != width;  // after the last channel: sums cannot be made in place
    const bool packs = numbers > 1 || gaps || t.last_tile - t.first_tile >= 8;
    const int first_k = tile_start(t.first_tile), last_k = tile_start(t.last_tile);
    const bool in_place = !by_images && !gaps;
    float* sums = in_place ? t.weight_gradient + Index{first_k} * S.out_channels : t.sums;
    const Index sums_row = in_place ? S.out_channels : width;
    alignas(64) float bias_sums[width] = {};
    if (t.bias_gradient != nullptr && !t.beta_zero) std::copy_n(t.bias_gradient, valid, bias_sums);

    for (Index unit = t.first_unit; unit < t.last_unit; ++unit) {
      const Index n = unit / row_blocks * numbers;
      const int y = static_cast<int>(unit % row_blocks) * row_block;
      const Element* image =
          t.images + (n / numbers - t.first_image) * layout.image + t.group * layout.group - t.first_row * layout.row;
      const int rows = std::min(row_block, S.out_height() - y);
      const float* dy = t.out_gradient + (n * S.out_height() + y) * S.out_width() * S.out_channels + t.channel();
      const float* second = numbers > 1 && n + 1 < t.batch ? dy + out_image : nullptr;
      if (t.bias_gradient != nullptr) {
        add_columns<V>(dy, rows * S.out_width(), valid, bias_sums);
        if (second != nullptr) add_columns<V>(second, rows * S.out_width(), valid, bias_sums);
      }
      const Element* g = reinterpret_cast<const Element*>(dy);
      Index gradient_row = Index{S.out_width()} * S.out_channels, gradient_pixel = S.out_channels;
      if (packs) {
        pack_gradient(dy, second, S.out_channels, rows * S.out_width(), valid, width, t.gradient, Arithmetic{});
        g = t.gradient;
        gradient_row = packed_row;
        gradient_pixel = width;
      }
      Prefetch next(t, n, y, rows, image, dy);
      for (int tile = t.first_tile; tile < t.last_tile; ++tile) {
        const int k = tile_start(tile), tap = tile / split.tiles, u = tap / inner, v = tap % inner;
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
                              (k - tap * run);
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

  /// Fetches what the task reads after the present rows into the second-level cache, a share with each tile.
  class Prefetch {
   public:
    Prefetch(const Task& t, Index n, int y, int rows, const Element* image, const float* dy) noexcept {
      const int first_tap = t.first_tile / split.tiles / inner, last_tap = (t.last_tile - 1) / split.tiles / inner;
      const auto row_after = [&](int out_row, int tap) {  // of the image, one after the last that is read
        return std::clamp((out_row - 1) * S.stride.height + tap * S.dilation.height - layout.top + 1, 0, layout.height);
      };
      int next_y = y + rows, first_row = row_after(next_y, last_tap);
      if (next_y >= S.out_height()) {
        if (n + numbers >= t.batch) return;
        image += layout.image;
        dy += (numbers - 1) * out_image;
        next_y = 0;
        first_row = std::max(0, row_after(1, first_tap) - 1);
      }
      const int last_row = row_after(std::min(next_y + row_block, S.out_height()), last_tap);
      image_ = reinterpret_cast<const char*>(image + first_row * layout.row);
      image_pixel_ = static_cast<Index>(sizeof(Element)) * (layout.merged ? 16 : layout.pixel);
      image_left_ =
          std::max(0, last_row - first_row) * (layout.merged ? divide_up(layout.row, 16) : Index{layout.width});
      gradient_ = reinterpret_cast<const char*>(dy + Index{rows} * S.out_width() * S.out_channels);
      gradient_left_ = (std::min(next_y + row_block, S.out_height()) - next_y) * S.out_width();
      const Index shares = t.last_tile - t.first_tile;
      image_share_ = divide_up(image_left_, shares);
      gradient_share_ = divide_up(gradient_left_, shares);
    }
    void some() noexcept {
      constexpr Index pixel_bytes = layout.merged ? 64 : run * static_cast<Index>(sizeof(Element));
      for (Index i = std::min(image_share_, image_left_); i > 0; --i, --image_left_, image_ += image_pixel_)
        for (Index b = 0; b < pixel_bytes; b += 64) __builtin_prefetch(image_ + b, 0, 2);
      constexpr Index gradient_bytes = std::min(S.group_out(), block_width) * 4;
      for (Index i = std::min(gradient_share_, gradient_left_); i > 0; --i, --gradient_left_) {
        for (int image = 0; image < numbers; ++image)
          for (Index b = 0; b < gradient_bytes; b += 64)
            __builtin_prefetch(gradient_ + image * out_image * 4 + b, 0, 2);
        gradient_ += S.out_channels * 4;
      }
    }

   private:
    const char *image_ = nullptr, *gradient_ = nullptr;
    Index image_pixel_ = 0, image_left_ = 0, image_share_ = 0, gradient_left_ = 0, gradient_share_ = 0;
  };

  template <int V>
  static void add_columns(const float* from, int pixels, int valid, float* sums) noexcept {
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
