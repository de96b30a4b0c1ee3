#pragma once
/// \file
/// Fully connected layer, backward, in bf16 by tiles:
///
///     dx[n, i] = sum over o of dy[n, o] W[i, o]     dW[i, o] = sum over n of x[n, i] dy[n, o]     db[o] = sum of dy[n,
///     o]
///
/// One pass over the weights, a block of 16 rows at a time. Rounded they are tiles of A as they lie, so dx comes out
/// turned, [16 inputs][16 samples]. Then their gradient is made in pieces of some columns, each of which is emitted at
/// once while the rows are still in the second-level cache. With many samples (the pixels of a fully convolutional
/// network) dy is larger than that cache, and four blocks share each reading of it. The bits of a sample's dx do not
/// depend on the batch.

#include <xstitch/core/shape.hpp>
#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/pack.hpp>
#include <xstitch/kernels/tiles/linear_tile_operands.hpp>
#include <xstitch/kernels/tiles/pack_tiles.hpp>
#include <xstitch/kernels/tiles/tiles.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

template <class Tiles>
class TileLinearBackward {
  using Operands = TileLinearOperands;

 public:
  static constexpr Extent workspace(int in, int out) noexcept { return Operands::workspace(in, out); }

  /// See LinearBackward::run.
  template <class Emit>
  static void run(std::size_t batch, int inputs, int outputs, const float* in, const float* out_gradient,
                  const float* weights, float* in_gradient, float* weight_gradient, float* bias_gradient, Emit&& emit,
                  std::byte* workspace, ThreadPool& threads, bool wants_weight = true) {
    const Operands o(static_cast<Index>(batch), inputs, outputs, reinterpret_cast<Bf16Bits*>(workspace));
    if (wants_weight) o.pack_inputs(in, threads);
    o.pack_gradients(out_gradient, wants_weight, in_gradient != nullptr, bias_gradient, threads);
    if (!wants_weight && in_gradient == nullptr) return;

    const Index blocks = divide_up(inputs, 16), set = blocks_together(static_cast<Index>(batch), outputs);
    const Index each = round_up(std::max<Index>(1, blocks / wanted_tasks), set);
    threads.parallel_for(static_cast<std::size_t>(divide_up(blocks, each)), [&](std::size_t task) {
      const Index first = static_cast<Index>(task) * each, last = std::min(blocks, first + each);
      const Index copy_bytes = set * 16 * copy_row(outputs) * 2;
      std::byte* scratch = thread_scratch(static_cast<std::size_t>(copy_bytes + 16 * piece * 4));
      Blocks<Emit> b{o,
                     weights,
                     in_gradient,
                     weight_gradient,
                     emit,
                     reinterpret_cast<Bf16Bits*>(scratch),
                     reinterpret_cast<float*>(scratch + copy_bytes)};
      TileConfig config;
      config.set(6, 16, static_cast<int>(o.depth()) * 2);
      config.set(7, static_cast<int>(o.depth() / 2), 64);
      TileSession<Tiles> session(config);
      for (Index i = first; i < last; i += set) {
        b.row = i * 16;
        b.rows = std::min<Index>(inputs - i * 16, std::min(set, last - i) * 16);
        if (in_gradient != nullptr) b.input_rows(session.tiles);
        if (wants_weight) b.weight_rows(session.tiles);
      }
    });
  }

 private:
  static constexpr Index wanted_tasks = 64;
  static constexpr Index piece = 256;              ///< columns of a piece of dW
  static constexpr Index copy_budget = 640 << 10;  ///< bytes, of the second-level cache
  /// Numbers from one rounded row to the next: not a power of two.
  static constexpr Index copy_row(Index outputs) noexcept { return round_up(outputs, 64) + 32; }

  static Index blocks_together(Index batch, Index outputs) noexcept {
    return batch <= 64 ? 1 : std::clamp<Index>(copy_budget / (16 * copy_row(outputs) * 2), 1, 4);
  }

  /// Some blocks of 16 rows.
  template <class Emit>
  struct Blocks {
    const Operands& o;
    const float* weights;
    float *in_gradient, *weight_gradient;
    Emit& emit;
    Bf16Bits* copy;
    float* gradient;
    Index row = 0, rows = 0;  ///< of the weights

    [[nodiscard]] Index count() const noexcept { return divide_up(rows, 16); }
    [[nodiscard]] Index rows_of(Index block) const noexcept { return std::min<Index>(16, rows - block * 16); }

