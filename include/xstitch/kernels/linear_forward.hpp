#pragma once
/// \file
/// Fully connected layer, forward: y[n, o] = b[o] + sum over i of x[n, i] W[i, o], then perhaps max(0, y).
///
/// The weights are far larger than everything else and are read once, in place (in bf16, whose numbers have half the
/// bytes, better from a packed copy where many calls share one). Few samples and many go by
/// linear_forward_extremes.hpp; between them one task makes some columns of the output: it walks down the weights in
/// chunks of rows, fetching the next chunk into the second-level cache while it works on this one. The inputs are
/// packed first as [samples of a tile] side by side, for every i.

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/linear_forward_extremes.hpp>
#include <xstitch/kernels/pack_bf16.hpp>
#include <xstitch/kernels/sum_tile.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Samples are cut into tiles of these sizes, largest first. Few samples take more columns, to keep enough
/// multiply-adds under way.
template <class Function>
void for_each_sample_tile(Index batch, Function&& f) {
  constexpr int most = vector_registers == 32 ? 16 : tile_rows;
  constexpr int columns = vector_registers == 32 ? 1 : 2;
  using std::integral_constant;
  Index n = 0;
  for (; batch - n >= most; n += most) f(n, integral_constant<int, most>{}, integral_constant<int, columns>{});
  if constexpr (most > 8)
    for (; batch - n >= 8; n += 8) f(n, integral_constant<int, 8>{}, integral_constant<int, 2>{});
  if constexpr (most > 4)
    for (; batch - n >= 4; n += 4) f(n, integral_constant<int, 4>{}, integral_constant<int, 2>{});
  for (; batch - n >= 2; n += 2) f(n, integral_constant<int, 2>{}, integral_constant<int, 4>{});
  for (; batch - n >= 1; n += 1) f(n, integral_constant<int, 1>{}, integral_constant<int, 8>{});
}

/// Samples from which on LinearForwardMany is used.
constexpr Index many_samples = vector_registers == 32 ? 64 : 21;
/// Samples up to which LinearForwardFew is used (in fp32 with 32 registers tiles of 16 are faster then), weights
/// of bf16 packed.
template <class Arithmetic>
constexpr Index few_samples = vector_registers == 32 && Arithmetic::per_element == 1 ? 15 : many_samples - 1;

template <class Arithmetic>
class LinearForward {
  using Element = typename Arithmetic::Element;
  static constexpr int per_element = Arithmetic::per_element;
  static constexpr Index chunk = 32;  ///< rows of weights: twice as many in the same sets of the second-level cache fit

 public:
  static constexpr Extent workspace(int in, int /*out*/) noexcept {
    return {static_cast<std::size_t>(divide_up(in, per_element)) * sizeof(Element), 64};
  }

  /// Bytes of the packed weights: for each task [pairs of inputs][columns]. 0 in fp32, which has nothing to gain.
  static constexpr std::size_t packed_bytes(int inputs, int outputs) noexcept {
    if (per_element == 1) return 0;
    return static_cast<std::size_t>(divide_up(inputs, per_element) * round_up(outputs, lanes)) * sizeof(Element);
  }
  static void pack(int inputs, int outputs, const float* weights, std::byte* to, ThreadPool& threads) {
    const Index depth = divide_up(inputs, per_element), columns = task_columns(outputs);
    constexpr Index range = 128;  // pairs of inputs
    const Index ranges = divide_up(depth, range);
    threads.parallel_for(static_cast<std::size_t>(divide_up(outputs, columns) * ranges), [&](std::size_t task) {
      const Index first = static_cast<Index>(task) / ranges * columns;
      const Index count = std::min<Index>(columns, outputs - first), width = round_up(count, lanes);
      const Index k = static_cast<Index>(task) % ranges * range;
      pack_columns(weights + k * per_element * outputs + first, outputs, 1,
                   std::min<Index>(range * per_element, inputs - k * per_element), static_cast<int>(count),
                   static_cast<int>(width), reinterpret_cast<Element*>(to) + first * depth + k * width, Arithmetic{});
    });
  }

  /// packed: null, or what pack() made of the weights.
  static void run(std::size_t batch, int inputs, int outputs, const float* in, const float* weights, const float* bias,
                  bool with_relu, float* out, std::byte* workspace, ThreadPool& threads,
                  const std::byte* packed = nullptr) {
    auto* panels = reinterpret_cast<Element*>(workspace);
    const Index depth = divide_up(inputs, per_element), samples = static_cast<Index>(batch);
    if (samples >= many_samples)
      return LinearForwardMany<Arithmetic>::run(
          {samples, inputs, outputs, in, weights, reinterpret_cast<const Element*>(packed), task_columns(outputs), bias,
           with_relu, out},
          panels, threads);
    if (samples <= few_samples<Arithmetic> && (per_element == 1 || packed != nullptr))
      return run_few(samples, inputs, outputs, in, weights, bias, with_relu, out, panels, threads, packed);
    constexpr Index pack_range = 256;
    threads.parallel_for(static_cast<std::size_t>(divide_up(depth, pack_range)), [&](std::size_t task) {
      const Index first = static_cast<Index>(task) * pack_range, last = std::min(depth, first + pack_range);
      for_each_sample_tile(samples, [&](Index n, auto rows, auto) {
        for (int m = 0; m < rows; ++m) {
          const float* x = in + (n + m) * inputs;
          Element* to = panels + n * depth + m;
          for (Index k = first; k < last; ++k)
            to[k * rows] =
                Arithmetic::make(x[k * per_element], k * per_element + 1 < inputs ? x[k * per_element + 1] : 0.0F);
        }
      });
    });
    const Index columns = task_columns(outputs);
    threads.parallel_for(static_cast<std::size_t>(divide_up(outputs, columns)), [&](std::size_t task) {
      const Index first = static_cast<Index>(task) * columns;
      const Columns c{inputs, outputs, first, std::min<Index>(columns, outputs - first)};
      run_columns(c, samples, panels, weights, bias, with_relu, out);
    });
  }

