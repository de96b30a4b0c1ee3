#pragma once
/// \file
/// Fully connected layer, forward, in bf16 by tiles: y[n, o] = b[o] + sum over i of x[n, i] W[i, o], then perhaps
/// max(0, y).
///
/// A task has some columns of the output. It rounds a chunk of rows of the weights after the other into tiles of B in
/// the second-level cache (unless they are packed already), and adds their products to the sums of all samples, which
/// wait there, too. Each sum starts from the bias and takes 32 inputs a step in order, so the bits of a sample depend
/// neither on the others nor on whether weights are packed.

#include <xstitch/core/shape.hpp>
#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/pack.hpp>
#include <xstitch/kernels/tiles/pack_tiles.hpp>
#include <xstitch/kernels/tiles/tiles.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

template <class Tiles>
class TileLinearForward {
  static constexpr int step_numbers = 32;
  static constexpr Index tile = 512;  ///< numbers

 public:
  static constexpr Extent workspace(int in, int /*out*/) noexcept {
    const std::size_t sample = static_cast<std::size_t>(steps(in)) * step_numbers * sizeof(Bf16Bits);
    return {sample, 16 * sample};
  }

  /// Bytes of the packed weights: [block of 16 columns][step][16 pairs of inputs][16 columns][2].
  static constexpr std::size_t packed_bytes(int inputs, int outputs) noexcept {
    return static_cast<std::size_t>(divide_up(outputs, 16) * steps(inputs) * tile) * sizeof(Bf16Bits);
  }
  static void pack(int inputs, int outputs, const float* weights, std::byte* to, ThreadPool& threads) {
    constexpr Index range = 4;  // steps
    const Index all = steps(inputs);
    threads.parallel_for(static_cast<std::size_t>(divide_up(all, range)), [&](std::size_t task) {
      const Index first = static_cast<Index>(task) * range, count = std::min(range, all - first);
      round_weights({inputs, outputs, weights}, first, count, 0, outputs,
                    reinterpret_cast<Bf16Bits*>(to) + first * tile, all);
    });
  }

  /// packed: null, or what pack() made of the weights.
  static void run(std::size_t batch, int inputs, int outputs, const float* in, const float* weights, const float* bias,
                  bool with_relu, float* out, std::byte* workspace, ThreadPool& threads,
                  const std::byte* packed = nullptr) {
    auto* x = reinterpret_cast<Bf16Bits*>(workspace);
    const Index samples = static_cast<Index>(batch);
    pack_samples(samples, inputs, in, x, threads);
    const Index columns = task_columns(samples, outputs, threads.size());
    threads.parallel_for(static_cast<std::size_t>(divide_up(outputs, columns)), [&](std::size_t task) {
      const Index first = static_cast<Index>(task) * columns;
      Task t{{inputs, outputs, weights},
             samples,
             x,
             reinterpret_cast<const Bf16Bits*>(packed),
             bias,
             with_relu,
             out,
             first,
             std::min<Index>(columns, outputs - first)};
      t.run();
    });
  }

 private:
  static constexpr Index sums_budget = 256 << 10, chunk_budget = 384 << 10;  ///< bytes, of the second-level cache

  static constexpr Index steps(Index inputs) noexcept { return divide_up(inputs, step_numbers); }
  /// A thread's share, of which no sum's bits depend: long runs of memory and few pages.
  static Index task_columns(Index samples, Index outputs, std::size_t threads) noexcept {
    constexpr Index least = 64, most = 2048;
    const Index fitting = sums_budget / (round_up(samples, 16) * Index{sizeof(float)}) / least * least;
    const Index share = round_up(divide_up(outputs, static_cast<Index>(threads)), least);
    return std::clamp(std::min(share, fitting), least, most);
  }

  struct Weights {
    Index inputs, outputs;
    const float* from;
  };

  /// [tile of samples][step][16 samples][32]
  static void pack_samples(Index samples, Index inputs, const float* in, Bf16Bits* to, ThreadPool& threads) {
    constexpr Index range = 32;  // steps
    const Index all = steps(inputs), ranges = divide_up(all, range);
    threads.parallel_for(static_cast<std::size_t>(divide_up(samples, 16) * ranges), [&](std::size_t task) {
      const Index n = static_cast<Index>(task) / ranges * 16, first = static_cast<Index>(task) % ranges * range;
      for (Index i = 0; i < 16; ++i)
        for (Index s = first; s < std::min(all, first + range); ++s) {
          Bf16Bits* p = to + (n / 16 * all + s) * tile + i * step_numbers;
          const Index count = n + i < samples ? std::min<Index>(step_numbers, inputs - s * step_numbers) : 0;
          if (count > 0) round_row(in + (n + i) * inputs + s * step_numbers, count, p);
          clear(p + count, step_numbers - count);
        }
    });
  }

  /// Some steps of some columns, blocks `block_steps` tiles apart. Fetches the next two rows meanwhile: a row's columns
  /// are too short a run of memory for the processor to fetch them by itself.
  static void round_weights(const Weights& w, Index first_step, Index count, Index first_column, Index columns,
                            Bf16Bits* to, Index block_steps) noexcept {
    for (Index j = 0; j < count * 16; ++j) {
      const Index row = first_step * step_numbers + 2 * j;
      const float* first = row < w.inputs ? w.from + row * w.outputs + first_column : nullptr;
      const float* second = row + 1 < w.inputs ? first + w.outputs : nullptr;
      auto* p = reinterpret_cast<std::uint32_t*>(to + j * step_numbers);
      const Index next = row + 3 < w.inputs ? 2 * w.outputs : 0;
      for (Index o = 0; o < columns; o += 16, p += block_steps * tile / 2) {
        if (next != 0) {
          __builtin_prefetch(first + o + next, 0, 2);
          __builtin_prefetch(second + o + next, 0, 2);
        }
        make_16_pairs(first == nullptr ? nullptr : first + o, second == nullptr ? nullptr : second + o,
                      static_cast<int>(std::min<Index>(16, columns - o)), p);
      }
    }
  }

