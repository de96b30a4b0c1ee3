#pragma once
/// \file
/// A correlation of images with packed weights in bf16 by tiles: the forward pass of a convolution, and (with other
/// weights and sizes) the gradient to its input. tile_cells.hpp has the formula, tile_layout.hpp the
/// layouts.
///
/// A task packs some rows of a few images of one group, and passes over them with one block of 16 output channels after
/// the other, whose weights stay in the second-level cache. Six tiles of pixels by one block of channels (two by two of
/// runs) are summed in the unit's tiles. Each sum starts from the bias and takes its steps in order, so the bits of an
/// output depend neither on the threads nor on the batch.

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/pack.hpp>
#include <xstitch/kernels/tiles/pack_image.hpp>
#include <xstitch/kernels/tiles/tiles.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

template <class Tiles>
class TileCorrelate {
 public:
  /// weights: as pack_weights.hpp writes them; bias: [groups * group_out] or null.
  static void run(const TileLayout& l, std::size_t batch, const float* in, const Bf16Bits* weights, const float* bias,
                  bool with_relu, float* out, ThreadPool& threads) {
    const Cut cut(l, static_cast<Index>(batch));
    threads.parallel_for(static_cast<std::size_t>(cut.tasks()), [&](std::size_t task) {
      Task t{l, cut, in, weights, bias, with_relu, out};
      t.run(static_cast<Index>(task), static_cast<Index>(batch));
    });
  }

 private:
  static constexpr Index part_budget = 512 << 10;  ///< bytes of the packed images of a task
  static constexpr Index wanted_tasks = 16, most_images = 4;

  /// Rows of output, images, groups and blocks of channels of a task: by the sizes alone.
  struct Cut {
    int rows, row_blocks;
    Index images, image_sets;
    int groups, chunks;
    Cut(const TileLayout& l, Index batch) noexcept : groups(l.c.groups) {
      const Index row = std::max<Index>(1, l.image(2) - l.image(1)), fixed = l.image(1);
      const Index fitting = std::max<Index>(1, (part_budget / 2 - fixed) / row + 1);
      row_blocks = static_cast<int>(divide_up(l.c.out_height, std::min<Index>(fitting, l.c.out_height)));
      rows = static_cast<int>(divide_up(l.c.out_height, row_blocks));
      row_blocks = static_cast<int>(divide_up(l.c.out_height, rows));
      const Index parts = batch * row_blocks * groups, cached = part_budget / (l.image(rows) * 2);
      images = std::clamp<Index>(std::min(parts / wanted_tasks, cached), 1, std::min(most_images, batch));
      image_sets = divide_up(batch, images);
      const int sets = static_cast<int>(divide_up(l.out_blocks(), l.together()));
      chunks = static_cast<int>(std::clamp<Index>(wanted_tasks / (image_sets * row_blocks * groups), 1, sets));
    }
    [[nodiscard]] Index tasks() const noexcept { return image_sets * row_blocks * groups * chunks; }
  };

  /// A tile of 16 flat pixels: in A, and where its first pixel is in the output.
  struct Place {
    const Bf16Bits* a;
    int y, x;
    float* out;  ///< its image
  };

  struct Task {
    const TileLayout& l;
    const Cut& cut;
    const float* in;
    const Bf16Bits* weights;
    const float* bias;
    bool with_relu;
    float* out;
    const std::int64_t* offsets = nullptr;  ///< of the steps in A, in numbers
    int rows_here = 0;

    void run(Index task, Index batch) {
      const int chunk = static_cast<int>(task % cut.chunks);
      task /= cut.chunks;
      const int first_row = static_cast<int>(task % cut.row_blocks) * cut.rows;
      task /= cut.row_blocks;
      const int group = static_cast<int>(task % cut.groups);
      const Index first_image = task / cut.groups * cut.images, images = std::min(cut.images, batch - first_image);
      rows_here = std::min(cut.rows, l.c.out_height - first_row);

      const Index image = l.image(rows_here), tiles = l.tiles(rows_here);
      const Index row_numbers = PackImage::row_scratch(l), offset_bytes = round_up(l.steps * 8, 64);
      std::byte* scratch = thread_scratch(static_cast<std::size_t>(offset_bytes + 2 * (row_numbers + images * image)));
      auto* table = reinterpret_cast<std::int64_t*>(scratch);
      for (int s = 0; s < l.steps; ++s) table[s] = l.offset(s, l.plane(rows_here));
      offsets = table;
      auto* row = reinterpret_cast<Bf16Bits*>(scratch + offset_bytes);
      Bf16Bits* packed = row + row_numbers;
      const Index in_image = Index{l.c.image_height} * l.c.image_width * l.c.group_in * l.c.groups;
      for (Index n = 0; n < images; ++n)
        PackImage::run(l, in + (first_image + n) * in_image + Index{group} * l.c.group_in, first_row, rows_here,
                       packed + n * image, row);

      TileConfig config;
      const int first_a = l.together() == 2 ? 4 : 6, first_b = l.together() == 2 ? 6 : 7;
      for (int t = first_a; t < first_b; ++t) config.set(t, 16, l.depth * 2);
      for (int t = first_b; t < 8; ++t) config.set(t, l.depth / 2, 64);
      TileSession<Tiles> session(config);
      const int sets = static_cast<int>(divide_up(l.out_blocks(), l.together()));
      for (int set = chunk * sets / cut.chunks; set < (chunk + 1) * sets / cut.chunks; ++set) {
        const int block = set * l.together(), channel = block * 16;
        const int valid = std::min(16 * l.together(), l.c.group_out - channel);
        alignas(64) float start[32] = {};
        if (bias != nullptr) std::copy_n(bias + Index{group} * l.c.group_out + channel, valid, start);
        const Bf16Bits* b = weights + group * l.group_weights() + l.weights_at(block, 0);
        float* to =
            out + first_image * l.c.out_image + first_row * l.c.out_row + Index{group} * l.c.group_out + channel;
        const auto place = [&](Index tile) {
          const Index n = tile / tiles, pixel = tile % tiles * 16;
          return Place{packed + n * image + pixel * l.pixel, static_cast<int>(pixel / l.pitch),
                       static_cast<int>(pixel % l.pitch), to + n * l.c.out_image};
        };
        const int most = l.together() == 2 ? 2 : 6;
        const Split split(static_cast<int>(images * tiles), most);
        Index tile = 0;
        for (int i = 0; i < split.tiles; ++i) {
          const int count = split.length_of(i);
          Place at[6] = {};
          for (int m = 0; m < count; ++m) at[m] = place(tile++);
          dispatch(session.tiles, count, at, b, start, valid);
        }
      }
    }

