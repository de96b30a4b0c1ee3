#pragma once
/// \file
/// The gradient of the NDDR unit's weights:
///
///     dW[t, s, i, o] = sum over rows p of x_s[p, i] dy_t[p, o]
///
/// A task owns some channels i of one tower and one group of rows; it takes the rows in chunks, packs them, and adds up
/// each chunk by itself before it goes into the sum, so that sums over many pixels lose little. The groups, whose
/// number depends on the sizes alone, are added in order.

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/pack_bf16.hpp>
#include <xstitch/kernels/sum_tile.hpp>

#include <algorithm>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

struct NddrWeightsCall {
  Index towers = 0, rows = 0, channels = 0;
  const float* const* inputs = nullptr;            ///< [towers], each [rows][channels]
  const float* const* output_gradients = nullptr;  ///< [towers]
  float* weight_gradient = nullptr;                ///< {T, T, C, C}
  std::byte* workspace = nullptr;                  ///< NddrWeights::workspace()
  ThreadPool& threads;
};

template <class Arithmetic>
class NddrWeights {
  using Element = typename Arithmetic::Element;
  static constexpr Index chunk = 128;                    ///< rows
  static constexpr Index channels_each = 4 * tile_rows;  ///< of a task
  static constexpr Index block_elements(Index towers, Index channels) noexcept {
    return towers * towers * channels * round_up(channels, lanes);
  }
  /// Groups of rows: 8 MiB of sums at most, where one group's are not larger.
  static constexpr Index most_groups(Index towers, Index channels) noexcept {
    return std::clamp<Index>((Index{1} << 21) / block_elements(towers, channels), 1, 8);
  }
  /// One group whose rows have no gaps writes where the gradient goes.
  static constexpr bool direct(Index groups, Index channels) noexcept { return groups == 1 && channels % lanes == 0; }

 public:
  /// Bytes of the groups' sums.
  static constexpr std::size_t workspace(std::size_t towers, std::size_t channels) noexcept {
    const auto t = static_cast<Index>(towers), c = static_cast<Index>(channels);
    const Index groups = most_groups(t, c);
    return direct(groups, c) ? 0 : static_cast<std::size_t>(groups * block_elements(t, c)) * sizeof(float);
  }

  static void run(const NddrWeightsCall& call) {
    const Index channels = call.channels, row = round_up(channels, lanes), chunks = divide_up(call.rows, chunk);
    const Index groups = std::clamp<Index>(call.rows / 2048, 1, most_groups(call.towers, channels));
    const Index parts = divide_up(channels, channels_each), block = block_elements(call.towers, channels);
    float* sums = direct(groups, channels) ? call.weight_gradient : reinterpret_cast<float*>(call.workspace);
    call.threads.parallel_for(static_cast<std::size_t>(groups * call.towers * parts), [&](std::size_t task) {
      const auto t = static_cast<Index>(task);
      const Index group = t / parts / call.towers, from = t / parts % call.towers;
      const Index first = t % parts * channels_each, count = std::min(channels_each, channels - first);
      const Index begin = chunks * group / groups, end = chunks * (group + 1) / groups;
      for (Index c = begin; c < end; ++c)
        add_chunk(call, from, first, count, c * chunk, std::min(chunk, call.rows - c * chunk), sums + group * block,
                  c == begin);
    });
    if (sums == call.weight_gradient) return;
    constexpr Index each = 16;  // rows of the gradient
    const Index all = call.towers * call.towers * channels;
    call.threads.parallel_for(static_cast<std::size_t>(divide_up(all, each)), [&](std::size_t task) {
      const Index first = static_cast<Index>(task) * each;
      for (Index r = first; r < std::min(all, first + each); ++r) {
        float* to = call.weight_gradient + r * channels;
        std::copy_n(sums + r * row, channels, to);
        for (Index g = 1; g < groups; ++g)
          for (Index o = 0; o < channels; ++o) to[o] += sums[g * block + r * row + o];
      }
    });
  }

 private:
  /// Adds `n` rows from `p` on to the sums of channels [first, first + count) of tower `from`.
  static void add_chunk(const NddrWeightsCall& call, Index from, Index first, Index count, Index p, Index n,
                        float* sums, bool beta_zero) {
    const Index channels = call.channels, row = round_up(channels, lanes);
    const Index terms = divide_up(n, Arithmetic::per_element);
    auto* x = reinterpret_cast<Element*>(
        thread_scratch(static_cast<std::size_t>((channels_each + block_width) * chunk) * sizeof(Element)));
    Element* dy = x + channels_each * chunk;
    for_each_tile_of_many(count, [&](Index i, auto m) {
      pack_columns(call.inputs[from] + p * channels + first + i, channels, 1, n, m, m, x + i * terms, Arithmetic{});
    });
    for (Index to = 0; to < call.towers; ++to)
      for (Index block = 0; block < row; block += block_width) {
        const bool whole = row - block >= block_width;
        const Index width = whole ? block_width : lanes;
        pack_columns(call.output_gradients[to] + p * channels + block, channels, 1, n,
                     static_cast<int>(std::min(width, channels - block)), static_cast<int>(width), dy, Arithmetic{});
        for_each_tile_of_many(count, [&](Index i, auto m) {
          constexpr int M = m;
          const Pixels where{1, static_cast<int>(terms), 0, M, 0, width, nullptr, 0};
          float* s = sums + ((to * call.towers + from) * channels + first + i) * row + block;
          if (whole)
            sum_tile<Arithmetic, M, tile_vectors, false, true>(x + i * terms, dy, where, s, row, beta_zero);
          else
            sum_tile<Arithmetic, M, 1, false, true>(x + i * terms, dy, where, s, row, beta_zero);
        });
      }
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
