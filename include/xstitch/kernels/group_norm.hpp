#pragma once
/// \file
/// Normalisation of each sample by itself, over all pixels and the channels of a group, of m elements:
///
///     mean, variance of the group;  i = 1 / sqrt(variance + epsilon);  y = (x - mean) i weight + bias
///     dweight = sum i dy (x - mean);  dbias = sum dy;  g = dy weight;
///     dx = i (g - sum g / m - (x - mean) i^2 sum g (x - mean) / m)
///
/// Moments are taken about the first pixel of each chunk and joined in double by Chan's rule, in order: first the
/// chunks and channels of a group. Sums of a sample's channels are joined sample by sample.

#include <xstitch/kernels/channel_sums.hpp>

#include <cmath>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Sizes, and where a call's scratch memory begins: two quantities in double for each chunk of pixels and channel of a
/// sample, then four coefficients in float for each channel of a sample.
template <Dims In, int Groups>
struct GroupNormTasks {
  static constexpr std::size_t pixels = In.pixels(), channels = static_cast<std::size_t>(In.channels),
                               groups = static_cast<std::size_t>(Groups), group = channels / groups,
                               chunk = channel_chunk<In.channels>, chunks = (pixels + chunk - 1) / chunk;
  static constexpr std::size_t partial = 2 * chunks * channels, coefficients = 4 * channels;
  static constexpr std::size_t bytes = partial * sizeof(double) + coefficients * sizeof(float);

  double* sums;
  float* coefficient;
  GroupNormTasks(std::byte* workspace, std::size_t batch)
      : sums(reinterpret_cast<double*>(workspace)), coefficient(reinterpret_cast<float*>(sums + batch * partial)) {}
  /// Of chunk i of sample n: quantity k of channel c is [k * channels + c].
  [[nodiscard]] double* sums_of(std::size_t n, std::size_t i) const { return sums + n * partial + i * 2 * channels; }
  [[nodiscard]] float* coefficients_of(std::size_t n) const { return coefficient + n * coefficients; }

  /// Calls f(sample, chunk, first pixel, last pixel).
  template <class Function>
  static void for_chunks_of(ThreadPool& threads, std::size_t batch, const Function& f) {
    threads.parallel_for(batch * chunks, [&](std::size_t task) {
      const std::size_t i = task % chunks;
      f(task / chunks, i, i * chunk, std::min(pixels, (i + 1) * chunk));
    });
  }
  /// Sums of two quantities a chunk and channel: add_terms(first row of the chunk, sample, row of the batch, c, sums).
  template <class Terms>
  void add_up(ThreadPool& threads, std::size_t batch, const Terms& add_terms) const {
    for_chunks_of(threads, batch, [&](std::size_t n, std::size_t i, std::size_t begin, std::size_t end) {
      const std::size_t first = n * pixels;
      chunk_totals<In.channels, 2>(
          first + begin, first + end,
          [&](std::size_t row, int c, auto& to) { add_terms(first + begin, n, row, c, to); }, sums_of(n, i));
    });
  }
};

/// Writes y = f(...) and, unless null, mean and i of each group: saved[n][2][groups].
template <Dims In, int Groups, class Function>
void group_norm(ThreadPool& threads, std::size_t batch, const float* x, const float* weight, const float* bias,
                double epsilon, float* y, float* saved, std::byte* workspace) {
  using Tasks = GroupNormTasks<In, Groups>;
  using Block = ChannelBlock<In.channels>;
  using Batch = typename Block::Batch;
  constexpr std::size_t C = Tasks::channels;
  const Tasks tasks(workspace, batch);
  tasks.add_up(threads, batch, [&](std::size_t origin, std::size_t, std::size_t row, int c, auto& sums) {
    const Batch d = Block::load(x + row * C + c) - Block::load(x + origin * C + c);
    sums[0] += d;
    sums[1] = multiply_add(d, d, sums[1]);
  });
  threads.parallel_for(batch, [&](std::size_t n) {
    float* mean = tasks.coefficients_of(n);
    float *factor = mean + C, *offset = factor + C;
    for (std::size_t g = 0; g < Tasks::groups; ++g) {
      double elements = 0.0, average = 0.0, squares = 0.0;
      for (std::size_t i = 0; i < Tasks::chunks; ++i)
        for (std::size_t c = g * Tasks::group; c < (g + 1) * Tasks::group; ++c) {
          const double rows = static_cast<double>(std::min(Tasks::pixels, (i + 1) * Tasks::chunk) - i * Tasks::chunk);
          const double s = tasks.sums_of(n, i)[c], q = tasks.sums_of(n, i)[C + c];
          const auto origin = static_cast<double>(x[(n * Tasks::pixels + i * Tasks::chunk) * C + c]);
          const double delta = origin + s / rows - average, all = elements + rows;
          squares += (q - s * s / rows) + delta * delta * elements * rows / all;
          average += delta * rows / all;
          elements = all;
        }
      // Rounding can leave a tiny negative number; a NaN stays.
      const auto inverse = static_cast<float>(1.0 / std::sqrt((squares < 0.0 ? 0.0 : squares) / elements + epsilon));
      if (saved != nullptr) {
        saved[n * 2 * Tasks::groups + g] = static_cast<float>(average);
        saved[(n * 2 + 1) * Tasks::groups + g] = inverse;
      }
      for (std::size_t c = g * Tasks::group; c < (g + 1) * Tasks::group; ++c) {
        mean[c] = static_cast<float>(average);
        factor[c] = weight[c] * inverse;
        offset[c] = bias[c];
      }
    }
  });
  Tasks::for_chunks_of(threads, batch, [&](std::size_t n, std::size_t, std::size_t begin, std::size_t end) {
    const float* mean = tasks.coefficients_of(n);
    const float *factor = mean + C, *offset = factor + C;
    for (std::size_t row = n * Tasks::pixels + begin; row < n * Tasks::pixels + end; ++row)
      Block::for_each([&](int c) {
        const Batch centred = Block::load(x + row * C + c) - Block::load(mean + c);
        Block::store(y + row * C + c,
                     Function::f(multiply_add(centred, Block::load(factor + c), Block::load(offset + c))));
      });
  });
}

