#pragma once
/// \file
/// Fully connected layer, backward:
///
///     dx[n, i] = sum over o of dy[n, o] W[i, o]     dW[i, o] = sum over n of x[n, i] dy[n, o]     db[o] = sum of dy[n,
///     o]
///
/// One pass over the weights, a few rows at a time: first their part of dx (the rows come into the second-level cache),
/// then their gradient, which is emitted at once while the rows are still there, so that an optimizer may change
/// them. The gradient of a weight is the sum over all samples in order, whatever the batch.

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/outer_product.hpp>
#include <xstitch/kernels/pack_bf16.hpp>
#include <xstitch/kernels/sum_tile.hpp>

#include <type_traits>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// M dot products with each of V * lanes columns: out[m, n] = sum over i of a[m * a_row + i] * b[i][n]. The rows of `a`
/// come from memory: they are fetched a kilobyte ahead.
template <class Arithmetic, int M, int V>
[[gnu::noinline]] void dot_tile(const typename Arithmetic::Element* a, Index a_row,
                                const typename Arithmetic::Element* b, Index count, float* out) noexcept {
  Vector acc[M][V];
  const typename Arithmetic::Element* rows[M];
  XSTITCH_UNROLL
  for (int m = 0; m < M; ++m) {
    rows[m] = a + m * a_row;
    XSTITCH_UNROLL
    for (int v = 0; v < V; ++v) acc[m][v] = Vector(0.0F);
  }
  constexpr Index line = 16;
  for (Index i = 0; i < count;) {
    XSTITCH_UNROLL
    for (int m = 0; m < M; ++m) __builtin_prefetch(rows[m] + i + 256, 0, 3);
    for (const Index end = std::min(count, i + line); i < end; ++i, b += V * lanes) {
      add_outer_product<Arithmetic>(acc, b, [&](int m) { return rows[m] + i; });
    }
  }
  XSTITCH_UNROLL
  for (int m = 0; m < M; ++m) {
    XSTITCH_UNROLL
    for (int v = 0; v < V; ++v) store(out + (m * V + v) * lanes, acc[m][v]);
  }
}

template <class Arithmetic>
class LinearBackward {
  using Element = typename Arithmetic::Element;
  static constexpr int per_element = Arithmetic::per_element;
  static constexpr int block = tile_rows;  ///< rows of weights worked on together
  /// Rows of a dot_tile. Rows a power of two apart share one set of the first-level cache, which has 8 places.
  static constexpr int dot_rows = vector_registers == 32 ? 7 : tile_rows;
  static constexpr Index rows_wanted = 64;  ///< tasks

  struct Sizes {
    Index batch, inputs, outputs;
    Index pairs() const noexcept { return divide_up(batch, per_element); }    // terms of dW
    Index depth() const noexcept { return divide_up(outputs, per_element); }  // terms of dx
    Index padded_batch() const noexcept { return round_up(batch, lanes); }
    Index padded_outputs() const noexcept { return round_up(outputs, lanes); }
    Index in_panels() const noexcept { return round_up(inputs * pairs(), 16); }  // elements
    Index gradient_panels() const noexcept { return round_up(padded_outputs() * pairs(), 16); }
  };

 public:
  static constexpr Extent workspace(int in, int out) noexcept {
    const auto i = static_cast<std::size_t>(in), o = static_cast<std::size_t>(out + lanes);
    return {(i + 2 * o) * sizeof(Element), (i + (lanes + 2) * o) * sizeof(Element) + 256};
  }

  /// in_gradient, bias_gradient: null if not wanted. weight_gradient: where dW is stored, or null: then it is given to
  /// `emit(offset, gradient, count)`, a few whole rows at a time, from several threads. It is not made at all without
  /// wants_weight.
  template <class Emit>
  static void run(std::size_t batch, int inputs, int outputs, const float* in, const float* out_gradient,
                  const float* weights, float* in_gradient, float* weight_gradient, float* bias_gradient, Emit&& emit,
                  std::byte* workspace, ThreadPool& threads, bool wants_weight = true) {
    const Sizes s{static_cast<Index>(batch), inputs, outputs};
    auto* in_panels = reinterpret_cast<Element*>(workspace);
    auto* gradient_panels = in_panels + s.in_panels();
    auto* transposed = gradient_panels + s.gradient_panels();
    if (wants_weight) pack_inputs(s, in, in_panels, threads);
    pack_gradients(s, out_gradient, wants_weight ? gradient_panels : nullptr,
                   in_gradient != nullptr ? transposed : nullptr, bias_gradient, threads);
    if (!wants_weight && in_gradient == nullptr) return;

    const Index rows = block * std::max<Index>(1, divide_up(s.inputs, rows_wanted * block));
    threads.parallel_for(static_cast<std::size_t>(divide_up(s.inputs, rows)), [&](std::size_t task) {
      const Index first = static_cast<Index>(task) * rows, last = std::min(s.inputs, first + rows);
      const auto sum_elements = static_cast<std::size_t>(block * s.padded_outputs());
      auto* sums = reinterpret_cast<float*>(thread_scratch(2 * sum_elements * sizeof(float)));
      auto* copy = reinterpret_cast<Element*>(sums + sum_elements);
      const auto work = [&](Index i, auto m) {
        constexpr int M = m;
        constexpr int D = M == block ? dot_rows : M;
        if (in_gradient != nullptr)
          for (int d = 0; d < M; d += D) input_rows<D>(s, weights, i + d, transposed, in_gradient, copy);
        if (!wants_weight) return;
        const bool direct = weight_gradient != nullptr && s.outputs == s.padded_outputs();
        float* to = direct ? weight_gradient + i * s.outputs : sums;
        weight_rows<M>(s, in_panels + i * s.pairs(), gradient_panels, to);
        if (direct) return;
        if (s.outputs != s.padded_outputs())  // close the gaps after the rows
          for (Index r = 1; r < M; ++r)
            std::memmove(to + r * s.outputs, to + r * s.padded_outputs(),
                         static_cast<std::size_t>(s.outputs) * sizeof(float));
        if (weight_gradient != nullptr)
          std::copy_n(to, M * s.outputs, weight_gradient + i * s.outputs);
        else
          emit(static_cast<std::size_t>(i * s.outputs), to, static_cast<std::size_t>(M * s.outputs));
      };
      Index i = first;
      for (; i + block <= last; i += block) work(i, std::integral_constant<int, block>{});
      for (; i < last; ++i) work(i, std::integral_constant<int, 1>{});
    });
  }

