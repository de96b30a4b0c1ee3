#pragma once
/// \file
/// Pooling over windows, one row of a sample at a time; rows are independent of each other in forward and in backward.
///
/// Maximum: the index of the maximum within its window is kept as one byte, row-major over the whole window. A NaN wins
/// over every number. Backward gathers: each input element looks at the windows that cover it, in a fixed order, so
/// that overlapping windows need no locks and leave no choice of order.

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/channel_block.hpp>
#include <xstitch/kernels/pool_shape.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

namespace detail {

/// Calls f(sample, row) for every row; a task takes as many rows as make up for starting it.
template <class Function>
void for_rows(ThreadPool& threads, std::size_t batch, int rows, std::size_t work_per_row, const Function& f) {
  constexpr std::size_t enough = 32768;
  const auto height = static_cast<std::size_t>(rows);
  const std::size_t each = std::clamp<std::size_t>(enough / std::max<std::size_t>(1, work_per_row), 1, height);
  const std::size_t pieces = (height + each - 1) / each;
  threads.parallel_for(batch * pieces, [&](std::size_t task) {
    const std::size_t sample = task / pieces, begin = task % pieces * each;
    for (std::size_t row = begin; row < std::min(height, begin + each); ++row) f(sample, static_cast<int>(row));
  });
}

constexpr std::size_t pool_work(const PoolShape& s) {
  return static_cast<std::size_t>(s.columns.out) * static_cast<std::size_t>(s.channels) *
         static_cast<std::size_t>(s.rows.kernel * s.columns.kernel);
}

/// Maximum and its index over the taps [y0, y1) x [x0, x1) of one window; `window` points to its first element.
template <PoolShape S, bool KeepArgmax>
void max_window(const float* window, IndexRange tap_rows, IndexRange tap_columns, float* y, std::uint8_t* argmax) {
  using Block = ChannelBlock<S.channels>;
  using Batch = typename Block::Batch;
  Block::for_each([&](int c) {
    Batch best(-std::numeric_limits<float>::infinity());
    Batch index = Block::bits(tap_rows.begin * S.columns.kernel + tap_columns.begin);
    for (int ky = tap_rows.begin; ky < tap_rows.end; ++ky)
      for (int kx = tap_columns.begin; kx < tap_columns.end; ++kx) {
        const Batch v = Block::load(window + (static_cast<Index>(ky) * S.columns.in + kx) * S.channels + c);
        const auto wins = (v > best) | !(v == v);
        best = xsimd::select(wins, v, best);
        if constexpr (KeepArgmax) index = xsimd::select(wins, Block::bits(ky * S.columns.kernel + kx), index);
      }
    Block::store(y + c, best);
    if constexpr (KeepArgmax) Block::store_low_bytes(argmax + c, index);
  });
}

}  // namespace detail

/// One output row; `x` is the sample, `y` and `argmax` the row.
template <PoolShape S, bool KeepArgmax>
void max_pool_row(const float* x, float* y, std::uint8_t* argmax, int row) {
  const int top = S.rows.start(row);
  for (int column = 0; column < S.columns.out; ++column) {
    const int left = S.columns.start(column);
    const float* window = x + (static_cast<Index>(top) * S.columns.in + left) * S.channels;
    const Index at = static_cast<Index>(column) * S.channels;
    std::uint8_t* index = KeepArgmax ? argmax + at : nullptr;
    if (S.inside(row, column)) {  // constant bounds: the taps are unrolled
      detail::max_window<S, KeepArgmax>(window, {0, S.rows.kernel}, {0, S.columns.kernel}, y + at, index);
    } else {
      const IndexRange rows = S.rows.elements(row), columns = S.columns.elements(column);
      detail::max_window<S, KeepArgmax>(window, {rows.begin - top, rows.end - top},
                                        {columns.begin - left, columns.end - left}, y + at, index);
    }
  }
}

/// The indices of an output row's maxima within their windows as numbers of pixels of the input's plane, row by row.
template <PoolShape S>
void pixels_of_row(const std::uint8_t* argmax, std::int32_t* pixels, int row) {
  const int top = S.rows.start(row);
  for (int column = 0; column < S.columns.out; ++column) {
    const int first = top * S.columns.in + S.columns.start(column);
    for (int c = 0; c < S.channels; ++c, ++argmax, ++pixels) {
      const int down = *argmax / S.columns.kernel;
      *pixels = first + down * S.columns.in + *argmax - down * S.columns.kernel;
    }
  }
}