/// saved: what group_norm wrote. dx may be null.
template <Dims In, int Groups>
void group_norm_gradient(ThreadPool& threads, std::size_t batch, const float* x, const float* weight, const float* dy,
                         const float* saved, float* dx, float* weight_gradient, float* bias_gradient,
                         std::byte* workspace) {
  using Tasks = GroupNormTasks<In, Groups>;
  using Block = ChannelBlock<In.channels>;
  using Batch = typename Block::Batch;
  constexpr std::size_t C = Tasks::channels;
  const Tasks tasks(workspace, batch);
  threads.parallel_for(batch, [&](std::size_t n) {
    float* mean = tasks.coefficients_of(n);
    for (std::size_t c = 0; c < C; ++c) mean[c] = saved[n * 2 * Tasks::groups + c / Tasks::group];
  });
  tasks.add_up(threads, batch, [&](std::size_t, std::size_t n, std::size_t row, int c, auto& sums) {
    const Batch g = Block::load(dy + row * C + c);
    sums[0] += g;
    sums[1] = multiply_add(g, Block::load(x + row * C + c) - Block::load(tasks.coefficients_of(n) + c), sums[1]);
  });
  threads.parallel_for(batch, [&](std::size_t n) {  // the chunks' sums are added to the first, then those of a group
    double* sums = tasks.sums_of(n, 0);
    for (std::size_t i = 1; i < Tasks::chunks; ++i)
      for (std::size_t k = 0; k < 2 * C; ++k) sums[k] += tasks.sums_of(n, i)[k];
    float *shift = tasks.coefficients_of(n) + C, *slope = shift + C, *factor = slope + C;
    for (std::size_t g = 0; g < Tasks::groups; ++g) {
      double whole = 0.0, along = 0.0;
      for (std::size_t c = g * Tasks::group; c < (g + 1) * Tasks::group; ++c) {
        whole = multiply_add(static_cast<double>(weight[c]), sums[c], whole);
        along = multiply_add(static_cast<double>(weight[c]), sums[C + c], along);
      }
      const auto i = static_cast<double>(saved[(n * 2 + 1) * Tasks::groups + g]);
      constexpr auto m = static_cast<double>(Tasks::pixels * Tasks::group);
      for (std::size_t c = g * Tasks::group; c < (g + 1) * Tasks::group; ++c) {
        shift[c] = static_cast<float>(i * whole / m);
        slope[c] = static_cast<float>(i * i * i * along / m);
        factor[c] = static_cast<float>(i) * weight[c];
      }
    }
  });
  for (std::size_t c = 0; c < C; ++c) {
    double scaled = 0.0, plain = 0.0;
    for (std::size_t n = 0; n < batch; ++n) {
      const auto i = static_cast<double>(saved[(n * 2 + 1) * Tasks::groups + c / Tasks::group]);
      scaled = multiply_add(i, tasks.sums_of(n, 0)[C + c], scaled);
      plain += tasks.sums_of(n, 0)[c];
    }
    weight_gradient[c] = static_cast<float>(scaled);
    bias_gradient[c] = static_cast<float>(plain);
  }
  if (dx == nullptr) return;
  Tasks::for_chunks_of(threads, batch, [&](std::size_t n, std::size_t, std::size_t begin, std::size_t end) {
    const float* mean = tasks.coefficients_of(n);
    const float *shift = mean + C, *slope = shift + C, *factor = slope + C;
    for (std::size_t row = n * Tasks::pixels + begin; row < n * Tasks::pixels + end; ++row)
      Block::for_each([&](int c) {
        const Batch centred = Block::load(x + row * C + c) - Block::load(mean + c);
        const Batch g = multiply_add(Block::load(factor + c), Block::load(dy + row * C + c), -Block::load(shift + c));
        Block::store(dx + row * C + c, negative_multiply_add(centred, Block::load(slope + c), g));
      });
  });
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
