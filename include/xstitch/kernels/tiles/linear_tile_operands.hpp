#pragma once
/// \file
/// x and dy rounded and packed for the backward pass of a fully connected layer on tiles (linear_backward_tiles.hpp).

#include <xstitch/core/shape.hpp>
#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/pack.hpp>
#include <xstitch/kernels/tiles/pack_tiles.hpp>

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

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
