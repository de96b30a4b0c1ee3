#pragma once
/// \file
/// The instruction set that this translation unit was compiled for.
///
/// Everything in xstitch is inline, so two translation units compiled with different -march options would
/// give the linker two bodies of one function, and it would keep either. The whole library therefore lives in
/// an inline namespace named after the instruction set: the bodies have different names and never merge.

#if defined(__AVX512F__) && defined(__AVX512BF16__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#define XSTITCH_ISA avx512bf16
#elif defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__)
#define XSTITCH_ISA avx512
#elif defined(__AVX512F__)
#define XSTITCH_ISA avx512f
#elif defined(__AVX2__) && defined(__FMA__)
#define XSTITCH_ISA avx2fma
#elif defined(__AVX__)
#define XSTITCH_ISA avx
#elif defined(__SSE4_2__)
#define XSTITCH_ISA sse42
#elif defined(__SSE2__)
#define XSTITCH_ISA sse2
#elif defined(__ARM_NEON)
#define XSTITCH_ISA neon
#else
#define XSTITCH_ISA scalar
#endif

#define XSTITCH_STRINGIZE_(name) #name
#define XSTITCH_STRINGIZE(name) XSTITCH_STRINGIZE_(name)

namespace xstitch::inline XSTITCH_ISA {

/// Name of the instruction set the kernels of this translation unit use, e.g. "avx512bf16". Part of every report.
constexpr const char* simd_name() noexcept { return XSTITCH_STRINGIZE(XSTITCH_ISA); }

}  // namespace xstitch::inline XSTITCH_ISA
