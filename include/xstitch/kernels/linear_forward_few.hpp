#pragma once
/// \file
/// Fully connected layer, forward, for few samples, where reading the weights takes most of the time, in fp32.
///
/// A task has some columns of the output and walks down the weights a few rows at a time. Its columns are as wide as an
/// equal share of the threads: long runs of memory, which the processor fetches ahead by itself, and few pages. The
/// samples share those rows by pairs, while the first-level cache holds them. Every sum runs over its terms in order,
/// so the bits are those of linear_forward.hpp.

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/linear_sums.hpp>
#include <xstitch/kernels/pack.hpp>

#include <type_traits>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Samples up to which this file is used. (With 32 registers the tiles of linear_forward.hpp hold 16 samples.)
constexpr Index few_samples = vector_registers == 32 ? 4 : 20;

/// y = b + x W, perhaps max(0, y): see LinearForward.
class LinearForwardFew {
 public:
  struct Call {
    Index batch, inputs, outputs;
    const float* in;
    const float* weights;
    const float* bias;
    bool with_relu;
    float* out;
  };

  static void run(const Call& c, ThreadPool& threads) {
    constexpr Index least = 64, most = 2048;
    const Index share = divide_up(c.outputs, static_cast<Index>(threads.size()));
    const Index columns = std::clamp(round_up(share, least), least, most);
    threads.parallel_for(static_cast<std::size_t>(divide_up(c.outputs, columns)), [&](std::size_t task) {
      const Index first = static_cast<Index>(task) * columns;
      run_columns(c, first, std::min(columns, c.outputs - first));
    });
  }

 private:
  template <int N>
  using Constant = std::integral_constant<int, N>;

  static void run_columns(const Call& c, Index first, Index count) {
    const Index width = round_up(count, lanes);
    auto* sums = reinterpret_cast<float*>(thread_scratch(static_cast<std::size_t>(width * c.batch) * sizeof(float)));
    start_sums(c.bias, first, count, width, c.batch, sums);
    // As many rows as registers for their inputs; samples that come back to a row find it in the cache by pieces.
    const Index piece = c.batch <= 2 ? count : 256;
    Index row = 0;
    if (c.batch == 1) row = add_rows(c, Constant<8>{}, row, first, count, piece, sums, width);
    row = add_rows(c, Constant<6>{}, row, first, count, piece, sums, width);
    add_rows(c, Constant<1>{}, row, first, count, piece, sums, width);
    store_sums(sums, first, count, width, c.batch, c.outputs, c.with_relu, c.out);
  }

  /// Adds inputs from `row` on to all sums, Rows at a time, and returns the first that is left.
  template <int Rows>
  static Index add_rows(const Call& c, Constant<Rows> /*rows*/, Index row, Index first, Index count, Index piece,
                        float* sums, Index width) noexcept {
    for (; row + Rows <= c.inputs; row += Rows)
      for (Index column = 0; column < count; column += piece) {
        const float* in = c.in + row;
        const float* weights = c.weights + row * c.outputs + first + column;
        const Index columns = std::min(piece, count - column);
        float* to = sums + column;
        Index n = 0;
        for (; n + 2 <= c.batch; n += 2, in += 2 * c.inputs, to += 2 * width)
          add<2, Rows>(in, c.inputs, weights, c.outputs, columns, to, width);
        if (n < c.batch) add<1, Rows>(in, c.inputs, weights, c.outputs, columns, to, width);
      }
    return row;
  }

  /// sums[n][o] += sum over Rows rows r of in[n][r] * weights[r][o]
  template <int Samples, int Rows>
  static void add(const float* in, Index in_row, const float* weights, Index row, Index count, float* sums,
                  Index width) noexcept {
    Vector x[Samples][Rows];
    XSTITCH_UNROLL
    for (int n = 0; n < Samples; ++n) {
      XSTITCH_UNROLL
      for (int r = 0; r < Rows; ++r) x[n][r] = Vector(in[n * in_row + r]);
    }
    const auto add_vector = [&](Index o, auto&& read) {
      Vector sum[Samples];
      XSTITCH_UNROLL
      for (int n = 0; n < Samples; ++n) sum[n] = load(sums + n * width + o);
      XSTITCH_UNROLL
      for (int r = 0; r < Rows; ++r) {
        const Vector w = read(weights + r * row + o);
        XSTITCH_UNROLL
        for (int n = 0; n < Samples; ++n) sum[n] = multiply_add(x[n][r], w, sum[n]);
      }
      XSTITCH_UNROLL
      for (int n = 0; n < Samples; ++n) store(sums + n * width + o, sum[n]);
    };
    Index o = 0;
    for (; o + lanes <= count; o += lanes) add_vector(o, [](const float* p) { return load(p); });
    if (o < count) add_vector(o, [&](const float* p) { return load_some(p, static_cast<int>(count - o)); });
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
