#pragma once
/// \file
/// Fully connected layer, forward, for few samples, where reading the weights takes most of the time: in place in fp32,
/// from a packed copy in bf16.
///
/// A task has some columns of the output and walks down the weights a few rows at a time, fetching the next ones. In
/// place its columns are as wide as an equal share of the threads: long runs of memory and few pages. The samples share
/// those rows by pairs, while the first-level cache holds them. Every sum runs over its terms in order, so the bits are
/// those of linear_forward.hpp.

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/linear_sums.hpp>
#include <xstitch/kernels/pack.hpp>

#include <type_traits>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// y = b + x W, perhaps max(0, y): see LinearForward.
template <class Arithmetic>
class LinearForwardFew {
  using Element = typename Arithmetic::Element;
  static constexpr int per_element = Arithmetic::per_element;

 public:
  struct Call {
    Index batch, inputs, outputs;
    const Element* in;       ///< [batch][terms]
    const Element* weights;  ///< in place in fp32; else what LinearForward::pack() wrote: [task][terms][columns]
    Index columns;           ///< of a task
    const float* bias;
    bool with_relu;
    float* out;
    Index terms() const noexcept { return divide_up(inputs, per_element); }
  };

  static void run(const Call& c, ThreadPool& threads) {
    threads.parallel_for(static_cast<std::size_t>(divide_up(c.outputs, c.columns)), [&](std::size_t task) {
      const Index first = static_cast<Index>(task) * c.columns, count = std::min(c.columns, c.outputs - first);
      if constexpr (per_element == 1)
        run_columns(c, c.weights + first, c.outputs, first, count);
      else
        run_columns(c, c.weights + first * c.terms(), round_up(count, lanes), first, count);
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

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
