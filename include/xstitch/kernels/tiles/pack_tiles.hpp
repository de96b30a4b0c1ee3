#pragma once
/// \file
/// Copies of fp32 numbers into bf16 tiles.

#include <xstitch/kernels/simd_bf16.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

using Bf16Bits = std::uint16_t;

inline void round_row(const float* from, Index count, Bf16Bits* to) noexcept {
  round_row(from, count, reinterpret_cast<std::byte*>(to));
}
inline void clear(Bf16Bits* from, Index count) noexcept {
  if (count > 0) std::memset(from, 0, static_cast<std::size_t>(count) * sizeof(Bf16Bits));
}

/// 16 pairs (first[i], second[i]), of which only `valid` may be read; the others are zero. Null: zeros.
inline void make_16_pairs(const float* first, const float* second, int valid, std::uint32_t* to) noexcept {
  alignas(64) static constexpr float zeros[16] = {};
  if (first == nullptr) first = zeros;
  if (valid == 16) return make_pairs(first, second, 16, to);
  make_pairs(first, second, valid, to);
  std::fill(to + valid, to + 16, 0U);
}

/// 16 x 16 words of 4 bytes, turned; rows from_row and to_row words apart.
inline void transpose_16(const std::uint32_t* from, Index from_row, std::uint32_t* to, Index to_row) noexcept {
#if defined(__AVX512F__)
  constexpr __mmask16 all = 0xFFFF;  // g++ 12 falsely calls the forms without a mask uninitialised
  __m512i r[16], s[16];
  XSTITCH_UNROLL
  for (int i = 0; i < 16; ++i) r[i] = _mm512_loadu_si512(from + i * from_row);
  XSTITCH_UNROLL
  for (int i = 0; i < 16; i += 2) {
    s[i] = _mm512_maskz_unpacklo_epi32(all, r[i], r[i + 1]);
    s[i + 1] = _mm512_maskz_unpackhi_epi32(all, r[i], r[i + 1]);
  }
  XSTITCH_UNROLL
  for (int i = 0; i < 16; i += 4) {
    XSTITCH_UNROLL
    for (int j = 0; j < 2; ++j) {
      r[i + 2 * j] = _mm512_maskz_unpacklo_epi64(0xFF, s[i + j], s[i + 2 + j]);
      r[i + 2 * j + 1] = _mm512_maskz_unpackhi_epi64(0xFF, s[i + j], s[i + 2 + j]);
    }
  }
  XSTITCH_UNROLL
  for (int c = 0; c < 4; ++c) {  // r[4 g + c], 128-bit lane l: column 4 l + c of rows 4 g .. 4 g + 3
    const __m512i a = _mm512_maskz_shuffle_i32x4(all, r[c], r[4 + c], 0x44);
    const __m512i b = _mm512_maskz_shuffle_i32x4(all, r[c], r[4 + c], 0xEE);
    const __m512i e = _mm512_maskz_shuffle_i32x4(all, r[8 + c], r[12 + c], 0x44);
    const __m512i f = _mm512_maskz_shuffle_i32x4(all, r[8 + c], r[12 + c], 0xEE);
    _mm512_storeu_si512(to + c * to_row, _mm512_maskz_shuffle_i32x4(all, a, e, 0x88));
    _mm512_storeu_si512(to + (4 + c) * to_row, _mm512_maskz_shuffle_i32x4(all, a, e, 0xDD));
    _mm512_storeu_si512(to + (8 + c) * to_row, _mm512_maskz_shuffle_i32x4(all, b, f, 0x88));
    _mm512_storeu_si512(to + (12 + c) * to_row, _mm512_maskz_shuffle_i32x4(all, b, f, 0xDD));
  }
#else
  std::uint32_t words[16][16];
  for (int i = 0; i < 16; ++i) std::memcpy(words[i], from + i * from_row, sizeof(words[i]));
  for (int c = 0; c < 16; ++c)
    for (int i = 0; i < 16; ++i) to[c * to_row + i] = words[i][c];
#endif
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
