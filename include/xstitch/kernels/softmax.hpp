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

#include <xstitch/core/isa.hpp>

#include <xsimd/xsimd.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

struct Exponentials {
  float maximum = 0.0F;
  float sum = 0.0F;
  float poison = 0.0F;
};

namespace softmax_detail {

using Pack = xsimd::batch<float>;
inline constexpr int pack_lanes = static_cast<int>(Pack::size);

struct LaneNumbers {
  alignas(64) float value[pack_lanes]{};
  constexpr LaneNumbers() {
    for (int i = 0; i < pack_lanes; ++i) value[i] = static_cast<float>(i);
  }
};
inline constexpr LaneNumbers lane_numbers{};

inline float largest(Pack v) {
  alignas(64) float value[pack_lanes];
  v.store_aligned(value);
  for (int half = pack_lanes / 2; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) value[i] = value[i] > value[i + half] ? value[i] : value[i + half];
  return value[0];
}

/// Rows shorter than a vector: padded with copies of the first logit, which changes neither maximum nor poison.
template <int Channels, bool Keep>
Exponentials short_row(const float* x, float* e) {
  alignas(64) float padded[pack_lanes];
  for (int i = 0; i < pack_lanes; ++i) padded[i] = i < Channels ? x[i] : x[0];
  const Pack v = Pack::load_aligned(padded);
  const Pack zero(0.0F);
  const float maximum = largest(v);
  const auto used = Pack::load_aligned(lane_numbers.value) < Pack(static_cast<float>(Channels));
  const Pack value = xsimd::exp(v - Pack(maximum));
  if constexpr (Keep) {
    value.store_aligned(padded);
    for (int i = 0; i < Channels; ++i) e[i] = padded[i];
  }
  return {maximum, xsimd::hadd(xsimd::select(used, value, zero)), xsimd::hadd(v * zero)};
}

}  // namespace softmax_detail

/// Writes the exponentials to `e` if Keep, else only sums them (`e` is not used).
template <int Channels, bool Keep>
Exponentials exponentials(const float* x, float* e) {
  using namespace softmax_detail;
  static_assert(Channels > 0);
  if constexpr (Channels < pack_lanes) {
    return short_row<Channels, Keep>(x, e);
  } else {
    constexpr int whole = Channels / pack_lanes * pack_lanes;
    constexpr int last = Channels - pack_lanes;  // start of the overlapping vector
    const Pack zero(0.0F);
    Pack maxima = Pack::load_unaligned(x);
    Pack poison = maxima * zero;
    for (int c = pack_lanes; c < whole; c += pack_lanes) {
      const Pack v = Pack::load_unaligned(x + c);
      maxima = xsimd::max(maxima, v);
      poison = poison + v * zero;
    }
    if constexpr (whole != Channels) {
      const Pack v = Pack::load_unaligned(x + last);
      maxima = xsimd::max(maxima, v);
      poison = poison + v * zero;
    }
    const float maximum = largest(maxima);
    const Pack shift(maximum);
    Pack sum = zero;
    for (int c = 0; c < whole; c += pack_lanes) {
      const Pack value = xsimd::exp(Pack::load_unaligned(x + c) - shift);
      if constexpr (Keep) value.store_unaligned(e + c);
      sum = sum + value;
    }
    if constexpr (whole != Channels) {
      const auto fresh = Pack::load_aligned(lane_numbers.value) >= Pack(static_cast<float>(whole - last));
      const Pack value = xsimd::exp(Pack::load_unaligned(x + last) - shift);
      if constexpr (Keep) value.store_unaligned(e + last);
      sum = sum + xsimd::select(fresh, value, zero);
    }
    return {maximum, xsimd::hadd(sum), xsimd::hadd(poison)};
  }
}

/// row[c] *= factor.
template <int Channels>
void scale_row(float* row, float factor) {
  using namespace softmax_detail;
  constexpr int whole = Channels / pack_lanes * pack_lanes;
  const Pack f(factor);
  for (int c = 0; c < whole; c += pack_lanes) (Pack::load_unaligned(row + c) * f).store_unaligned(row + c);
  for (int c = whole; c < Channels; ++c) row[c] *= factor;
}

/// p = softmax(x); a logit that is not finite makes the whole row NaN.
template <int Channels>
void softmax_row(const float* x, float* p) {
  const Exponentials row = exponentials<Channels, true>(x, p);
  scale_row<Channels>(p, 1.0F / row.sum + row.poison);
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
