#pragma once
/// \file
/// Fully connected layer, backward, in bf16 by tiles:
///
///     dx[n, i] = sum over o of dy[n, o] W[i, o]     dW[i, o] = sum over n of x[n, i] dy[n, o]     db[o] = sum of dy[n,
///     o]
///
/// One pass over the weights, 16 rows at a time. Rounded they are tiles of A as they lie, so dx comes out turned, [16
/// inputs][16 samples]. Then their gradient is made in pieces of some columns, each of which is emitted at once while
/// the rows are still in the second-level cache. The bits of a sample's dx do not depend on the batch.

#include <xstitch/core/shape.hpp>
#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/pack.hpp>
#include <xstitch/kernels/tiles/pack_tiles.hpp>
#include <xstitch/kernels/tiles/tiles.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// What the backward pass of a fully connected layer on tiles reads of x and dy, rounded to bf16:
///
///   input terms     x, turned    [block of 16 inputs][term][16 inputs][depth samples]            A of dW
///   gradient pairs  dy           [block of 16 outputs][term][depth / 2 pairs of samples][16][2]  B of dW
///   gradient terms  dy, turned   [step of 32 outputs][tile of 16 samples][16 pairs][16][2]       B of dx
///
/// A term is 32 samples, or, if there are fewer, all of them (an even number). What is missing is zero.
struct TileLinearOperands {
  Index batch, inputs, outputs;
  Bf16Bits *of_inputs, *of_gradients, *of_turned;

  TileLinearOperands(Index samples, Index in, Index out, Bf16Bits* memory) noexcept
      : batch(samples),
        inputs(in),
        outputs(out),
        of_inputs(memory),
        of_gradients(of_inputs + round_up(inputs, 16) * terms() * depth()),
        of_turned(of_gradients + round_up(outputs, 16) * terms() * depth()) {}
  static constexpr Extent workspace(int in, int out) noexcept {
    const auto each = static_cast<std::size_t>(round_up(in, 16) + round_up(out, 16) + round_up(out, 32)) * 2;
    return {each, 32 * each};
  }

  [[nodiscard]] Index depth() const noexcept { return std::min<Index>(32, round_up(batch, 2)); }
  [[nodiscard]] Index terms() const noexcept { return divide_up(batch, 32); }
  [[nodiscard]] Index sample_tiles() const noexcept { return divide_up(batch, 16); }
  [[nodiscard]] Index out_steps() const noexcept { return divide_up(outputs, 32); }
  [[nodiscard]] Bf16Bits* input_terms(Index block, Index term) const noexcept {
    return of_inputs + (block * terms() + term) * depth() * 16;
  }
  [[nodiscard]] Bf16Bits* gradient_pairs(Index block, Index term) const noexcept {
    return of_gradients + (block * terms() + term) * depth() * 16;
  }
  [[nodiscard]] Bf16Bits* gradient_terms(Index step, Index tile) const noexcept {
    return of_turned + (step * sample_tiles() + tile) * 512;
  }

  void pack_inputs(const float* x, ThreadPool& threads) const {
    constexpr Index range = 16;  // blocks
    threads.parallel_for(static_cast<std::size_t>(divide_up(inputs, range * 16)), [&](std::size_t task) {
      const Index first = static_cast<Index>(task) * range, last = std::min(divide_up(inputs, 16), first + range);
      for (Index b = first; b < last; ++b)
        for (Index k = 0; k < terms(); ++k) {
          alignas(64) std::uint32_t pairs[16][16] = {}, turned[16][16];
          pairs_of(x, inputs, b, k, pairs[0]);
          transpose_16(pairs[0], 16, turned[0], 16);
          Bf16Bits* to = input_terms(b, k);
          for (Index i = 0; i < 16; ++i)
            std::memcpy(to + i * depth(), turned[i], static_cast<std::size_t>(depth()) * sizeof(Bf16Bits));
        }
    });
  }

  /// bias_gradient: null if not wanted.
  void pack_gradients(const float* dy, bool wants_pairs, bool wants_terms, float* bias_gradient,
                      ThreadPool& threads) const {
    threads.parallel_for(static_cast<std::size_t>(out_steps()), [&](std::size_t task) {
      const Index step = static_cast<Index>(task), first = step * 32, count = std::min<Index>(32, outputs - first);
      for (Index b = first / 16; wants_pairs && b < divide_up(first + count, 16); ++b)
        for (Index k = 0; k < terms(); ++k)
          pairs_of(dy, outputs, b, k, reinterpret_cast<std::uint32_t*>(gradient_pairs(b, k)));
      for (Index m = 0; wants_terms && m < sample_tiles(); ++m) {
        alignas(64) std::uint32_t rows[16][16] = {};
        for (Index n = 0; n < std::min<Index>(16, batch - m * 16); ++n)
          round_row(dy + (m * 16 + n) * outputs + first, count, reinterpret_cast<std::byte*>(rows[n]));
        transpose_16(rows[0], 16, reinterpret_cast<std::uint32_t*>(gradient_terms(step, m)), 16);
      }
      for (Index o = first; bias_gradient != nullptr && o < first + count; ++o) bias_gradient[o] = 0.0F;
      for (Index n = 0; bias_gradient != nullptr && n < batch; ++n)
        for (Index o = first; o < first + count; ++o) bias_gradient[o] += dy[n * outputs + o];
    });
  }