    void dispatch(Tiles& t, int count, const Place* at, const Bf16Bits* b, const float* start, int valid) {
      if (l.together() == 2) {
        const bool both = valid > 16;
        if (count == 2)
          both ? block<2, 2, 4>(t, at, b, start, valid) : block<2, 1, 4>(t, at, b, start, valid);
        else
          both ? block<1, 2, 4>(t, at, b, start, valid) : block<1, 1, 4>(t, at, b, start, valid);
        return;
      }
      unrolled<6>([&](auto m) {
        if (count == m + 1) block<m + 1, 1, 6>(t, at, b, start, valid);
      });
    }

    /// M tiles of pixels by N blocks of channels; A and A + 1 (of N = 2) are tiles of A, the last N ones of B.
    template <int M, int N, int A>
    [[gnu::noinline]] void block(Tiles& t, const Place* at, const Bf16Bits* b, const float* start, int valid) {
      constexpr int sums = M * N;
      const Index pixel_bytes = Index{l.pixel} * 2, step_weights = l.step_weights();
      t.fence();
      unrolled<sums>([&](auto c) { t.template load<c>(start + c % N * 16, 0); });
      const Bf16Bits* a[M];
      XSTITCH_UNROLL
      for (int m = 0; m < M; ++m) a[m] = at[m].a;
      const int steps = l.steps;
      const int lines = (sums * 16 + steps - 1) / steps;
      for (int s = 0; s < steps; ++s, b += N * step_weights) {
        const Index o = offsets[s];
        // Output lines that will be written.
        for (int i = s * lines; i < std::min(sums * 16, (s + 1) * lines); ++i)
          fetch_for_writing(at[i / N / 16], i / N % 16, i % N);
        if constexpr (N == 2) {
          t.template load<6>(b, 64);
          t.template load<4>(a[0] + o, pixel_bytes);
          t.template dot<0, 4, 6>();
          if constexpr (M == 2) {
            t.template load<5>(a[1] + o, pixel_bytes);
            t.template dot<2, 5, 6>();
          }
          t.template load<7>(b + step_weights, 64);
          t.template dot<1, 4, 7>();
          if constexpr (M == 2) t.template dot<3, 5, 7>();
        } else {
          t.template load<7>(b, 64);
          unrolled<M>([&](auto m) {
            t.template load<A>(a[m] + o, pixel_bytes);
            t.template dot<m, A, 7>();
          });
        }
      }
      alignas(64) float tile[sums][256];
      unrolled<sums>([&](auto c) { t.template store<c>(tile[c], 64); });
      t.fence();
      for (int m = 0; m < M; ++m)
        for (int n = 0; n < N; ++n) finish(tile[m * N + n], at[m], n * 16, std::min(16, valid - n * 16));
    }

    void fetch_for_writing(const Place& at, int pixel, int n) const noexcept {
      const float* p = at.out + at.y * l.c.out_row + (at.x + pixel) * l.c.out_pixel + n * 16;
      __builtin_prefetch(p, 1, 3);
    }

    /// Writes the pixels of a tile that are in the image.
    void finish(const float* tile, const Place& at, int channel, int valid) const noexcept {
      int y = at.y, x = at.x;
      for (int m = 0; m < 16; ++m, tile += 16) {
        if (x < l.c.out_width && y < rows_here) {
          float* to = at.out + y * l.c.out_row + x * l.c.out_pixel + channel;
          int i = 0;
          for (; i + lanes <= valid; i += lanes) {
            const Vector sum = load(tile + i);
            store(to + i, with_relu ? relu(sum) : sum);
          }
          if (i < valid) {
            const Vector sum = load(tile + i);
            store_some(to + i, with_relu ? relu(sum) : sum, valid - i);
          }
        }
        if (++x == l.pitch) x = 0, ++y;
      }
    }
  };
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
