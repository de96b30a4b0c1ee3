#pragma once
/// \file
/// Fully connected layer, forward, for so many samples that arithmetic, not reading the weights, takes the time (large
/// batches; the fully connected layers of a fully convolutional network, where each output pixel is a sample).
///
/// Matrix products by panels that stay in the first-level cache: `chunk` terms of one block of columns, against all
/// tiles of rows, whose panels come from the second-level cache; the sums wait there, too. Weights are copied into
/// panels chunk by chunk, while the next chunk is fetched from memory. Every sum runs over its terms in order, so the
/// bits are those of linear_forward.hpp. (Backward gains nothing from it up to 352 samples: linear_backward.hpp.)

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/gradual_fetch.hpp>
#include <xstitch/kernels/linear_sums.hpp>
#include <xstitch/kernels/pack_bf16.hpp>
#include <xstitch/kernels/sum_tile.hpp>

#include <type_traits>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// f(first sample, number of samples as a constant), largest tiles first.
template <class Function>
void for_each_tile_of_many(Index batch, Function&& f) {
  using std::integral_constant;
  Index n = 0;
  for (; batch - n >= tile_rows; n += tile_rows) f(n, integral_constant<int, tile_rows>{});
  if constexpr (tile_rows > 8)
    for (; batch - n >= 8; n += 8) f(n, integral_constant<int, 8>{});
  if constexpr (tile_rows > 4)
    for (; batch - n >= 4; n += 4) f(n, integral_constant<int, 4>{});
  for (; batch - n >= 2; n += 2) f(n, integral_constant<int, 2>{});
  for (; batch - n >= 1; n += 1) f(n, integral_constant<int, 1>{});
}

/// y = b + x W, perhaps max(0, y): see LinearForward.
template <class Arithmetic>
class LinearForwardMany {
  using Element = typename Arithmetic::Element;
  static constexpr int per_element = Arithmetic::per_element;
  static constexpr Index chunk = 128;  ///< terms

 public:
  struct Call {
    Index batch, inputs, outputs;
    const float* in;
    const float* weights;
    const Element* packed;  ///< or null: [task][terms][columns], as LinearForward::pack writes them
    Index packed_columns;   ///< of a task
    const float* bias;
    bool with_relu;
    float* out;
    Index terms() const noexcept { return divide_up(inputs, per_element); }
  };

  /// panels: LinearForward::workspace bytes.
  static void run(const Call& c, Element* panels, ThreadPool& threads) {
    constexpr Index range = 2 * chunk;
    threads.parallel_for(static_cast<std::size_t>(divide_up(c.terms(), range)), [&](std::size_t task) {
      const Index first = static_cast<Index>(task) * range, count = std::min(range, c.terms() - first);
      for_each_tile_of_many(c.batch, [&](Index n, auto rows) {
        pack_transposed(c.in + n * c.inputs + first * per_element, c.inputs,
                        std::min(count * per_element, c.inputs - first * per_element), rows, rows,
                        panels + n * c.terms() + first * rows, Arithmetic{});
      });
    });
    // Sums of all samples and those columns share the second-level cache with a chunk of the samples.
    constexpr Index cached_sums = 96 << 10;
    const Index fitting = cached_sums / c.batch / block_width * block_width;
    const Index columns = std::clamp<Index>(fitting, block_width, c.packed != nullptr ? c.packed_columns : 256);
    const Index ranges = divide_up(c.packed_columns, columns);
    threads.parallel_for(static_cast<std::size_t>(divide_up(c.outputs, c.packed_columns) * ranges), [&](std::size_t t) {
      const Index outer = static_cast<Index>(t) / ranges * c.packed_columns;
      const Index outer_end = std::min(outer + c.packed_columns, c.outputs);
      const Index first = outer + static_cast<Index>(t) % ranges * columns;
      const Index count = std::min(columns, outer_end - first);
      if (count > 0) run_columns(c, panels, first, count, outer, round_up(outer_end - outer, lanes));
    });
  }

 private:
  static void run_columns(const Call& c, const Element* panels, Index first, Index count, Index packed_first,
                          Index packed_width) {
    const Index width = round_up(count, lanes);
    auto* sums =
        reinterpret_cast<float*>(thread_scratch(static_cast<std::size_t>(width * (c.batch + chunk)) * sizeof(float)));
    auto* copy = reinterpret_cast<Element*>(sums + width * c.batch);
    start_sums(c.bias, first, count, width, c.batch, sums);
    const Index blocks = divide_up(width, block_width);
    const Index tiles = divide_up(c.batch, tile_rows);
    for (Index k = 0; k < c.terms(); k += chunk) {
      const Index terms = std::min(chunk, c.terms() - k);
      const float* w = c.weights + k * per_element * c.outputs + first;
      // Row by row, as memory lies, to panels of [terms][block].
      for (Index i = 0; i < terms; ++i) {
        const Index run = std::min<Index>(per_element, c.inputs - (k + i) * per_element);
        for (Index column = 0; column < width; column += block_width) {
          const Index block = std::min<Index>(block_width, width - column);
          Element* to = copy + column * terms + i * block;
          if (c.packed != nullptr)
            std::copy_n(c.packed + packed_first * c.terms() + (k + i) * packed_width + (first - packed_first) + column,
                        block, to);
          else
            pack_columns(w + i * per_element * c.outputs + column, c.outputs, 1, run,
                         static_cast<int>(std::min(block, count - column)), static_cast<int>(block), to, Arithmetic{});
        }
      }
      const Index next = std::clamp<Index>(c.inputs - (k + terms) * per_element, 0, chunk * per_element);
      GradualFetch fetch(w + chunk * per_element * c.outputs, c.outputs, c.packed != nullptr ? 0 : next, count,
                         blocks * tiles);
      GradualFetch fetch_samples(reinterpret_cast<const float*>(panels + (k + terms) * tile_rows),
                                 c.terms() * tile_rows, c.batch / tile_rows,
                                 std::min(chunk, c.terms() - k - terms) * tile_rows, blocks * tiles);
      for (Index b = 0; b < blocks; ++b) {
        const Index column = b * block_width;
        const bool whole = width - column >= block_width;
        for_each_tile_of_many(c.batch, [&](Index n, auto rows) {
          constexpr int M = rows;
          const Element* x = panels + n * c.terms() + k * M;
          const Element* with = copy + column * terms;
          float* to = sums + n * width + column;
          const Pixels where{1, static_cast<int>(terms), 0, M, 0, whole ? block_width : lanes, nullptr, 0};
          fetch.some();
          fetch_samples.some();
          if (whole)
            sum_tile<Arithmetic, M, tile_vectors>(x, with, where, to, width, false);
          else
            sum_tile<Arithmetic, M, 1>(x, with, where, to, width, false);
        });
      }
    }
    store_sums(sums, first, count, width, c.batch, c.outputs, c.with_relu, c.out);
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
