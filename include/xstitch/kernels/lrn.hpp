#pragma once
/// \file
/// Local response normalisation along the channels of one pixel:
///
///     s_c = k + alpha / size * sum_{|d| <= size / 2} x_{c+d}^2,   y_c = x_c s_c^-beta
///     dx_c = dy_c s_c^-beta - 2 alpha beta / size * x_c * sum_{|d| <= size / 2} dy_{c+d} y_{c+d} / s_{c+d}
///
/// Rows are copied to scratch with zeros on both sides, a few pixels at a time: neighbours then are plain loads at
/// shifted addresses, and by the time a vector is loaded the stores it overlaps have left the store buffer.

#include <xstitch/core/ratio.hpp>
#include <xstitch/core/shape.hpp>
#include <xstitch/kernels/simd.hpp>

#include <algorithm>
#include <cstddef>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push  // see elementwise.hpp
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

struct LrnShape {
  int channels = 1, size = 5;
  Ratio alpha{1, 10000}, beta{3, 4}, k{1, 1};
};

namespace detail {

constexpr bool equal(Ratio a, Ratio b) { return a.numerator * b.denominator == b.numerator * a.denominator; }

/// s^-beta; the usual powers without a logarithm. (xsimd 8.1's logarithm does not compile for AVX-512 with g++ -O0.)
template <Ratio Beta>
Vector negative_power(const Vector& s) {
  if constexpr (equal(Beta, {1, 1})) {
    return Vector(1.0F) / s;
  } else if constexpr (equal(Beta, {1, 2})) {
    return Vector(1.0F) / xsimd::sqrt(s);
  } else if constexpr (equal(Beta, {3, 4})) {
    const Vector root = xsimd::sqrt(s);
    return Vector(1.0F) / (root * xsimd::sqrt(root));
  } else {
    return xsimd::exp(Vector(-Beta.value()) * xsimd::log(s));
  }
}

template <LrnShape S>
struct LrnScratch {
  static_assert(S.size > 0 && S.size % 2 == 1, "xstitch: Lrn sums over an odd number of channels");
  static_assert(S.k.value() > 0.0F, "xstitch: the k of Lrn is positive, else a zero has no finite result");
  static constexpr std::size_t channels = static_cast<std::size_t>(S.channels);
  static constexpr std::size_t width = static_cast<std::size_t>(round_up(S.channels, lanes));
  static constexpr std::size_t half = static_cast<std::size_t>(S.size / 2);
  /// Zeros before the first channel keep rows aligned; after the last vector the window reaches half further.
  static constexpr std::size_t front = static_cast<std::size_t>(round_up(S.size / 2, lanes));
  static constexpr std::size_t stride = front + width + front;
  /// Pixels at once: a few KiB.
  static constexpr std::size_t pixels = std::clamp<std::size_t>(2048 / stride, 1, 16);

  alignas(64) float rows[pixels * stride] = {};
  float* row(std::size_t pixel) { return rows + pixel * stride + front; }

  /// Sum over the window around channels c .. c + lanes - 1.
  static Vector window(const float* row, std::size_t c) {
    Vector sum = load(row + c - half);
    for (std::size_t d = 1; d < 2 * half + 1; ++d) sum += load(row + c - half + d);
    return sum;
  }
  static Vector load_channels(const float* p, std::size_t c) {
    const auto rest = static_cast<int>(channels - c);
    return rest >= lanes ? load(p + c) : load_some(p + c, rest);
  }
  static void store_channels(float* p, std::size_t c, const Vector& v) {
    const auto rest = static_cast<int>(channels - c);
    rest >= lanes ? store(p + c, v) : store_some(p + c, v, rest);
  }
};

}  // namespace detail

template <LrnShape S>
void lrn(const float* x, float* y, std::size_t count) {
  using Scratch = detail::LrnScratch<S>;
  constexpr std::size_t C = Scratch::channels, step = static_cast<std::size_t>(lanes);
  const Vector factor(S.alpha.value() / static_cast<float>(S.size)), k(S.k.value());
  Scratch squares;
  for (std::size_t first = 0; first < count; first += Scratch::pixels) {
    const std::size_t pixels = std::min(Scratch::pixels, count - first);
    for (std::size_t p = 0; p < pixels; ++p)
      for (std::size_t c = 0; c < C; c += step) {
        const Vector v = Scratch::load_channels(x + (first + p) * C, c);
        store(squares.row(p) + c, v * v);
      }
    for (std::size_t p = 0; p < pixels; ++p)
      for (std::size_t c = 0; c < C; c += step) {
        const Vector scale = multiply_add(factor, Scratch::window(squares.row(p), c), k);
        const Vector v = Scratch::load_channels(x + (first + p) * C, c);
        Scratch::store_channels(y + (first + p) * C, c, v * detail::negative_power<S.beta>(scale));
      }
  }
}

template <LrnShape S>
void lrn_gradient(const float* x, const float* dy, float* dx, std::size_t count) {
  using Scratch = detail::LrnScratch<S>;
  constexpr std::size_t C = Scratch::channels, step = static_cast<std::size_t>(lanes);
  const Vector factor(S.alpha.value() / static_cast<float>(S.size)), k(S.k.value());
  const Vector outer(-2.0F * S.alpha.value() * S.beta.value() / static_cast<float>(S.size));
  Scratch squares, terms;  // terms: dy y / s
  alignas(64) float powers[Scratch::pixels * Scratch::width];
  for (std::size_t first = 0; first < count; first += Scratch::pixels) {
    const std::size_t pixels = std::min(Scratch::pixels, count - first);
    for (std::size_t p = 0; p < pixels; ++p)
      for (std::size_t c = 0; c < C; c += step) {
        const Vector v = Scratch::load_channels(x + (first + p) * C, c);
        store(squares.row(p) + c, v * v);
      }
    for (std::size_t p = 0; p < pixels; ++p)
      for (std::size_t c = 0; c < C; c += step) {
        const Vector scale = multiply_add(factor, Scratch::window(squares.row(p), c), k);
        const Vector power = detail::negative_power<S.beta>(scale);
        const Vector v = Scratch::load_channels(x + (first + p) * C, c);
        const Vector g = Scratch::load_channels(dy + (first + p) * C, c);
        store(powers + p * Scratch::width + c, power);
        store(terms.row(p) + c, g * v * power / scale);
      }
    for (std::size_t p = 0; p < pixels; ++p)
      for (std::size_t c = 0; c < C; c += step) {
        const Vector v = Scratch::load_channels(x + (first + p) * C, c);
        const Vector g = Scratch::load_channels(dy + (first + p) * C, c);
        const Vector sum = Scratch::window(terms.row(p), c);
        Scratch::store_channels(dx + (first + p) * C, c,
                                multiply_add(g, load(powers + p * Scratch::width + c), outer * v * sum));
      }
  }
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
