#pragma once
/// \file
/// Gradient of a convolution to its weights and bias.
///
///     dW[u, v, c, o] = sum over n, y, x of x[n, y s - p + u d, x s - p + v d, c] dy[n, y, x, o]
///     db[o] = sum over n, y, x of dy[n, y, x, o]
///
/// One task makes a range of rows of the [taps * channels][out] matrix for one block of output channels: over all
/// images in order, a few image rows at a time (conv_weight_rows.hpp), whose output gradient it first packs (in place
/// its pixels may share sets of the first-level cache). While a task works on some rows it fetches the next ones into
/// the second-level cache.
///
/// Few rows (a first layer) would be too little work for each passing over of the images: then a task makes all rows
/// from a part of the images, and the parts are added in order. The order of sums depends on sizes and batch alone.
///
/// conv_weight_task.hpp has the sizes of all that, conv_weight_images.hpp says how the images are read.

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/conv_shape.hpp>
#include <xstitch/kernels/conv_weight_images.hpp>
#include <xstitch/kernels/conv_weight_rows.hpp>
#include <xstitch/kernels/conv_weight_task.hpp>
#include <xstitch/kernels/pack.hpp>

#include <algorithm>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

template <ConvShape S, class Arithmetic>
class ConvBackwardWeights {
  using Task = ConvWeightTask<S, Arithmetic>;
  using Element = typename Task::Element;
  static constexpr const auto& layout = Task::layout;
  static constexpr int per_element = Task::per_element, blocks = Task::blocks, tiles = Task::tiles, parts = Task::parts,
                       row_block = Task::row_block, row_blocks = Task::row_blocks;
  static constexpr std::size_t gradient_elements = Task::gradient_elements;

 public:
  /// weight_gradient: [kernel height, kernel width, group in, out]; bias_gradient: [out] or null.
  static void run_all(std::size_t batch, const float* in, const float* out_gradient, float* weight_gradient,
                      float* bias_gradient, std::byte* workspace, ThreadPool& threads) {
    if constexpr (Task::by_images)
      run_by_images(batch, in, out_gradient, weight_gradient, bias_gradient, workspace, threads);
    else
      run_by_rows(batch, in, out_gradient, weight_gradient, bias_gradient, workspace, threads);
  }

 private:
  static void run_by_rows(std::size_t batch, const float* in, const float* out_gradient, float* weight_gradient,
                          float* bias_gradient, std::byte* workspace, ThreadPool& threads) {
    const Element* images = weight_gradient_images<S, Arithmetic>(batch, in, workspace, threads);
    threads.parallel_for(static_cast<std::size_t>(S.groups * blocks * parts), [&](std::size_t task) {
      Task t;
      const int part = static_cast<int>(task) % parts;
      t.block = static_cast<int>(task) / parts % blocks;
      t.group = static_cast<int>(task) / parts / blocks;
      t.batch = static_cast<Index>(batch);
      t.last_unit = divide_up(t.batch, per_element) * row_blocks;
      t.images = images;
      t.out_gradient = out_gradient;
      t.first_tile = part * tiles / parts;
      t.last_tile = (part + 1) * tiles / parts;
      t.weight_gradient = weight_gradient + t.channel();
      if (part == 0 && bias_gradient != nullptr) t.bias_gradient = bias_gradient + t.channel();
      const auto rows = static_cast<std::size_t>(Task::tile_start(t.last_tile) - Task::tile_start(t.first_tile));
      t.gradient = reinterpret_cast<Element*>(
          thread_scratch(gradient_elements * sizeof(Element) + rows * block_width * sizeof(float)));
      t.sums = reinterpret_cast<float*>(t.gradient + gradient_elements);
      ConvWeightRows<S, Arithmetic>::run(t);
    });
  }

  static void run_by_images(std::size_t batch, const float* in, const float* out_gradient, float* weight_gradient,
                            float* bias_gradient, std::byte* workspace, ThreadPool& threads) {
    const Index units = divide_up(static_cast<Index>(batch), per_element) * row_blocks;
    const Index image_parts = std::min<Index>(weight_gradient_parts, units);
    auto* partial = reinterpret_cast<float*>(workspace);
    threads.parallel_for(static_cast<std::size_t>(image_parts), [&](std::size_t task) {
      const Index part = static_cast<Index>(task);
      const Index first = part * units / image_parts, last = (part + 1) * units / image_parts;
      constexpr bool copies = per_element > 1 || !layout.whole;
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
            ConvWeightRows<S, Arithmetic>::run(t);
          }
        unit = end;
      }
    });
    add_parts(partial, image_parts, weight_gradient, bias_gradient, threads);
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
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
