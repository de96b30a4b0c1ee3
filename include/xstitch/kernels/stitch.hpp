#pragma once
/// \file
/// The arithmetic of the cross-stitch unit: a small matrix over towers, applied at every pixel and channel.
///
/// Work is cut into at most `chunks` runs of pixels, a number that depends on the problem alone; each run keeps its own
/// sums for the gradient of alpha, and the runs are added in order.

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/simd.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

inline constexpr std::size_t stitch_chunks = 32;
inline constexpr std::size_t stitch_max_towers = 32;

/// Each tower's tensor is [pixels, channels], pixels of the whole batch; `stride` floats from one pixel to the next, so
/// that some channels of a wider tensor may be a tower of their own. Sums over towers run in the order of `order`, so
/// that a caller can make them independent of how the towers are numbered.
struct StitchForward {
  std::size_t towers = 0, pixels = 0, channels = 0;
  const float* const* inputs = nullptr;  ///< [towers]
  float* const* outputs = nullptr;       ///< [towers]
  const std::size_t* order = nullptr;    ///< [towers], a permutation
  std::byte* workspace = nullptr;        ///< stitch_workspace()
  ThreadPool& threads;
  std::size_t stride = channels;
};

struct StitchBackward {
  std::size_t towers = 0, pixels = 0, channels = 0;
  const float* const* inputs = nullptr;
  const float* const* output_gradients = nullptr;
  float* const* input_gradients = nullptr;  ///< each may be null, and may be the same tower's output gradient
  const std::size_t* order = nullptr;
  std::byte* workspace = nullptr;
  ThreadPool& threads;
  std::size_t stride = channels;
};

constexpr std::size_t stitch_padded(std::size_t channels) { return (channels + 15) / 16 * 16; }

/// Bytes: expanded alphas, and one block of alpha sums a chunk.
constexpr std::size_t stitch_workspace(std::size_t towers, std::size_t channels) {
  return (stitch_chunks + 1) * towers * towers * stitch_padded(channels) * sizeof(float);
}

namespace detail {

/// alpha as {T, T, padded C}, whatever its granularity.
inline void expand_alpha(const float* alpha, float* wide, std::size_t towers, std::size_t channels, bool per_channel) {
  const std::size_t row = stitch_padded(channels);
  for (std::size_t i = 0; i < towers * towers; ++i)
    for (std::size_t c = 0; c < channels; ++c) wide[i * row + c] = per_channel ? alpha[i * channels + c] : alpha[i];
}

struct PixelRange {
  std::size_t begin, end;
};
inline std::size_t pixel_chunks(std::size_t pixels) { return std::min(stitch_chunks, pixels); }
inline PixelRange pixel_range(std::size_t pixels, std::size_t chunk) {
  const std::size_t chunks = pixel_chunks(pixels);
  return {pixels * chunk / chunks, pixels * (chunk + 1) / chunks};
}

}  // namespace detail

/// y_t = sum_s alpha[t, s] x_s; the sum runs over s in call.order.
inline void stitch_forward(const StitchForward& call, const float* alpha, bool per_channel) {
  constexpr std::size_t width = Vector::size;
  const std::size_t towers = call.towers, channels = call.channels, row = stitch_padded(channels);
  float* wide = reinterpret_cast<float*>(call.workspace);
  detail::expand_alpha(alpha, wide, towers, channels, per_channel);
  call.threads.parallel_for(detail::pixel_chunks(call.pixels), [&](std::size_t chunk) {
    const auto [begin, end] = detail::pixel_range(call.pixels, chunk);
    for (std::size_t t = 0; t < towers; ++t) {
      const float* a = wide + t * towers * row;
      for (std::size_t p = begin; p < end; ++p) {
        const std::size_t at = p * call.stride;
        float* y = call.outputs[t] + at;
        std::size_t c = 0;
        for (; c + width <= channels; c += width) {
          const std::size_t s0 = call.order[0];
          Vector sum = Vector::load_unaligned(a + s0 * row + c) * Vector::load_unaligned(call.inputs[s0] + at + c);
          for (std::size_t k = 1; k < towers; ++k) {
            const std::size_t s = call.order[k];
            sum = multiply_add(Vector::load_unaligned(a + s * row + c), Vector::load_unaligned(call.inputs[s] + at + c),
                               sum);
          }
          sum.store_unaligned(y + c);
        }
        for (; c < channels; ++c) {
          const std::size_t s0 = call.order[0];
          float sum = a[s0 * row + c] * call.inputs[s0][at + c];
          for (std::size_t k = 1; k < towers; ++k) {
            const std::size_t s = call.order[k];
            sum = multiply_add(a[s * row + c], call.inputs[s][at + c], sum);
          }
          y[c] = sum;
        }
      }
    }
  });
}