    /// dx: two tiles of samples at a time, by one block or two.
    void input_rows(Tiles& t) {
      for (Index r = 0; r < count() * 16; ++r) {
        Bf16Bits* to = copy + r * copy_row(o.outputs);
        const Index valid = r < rows ? o.outputs : 0;
        if (valid > 0) round_row(weights + (row + r) * o.outputs, valid, to);
        clear(to + valid, copy_row(o.outputs) - valid);
      }
      for (Index m = 0; m < o.sample_tiles(); m += 2)
        for (Index b = 0; b < count(); b += 2) {
          const bool two_tiles = m + 1 < o.sample_tiles();
          if (b + 1 < count())
            two_tiles ? input_tiles<2, 2>(t, m, b) : input_tiles<1, 2>(t, m, b);
          else
            two_tiles ? input_tiles<2, 1>(t, m, b) : input_tiles<1, 1>(t, m, b);
        }
    }
    /// M tiles of samples by N blocks. Each is the sum of two chains of steps, which go on together where there is one
    /// block (a product takes three times as long as the unit needs between two of them), else one after the other.
    template <int M, int N>
    [[gnu::noinline]] void input_tiles(Tiles& t, Index m, Index b) {
      constexpr int products = M * N, chains = 3 - N;  // that go on together
      const Index steps = o.out_steps(), row_bytes = copy_row(o.outputs) * 2;
      const Bf16Bits* const from = copy + b * 16 * copy_row(o.outputs);
      alignas(64) float sums[2 * products][256];
      t.fence();
      for (int chain = 0; chain < 2; chain += chains) {
        unrolled<chains * products>([&](auto c) { t.template zero<c>(); });
        for (Index s = chain; s < steps; s += 2)
          unrolled<chains>([&](auto c) {
            if (s + c >= steps) return;
            unrolled<N>(
                [&](auto n) { t.template load<4 + n>(from + n * 16 * copy_row(o.outputs) + (s + c) * 32, row_bytes); });
            unrolled<M>([&](auto i) {
              constexpr int B = N == 1 ? 5 : 6 + i;
              t.template load<B>(o.gradient_terms(s + c, m + i), 64);
              unrolled<N>([&](auto n) { t.template dot<(c * M + i) * N + n, 4 + n, B>(); });
            });
          });
        unrolled<chains * products>([&](auto c) { t.template store<c>(sums[chain * products + c], 64); });
      }
      t.fence();
      for (int i = 0; i < products; ++i) {
        for (int k = 0; k < 256; k += lanes) store(sums[i] + k, load(sums[i] + k) + load(sums[products + i] + k));
        alignas(64) std::uint32_t words[16][16], turned[16][16];
        std::memcpy(words, sums[i], sizeof(words));
        transpose_16(words[0], 16, turned[0], 16);
        const Index first = (m + i / N) * 16, block = b + i % N;
        for (Index n = 0; n < std::min<Index>(16, o.batch - first); ++n)
          std::memcpy(in_gradient + (first + n) * o.inputs + row + block * 16, turned[n],
                      static_cast<std::size_t>(rows_of(block)) * sizeof(float));
      }
    }

    void weight_rows(Tiles& t) {
      for (Index first = 0; first < o.outputs; first += piece)
        for (Index b = 0; b < count(); ++b) {
          const Index columns = std::min(piece, o.outputs - first);
          weight_piece(t, row / 16 + b, first, columns);
          for (Index r = 0; r < rows_of(b); ++r) {
            const Index at = (row + b * 16 + r) * o.outputs + first;
            if (weight_gradient != nullptr)
              std::copy_n(gradient + r * piece, columns, weight_gradient + at);
            else
              emit(static_cast<std::size_t>(at), gradient + r * piece, static_cast<std::size_t>(columns));
          }
        }
    }
    [[gnu::noinline]] void weight_piece(Tiles& t, Index block, Index first, Index columns) {
      t.fence();
      const Index terms = o.terms(), a_bytes = o.depth() * 2;
      if (terms == 1) t.template load<6>(o.input_terms(block, 0), a_bytes);
      for (Index b = 0; b < columns; b += 64)
        unrolled<4>([&](auto c) {
          if (b + c * 16 >= columns) return;
          t.template zero<c>();
          for (Index k = 0; k < terms; ++k) {
            if (terms > 1) t.template load<6>(o.input_terms(block, k), a_bytes);
            t.template load<7>(o.gradient_pairs((first + b) / 16 + c, k), 64);
            t.template dot<c, 6, 7>();
          }
          t.template store<c>(gradient + b + c * 16, piece * 4);
        });
      t.fence();
    }
  };
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
