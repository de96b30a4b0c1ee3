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
///
/// If Shifted, `shifted` is the sum of w_c (x_c - max x), each w_c 1 where `weight` is null; differences beyond the
/// range of a float then count as not finite.

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
  float shifted = 0.0F;
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

/// w (x - max x), w being 1 where there are no weights.
inline Vector add_shifted(const float* weight, int count, const Vector& difference, const Vector& sum) {
  if (weight == nullptr) return sum + difference;
  return multiply_add(count == lanes ? load(weight) : load_some(weight, count), difference, sum);
}

/// Rows shorter than a vector: padded with copies of the first logit, which changes neither maximum nor poison.
template <int Channels, bool Keep, bool Shifted>
Exponentials short_row(const float* x, float* e, const float* weight) {
  alignas(64) float padded[lanes];
  for (int i = 0; i < lanes; ++i) padded[i] = i < Channels ? x[i] : x[0];
  const Vector v = Vector::load_aligned(padded);
  const Vector zero(0.0F);
  const float maximum = largest(v);
  const auto used = Vector::load_aligned(lane_numbers.value) < Vector(static_cast<float>(Channels));
  const Vector difference = v - Vector(maximum);
  const Vector value = xsimd::exp(difference);
  if constexpr (Keep) {
    value.store_aligned(padded);
    for (int i = 0; i < Channels; ++i) e[i] = padded[i];
  }
  if constexpr (Shifted) {
    const float shifted = kernels::sum(add_shifted(weight, Channels, xsimd::select(used, difference, zero), zero));
    return {maximum, kernels::sum(xsimd::select(used, value, zero)), shifted * 0.0F, shifted};
  }
  return {maximum, kernels::sum(xsimd::select(used, value, zero)), kernels::sum(v * zero), 0.0F};
}

}  // namespace softmax_detail

/// Writes the exponentials to `e` if Keep, else only sums them (`e` is not used).
template <int Channels, bool Keep, bool Shifted = false>
Exponentials exponentials(const float* x, float* e, const float* weight = nullptr) {
  using namespace softmax_detail;
  static_assert(Channels > 0);
  if constexpr (Channels < lanes) {
    return short_row<Channels, Keep, Shifted>(x, e, weight);
  } else {
    constexpr int whole = Channels / lanes * lanes;
    constexpr int last = Channels - lanes;  // start of the overlapping vector
    const Vector zero(0.0F);
    Vector maxima = load(x);
    Vector poison = maxima * zero;
    for (int c = lanes; c < whole; c += lanes) {
      const Vector v = load(x + c);
      maxima = xsimd::max(maxima, v);
      if constexpr (!Shifted) poison = multiply_add(v, zero, poison);
    }
    if constexpr (whole != Channels) {
      const Vector v = load(x + last);
      maxima = xsimd::max(maxima, v);
      if constexpr (!Shifted) poison = multiply_add(v, zero, poison);
    }
    const float maximum = largest(maxima);
    const Vector shift(maximum);
    Vector total = zero, shifted = zero;
    for (int c = 0; c < whole; c += lanes) {
      const Vector difference = load(x + c) - shift;
      const Vector value = xsimd::exp(difference);
      if constexpr (Shifted)
        shifted = add_shifted(weight == nullptr ? nullptr : weight + c, lanes, difference, shifted);
      if constexpr (Keep) store(e + c, value);
      total = total + value;
    }
    if constexpr (whole != Channels) {
      const auto is_new = Vector::load_aligned(lane_numbers.value) >= Vector(static_cast<float>(whole - last));
      const Vector difference = load(x + last) - shift;
      const Vector value = xsimd::exp(difference);
      if constexpr (Keep) store(e + last, value);
      total = total + xsimd::select(is_new, value, zero);
      if constexpr (Shifted)
        shifted = add_shifted(weight == nullptr ? nullptr : weight + last, lanes,
                              xsimd::select(is_new, difference, zero), shifted);
    }
    if constexpr (Shifted) {
      const float all = kernels::sum(shifted);
      return {maximum, kernels::sum(total), all * 0.0F, all};
    }
    return {maximum, kernels::sum(total), kernels::sum(poison), 0.0F};
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

/// to[c] = row[c] * factor - minus * weight[c], each weight 1 where `weight` is null; `to` may be `row`.
template <int Channels>
void scale_row_minus(const float* row, float factor, float minus, const float* weight, float* to) {
  constexpr int whole = Channels / lanes * lanes;
  const Vector f(factor), all(-minus);
  for (int c = 0; c < whole; c += lanes)
    store(to + c, weight == nullptr ? multiply_add(load(row + c), f, all)
                                    : multiply_add(load(row + c), f, all * load(weight + c)));
  for (int c = whole; c < Channels; ++c)
    to[c] = multiply_add(row[c], factor, weight == nullptr ? -minus : -minus * weight[c]);
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