/// dx_s = sum_t alpha[t, s] dy_t and dalpha[t, s] = sum over pixels of dy_t x_s, in one pass over memory.
inline void stitch_backward(const StitchBackward& call, const float* alpha, float* alpha_gradient, bool per_channel) {
  constexpr std::size_t width = Vector::size;
  const std::size_t towers = call.towers, channels = call.channels, row = stitch_padded(channels);
  float* wide = reinterpret_cast<float*>(call.workspace);
  float* sums = wide + towers * towers * row;
  const std::size_t block = towers * towers * row;
  detail::expand_alpha(alpha, wide, towers, channels, per_channel);
  const std::size_t chunks = detail::pixel_chunks(call.pixels);
  call.threads.parallel_for(chunks, [&](std::size_t chunk) {
    const auto [begin, end] = detail::pixel_range(call.pixels, chunk);
    float* sum = sums + chunk * block;
    std::fill(sum, sum + block, 0.0F);
    std::array<Vector, stitch_max_towers> dy;
    std::array<float, stitch_max_towers> dy_tail{};
    for (std::size_t p = begin; p < end; ++p) {
      const std::size_t at = p * call.stride;
      std::size_t c = 0;
      for (; c + width <= channels; c += width) {
        for (std::size_t t = 0; t < towers; ++t) dy[t] = Vector::load_unaligned(call.output_gradients[t] + at + c);
        for (std::size_t s = 0; s < towers; ++s) {
          const Vector x = Vector::load_unaligned(call.inputs[s] + at + c);
          for (std::size_t t = 0; t < towers; ++t) {
            float* g = sum + (t * towers + s) * row + c;
            multiply_add(dy[t], x, Vector::load_unaligned(g)).store_unaligned(g);
          }
          if (call.input_gradients[s] == nullptr) continue;
          const std::size_t t0 = call.order[0];
          Vector dx = Vector::load_unaligned(wide + (t0 * towers + s) * row + c) * dy[t0];
          for (std::size_t k = 1; k < towers; ++k) {
            const std::size_t t = call.order[k];
            dx = multiply_add(Vector::load_unaligned(wide + (t * towers + s) * row + c), dy[t], dx);
          }
          dx.store_unaligned(call.input_gradients[s] + at + c);
        }
      }
      for (; c < channels; ++c) {
        for (std::size_t t = 0; t < towers; ++t) dy_tail[t] = call.output_gradients[t][at + c];
        for (std::size_t s = 0; s < towers; ++s) {
          const float x = call.inputs[s][at + c];
          for (std::size_t t = 0; t < towers; ++t) {
            float& g = sum[(t * towers + s) * row + c];
            g = multiply_add(dy_tail[t], x, g);
          }
          if (call.input_gradients[s] == nullptr) continue;
          const std::size_t t0 = call.order[0];
          float dx = wide[(t0 * towers + s) * row + c] * dy_tail[t0];
          for (std::size_t k = 1; k < towers; ++k) {
            const std::size_t t = call.order[k];
            dx = multiply_add(wide[(t * towers + s) * row + c], dy_tail[t], dx);
          }
          call.input_gradients[s][at + c] = dx;
        }
      }
    }
  });
  // A line of channels at a time: the chunks' sums may be a multiple of a cache's size apart.
  constexpr std::size_t line = 16;
  call.threads.parallel_for(towers * towers, [&](std::size_t i) {
    double whole = 0.0;
    for (std::size_t c = 0; c < channels; c += line) {
      std::array<double, line> totals{};
      for (std::size_t chunk = 0; chunk < chunks; ++chunk)
        for (std::size_t j = 0; j < line; ++j) totals[j] += static_cast<double>(sums[chunk * block + i * row + c + j]);
      for (std::size_t j = 0; j < std::min(line, channels - c); ++j) {
        if (per_channel) alpha_gradient[i * channels + c + j] = static_cast<float>(totals[j]);
        whole += totals[j];
      }
    }
    if (!per_channel) alpha_gradient[i] = static_cast<float>(whole);
  });
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
