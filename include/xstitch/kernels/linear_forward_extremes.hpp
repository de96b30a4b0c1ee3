#pragma once
/// \file
/// Fully connected layer, forward, for few samples and for many; linear_forward.hpp says how many those are. Every sum
/// runs over its terms in order, so the bits are the same in every way.
///
/// *Few*: reading the weights takes most of the time, in place in fp32, from a packed copy in bf16. A task has some
/// columns of the output and walks down the weights a few rows at a time, fetching the next ones. In place its columns
/// are as wide as an equal share of the threads: long runs of memory and few pages. The samples share those rows by
/// pairs, while the first-level cache holds them.
///
/// *Many* (large batches; the fully connected layers of a fully convolutional network, where each output pixel is a
/// sample): arithmetic takes the time. Matrix products by panels that stay in the first-level cache: `chunk` terms of
/// one block of columns, against all tiles of rows, whose panels come from the second-level cache; the sums wait there,
/// too. Weights are copied into panels chunk by chunk, while the next chunk is fetched from memory. (Backward gains
/// nothing from it up to 352 samples.)

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/pack_bf16.hpp>
#include <xstitch/kernels/sum_tile.hpp>

#include <type_traits>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// y = b + x W, perhaps max(0, y).
template <class Arithmetic, class In>
struct LinearForwardCall {
  using Element = typename Arithmetic::Element;
  Index batch, inputs, outputs;
  const In* in;           ///< [batch][inputs], or elements [batch][terms]
  const float* weights;   ///< [inputs][outputs]
  const Element* packed;  ///< or null: what LinearForward::pack() wrote, [task][terms][columns]
  Index columns;          ///< of a task
  const float* bias;
  bool with_relu;
  float* out;
  Index terms() const noexcept { return divide_up(inputs, Arithmetic::per_element); }
};

template <class Arithmetic>
class LinearForwardFew {
  using Element = typename Arithmetic::Element;
  static constexpr int per_element = Arithmetic::per_element;

 public:
  using Call = LinearForwardCall<Arithmetic, Element>;

  static void run(const Call& c, ThreadPool& threads) {
    threads.parallel_for(static_cast<std::size_t>(divide_up(c.outputs, c.columns)), [&](std::size_t task) {
      const Index first = static_cast<Index>(task) * c.columns, count = std::min(c.columns, c.outputs - first);
      if constexpr (per_element == 1)
        run_columns(c, c.weights + first, c.outputs, first, count);
      else
        run_columns(c, c.packed + first * c.terms(), round_up(count, lanes), first, count);
    });
  }

  /// Columns of a task where weights are read in place: an equal share of the threads.
  static Index share(Index outputs, std::size_t threads) noexcept {
    constexpr Index least = 64, most = 2048;
    return std::clamp(round_up(divide_up(outputs, static_cast<Index>(threads)), least), least, most);
  }

 private:
  template <int N>
  using Constant = std::integral_constant<int, N>;

  /// Weights of a task, `row` elements from one term to the next.
  struct Task {
    const Element* weights;
    Index row, count;
    float* sums;  ///< [batch][width]
    Index width;
  };

  static void run_columns(const Call& c, const Element* weights, Index row, Index first, Index count) {
    const Index width = round_up(count, lanes);
    auto* sums = reinterpret_cast<float*>(thread_scratch(static_cast<std::size_t>(width * c.batch) * sizeof(float)));
    start_sums(c.bias, first, count, width, c.batch, sums);
    const Task t{weights, row, count, sums, width};
    // As many terms as registers for their inputs; samples that come back to a row find it in the cache in chunks.
    constexpr bool in_halves = requires { typename Arithmetic::Second; };
    constexpr int registers = in_halves ? 2 : 1;  // of an input
    const Index piece = c.batch <= 2 ? count : 256;
    Index term = 0;
    if (c.batch == 1) term = add_terms(c, t, Constant<8 / registers>{}, term, piece);
    term = add_terms(c, t, Constant<6 / registers>{}, term, piece);
    add_terms(c, t, Constant<1>{}, term, piece);
    store_sums(sums, first, count, width, c.batch, c.outputs, c.with_relu, c.out);
  }

  /// Adds terms from `term` on to all sums, Terms at a time, and returns the first that is left.
  template <int Terms>
  static Index add_terms(const Call& c, const Task& t, Constant<Terms> /*terms*/, Index term, Index piece) noexcept {
    const Index in_row = c.terms();
    for (; term + Terms <= in_row; term += Terms)
      for (Index column = 0; column < t.count; column += piece) {
        const Element* in = c.in + term;
        const Element* weights = t.weights + term * t.row + column;
        const Index columns = std::min(piece, t.count - column);
        float* to = t.sums + column;
        Index n = 0;
        for (; n + 2 <= c.batch; n += 2, in += 2 * in_row, to += 2 * t.width)
          add<2, Terms>(in, in_row, weights, t.row, columns, to, t.width);
        if (n < c.batch) add<1, Terms>(in, in_row, weights, t.row, columns, to, t.width);
      }
    return term;
  }

  /// sums[n][o] += sum over Terms terms r of in[n][r] * weights[r][o]
  template <int Samples, int Terms>
  static void add(const Element* in, Index in_row, const Element* weights, Index row, Index count, float* sums,
                  Index width) noexcept {
    typename Arithmetic::Operand x[Samples][Terms];
    XSTITCH_UNROLL
    for (int n = 0; n < Samples; ++n) {
      XSTITCH_UNROLL
      for (int r = 0; r < Terms; ++r) x[n][r] = Arithmetic::broadcast(in + n * in_row + r);
    }
    const auto add_vector = [&](Index o, auto&& read) {
      Vector sum[Samples];
      XSTITCH_UNROLL
      for (int n = 0; n < Samples; ++n) sum[n] = load(sums + n * width + o);
      XSTITCH_UNROLL
      for (int r = 0; r < Terms; ++r) {
        __builtin_prefetch(weights + (r + Terms) * row + o, 0, 2);
        const auto w = read(weights + r * row + o);
        XSTITCH_UNROLL
        for (int n = 0; n < Samples; ++n) sum[n] = Arithmetic::multiply_add(x[n][r], w, sum[n]);
      }
      XSTITCH_UNROLL
      for (int n = 0; n < Samples; ++n) store(sums + n * width + o, sum[n]);
    };
    Index o = 0;
    for (; o + lanes <= count; o += lanes) add_vector(o, [](const Element* p) { return Arithmetic::load(p); });
    if (o < count) {
      if constexpr (per_element == 1)
        add_vector(o, [&](const float* p) { return load_some(p, static_cast<int>(count - o)); });
      else
        add_vector(o, [](const Element* p) { return Arithmetic::load(p); });  // zeros after the last column
    }
  }
};

template <class Arithmetic>
class LinearForwardMany {
  using Element = typename Arithmetic::Element;
  static constexpr int per_element = Arithmetic::per_element;
  static constexpr Index chunk = 128;  ///< terms

 public:
  using Call = LinearForwardCall<Arithmetic, float>;

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
    const Index columns = std::clamp<Index>(fitting, block_width, c.packed != nullptr ? c.columns : 256);
    const Index ranges = divide_up(c.columns, columns);
    threads.parallel_for(static_cast<std::size_t>(divide_up(c.outputs, c.columns) * ranges), [&](std::size_t t) {
      const Index outer = static_cast<Index>(t) / ranges * c.columns;
      const Index outer_end = std::min(outer + c.columns, c.outputs);
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
