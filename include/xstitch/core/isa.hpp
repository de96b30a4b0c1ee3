#pragma once
/// \file
/// The instruction set that this translation unit was compiled for.
///
/// Everything in xstitch is inline, so two translation units compiled with different -march options would
/// give the linker two bodies of one function, and it would keep either. The whole library therefore lives in
/// an inline namespace whose name spells the instruction set: the bodies have different names and never merge.
/// Class Error alone lies outside it, so that what one translation unit throws another one can catch.
///
/// The name is a letter for the family (x: x86-64, i: 32-bit x86, a: aarch64, n: any other) and a digit to the base 32
/// (0 .. 9, a .. v) for each five of the macros below, the first of the five being the highest bit; 12 characters at
/// most. A compiler defines such a macro for each extension that it may use in any code, intrinsics or not.
/// -march=x86-64 is x00010001000, -march=x86-64-v3 is xfvu10001000.

#include <xstitch/core/inline.hpp>

#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ != 0
#error "xstitch: under -ffast-math tests for NaN are always false: a diverged network would be trained on and saved"
#endif

// 1 if the macro is defined as 1, else 0, as a token to paste.
#define XSTITCH_IS(macro) XSTITCH_IS_PASTED(macro)
#define XSTITCH_IS_PASTED(value) XSTITCH_IS_CHOSEN(XSTITCH_DEFINED_AS_##value)
#define XSTITCH_IS_CHOSEN(comma_or_not) XSTITCH_SECOND(comma_or_not 1, 0, 0)
#define XSTITCH_DEFINED_AS_1 0,
#define XSTITCH_SECOND(first, second, ...) second

#define XSTITCH_BITS_00000 0
#define XSTITCH_BITS_00001 1
#define XSTITCH_BITS_00010 2
#define XSTITCH_BITS_00011 3
#define XSTITCH_BITS_00100 4
#define XSTITCH_BITS_00101 5
#define XSTITCH_BITS_00110 6
#define XSTITCH_BITS_00111 7
#define XSTITCH_BITS_01000 8
#define XSTITCH_BITS_01001 9
#define XSTITCH_BITS_01010 a
#define XSTITCH_BITS_01011 b
#define XSTITCH_BITS_01100 c
#define XSTITCH_BITS_01101 d
#define XSTITCH_BITS_01110 e
#define XSTITCH_BITS_01111 f
#define XSTITCH_BITS_10000 g
#define XSTITCH_BITS_10001 h
#define XSTITCH_BITS_10010 i
#define XSTITCH_BITS_10011 j
#define XSTITCH_BITS_10100 k
#define XSTITCH_BITS_10101 l
#define XSTITCH_BITS_10110 m
#define XSTITCH_BITS_10111 n
#define XSTITCH_BITS_11000 o
#define XSTITCH_BITS_11001 p
#define XSTITCH_BITS_11010 q
#define XSTITCH_BITS_11011 r
#define XSTITCH_BITS_11100 s
#define XSTITCH_BITS_11101 t
#define XSTITCH_BITS_11110 u
#define XSTITCH_BITS_11111 v
#define XSTITCH_DIGIT_OF(a, b, c, d, e) XSTITCH_BITS_##a##b##c##d##e
#define XSTITCH_DIGIT_OF_BITS(a, b, c, d, e) XSTITCH_DIGIT_OF(a, b, c, d, e)
#define XSTITCH_DIGIT(a, b, c, d, e) \
  XSTITCH_DIGIT_OF_BITS(XSTITCH_IS(a), XSTITCH_IS(b), XSTITCH_IS(c), XSTITCH_IS(d), XSTITCH_IS(e))
#define XSTITCH_NAME_OF(family, a, b, c, d, e, f, g, h, i, j, k) family##a##b##c##d##e##f##g##h##i##j##k
#define XSTITCH_NAME(...) XSTITCH_NAME_OF(__VA_ARGS__)

