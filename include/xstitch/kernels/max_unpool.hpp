#pragma once
/// \file
/// Puts elements back where a pooling found them: y = 0 but at y[index[i, c], c] = x[i, c]; index is a pixel's number
/// in the plane of y, row by row. Where an index comes twice in a plane (windows that overlap) the later pixel of x
/// wins, and the gradient flows to that one alone.
///
/// A task has a plane and some channels of it, and goes through the pixels in order.

#include <xstitch/core/error.hpp>
#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/pack.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Planes (samples) of `in_pixels` become planes of `out_pixels`.
struct UnpoolShape {
  std::size_t planes = 0, in_pixels = 0, out_pixels = 0, channels = 0;
};

namespace detail {

inline constexpr std::size_t unpool_channels = 16;  // a cache line

/// Calls f(plane, first channel, channels).
template <class Function>
void for_planes(const UnpoolShape& s, ThreadPool& threads, const Function& f) {
  const std::size_t blocks = (s.channels + unpool_channels - 1) / unpool_channels;
  threads.parallel_for(s.planes * blocks, [&](std::size_t task) {
    const std::size_t first = task % blocks * unpool_channels;
    f(task / blocks, first, std::min(unpool_channels, s.channels - first));
  });
}

}  // namespace detail

inline void max_unpool(const UnpoolShape& s, const float* x, const std::int32_t* index, float* y, ThreadPool& threads) {
  detail::for_planes(s, threads, [&](std::size_t plane, std::size_t first, std::size_t count) {
    float* to = y + plane * s.out_pixels * s.channels + first;
    const std::size_t from = plane * s.in_pixels * s.channels + first;
    for (std::size_t p = 0; p < s.out_pixels; ++p) std::fill_n(to + p * s.channels, count, 0.0F);
    for (std::size_t i = 0; i < s.in_pixels; ++i)
      for (std::size_t c = 0; c < count; ++c) {
        const std::size_t at = from + i * s.channels + c;
        const auto pixel = static_cast<std::size_t>(index[at]);  // below zero: larger than all
        if (pixel >= s.out_pixels)
          fail("MaxUnpool: index ", index[at], " of input pixel ", i, ", expected 0 to ", s.out_pixels - 1);
        to[pixel * s.channels + c] = x[at];
      }
  });
}

inline void max_unpool_gradient(const UnpoolShape& s, const float* dy, const std::int32_t* index, float* dx,
                                ThreadPool& threads) {
  detail::for_planes(s, threads, [&](std::size_t plane, std::size_t first, std::size_t count) {
    constexpr std::size_t width = detail::unpool_channels;
    // The pixel of x that was written last, at each element that was written.
    auto* last = reinterpret_cast<std::int32_t*>(thread_scratch(s.out_pixels * width * sizeof(std::int32_t)));
    const float* from = dy + plane * s.out_pixels * s.channels + first;
    const std::size_t to = plane * s.in_pixels * s.channels + first;
    for (std::size_t i = 0; i < s.in_pixels; ++i)
      for (std::size_t c = 0; c < count; ++c)
        last[static_cast<std::size_t>(index[to + i * s.channels + c]) * width + c] = static_cast<std::int32_t>(i);
    for (std::size_t i = 0; i < s.in_pixels; ++i)
      for (std::size_t c = 0; c < count; ++c) {
        const std::size_t at = to + i * s.channels + c, pixel = static_cast<std::size_t>(index[at]);
        dx[at] = last[pixel * width + c] == static_cast<std::int32_t>(i) ? from[pixel * s.channels + c] : 0.0F;
      }
  });
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
