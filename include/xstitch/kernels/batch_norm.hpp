#pragma once
/// \file
/// Normalisation of each channel over all rows (samples and pixels) of a batch.
///
///     mean, variance over the rows;  i = 1 / sqrt(variance + epsilon);  y = (x - mean) i gamma + beta
///     dgamma = i sum dy (x - mean);  dbeta = sum dy;
///     dx = i gamma (dy - dbeta / rows - (x - mean) i dgamma / rows)
///
/// Moments are taken about the first row of each chunk and joined in double by Chan's rule, so that a mean far from
/// zero does not cancel the variance away.

#include <xstitch/kernels/channel_sums.hpp>
#include <xstitch/kernels/elementwise.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Calls result(c, mean, sum of squared deviations) for each channel. `partial`: channel_sums_workspace() of 2 kinds.
template <int Channels, class Result>
void channel_moments(ThreadPool& threads, const float* x, std::size_t rows, double* partial, const Result& result) {
  using Block = ChannelBlock<Channels>;
  using Batch = typename Block::Batch;
  constexpr std::size_t chunk = channel_chunk<Channels>, C = static_cast<std::size_t>(Channels);
  const std::size_t chunks = (rows + chunk - 1) / chunk;
  const auto rows_of = [&](std::size_t i) { return static_cast<double>(std::min(rows, (i + 1) * chunk) - i * chunk); };
  threads.parallel_for(chunks, [&](std::size_t i) {
    const float* first = x + i * chunk * C;
    const auto add_terms = [&](std::size_t row, int c, std::array<Batch, 2>& sums) {
      const Batch d = Block::load(x + row * C + c) - Block::load(first + c);
      sums[0] += d;
      sums[1] = multiply_add(d, d, sums[1]);
    };
    chunk_sums<Channels, 2>(i * chunk, std::min(rows, (i + 1) * chunk), add_terms, [&](int c, const auto& sums) {
      alignas(64) float sum[static_cast<std::size_t>(Block::width)], squares[static_cast<std::size_t>(Block::width)];
      sums[0].store_aligned(sum);
      sums[1].store_aligned(squares);
      for (int j = 0; j < Block::used; ++j) {
        const auto at = static_cast<std::size_t>(c + j);
        const auto s = static_cast<double>(sum[j]), n = rows_of(i);
        partial[2 * i * C + at] = static_cast<double>(first[at]) + s / n;
        partial[(2 * i + 1) * C + at] = static_cast<double>(squares[j]) - s * s / n;
      }
    });
  });
  for (std::size_t c = 0; c < C; ++c) {
    double n = rows_of(0), mean = partial[c], squares = partial[C + c];
    for (std::size_t i = 1; i < chunks; ++i) {
      const double more = rows_of(i), delta = partial[2 * i * C + c] - mean;
      squares += partial[(2 * i + 1) * C + c] + delta * delta * n * more / (n + more);
      mean += delta * more / (n + more);
      n += more;
    }
    // Rounding can leave a tiny negative number; a NaN stays.
    result(c, mean, squares < 0.0 ? 0.0 : squares);
  }
}

/// Joins moments of other rows to those of some: [1 + 2 channels], rows, means, sums of squared deviations.
inline void join_moments(double* to, const double* more, std::size_t channels) {
  if (more[0] == 0.0) return;
  if (to[0] == 0.0) return (void)std::copy_n(more, 1 + 2 * channels, to);
  const double n = to[0] + more[0];
  for (std::size_t c = 1; c <= channels; ++c) {
    const double delta = more[c] - to[c];
    to[channels + c] += more[channels + c] + delta * delta * to[0] * more[0] / n;
    to[c] += delta * more[0] / n;
  }
  to[0] = n;
}

/// y = f((x - mean) factor + offset), per channel.
template <int Channels, class Function = Unchanged>
void normalise(ThreadPool& threads, const float* x, float* y, std::size_t rows, const float* mean, const float* factor,
               const float* offset) {
  using Block = ChannelBlock<Channels>;
  constexpr std::size_t C = static_cast<std::size_t>(Channels), chunk = channel_chunk<Channels>;
  threads.parallel_for((rows + chunk - 1) / chunk, [&](std::size_t i) {
    for (std::size_t row = i * chunk; row < std::min(rows, (i + 1) * chunk); ++row)
      Block::for_each([&](int c) {
        const auto centred = Block::load(x + row * C + c) - Block::load(mean + c);
        Block::store(y + row * C + c,
                     Function::f(multiply_add(centred, Block::load(factor + c), Block::load(offset + c))));
      });
  });
}

/// dx = factor dy, per channel.
template <int Channels>
void scale(ThreadPool& threads, const float* dy, float* dx, std::size_t rows, const float* factor) {
  using Block = ChannelBlock<Channels>;
  constexpr std::size_t C = static_cast<std::size_t>(Channels), chunk = channel_chunk<Channels>;
  threads.parallel_for((rows + chunk - 1) / chunk, [&](std::size_t i) {
    for (std::size_t row = i * chunk; row < std::min(rows, (i + 1) * chunk); ++row)
      Block::for_each(
          [&](int c) { Block::store(dx + row * C + c, Block::load(dy + row * C + c) * Block::load(factor + c)); });
  });
}

/// dx = factor (dy - gradient_mean - (x - mean) slope), per channel.
template <int Channels>
void normalise_gradient(ThreadPool& threads, const float* x, const float* dy, float* dx, std::size_t rows,
                        const float* mean, const float* factor, const float* gradient_mean, const float* slope) {
  using Block = ChannelBlock<Channels>;
  constexpr std::size_t C = static_cast<std::size_t>(Channels), chunk = channel_chunk<Channels>;
  threads.parallel_for((rows + chunk - 1) / chunk, [&](std::size_t i) {
    for (std::size_t row = i * chunk; row < std::min(rows, (i + 1) * chunk); ++row)
      Block::for_each([&](int c) {
        const auto centred = Block::load(x + row * C + c) - Block::load(mean + c);
        const auto g = Block::load(dy + row * C + c) - Block::load(gradient_mean + c);
        Block::store(dx + row * C + c,
                     Block::load(factor + c) * negative_multiply_add(centred, Block::load(slope + c), g));
      });
  });
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
