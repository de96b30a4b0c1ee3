#pragma once
/// \file
/// The plain scalar references of kernels/pool.hpp; its tests compare with it. One sample.

#include <xstitch/kernels/pool_shape.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels::reference {

namespace detail {

/// Calls f(element index, output index, index in the window) for every element of every window.
template <class Function>
void for_window_elements(const PoolShape& s, const Function& f) {
  for (int oy = 0; oy < s.rows.out; ++oy)
    for (int ox = 0; ox < s.columns.out; ++ox)
      for (int ky = 0; ky < s.rows.kernel; ++ky)
        for (int kx = 0; kx < s.columns.kernel; ++kx) {
          const int iy = oy * s.rows.stride - s.rows.pad + ky, ix = ox * s.columns.stride - s.columns.pad + kx;
          if (iy < 0 || iy >= s.rows.in || ix < 0 || ix >= s.columns.in) continue;
          for (int c = 0; c < s.channels; ++c)
            f(static_cast<std::size_t>((iy * s.columns.in + ix) * s.channels + c),
              static_cast<std::size_t>((oy * s.columns.out + ox) * s.channels + c), ky * s.columns.kernel + kx, oy, ox);
        }
}

}  // namespace detail

inline void max_pool(const PoolShape& s, const float* x, float* y, std::uint8_t* argmax) {
  std::fill(y, y + s.out().size(), -INFINITY);
  detail::for_window_elements(s, [&](std::size_t in, std::size_t out, int index, int, int) {
    if (!(x[in] > y[out]) && !std::isnan(x[in])) return;
    y[out] = x[in];
    argmax[out] = static_cast<std::uint8_t>(index);
  });
}

inline void max_pool_gradient(const PoolShape& s, const float* dy, const std::uint8_t* argmax, float* dx) {
  std::fill(dx, dx + s.in().size(), 0.0F);
  detail::for_window_elements(s, [&](std::size_t in, std::size_t out, int index, int, int) {
    if (argmax[out] == index) dx[in] += dy[out];
  });
}

inline void average_pool(const PoolShape& s, const float* x, float* y) {
  std::fill(y, y + s.out().size(), 0.0F);
  detail::for_window_elements(
      s, [&](std::size_t in, std::size_t out, int, int oy, int ox) { y[out] += x[in] / s.divisor(oy, ox); });
}

inline void average_pool_gradient(const PoolShape& s, const float* dy, float* dx) {
  std::fill(dx, dx + s.in().size(), 0.0F);
  detail::for_window_elements(
      s, [&](std::size_t in, std::size_t out, int, int oy, int ox) { dx[in] += dy[out] / s.divisor(oy, ox); });
}

}  // namespace kernels::reference
}  // namespace xstitch::inline XSTITCH_ISA