// A digit a line.
// clang-format off
#if defined(__x86_64__) || defined(__i386__)
#if defined(__x86_64__)
#define XSTITCH_ISA_FAMILY x
#else
#define XSTITCH_ISA_FAMILY i
#endif
#define XSTITCH_ISA XSTITCH_NAME(XSTITCH_ISA_FAMILY, \
    XSTITCH_DIGIT(__SSE4A__, __SSE3__, __SSSE3__, __SSE4_1__, __SSE4_2__), \
    XSTITCH_DIGIT(__POPCNT__, __AVX__, __AVX2__, __FMA__, __F16C__), \
    XSTITCH_DIGIT(__BMI__, __BMI2__, __LZCNT__, __MOVBE__, __ADX__), \
    XSTITCH_DIGIT(__FMA4__, __XOP__, __TBM__, __3dNOW__, __SSE2_MATH__), \
    XSTITCH_DIGIT(__AVX512F__, __AVX512CD__, __AVX512BW__, __AVX512DQ__, __AVX512VL__), \
    XSTITCH_DIGIT(__AVX512VNNI__, __AVX512BF16__, __AVX512VBMI__, __AVX512VBMI2__, __AVX512IFMA__), \
    XSTITCH_DIGIT(__AVX512BITALG__, __AVX512VPOPCNTDQ__, __AVX512FP16__, __AVX512VP2INTERSECT__, __AVXVNNI__), \
    XSTITCH_DIGIT(__AVX512ER__, __AVX5124FMAPS__, __EVEX512__, __PRFCHW__, __SSE2__), \
    XSTITCH_DIGIT(__GFNI__, __VAES__, __VPCLMULQDQ__, __SHA__, __AES__), \
    XSTITCH_DIGIT(__AMX_TILE__, __AMX_BF16__, __AMX_INT8__, __AMX_FP16__, __PCLMUL__), \
    XSTITCH_DIGIT(__AVXIFMA__, __AVXVNNIINT8__, __AVXNECONVERT__, __AVX10_1__, __APX_F__))
#elif defined(__aarch64__)
#define XSTITCH_ISA XSTITCH_NAME(a, \
    XSTITCH_DIGIT(__ARM_NEON, __ARM_FEATURE_FMA, __ARM_FEATURE_CRC32, __ARM_FEATURE_ATOMICS, __ARM_FEATURE_QRDMX), \
    XSTITCH_DIGIT(__ARM_FEATURE_FP16_VECTOR_ARITHMETIC, __ARM_FEATURE_FP16_FML, __ARM_FEATURE_DOTPROD, \
                  __ARM_FEATURE_BF16_VECTOR_ARITHMETIC, __ARM_FEATURE_MATMUL_INT8), \
    XSTITCH_DIGIT(__ARM_FEATURE_SVE, __ARM_FEATURE_SVE2, __ARM_FEATURE_SVE_BF16, __ARM_FEATURE_SVE_MATMUL_INT8, \
                  __ARM_FEATURE_SVE_MATMUL_FP32), \
    XSTITCH_DIGIT(__ARM_FEATURE_COMPLEX, __ARM_FEATURE_JCVT, __ARM_FEATURE_FRINT, __ARM_FEATURE_AES, \
                  __ARM_FEATURE_SHA2), \
    XSTITCH_DIGIT(__ARM_FEATURE_SHA3, __ARM_FEATURE_SM4, __ARM_FEATURE_SME, __ARM_FEATURE_SME2, __ARM_FEATURE_MOPS), \
    XSTITCH_DIGIT(__ARM_FEATURE_SVE2_BITPERM, __ARM_FEATURE_SVE2_AES, __ARM_FEATURE_SVE2_SHA3, \
                  __ARM_FEATURE_SVE2_SM4, __ARM_FEATURE_RCPC), 0, 0, 0, 0, 0)
#else
#define XSTITCH_ISA n
#endif
// clang-format on

#define XSTITCH_STRINGIZE_(name) #name
#define XSTITCH_STRINGIZE(name) XSTITCH_STRINGIZE_(name)

namespace xstitch::inline XSTITCH_ISA {

/// The name above, e.g. "xfvu10001000": equal where compiled code may be shared.
constexpr const char* isa_code() noexcept { return XSTITCH_STRINGIZE(XSTITCH_ISA); }

/// The widest instruction set that the kernels of this translation unit use, for people: "avx512bf16". Part of every
/// report.
constexpr const char* simd_name() noexcept {
#if defined(__AVX512F__) && defined(__AVX512BF16__) && defined(__AVX512BW__) && defined(__AVX512VL__)
  return "avx512bf16";
#elif defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__)
  return "avx512";
#elif defined(__AVX512F__)
  return "avx512f";
#elif defined(__AVX2__) && defined(__FMA__)
  return "avx2fma";
#elif defined(__AVX2__)
  return "avx2";
#elif defined(__AVX__) && defined(__FMA__)
  return "avxfma";
#elif defined(__AVX__) && defined(__FMA4__)
  return "avxfma4";
#elif defined(__AVX__)
  return "avx";
#elif defined(__SSE4_2__)
  return "sse42";
#elif defined(__SSSE3__)
  return "ssse3";
#elif defined(__SSE2__)
  return "sse2";
#elif defined(__aarch64__)
  return "neon";
#else
  return "scalar";
#endif
}

}  // namespace xstitch::inline XSTITCH_ISA
