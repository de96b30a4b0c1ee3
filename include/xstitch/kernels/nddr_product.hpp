#pragma once
/// \file
/// The product of the NDDR unit over [rows, channels] tensors x_0, x_1 ... that are one next to the other in the
/// formula and not in memory:
///
///     forward    y_t = sum over s of x_s W[t, s]            W is {T, T, C, C}: tower to, tower from, channel in, out
///     backward   dx_s = sum over t of dy_t W[t, s]^T
///
/// A task owns some rows of all towers. It packs them, tower after tower in the caller's order, then makes every output
/// of them from weights that were packed for all tasks, so that an output may lie where an input was. Each output is
/// one sum over its terms in order: its bits do not depend on where its row lies. (In bf16 terms are paired within a
/// tower.)

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/pack_bf16.hpp>
#include <xstitch/kernels/sum_tile.hpp>

#include <algorithm>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

struct NddrProductCall {
  Index towers = 0, rows = 0, channels = 0;
  const float* const* from = nullptr;  ///< [towers], each [rows][channels]
  float* const* to = nullptr;          ///< [towers]; null where nobody wants it; may be the same tower's `from`
  const std::size_t* order = nullptr;  ///< [towers], a permutation: the order of the sum
  const float* weights = nullptr;
  bool adjoint = false;            ///< the product of backward
  std::byte* workspace = nullptr;  ///< NddrProduct::workspace()
  ThreadPool& threads;
};

template <class Arithmetic>
class NddrProduct {
  using Element = typename Arithmetic::Element;

 public:
  /// Bytes of the packed weights.
  static constexpr std::size_t workspace(std::size_t towers, std::size_t channels) noexcept {
    const auto c = static_cast<Index>(channels);
    return towers * towers * static_cast<std::size_t>(depth(c) * round_up(c, lanes)) * sizeof(Element);
  }

  static void run(const NddrProductCall& call) {
    pack_weights(call);
    // Four tiles of rows share a panel of weights, unless that would leave too few tasks.
    const Index each = tile_rows * std::clamp<Index>(divide_up(call.rows, tile_rows) / 64, 1, 4);
    call.threads.parallel_for(static_cast<std::size_t>(divide_up(call.rows, each)), [&](std::size_t task) {
      const Index first = static_cast<Index>(task) * each;
      make_rows(call, first, std::min(each, call.rows - first));
    });
  }

 private:
  static constexpr Index depth(Index channels) noexcept { return divide_up(channels, Arithmetic::per_element); }

  /// [output tower][block of columns][terms of all towers in order][columns], zeros after the last column.
  static void pack_weights(const NddrProductCall& call) {
    const Index towers = call.towers, channels = call.channels, padded = round_up(channels, lanes);
    const Index terms = towers * depth(channels), blocks = divide_up(padded, block_width);
    auto* packed = reinterpret_cast<Element*>(call.workspace);
    call.threads.parallel_for(static_cast<std::size_t>(towers * towers * blocks), [&](std::size_t task) {
      const auto t = static_cast<Index>(task);
      const Index block = t % blocks * block_width, k = t / blocks % towers, to = t / blocks / towers;
      const Index width = std::min<Index>(block_width, padded - block);
      const int valid = static_cast<int>(std::min(width, channels - block));
      Element* panel = packed + (to * padded + block) * terms + k * depth(channels) * width;
      const auto part = static_cast<Index>(call.order[k]);
      const float* w = call.weights + (call.adjoint ? part * towers + to : to * towers + part) * channels * channels;
      if (call.adjoint)
        pack_transposed(w + block * channels, channels, channels, valid, static_cast<int>(width), panel, Arithmetic{});
      else
        pack_columns(w + block, channels, 1, channels, valid, static_cast<int>(width), panel, Arithmetic{});
    });
  }

  static void make_rows(const NddrProductCall& call, Index first, Index count) {
    const Index channels = call.channels, padded = round_up(channels, lanes);
    const Index terms = call.towers * depth(channels);
    auto* panels =
        reinterpret_cast<Element*>(thread_scratch(static_cast<std::size_t>(count * terms) * sizeof(Element)));
    for_each_tile_of_many(count, [&](Index n, auto rows) {
      for (Index k = 0; k < call.towers; ++k)
        pack_transposed(call.from[call.order[k]] + (first + n) * channels, channels, channels, rows, rows,
                        panels + n * terms + k * depth(channels) * rows, Arithmetic{});
    });
    const auto* packed = reinterpret_cast<const Element*>(call.workspace);
    for (Index to = 0; to < call.towers; ++to) {
      if (call.to[to] == nullptr) continue;
      for (Index block = 0; block < padded; block += block_width) {
        const Element* w = packed + (to * padded + block) * terms;
        const bool whole = padded - block >= block_width;
        const Index width = whole ? block_width : lanes, valid = std::min(width, channels - block);
        for_each_tile_of_many(count, [&](Index n, auto rows) {
          constexpr int M = rows;
          const Pixels where{1, static_cast<int>(terms), 0, M, 0, width, nullptr, 0};
          const Element* x = panels + n * terms;
          float* y = call.to[to] + (first + n) * channels + block;
          alignas(64) float edge[M * block_width];
          float* sums = valid == width ? y : edge;
          const Index row = valid == width ? channels : width;
          if (whole)
            sum_tile<Arithmetic, M, tile_vectors>(x, w, where, sums, row, true);
          else
            sum_tile<Arithmetic, M, 1>(x, w, where, sums, row, true);
          if (valid == width) return;
          for (Index m = 0; m < M; ++m) std::copy_n(edge + m * width, valid, y + m * channels);
        });
      }
    }
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
