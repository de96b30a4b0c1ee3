#pragma once
/// \file
/// Packs a convolution's weights, [kernel height, kernel width, group in, out], as the tiles of B of a correlation:
/// pairs of the sum's terms by 16 outputs (TileLayout::weights_at says in which order).

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/tiles/pack_tiles.hpp>
#include <xstitch/kernels/tiles/tile_layout.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// For the forward pass: the sum runs over taps and input channels.
inline void pack_forward_weights(const TileLayout& l, const float* weights, Bf16Bits* to, ThreadPool& threads) {
  const Index all = Index{l.c.group_out} * l.c.groups;
  threads.parallel_for(static_cast<std::size_t>(l.steps * l.c.groups), [&](std::size_t task) {
    const int step = static_cast<int>(task) % l.steps, group = static_cast<int>(task) / l.steps;
    const auto row = [&](int k) -> const float* {
      const TileLayout::Term t = l.step_term(step, k);
      return t.tap < 0 ? nullptr : weights + (Index{t.tap} * l.c.group_in + t.channel) * all + group * l.c.group_out;
    };
    for (int k = 0; k < l.depth; k += 2) {
      const float *first = row(k), *second = row(k + 1);
      for (int b = 0; b < l.out_blocks(); ++b) {
        auto* p = reinterpret_cast<std::uint32_t*>(to + group * l.group_weights() + l.weights_at(b, step)) + k * 8;
        make_16_pairs(first == nullptr ? nullptr : first + b * 16, second == nullptr ? nullptr : second + b * 16,
                      std::min(16, l.c.group_out - b * 16), p);
      }
    }
  });
}

/// Taps of a phase of the stride: its tap (u, v) is the kernel's (first.height - u step.height, ..).
struct TilePhase {
  Size first{}, step{};
  int kernel_width = 1;
};

/// For the gradient to the input: the correlation's outputs are the convolution's input channels, and its sum runs over
/// taps and output channels.
inline void pack_backward_weights(const TileLayout& l, const TilePhase& phase, const float* weights, Bf16Bits* to,
                                  ThreadPool& threads) {
  const Index all = Index{l.c.group_in} * l.c.groups;  // the convolution's outputs
  threads.parallel_for(static_cast<std::size_t>(l.steps * l.c.groups), [&](std::size_t task) {
    const int step = static_cast<int>(task) % l.steps, group = static_cast<int>(task) / l.steps;
    Index place[32];  // of the terms in the weights of input channel 0, -1: zero
    for (int k = 0; k < l.depth; ++k) {
      const TileLayout::Term t = l.step_term(step, k);
      place[k] = -1;
      if (t.tap < 0) continue;
      const int u = phase.first.height - t.tap / l.c.taps.width * phase.step.height;
      const int v = phase.first.width - t.tap % l.c.taps.width * phase.step.width;
      place[k] = Index{u * phase.kernel_width + v} * l.c.group_out * all + Index{group} * l.c.group_in + t.channel;
    }
    const bool one_run = !l.merged && place[l.depth - 1] >= 0;
    for (int b = 0; b < l.out_blocks(); ++b) {
      alignas(64) std::uint32_t rows[16][16] = {};
      for (int n = 0; n < std::min(16, l.c.group_out - b * 16); ++n) {
        const float* from = weights + Index{b * 16 + n} * all;
        auto* row = reinterpret_cast<std::byte*>(rows[n]);
        if (one_run) {
          round_row(from + place[0], 32, row);
        } else {
          float terms[32] = {};
          for (int k = 0; k < l.depth; ++k) terms[k] = place[k] < 0 ? 0.0F : from[place[k]];
          round_row(terms, 32, row);
        }
      }
      alignas(64) std::uint32_t turned[16][16];
      transpose_16(rows[0], 16, turned[0], 16);
      std::memcpy(to + group * l.group_weights() + l.weights_at(b, step), turned,
                  static_cast<std::size_t>(l.step_weights()) * sizeof(Bf16Bits));
    }
  });
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