 private:
  /// [depth / 2 pairs of samples][16 columns][2]
  void pairs_of(const float* from, Index row, Index block, Index term, std::uint32_t* to) const noexcept {
    const int valid = static_cast<int>(std::min<Index>(16, row - block * 16));
    for (Index j = 0; j < depth() / 2; ++j) {
      const Index n = term * 32 + 2 * j;
      const float* first = n < batch ? from + n * row + block * 16 : nullptr;
      make_16_pairs(first, n + 1 < batch ? first + row : nullptr, valid, to + j * 16);
    }
  }
};

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

    const Index blocks = divide_up(inputs, 16), each = std::max<Index>(1, blocks / wanted_tasks);
    threads.parallel_for(static_cast<std::size_t>(divide_up(blocks, each)), [&](std::size_t task) {
      const Index first = static_cast<Index>(task) * each, last = std::min(blocks, first + each);
      std::byte* scratch = thread_scratch(static_cast<std::size_t>(16 * copy_row(outputs) * 2 + 16 * piece * 4));
      Block<Emit> b{o,
                    weights,
                    in_gradient,
                    weight_gradient,
                    emit,
                    reinterpret_cast<Bf16Bits*>(scratch),
                    reinterpret_cast<float*>(scratch + 16 * copy_row(outputs) * 2)};
      TileConfig config;
      config.set(6, 16, static_cast<int>(o.depth()) * 2);
      config.set(7, static_cast<int>(o.depth() / 2), 64);
      TileSession<Tiles> session(config);
      for (Index i = first; i < last; ++i) {
        b.row = i * 16;
        b.rows = std::min<Index>(16, inputs - i * 16);
        if (in_gradient != nullptr) b.input_rows(session.tiles);
        if (wants_weight) b.weight_rows(session.tiles);
      }
    });
  }

 private:
  static constexpr Index wanted_tasks = 64;
  static constexpr Index piece = 256;  ///< columns of a piece of dW
  /// Numbers from one rounded row to the next: not a power of two.
  static constexpr Index copy_row(Index outputs) noexcept { return round_up(outputs, 64) + 32; }

  template <class Emit>
  struct Block {
    const Operands& o;
    const float* weights;
    float *in_gradient, *weight_gradient;
    Emit& emit;
    Bf16Bits* copy;
    float* gradient;
    Index row = 0, rows = 0;

    /// dx of 16 rows of weights: two tiles of samples at a time, each as the sum of two chains of steps (a product
    /// takes three times as long as the unit needs between two of them).
    void input_rows(Tiles& t) {
      for (Index r = 0; r < 16; ++r) {
        Bf16Bits* to = copy + r * copy_row(o.outputs);
        const Index count = r < rows ? o.outputs : 0;
        if (count > 0) round_row(weights + (row + r) * o.outputs, count, to);
        clear(to + count, copy_row(o.outputs) - count);
      }
      for (Index m = 0; m < o.sample_tiles(); m += 2)
        m + 1 < o.sample_tiles() ? input_tiles<2>(t, m) : input_tiles<1>(t, m);
    }
    template <int M>
    [[gnu::noinline]] void input_tiles(Tiles& t, Index m) {
      const Index steps = o.out_steps(), row_bytes = copy_row(o.outputs) * 2;
      t.fence();
      unrolled<2 * M>([&](auto c) { t.template zero<c>(); });
      for (Index s = 0; s < steps; s += 2)
        unrolled<2>([&](auto c) {
          if (s + c >= steps) return;
          t.template load<4>(copy + (s + c) * 32, row_bytes);
          unrolled<M>([&](auto i) {
            t.template load<5>(o.gradient_terms(s + c, m + i), 64);
            t.template dot<c * M + i, 4, 5>();
          });
        });
      alignas(64) float sums[2 * M][256];
      unrolled<2 * M>([&](auto c) { t.template store<c>(sums[c], 64); });
      t.fence();
      for (int i = 0; i < M; ++i) {
        for (int k = 0; k < 256; k += lanes) store(sums[i] + k, load(sums[i] + k) + load(sums[M + i] + k));
        alignas(64) std::uint32_t words[16][16], turned[16][16];
        std::memcpy(words, sums[i], sizeof(words));
        transpose_16(words[0], 16, turned[0], 16);
        const Index first = (m + i) * 16;
        for (Index n = 0; n < std::min<Index>(16, o.batch - first); ++n)
          std::memcpy(in_gradient + (first + n) * o.inputs + row, turned[n],
                      static_cast<std::size_t>(rows) * sizeof(float));
      }
    }

    void weight_rows(Tiles& t) {
      for (Index first = 0; first < o.outputs; first += piece) {
        const Index count = std::min(piece, o.outputs - first);
        weight_piece(t, first, count);
        for (Index r = 0; r < rows; ++r) {
          const Index at = (row + r) * o.outputs + first;
          if (weight_gradient != nullptr)
            std::copy_n(gradient + r * piece, count, weight_gradient + at);
          else
            emit(static_cast<std::size_t>(at), gradient + r * piece, static_cast<std::size_t>(count));
        }
      }
    }
    [[gnu::noinline]] void weight_piece(Tiles& t, Index first, Index count) {
      t.fence();
      const Index terms = o.terms(), a_bytes = o.depth() * 2;
      if (terms == 1) t.template load<6>(o.input_terms(row / 16, 0), a_bytes);
      for (Index b = 0; b < count; b += 64)
        unrolled<4>([&](auto c) {
          if (b + c * 16 >= count) return;
          t.template zero<c>();
          for (Index k = 0; k < terms; ++k) {
            if (terms > 1) t.template load<6>(o.input_terms(row / 16, k), a_bytes);
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