 private:
  static void run_few(Index samples, int inputs, int outputs, const float* in, const float* weights, const float* bias,
                      bool with_relu, float* out, [[maybe_unused]] Element* panels, ThreadPool& threads,
                      [[maybe_unused]] const std::byte* packed) {
    if constexpr (per_element == 1) {
      const Index columns = LinearForwardFew<Arithmetic>::share(outputs, threads.size());
      LinearForwardFew<Arithmetic>::run({samples, inputs, outputs, in, weights, nullptr, columns, bias, with_relu, out},
                                        threads);
    } else {
      pack_rows(in, static_cast<int>(samples), inputs, panels, divide_up(inputs, per_element), Arithmetic{});
      LinearForwardFew<Arithmetic>::run(
          {samples, inputs, outputs, panels, weights, reinterpret_cast<const Element*>(packed), task_columns(outputs),
           bias, with_relu, out},
          threads);
    }
  }

  static constexpr Index task_columns(int outputs) noexcept {
    return std::clamp<Index>(round_up(divide_up(outputs, 16), block_width), block_width, 256);
  }

  struct Columns {
    Index inputs, outputs, first, count;
  };

  static void run_columns(const Columns& c, Index batch, const Element* panels, const float* weights, const float* bias,
                          bool with_relu, float* out) {
    const Index width = round_up(c.count, lanes), full = c.count / lanes * lanes;
    const Index depth = divide_up(c.inputs, per_element);
    // Scratch: sums [batch][width], then a chunk of weights where those cannot be read in place.
    auto* sums =
        reinterpret_cast<float*>(thread_scratch(static_cast<std::size_t>(width * (batch + chunk)) * sizeof(float)));
    auto* copy = reinterpret_cast<Element*>(sums + width * batch);
    start_sums(bias, c.first, c.count, width, batch, sums);
    constexpr Index step = chunk / per_element;
    for (Index k = 0; k < depth; k += step) {
      const Index terms = std::min(step, depth - k);
      const float* w = weights + k * per_element * c.outputs + c.first;
      const Index next = std::min<Index>(chunk, c.inputs - (k + terms) * per_element);
      if constexpr (per_element > 1) {
        GradualFetch fetch(w + chunk * c.outputs, c.outputs, next, c.count, terms);
        for (Index i = 0; i < terms; ++i) {
          pack_columns(w + i * per_element * c.outputs, c.outputs, 1,
                       std::min<Index>(per_element, c.inputs - (k + i) * per_element), static_cast<int>(c.count),
                       static_cast<int>(width), copy + i * width, Arithmetic{});
          fetch.some();
        }
      } else if (full < c.count) {
        pack_columns(w + full, c.outputs, 1, terms, static_cast<int>(c.count - full), lanes, copy, Arithmetic{});
      }
      bool fetched = per_element > 1;
      for_each_sample_tile(batch, [&](Index n, auto rows, auto vectors) {
        constexpr int M = rows, V = vectors;
        const Element* x = panels + n * depth + k * M;
        Pixels where{1, static_cast<int>(terms), 0, M, 0, per_element > 1 ? width : c.outputs, nullptr, 0};
        const Element* from = per_element > 1 ? copy : reinterpret_cast<const Element*>(w);
        const Index usable = per_element > 1 ? width : full;
        // Each tile fetches its share of the next chunk, some whole rows, while it works.
        constexpr Index tile_columns = V * lanes;
        const Index pixels = c.count / tile_columns;
        Index column = 0;
        if (!fetched && c.count % tile_columns == 0 && terms == step && next == chunk && terms % pixels == 0) {
          const Index rows_each = terms / pixels;
          where.rows = static_cast<int>(rows_each);
          where.pixels = static_cast<int>(pixels);
          where.in_row = pixels * M;
          where.gradient_row = pixels * where.gradient_pixel;
          where.fetch_row = c.outputs;
          where.fetch = w + chunk * c.outputs;
          for (; column < usable; column += tile_columns, where.fetch += rows_each * c.outputs)
            sum_tile<Arithmetic, M, V, true>(x, from + column, where, sums + n * width + column, width, false);
        } else {
          for (; column + tile_columns <= usable; column += tile_columns) {
            if (!fetched) prefetch(w + chunk * c.outputs, c.outputs, next, column, column + tile_columns);
            sum_tile<Arithmetic, M, V>(x, from + column, where, sums + n * width + column, width, false);
          }
          for (; column < usable; column += lanes) {
            if (!fetched) prefetch(w + chunk * c.outputs, c.outputs, next, column, column + lanes);
            sum_tile<Arithmetic, M, 1>(x, from + column, where, sums + n * width + column, width, false);
          }
        }
        if (column < width) {
          where.gradient_pixel = lanes;
          sum_tile<Arithmetic, M, 1>(x, copy, where, sums + n * width + column, width, false);
        }
        fetched = true;
      });
    }
    store_sums(sums, c.first, c.count, width, batch, c.outputs, with_relu, out);
  }

  /// Fetches columns [first, last) of `rows` rows into the second-level cache.
  static void prefetch(const float* from, Index row, Index rows, Index first, Index last) noexcept {
    for (Index r = 0; r < rows; ++r, from += row)
      for (Index c = first; c < last; c += 16) __builtin_prefetch(from + c, 0, 2);
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