  struct Task {
    Weights w;
    Index samples;
    const Bf16Bits *x, *packed;
    const float* bias;
    bool with_relu;
    float* out;
    Index first_column, columns;
    float* sums = nullptr;              ///< [block][tile of samples][256]
    const Bf16Bits* weights = nullptr;  ///< of this chunk
    Index block_steps = 0;              ///< from one block to the next
    Index first_step = 0, chunk_steps = 0;

    void run() {
      const Index blocks = divide_up(columns, 16), tiles = divide_up(samples, 16), all = steps(w.inputs);
      const Index chunk = packed != nullptr ? all : std::clamp<Index>(chunk_budget / (blocks * tile * 2), 1, all);
      const Index padded = chunk + 1;  // not a power of two
      const Index sum_floats = blocks * tiles * 256;
      std::byte* scratch = thread_scratch(static_cast<std::size_t>(
          sum_floats * Index{sizeof(float)} + (packed == nullptr ? blocks * padded * tile * 2 : 0)));
      sums = reinterpret_cast<float*>(scratch);
      auto* copy = reinterpret_cast<Bf16Bits*>(sums + sum_floats);
      {
        TileSession<Tiles> session{TileConfig{}};
        for (first_step = 0; first_step < all; first_step += chunk) {
          chunk_steps = std::min(chunk, all - first_step);
          if (packed != nullptr) {
            weights = packed + first_column / 16 * all * tile;
            block_steps = all;
          } else {
            round_weights(w, first_step, chunk_steps, first_column, columns, copy, padded);
            weights = copy;
            block_steps = padded;
          }
          add_chunk(session.tiles, blocks, tiles);
        }
      }
      for (Index b = 0; b < blocks; ++b)
        for (Index n = 0; n < samples; ++n) finish(sums + (b * tiles + n / 16) * 256 + n % 16 * 16, b, n);
    }

    void add_chunk(Tiles& t, Index blocks, Index tiles) {
      if (tiles == 1) {
        for (Index b = 0; b < blocks; b += 4)
          unrolled<4>([&](auto n) {
            if (std::min<Index>(4, blocks - b) == n + 1) block<1, n + 1>(t, b, 0, tiles);
          });
        return;
      }
      for (Index b = 0; b < blocks; b += 2)
        for (Index m = 0; m < tiles; m += 2) {
          const bool two_tiles = m + 1 < tiles;
          if (b + 1 < blocks)
            two_tiles ? block<2, 2>(t, b, m, tiles) : block<1, 2>(t, b, m, tiles);
          else
            two_tiles ? block<2, 1>(t, b, m, tiles) : block<1, 1>(t, b, m, tiles);
        }
    }

    /// M tiles of samples by N blocks of columns. Tiles 4, 5: A, 6, 7: B.
    template <int M, int N>
    [[gnu::noinline]] void block(Tiles& t, Index b, Index m, Index tiles) {
      const auto sum = [&](int c) { return sums + ((b + c % N) * tiles + m + c / N) * 256; };
      alignas(64) float start[N][16] = {};
      t.fence();
      if (first_step == 0) {
        for (int n = 0; n < N; ++n)
          if (bias != nullptr)
            std::copy_n(bias + first_column + (b + n) * 16, std::min<Index>(16, columns - (b + n) * 16), start[n]);
        // Through memory that the caller owns, see UnitTiles.
        for (int c = 0; c < M * N; ++c) std::copy_n(start[c % N], 16, sum(c));
        t.fence();
        unrolled<M * N>([&](auto c) { t.template load<c>(sum(c), 0); });
      } else {
        unrolled<M * N>([&](auto c) { t.template load<c>(sum(c), 64); });
      }
      const Bf16Bits* a = x + (m * steps(w.inputs) + first_step) * tile;
      const Bf16Bits* from = weights + b * block_steps * tile;
      const Index next_a = steps(w.inputs) * tile, next_b = block_steps * tile;
      for (Index s = 0; s < chunk_steps; ++s, a += tile, from += tile) {
        unrolled<M>([&](auto i) { t.template load<4 + i>(a + i * next_a, 64); });
        unrolled<N>([&](auto n) {
          constexpr int B = 6 + n % 2;
          t.template load<B>(from + n * next_b, 64);
          unrolled<M>([&](auto i) { t.template dot<i * N + n, 4 + i, B>(); });
        });
      }
      unrolled<M * N>([&](auto c) { t.template store<c>(sum(c), 64); });
      t.fence();
    }

    void finish(const float* sum, Index b, Index n) const noexcept {
      float* to = out + n * w.outputs + first_column + b * 16;
      const int valid = static_cast<int>(std::min<Index>(16, columns - b * 16));
      int i = 0;
      for (; i + lanes <= valid; i += lanes) store(to + i, with_relu ? relu(load(sum + i)) : load(sum + i));
      if (i < valid) store_some(to + i, with_relu ? relu(load(sum + i)) : load(sum + i), valid - i);
    }
  };
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