/// One row of dL/dx; `dy` and `argmax` are the sample's, `dx` the row.
template <PoolShape S>
void max_pool_gradient_row(const float* dy, const std::uint8_t* argmax, float* dx, int row) {
  using Block = ChannelBlock<S.channels>;
  using Batch = typename Block::Batch;
  const IndexRange windows_down = S.rows.windows(row);
  for (int column = 0; column < S.columns.in; ++column) {
    const IndexRange windows_across = S.columns.windows(column);
    Block::for_each([&](int c) {
      Batch sum(0.0F);
      for (int oy = windows_down.begin; oy < windows_down.end; ++oy)
        for (int ox = windows_across.begin; ox < windows_across.end; ++ox) {
          const Index at = (static_cast<Index>(oy) * S.columns.out + ox) * S.channels + c;
          const int index = (row - S.rows.start(oy)) * S.columns.kernel + column - S.columns.start(ox);
          sum += xsimd::select(Block::load_bytes(argmax + at) == Batch(static_cast<float>(index)), Block::load(dy + at),
                               Batch(0.0F));
        }
      Block::store(dx + static_cast<Index>(column) * S.channels + c, sum);
    });
  }
}

/// One output row of the average; sum over the covered elements in row-major order, over the divisor.
template <PoolShape S>
void average_pool_row(const float* x, float* y, int row) {
  using Block = ChannelBlock<S.channels>;
  using Batch = typename Block::Batch;
  const IndexRange rows = S.rows.elements(row);
  for (int column = 0; column < S.columns.out; ++column) {
    const IndexRange columns = S.columns.elements(column);
    const Batch divisor(S.divisor(row, column));
    Block::for_each([&](int c) {
      Batch sum(0.0F);
      for (int iy = rows.begin; iy < rows.end; ++iy)
        for (int ix = columns.begin; ix < columns.end; ++ix)
          sum += Block::load(x + (static_cast<Index>(iy) * S.columns.in + ix) * S.channels + c);
      Block::store(y + static_cast<Index>(column) * S.channels + c, sum / divisor);
    });
  }
}

template <PoolShape S>
void average_pool_gradient_row(const float* dy, float* dx, int row) {
  using Block = ChannelBlock<S.channels>;
  using Batch = typename Block::Batch;
  const IndexRange windows_down = S.rows.windows(row);
  for (int column = 0; column < S.columns.in; ++column) {
    const IndexRange windows_across = S.columns.windows(column);
    Block::for_each([&](int c) {
      Batch sum(0.0F);
      for (int oy = windows_down.begin; oy < windows_down.end; ++oy)
        for (int ox = windows_across.begin; ox < windows_across.end; ++ox)
          sum += Block::load(dy + (static_cast<Index>(oy) * S.columns.out + ox) * S.channels + c) /
                 Batch(S.divisor(oy, ox));
      Block::store(dx + static_cast<Index>(column) * S.channels + c, sum);
    });
  }
}

/// The mean over all pixels of one sample: rows are summed first, so that few numbers enter each sum.
template <Dims In>
void global_average(const float* x, float* y) {
  using Block = ChannelBlock<In.channels>;
  using Batch = typename Block::Batch;
  Block::for_each([&](int c) {
    Batch sum(0.0F);
    for (int row = 0; row < In.height; ++row) {
      Batch row_sum(0.0F);
      for (int column = 0; column < In.width; ++column)
        row_sum += Block::load(x + (static_cast<Index>(row) * In.width + column) * In.channels + c);
      sum += row_sum;
    }
    Block::store(y + c, sum / Batch(static_cast<float>(In.height) * static_cast<float>(In.width)));
  });
}

template <Dims In>
void global_average_gradient(const float* dy, float* dx) {
  using Block = ChannelBlock<In.channels>;
  using Batch = typename Block::Batch;
  const Batch pixels(static_cast<float>(In.height) * static_cast<float>(In.width));
  for (std::size_t pixel = 0; pixel < In.pixels(); ++pixel)
    Block::for_each([&](int c) {
      Block::store(dx + pixel * static_cast<std::size_t>(In.channels) + c, Block::load(dy + c) / pixels);
    });
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
