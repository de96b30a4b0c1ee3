#pragma once
/// \file
/// a b + c, and c - a b, of vectors and of numbers:
///
///     rounded once where the instruction set has a fused multiply-add, after the product and after the sum where not
///
/// so that a scalar tail gives the bits of a vector's lane. Neither is left to the compiler: xsimd 8.1's fma for
/// AVX-512 is a product and a sum, which g++ fuses and clang does not; and of a scalar `a * b + c` in a loop g++ fuses
/// some and not others, as it happens to vectorise them. Write these for every product that goes into a sum.

#include <xstitch/core/isa.hpp>
#include <xstitch/kernels/xsimd.hpp>

#include <cmath>

#if defined(__FMA4__) && !defined(__FMA__)
#include <x86intrin.h>
#endif

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

#if defined(__AVX512F__) || defined(__aarch64__) || defined(__FMA__) || defined(__FMA4__)
inline constexpr bool has_fused_multiply_add = true;
#else
inline constexpr bool has_fused_multiply_add = false;
#endif

namespace detail {

#if defined(__AVX512F__)
inline __m512 fused(__m512 a, __m512 b, __m512 c) noexcept { return _mm512_fmadd_ps(a, b, c); }
inline __m512 fused_negative(__m512 a, __m512 b, __m512 c) noexcept { return _mm512_fnmadd_ps(a, b, c); }
#endif
#if defined(__FMA__)
inline __m256 fused(__m256 a, __m256 b, __m256 c) noexcept { return _mm256_fmadd_ps(a, b, c); }
inline __m256 fused_negative(__m256 a, __m256 b, __m256 c) noexcept { return _mm256_fnmadd_ps(a, b, c); }
inline __m128 fused(__m128 a, __m128 b, __m128 c) noexcept { return _mm_fmadd_ps(a, b, c); }
inline __m128 fused_negative(__m128 a, __m128 b, __m128 c) noexcept { return _mm_fnmadd_ps(a, b, c); }
#elif defined(__FMA4__)
inline __m256 fused(__m256 a, __m256 b, __m256 c) noexcept { return _mm256_macc_ps(a, b, c); }
inline __m256 fused_negative(__m256 a, __m256 b, __m256 c) noexcept { return _mm256_nmacc_ps(a, b, c); }
inline __m128 fused(__m128 a, __m128 b, __m128 c) noexcept { return _mm_macc_ps(a, b, c); }
inline __m128 fused_negative(__m128 a, __m128 b, __m128 c) noexcept { return _mm_nmacc_ps(a, b, c); }
#elif defined(__aarch64__)
inline float32x4_t fused(float32x4_t a, float32x4_t b, float32x4_t c) noexcept { return vfmaq_f32(c, a, b); }
inline float32x4_t fused_negative(float32x4_t a, float32x4_t b, float32x4_t c) noexcept { return vfmsq_f32(c, a, b); }
#else
template <class Register>
Register fused(Register, Register, Register) noexcept = delete;
template <class Register>
Register fused_negative(Register, Register, Register) noexcept = delete;
#endif

}  // namespace detail

/// a b + c
template <class Arch>
xsimd::batch<float, Arch> multiply_add(const xsimd::batch<float, Arch>& a, const xsimd::batch<float, Arch>& b,
                                       const xsimd::batch<float, Arch>& c) noexcept {
  if constexpr (has_fused_multiply_add)
    return detail::fused(a.data, b.data, c.data);
  else
    return a * b + c;
}
inline float multiply_add(float a, float b, float c) noexcept {
  if constexpr (has_fused_multiply_add)
    return std::fma(a, b, c);
  else
    return a * b + c;
}
inline double multiply_add(double a, double b, double c) noexcept {
  if constexpr (has_fused_multiply_add)
    return std::fma(a, b, c);
  else
    return a * b + c;
}

/// c - a b
template <class Arch>
xsimd::batch<float, Arch> negative_multiply_add(const xsimd::batch<float, Arch>& a, const xsimd::batch<float, Arch>& b,
                                                const xsimd::batch<float, Arch>& c) noexcept {
  if constexpr (has_fused_multiply_add)
    return detail::fused_negative(a.data, b.data, c.data);
  else
    return c - a * b;
}
inline float negative_multiply_add(float a, float b, float c) noexcept { return multiply_add(-a, b, c); }
inline double negative_multiply_add(double a, double b, double c) noexcept { return multiply_add(-a, b, c); }

/// a0 b0 + a1 b1 + a2 b2
template <class Number>
Number dot(const Number& a0, const Number& b0, const Number& a1, const Number& b1, const Number& a2,
           const Number& b2) noexcept {
  return multiply_add(a2, b2, multiply_add(a0, b0, a1 * b1));
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