 private:
  static Element pair(const float* p, Index step, bool second) { return Arithmetic::make(*p, second ? p[step] : 0.0F); }

  /// in_panels: [input block][sample][inputs of the block].
  static void pack_inputs(const Sizes& s, const float* in, Element* in_panels, ThreadPool& threads) {
    constexpr Index range = 32 * block;
    threads.parallel_for(static_cast<std::size_t>(divide_up(s.inputs, range)), [&](std::size_t task) {
      const Index first = static_cast<Index>(task) * range, last = std::min(s.inputs, first + range);
      const Index whole = s.inputs / block * block;
      for (Index n = 0; n < s.pairs(); ++n) {
        const float* x = in + n * per_element * s.inputs;
        const bool second = n * per_element + 1 < s.batch;
        for (Index i = first; i < last; i += block)
          for (Index m = 0; m < std::min<Index>(block, last - i); ++m) {
            const Index at = i < whole ? i * s.pairs() + n * block + m : (i + m) * s.pairs() + n;
            in_panels[at] = pair(x + i + m, s.inputs, second);
          }
      }
    });
  }

  /// gradient_panels: [block of columns][sample][columns], zeros after the last; transposed: [block of
  /// samples][output][samples], zeros after the last. Null: not wanted.
  static void pack_gradients(const Sizes& s, const float* dy, Element* gradient_panels, Element* transposed,
                             float* bias_gradient, ThreadPool& threads) {
    threads.parallel_for(static_cast<std::size_t>(divide_up(s.outputs, block_width)), [&](std::size_t task) {
      const Index first = static_cast<Index>(task) * block_width,
                  last = std::min<Index>(s.outputs, first + block_width);
      const Index width = round_up(last - first, lanes);
      for (Index n = 0; gradient_panels != nullptr && n < s.pairs(); ++n) {
        Element* p = gradient_panels + first * s.pairs() + n * width;
        const float* g = dy + n * per_element * s.outputs;
        for (Index o = first; o < last; ++o) p[o - first] = pair(g + o, s.outputs, n * per_element + 1 < s.batch);
        std::fill(p + (last - first), p + width, Element{});
      }
      for (Index n = 0; transposed != nullptr && n < s.padded_batch(); n += block_width) {
        const Index columns = std::min<Index>(block_width, s.padded_batch() - n);
        pack_transposed(dy + n * s.outputs + first, s.outputs, last - first,
                        static_cast<int>(std::min(columns, s.batch - n)), static_cast<int>(columns),
                        transposed + n * s.depth() + first / per_element * columns, Arithmetic{});
      }
      if (bias_gradient != nullptr) {
        std::fill(bias_gradient + first, bias_gradient + last, 0.0F);
        for (Index n = 0; n < s.batch; ++n)
          for (Index o = first; o < last; ++o) bias_gradient[o] += dy[n * s.outputs + o];
      }
    });
  }

  /// dx of M rows of weights.
  template <int M>
  static void input_rows(const Sizes& s, const float* weights, Index i, const Element* transposed, float* in_gradient,
                         Element* copy) noexcept {
    const Element* w = reinterpret_cast<const Element*>(weights + i * s.outputs);
    Index w_row = s.outputs;
    if constexpr (per_element > 1) {
      w_row = s.depth();
      pack_rows(weights + i * s.outputs, M, s.outputs, copy, w_row, Arithmetic{});
      w = copy;
    }
    alignas(64) float tile[M * block_width];
    for (Index n = 0; n < s.padded_batch(); n += block_width) {
      const Index columns = std::min<Index>(block_width, s.padded_batch() - n);
      if (columns > lanes)
        dot_tile<Arithmetic, M, tile_vectors>(w, w_row, transposed + n * s.depth(), s.depth(), tile);
      else
        dot_tile<Arithmetic, M, 1>(w, w_row, transposed + n * s.depth(), s.depth(), tile);
      for (Index c = 0; c < std::min(columns, s.batch - n); ++c)
        for (int m = 0; m < M; ++m) in_gradient[(n + c) * s.inputs + i + m] = tile[m * columns + c];
    }
  }

  /// dW of M rows, as [M][padded outputs].
  template <int M>
  static void weight_rows(const Sizes& s, const Element* in_panel, const Element* gradient_panels, float* to) noexcept {
    const Index row = s.padded_outputs();
    Index o = 0;
    for (; o + block_width <= row; o += block_width)
      sum_tile<Arithmetic, M, tile_vectors>(in_panel, gradient_panels + o * s.pairs(),
                                            {1, static_cast<int>(s.pairs()), 0, M, 0, block_width, nullptr, 0}, to + o,
                                            row, true);
    for (; o < row; o += lanes)
      sum_tile<Arithmetic, M, 1>(in_panel, gradient_panels + o * s.pairs(),
                                 {1, static_cast<int>(s.pairs()), 0, M, 0, lanes, nullptr, 0}, to + o, row, true);
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
