#pragma once
/// \file
/// The product of maps, element by element, with broadcasting, and its gradients:
///
///     y[n, p, c] = product over k of x_k[n, p, c]     dx_k[n, p, c] = sum of dy[n, p, c] times the other factors
///
/// A factor has all of [pixels, channels], or one pixel, or one channel, or one element a sample; it is then the same
/// for all pixels (channels), and its gradient the sum over them. Sums over channels are those of the lanes of vectors;
/// sums over pixels are runs of 64 in floats, the runs added in double. Products are taken in the order of the factors.

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/simd.hpp>

#include <algorithm>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Extents of the product; all full factors may be given as one long row: {1, 1, elements}.
struct ProductShape {
  std::size_t samples = 0, pixels = 0, channels = 0;
};

/// One factor, with the strides of samples and pixels (0: the same pixel for all).
struct Factor {
  const float* values = nullptr;
  std::size_t sample = 0, pixel = 0;
  bool one_channel = false;

  [[nodiscard]] Vector get(std::size_t n, std::size_t p, std::size_t c, int count) const noexcept {
    const float* at = values + n * sample + p * pixel;
    return one_channel ? Vector(*at) : count == lanes ? load(at + c) : load_some(at + c, count);
  }
};

/// Factors one after the other (a std::span would cost the compiler megabytes).
struct Factors {
  const Factor* first = nullptr;
  std::size_t count = 0;
  const Factor& operator[](std::size_t k) const noexcept { return first[k]; }
};

namespace detail {

inline constexpr std::size_t no_factor = ~std::size_t{0};

/// The product of all factors but one, times `v`.
inline Vector times_others(Vector v, const Factors& factors, std::size_t but, std::size_t n, std::size_t p,
                           std::size_t c, int count) noexcept {
  for (std::size_t k = 0; k < factors.count; ++k)
    if (k != but) v = v * factors[k].get(n, p, c, count);
  return v;
}

/// Calls f(c, lanes used) for the channels [begin, end).
template <class Function>
void for_vectors(std::size_t begin, std::size_t end, const Function& f) {
  constexpr auto step = static_cast<std::size_t>(lanes);
  std::size_t c = begin;
  for (; c + step <= end; c += step) f(c, lanes);
  if (c < end) f(c, static_cast<int>(end - c));
}

/// to[n, p, c] = start(n, p, c, count) times all factors but one.
template <class Start>
void write_products(const ProductShape& s, const Factors& factors, std::size_t but, float* to, ThreadPool& threads,
                    const Start& start) {
  constexpr std::size_t enough = 16384;
  const std::size_t columns = std::min(s.channels, enough), rows = std::max<std::size_t>(1, enough / columns);
  const std::size_t row_blocks = (s.pixels + rows - 1) / rows, column_blocks = (s.channels + columns - 1) / columns;
  threads.parallel_for(s.samples * row_blocks * column_blocks, [&](std::size_t task) {
    const std::size_t n = task / column_blocks / row_blocks, row = task / column_blocks % row_blocks * rows;
    const std::size_t first = task % column_blocks * columns, last = std::min(s.channels, first + columns);
    for (std::size_t p = row; p < std::min(s.pixels, row + rows); ++p) {
      float* out = to + (n * s.pixels + p) * s.channels;
      for_vectors(first, last, [&](std::size_t c, int count) {
        const Vector v = times_others(start(n, p, c, count), factors, but, n, p, c, count);
        if (count == lanes)
          store(out + c, v);
        else
          store_some(out + c, v, count);
      });
    }
  });
}

}  // namespace detail

/// Two factors or more.
inline void multiply(const ProductShape& s, const Factors& factors, float* y, ThreadPool& threads) {
  detail::write_products(
      s, {factors.first + 1, factors.count - 1}, detail::no_factor, y, threads,
      [&](std::size_t n, std::size_t p, std::size_t c, int count) { return factors[0].get(n, p, c, count); });
}

/// The gradient of factor k; dy has all pixels and channels.
inline void multiply_gradient(const ProductShape& s, const Factors& factors, std::size_t k, const float* dy, float* dx,
                              ThreadPool& threads) {
  constexpr std::size_t run = 64;
  constexpr auto step = static_cast<std::size_t>(lanes);
  const Factor out{dy, s.pixels * s.channels, s.channels, false};
  const auto term = [&](std::size_t n, std::size_t p, std::size_t c, int count) {
    return detail::times_others(out.get(n, p, c, count), factors, k, n, p, c, count);
  };
  if (!factors[k].one_channel && factors[k].pixel != 0)
    return detail::write_products(
        s, factors, k, dx, threads,
        [&](std::size_t n, std::size_t p, std::size_t c, int count) { return out.get(n, p, c, count); });
  if (factors[k].pixel != 0) {  // one channel: a sum over channels for each pixel
    const std::size_t rows = std::max<std::size_t>(1, 16384 / s.channels), blocks = (s.pixels + rows - 1) / rows;
    return threads.parallel_for(s.samples * blocks, [&](std::size_t task) {
      const std::size_t n = task / blocks, first = task % blocks * rows;
      for (std::size_t p = first; p < std::min(s.pixels, first + rows); ++p) {
        Vector total(0.0F);
        detail::for_vectors(0, s.channels, [&](std::size_t c, int count) { total += term(n, p, c, count); });
        dx[n * s.pixels + p] = sum(total);
      }
    });
  }
  // One pixel: a sum over pixels for each channel, or over both for one element a sample.
  const bool one = factors[k].one_channel;
  const std::size_t vectors = (s.channels + step - 1) / step, tasks = one ? 1 : vectors;
  threads.parallel_for(s.samples * tasks, [&](std::size_t task) {
    const std::size_t n = task / tasks;
    double all = 0.0;
    for (std::size_t v = task % tasks; v < vectors; v += tasks) {
      const std::size_t c = v * step;
      const int count = static_cast<int>(std::min(step, s.channels - c));
      double sums[step] = {};
      for (std::size_t first = 0; first < s.pixels; first += run) {
        Vector part(0.0F);
        for (std::size_t p = first; p < std::min(s.pixels, first + run); ++p) part += term(n, p, c, count);
        alignas(64) float values[step];
        part.store_aligned(values);
        for (int i = 0; i < count; ++i) sums[i] += static_cast<double>(values[i]);
      }
      for (int i = 0; i < count; ++i) {
        if (!one) dx[n * s.channels + c + static_cast<std::size_t>(i)] = static_cast<float>(sums[i]);
        all += sums[i];
      }
    }
    if (one) dx[n] = static_cast<float>(all);
  });
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
