#pragma once
/// \file
/// Gradient of a convolution to its weights and bias in bf16 by tiles:
///
///     dW[u, v, c, o] = sum over n, y, x of x[n, y s - p + u d, x s - p + v d, c] dy[n, y, x, o]
///     db[o] = sum over n, y, x of dy[n, y, x, o]
///
/// Both operands are packed first (weight_layout.hpp). A task has some blocks of outputs of one group under some of the
/// streams. It goes through the pixels of all images in order, in chunks whose input stays in the second-level cache
/// while its streams and blocks of outputs pass over it; between chunks its sums wait in scratch. The order of a sum
/// depends on the sizes alone.

#include <xstitch/kernels/sum_rows.hpp>
#include <xstitch/kernels/tiles/pack_weight_operands.hpp>
#include <xstitch/kernels/tiles/tiles.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

template <class Tiles>
class TileWeightSums {
 public:
  static void run(const TileWeightLayout& l, Index batch, const Bf16Bits* in, const Bf16Bits* dy,
                  float* weight_gradient, ThreadPool& threads) {
    const Index all_blocks = Index{l.out_blocks()} * l.c.groups;
    const Index cached = std::max<Index>(1, sums_budget / (l.streams() * Index{sizeof(float)} * 256));
    const Index set = std::clamp<Index>(all_blocks / wanted_tasks, 1, std::min<Index>(cached, l.out_blocks()));
    const Index sets = divide_up(l.out_blocks(), set);
    const Split split(l.streams(), together);
    // Each part reads the output gradient again, so streams are split only where there are more threads than tasks.
    const Index wanted = tasks_of_thread * static_cast<Index>(threads.size());
    const auto parts = static_cast<int>(std::clamp<Index>(divide_up(wanted, sets * l.c.groups), 1, split.tiles));
    threads.parallel_for(static_cast<std::size_t>(sets * l.c.groups * parts), [&](std::size_t i) {
      const Index part = static_cast<Index>(i) % parts, of_group = static_cast<Index>(i) / parts;
      const Index group = of_group / sets, first = of_group % sets * set;
      Task t{l,
             divide_up(batch, 2),
             in + group * l.in_block() * l.in_blocks(),
             dy + group * l.out_block() * l.out_blocks(),
             weight_gradient + group * l.c.group_out,
             static_cast<int>(first),
             static_cast<int>(std::min<Index>(set, l.out_blocks() - first)),
             split,
             static_cast<int>(part * split.tiles / parts),
             static_cast<int>((part + 1) * split.tiles / parts)};
      t.run();
    });
  }

 private:
  static constexpr Index in_budget = 800 << 10, sums_budget = 448 << 10;  ///< bytes, of the second-level cache
  static constexpr Index wanted_tasks = 8, tasks_of_thread = 2, least_tiles = 48;
  static constexpr int together = 6;  ///< streams

  struct Task {
    const TileWeightLayout& l;
    Index pairs;
    const Bf16Bits *in, *dy;
    float* weight_gradient;
    int first_block, blocks;
    const Split& split;       ///< of all streams into those that go together
    int first_run, last_run;  ///< of the split
    int first_stream = 0;
    float* sums = nullptr;      ///< [stream][block][256]
    Index first = 0, last = 0;  ///< tiles of this chunk, of all pairs

    void run() {
      first_stream = split.start_of(first_run);
      const Index streams = split.start_of(last_run) - first_stream;
      sums = reinterpret_cast<float*>(thread_scratch(static_cast<std::size_t>(streams * blocks * 256) * sizeof(float)));
      TileSession<Tiles> session{TileConfig{}};
      const Index all = pairs * l.tiles_of_pair(), tile_bytes = Index{l.in_blocks()} * l.planes() * l.tile_numbers * 2;
      const Index chunks = divide_up(all, std::max(least_tiles, in_budget / tile_bytes));
      for (Index chunk = 0; chunk < chunks; ++chunk) {
        first = chunk * all / chunks;
        last = (chunk + 1) * all / chunks;
        int stream = first_stream;
        for (int i = first_run; i < last_run; ++i) {
          const int count = split.length_of(i);
          for (int b = 0; b < blocks; ++b)
            unrolled<together>([&](auto n) {
              if (count == n + 1) block<n + 1>(session.tiles, stream, b, last == all);
            });
          stream += count;
        }
      }
    }

