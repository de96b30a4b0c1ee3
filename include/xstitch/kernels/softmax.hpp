#pragma once
/// \file
/// The exponentials of one row of logits, vectorised along the channels: e_c = exp(x_c - max x), and their sum.
///
/// Softmax is e_c / sum, log-sum-exp is maximum + log(sum). The number of channels is a constant, so short rows
/// (10, 13, 20, 40 classes) become a handful of vector instructions: the last, partial vector overlaps the one
/// before it, and its repeated lanes are left out of the sum. `e` must not overlap `x`.
///
/// A logit that is not finite (also -inf, which exp would turn into a harmless 0) makes `poison` NaN; otherwise
/// `poison` is 0. Adding it to the loss and to the scale of the gradient keeps such a value visible.

#include <xstitch/kernels/simd.hpp>

// g++ 12 takes the undefined operand of its own AVX-512 intrinsics for a variable used without a value (GCC bug
// 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

struct Exponentials {
  float maximum = 0.0F;
  float sum = 0.0F;
  float poison = 0.0F;
};

namespace softmax_detail {

struct LaneNumbers {
  alignas(64) float value[lanes]{};
  constexpr LaneNumbers() {
    for (int i = 0; i < lanes; ++i) value[i] = static_cast<float>(i);
  }
};
inline constexpr LaneNumbers lane_numbers{};

inline float largest(Vector v) {
  alignas(64) float value[lanes];
  v.store_aligned(value);
  for (int half = lanes / 2; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) value[i] = value[i] > value[i + half] ? value[i] : value[i + half];
  return value[0];
}

/// Rows shorter than a vector: padded with copies of the first logit, which changes neither maximum nor poison.
template <int Channels, bool Keep>
Exponentials short_row(const float* x, float* e) {
  alignas(64) float padded[lanes];
  for (int i = 0; i < lanes; ++i) padded[i] = i < Channels ? x[i] : x[0];
  const Vector v = Vector::load_aligned(padded);
  const Vector zero(0.0F);
  const float maximum = largest(v);
  const auto used = Vector::load_aligned(lane_numbers.value) < Vector(static_cast<float>(Channels));
  const Vector value = xsimd::exp(v - Vector(maximum));
  if constexpr (Keep) {
    value.store_aligned(padded);
    for (int i = 0; i < Channels; ++i) e[i] = padded[i];
  }
  return {maximum, kernels::sum(xsimd::select(used, value, zero)), kernels::sum(v * zero)};
}

}  // namespace softmax_detail

/// Writes the exponentials to `e` if Keep, else only sums them (`e` is not used).
template <int Channels, bool Keep>
Exponentials exponentials(const float* x, float* e) {
  using namespace softmax_detail;
  static_assert(Channels > 0);
  if constexpr (Channels < lanes) {
    return short_row<Channels, Keep>(x, e);
  } else {
    constexpr int whole = Channels / lanes * lanes;
    constexpr int last = Channels - lanes;  // start of the overlapping vector
    const Vector zero(0.0F);
    Vector maxima = load(x);
    Vector poison = maxima * zero;
    for (int c = lanes; c < whole; c += lanes) {
      const Vector v = load(x + c);
      maxima = xsimd::max(maxima, v);
      poison = multiply_add(v, zero, poison);
    }
    if constexpr (whole != Channels) {
      const Vector v = load(x + last);
      maxima = xsimd::max(maxima, v);
      poison = multiply_add(v, zero, poison);
    }
    const float maximum = largest(maxima);
    const Vector shift(maximum);
    Vector total = zero;
    for (int c = 0; c < whole; c += lanes) {
      const Vector value = xsimd::exp(load(x + c) - shift);
      if constexpr (Keep) store(e + c, value);
      total = total + value;
    }
    if constexpr (whole != Channels) {
      const auto is_new = Vector::load_aligned(lane_numbers.value) >= Vector(static_cast<float>(whole - last));
      const Vector value = xsimd::exp(load(x + last) - shift);
      if constexpr (Keep) store(e + last, value);
      total = total + xsimd::select(is_new, value, zero);
    }
    return {maximum, kernels::sum(total), kernels::sum(poison)};
  }
}

/// to[c] = row[c] * factor; `to` may be `row`.
template <int Channels>
void scale_row(const float* row, float factor, float* to) {
  using namespace softmax_detail;
  constexpr int whole = Channels / lanes * lanes;
  const Vector f(factor);
  for (int c = 0; c < whole; c += lanes) store(to + c, load(row + c) * f);
  for (int c = whole; c < Channels; ++c) to[c] = row[c] * factor;
}

/// p = softmax(x); a logit that is not finite makes the whole row NaN.
template <int Channels>
void softmax_row(const float* x, float* p) {
  const Exponentials row = exponentials<Channels, true>(x, p);
  scale_row<Channels>(p, 1.0F / row.sum + row.poison, p);
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
