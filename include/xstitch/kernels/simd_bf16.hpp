#pragma once
/// \file
/// bfloat16: the upper half of a float. Multiplication of bf16 pairs with sums in fp32, as the instruction vdpbf16ps
/// does it, or the same bits without it:
///
///     sum = fma(a.second, b.second, sum), then sum = fma(a.first, b.first, sum)
///
/// Products of bf16 are exact in fp32, so a multiplication and an addition do as well as a fused one. Rounding is to
/// the nearest, ties to even; denormal numbers are taken as zero (the kernels run with denormals flushed anyway); NaN
/// stays NaN.

#include <xstitch/kernels/simd.hpp>

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>

#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Nearest bf16 as the 16 bits of its encoding.
constexpr std::uint32_t bf16_bits(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t exponent = bits & 0x7F800000U;
  const std::uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  const std::uint32_t nan = (bits >> 16) | 0x40U, zero = (bits >> 16) & 0x8000U;
  return exponent == 0 ? zero : (bits & 0x7FFFFFFFU) > 0x7F800000U ? nan : rounded;
}
/// The float that 16 bits of bf16 stand for.
constexpr float from_bf16(std::uint32_t bits) noexcept { return std::bit_cast<float>(bits << 16); }
/// Rounded to bf16 and back.
constexpr float round_to_bf16(float value) noexcept { return from_bf16(bf16_bits(value)); }

/// Arithmetic of the matrix kernels in bf16: see Fp32 in simd.hpp. An element is a pair of numbers, the first in the
/// lower half.
struct Bf16 {
  using Element = std::uint32_t;
  static constexpr int per_element = 2;
  static constexpr int value_bytes = 2;
  static Element make(float first, float second) noexcept { return bf16_bits(first) | (bf16_bits(second) << 16); }

#if defined(__AVX512BF16__)
  struct Operand {
    __m512i bits;
  };
  static Operand broadcast(const Element* p) noexcept {
    int value;
    std::memcpy(&value, p, sizeof(value));
    return operand(_mm512_set1_epi32(value));
  }
  static Operand load(const Element* p) noexcept { return operand(_mm512_loadu_si512(p)); }
  static Operand operand(__m512i bits) noexcept {
#if defined(__clang__)
    asm("" : "+v"(bits));  // clang 16 crashes when it sees a bf16 vector come from memory
#endif
    return {bits};
  }
  static Vector multiply_add(const Operand& a, const Operand& b, const Vector& c) noexcept {
    return _mm512_dpbf16_ps(c.data, reinterpret_cast<__m512bh>(a.bits), reinterpret_cast<__m512bh>(b.bits));
  }
#else
  /// Without the instruction one of the two numbers at a time, taken out where it is used: see outer_product.hpp.
  template <bool IsFirst>
  struct Number {
    using Element = std::uint32_t;
    using Operand = Vector;
    using Bits = xsimd::batch<std::uint32_t>;
    static Operand broadcast(const Element* p) noexcept {
      Element value;
      std::memcpy(&value, p, sizeof(value));
      return take(Bits(value));
    }
    static Operand load(const Element* p) noexcept { return take(Bits::load_unaligned(p)); }
    static Operand take(const Bits& bits) noexcept {
      return bits_as<Vector>(IsFirst ? bits << 16 : bits & Bits(0xFFFF0000U));
    }
    static Vector multiply_add(const Operand& a, const Operand& b, const Vector& c) noexcept {
      return kernels::multiply_add(a, b, c);
    }
  };
  using First = Number<true>;
  using Second = Number<false>;
  struct Operand {
    Vector first, second;
  };
  /// Numbers as they enter a multiplication: bf16_bits() of each.
  static Vector rounded(const Vector& v) noexcept {
    using Bits = xsimd::batch<std::uint32_t>;
    const auto bits = bits_as<Bits>(v);
    const Bits nearest = (bits + Bits(0x7FFFU) + ((bits >> 16) & Bits(1U))) & Bits(0xFFFF0000U);
    const Vector least(std::numeric_limits<float>::min());  // smaller ones are zero, NaN stays
    const Vector zero = bits_as<Vector>(bits & Bits(0x80000000U));
    return xsimd::select(xsimd::abs(v) >= least, bits_as<Vector>(nearest), xsimd::select(v == v, zero, v));
  }
  static Operand broadcast(const Element* p) noexcept { return {First::broadcast(p), Second::broadcast(p)}; }
  static Operand load(const Element* p) noexcept { return {First::load(p), Second::load(p)}; }
  static Vector multiply_add(const Operand& a, const Operand& b, const Vector& c) noexcept {
    return First::multiply_add(a.first, b.first, Second::multiply_add(a.second, b.second, c));
  }
#endif
};

/// Its numbers can be rounded by themselves, before the multiplication: fp32, and bf16 without an instruction for it.
template <class Arithmetic>
concept RoundsBeforehand = requires(Vector v) {
  Arithmetic::rounded(v);
};

/// to[i] = the pair (first[i], second[i]); `second` may be null: zeros.
inline void make_pairs(const float* first, const float* second, Index count, std::uint32_t* to) noexcept {
  Index i = 0;
#if defined(__AVX512BF16__)
  // Both rounded into one vector, [first][second], then interleaved.
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21,
                                         5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  constexpr __mmask32 all = 0xFFFFFFFF;  // g++ 12 falsely calls the form without a mask uninitialised
  const __m512 zero = _mm512_set1_ps(0.0F);
  for (; i + 16 <= count; i += 16) {
    const __m512 upper = second != nullptr ? _mm512_loadu_ps(second + i) : zero;
    const auto both = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(upper, _mm512_loadu_ps(first + i)));
    _mm512_storeu_si512(to + i, _mm512_maskz_permutexvar_epi16(all, order, both));
  }
#endif
  first += i;
  if (second != nullptr) second += i;
  to += i;
  const int rest = static_cast<int>(count - i);
  for (int k = 0; k < rest; ++k) to[k] = bf16_bits(first[k]) | (second != nullptr ? bf16_bits(second[k]) << 16 : 0U);
}

/// Rounds `count` numbers to consecutive bf16 at `to` (bytes, because pairs are read from them later).
inline void round_row(const float* from, Index count, std::byte* to) noexcept {
  Index i = 0;
#if defined(__AVX512BF16__)
  for (; i + 16 <= count; i += 16) {
    const auto half = reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(_mm512_loadu_ps(from + i)));
    std::memcpy(to + 2 * i, &half, sizeof(half));
  }
#endif
  from += i;
  to += 2 * i;
  const int rest = static_cast<int>(count - i);
  for (int k = 0; k < rest; ++k) {
    const auto half = static_cast<std::uint16_t>(bf16_bits(from[k]));
    std::memcpy(to + 2 * k, &half, sizeof(half));
  }
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