    /// N streams from `stream` on by one block of outputs.
    template <int N>
    [[gnu::noinline]] void block(Tiles& t, int stream, int b, bool done) {
      float* sum[N];
      Index at[N];
      XSTITCH_UNROLL
      for (int n = 0; n < N; ++n) {
        sum[n] = sums + ((stream - first_stream + n) * Index{blocks} + b) * 256;
        at[n] = l.stream_at(stream + n);
      }
      t.fence();
      if (first == 0)
        unrolled<N>([&](auto n) { t.template zero<n>(); });
      else
        unrolled<N>([&](auto n) { t.template load<n>(sum[n], 64); });
      const Index tiles = l.tiles_of_pair();
      for (Index k = first; k < last;) {
        const Index pair = k / tiles, tile = k % tiles, end = std::min(last, (pair + 1) * tiles);
        const Bf16Bits* d = dy + pair * l.out_pair() + (first_block + b) * l.out_block() + tile * l.tile_numbers;
        const Bf16Bits* from[N];
        XSTITCH_UNROLL
        for (int n = 0; n < N; ++n) from[n] = in + pair * l.in_pair() + at[n] + tile * l.tile_numbers;
        for (Index o = 0; k < end; ++k, o += l.tile_numbers) {
          t.template load<6>(d + o, 64);
          unrolled<N>([&](auto n) {
            t.template load<7>(from[n] + o, 64);
            t.template dot<n, 6, 7>();
          });
        }
      }
      unrolled<N>([&](auto n) { t.template store<n>(sum[n], 64); });
      t.fence();
      if (done)
        for (int n = 0; n < N; ++n) finish(sum[n], stream + n, first_block + b);
    }

    /// Turns the sums of a stream and writes those that belong to a weight.
    void finish(const float* sum, int stream, int b) const noexcept {
      alignas(64) std::uint32_t turned[16][16];
      alignas(64) std::uint32_t words[16][16];
      std::memcpy(words, sum, sizeof(words));
      transpose_16(words[0], 16, turned[0], 16);
      const auto s = l.stream(stream);
      const auto valid = static_cast<std::size_t>(std::min(16, l.c.group_out - b * 16));
      for (int i = 0; i < 16; ++i) {
        const TileCells::Term term = l.term(s.u, s.v, s.block * 16 + i);
        if (term.tap < 0) continue;
        const Index row = Index{term.tap} * l.c.group_in + term.channel;
        std::memcpy(weight_gradient + row * l.c.group_out * l.c.groups + b * 16, turned[i], valid * sizeof(float));
      }
    }
  };
};

template <ConvShape S, class Tiles>
struct TileConvBackwardWeights {
  static constexpr TileWeightLayout layout{S};

  /// weight_gradient: [kernel height, kernel width, group in, out]; bias_gradient: [out] or null; workspace:
  /// weight_tiles_workspace bytes.
  static void run_all(std::size_t batch, const float* in, const float* out_gradient, float* weight_gradient,
                      float* bias_gradient, std::byte* workspace, ThreadPool& threads) {
    const auto count = static_cast<Index>(batch);
    auto* x = reinterpret_cast<Bf16Bits*>(workspace);
    Bf16Bits* dy = x + divide_up(count, 2) * layout.in_pair();
    PackWeightOperands::inputs(layout, count, in, x, threads);
    auto* sums =
        bias_gradient == nullptr ? nullptr : reinterpret_cast<float*>(dy + divide_up(count, 2) * layout.out_pair());
    PackWeightOperands::gradients(layout, count, out_gradient, dy, sums, threads);
    TileWeightSums<Tiles>::run(layout, count, x, dy, weight_gradient, threads);
    if (bias_gradient != nullptr)
      sum_rows(static_cast<std::size_t>(divide_up(count, 2) * layout.gradient_parts()), S.out_channels, sums,
               bias_gradient, threads);
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
