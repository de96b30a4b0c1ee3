#pragma once
// What this machine can do at most, measured in the same run as the network: multiply-adds on registers alone, and
// reading memory.

#include "tile_peak.hpp"

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/multiply_add.hpp>
#include <xstitch/kernels/simd_bf16.hpp>
#include <xstitch/kernels/xsimd.hpp>
#include <xstitch/run/training.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

namespace bench {

namespace xs = xstitch;

inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Keeps a value alive without storing it.
template <class T>
inline void keep(T& value) {
  asm volatile("" : "+m"(value));
}

namespace detail {

#if defined(__AVX512F__)
inline constexpr int chains = 24;  // independent sums: enough to hide the latency, few enough for the registers
#else
inline constexpr int chains = 12;
#endif

/// Floating-point operations done.
[[gnu::noinline]] inline double spin_fp32(int rounds) {
  using Vector = xsimd::batch<float>;
  float seed = 1e-3F;
  keep(seed);
  const Vector x(1.0F + 1e-6F * seed), y(1e-7F * seed);
  Vector sums[chains];
#pragma GCC unroll 32
  for (int i = 0; i < chains; ++i) sums[i] = Vector(static_cast<float>(i) * seed);
  for (int r = 0; r < rounds; ++r) {
#pragma GCC unroll 32
    for (int i = 0; i < chains; ++i) sums[i] = xstitch::kernels::multiply_add(sums[i], x, y);
    asm volatile("");
  }
  Vector sum(0.0F);
#pragma GCC unroll 32
  for (int i = 0; i < chains; ++i) sum += sums[i];
  float result = sum.get(0);
  keep(result);
  return 2.0 * chains * static_cast<double>(Vector::size) * rounds;
}

#if defined(__AVX512BF16__)
[[gnu::noinline]] inline double spin_bf16(int rounds) {
  float seed = 1e-3F;
  keep(seed);
  // A pair of ones, and a pair of small numbers, in bf16.
  short one = 0x3f80, small = 0x3380;
  keep(one);
  keep(small);
  const auto x = (__m512bh)_mm512_set1_epi16(one), y = (__m512bh)_mm512_set1_epi16(small);
  __m512 sums[chains];
#pragma GCC unroll 32
  for (int i = 0; i < chains; ++i) sums[i] = _mm512_set1_ps(static_cast<float>(i) * seed);
  for (int r = 0; r < rounds; ++r) {
#pragma GCC unroll 32
    for (int i = 0; i < chains; ++i) sums[i] = _mm512_dpbf16_ps(sums[i], x, y);
    asm volatile("");
  }
  __m512 sum = _mm512_setzero_ps();
#pragma GCC unroll 32
  for (int i = 0; i < chains; ++i) sum = _mm512_add_ps(sum, sums[i]);
  float result = _mm512_cvtss_f32(sum);
  keep(result);
  return 2.0 * 2.0 * chains * 16.0 * rounds;
}
#else
/// Without an instruction for it, bf16 is at best what fp32 is.
inline double spin_bf16(int rounds) { return spin_fp32(rounds); }
#endif

/// bf16 with the best instruction of this processor.
template <class Arithmetic = xstitch::kernels::Bf16>
double spin_bf16_best() {
  if constexpr (xstitch::kernels::multiplies_on_unit<Arithmetic>)
    if (xstitch::matrix_unit::available()) return spin_tiles(30000);
  return spin_bf16(200000);
}

}  // namespace detail

/// Operations per second (a multiplication and an addition are two) of all threads, best of a few short runs.
inline double peak(const std::string& precision, xs::ThreadPool& threads) {
  std::vector<double> done(threads.size());
  double best = 0.0;
  for (int run = 0; run < 6; ++run) {
    const double start = now();
    threads.parallel_for(threads.size(), [&](std::size_t t) {
      done[t] = precision == "bf16" ? detail::spin_bf16_best() : detail::spin_fp32(200000);
    });
    const double seconds = now() - start;
    double operations = 0.0;
    for (const double d : done) operations += d;
    best = std::max(best, operations / seconds);
  }
  return best;
}

/// Bytes per second at which all threads read the network's weights: the most that work at batch 1 can hope for.
inline double read_bandwidth(const xs::AnyNet& engine, xs::ThreadPool& threads) {
  constexpr std::size_t piece = std::size_t{1} << 18;  // floats
  std::vector<std::span<const float>> pieces;
  std::size_t bytes = 0;
  for (std::size_t p = 0; p < engine.parameters().size(); ++p) {
    const std::span<const float> all = engine.parameter(p);
    for (std::size_t at = 0; at + piece <= all.size(); at += piece) pieces.push_back(all.subspan(at, piece));
  }
  bytes = pieces.size() * piece * sizeof(float);
  if (bytes == 0) return 0.0;
  double best = 0.0;
  for (int run = 0; run < 5; ++run) {
    const double start = now();
    threads.parallel_for(pieces.size(), [&](std::size_t i) {
      using Vector = xsimd::batch<float>;
      Vector a(0.0F), b(0.0F), c(0.0F), d(0.0F);
      const float* const from = pieces[i].data();
      for (std::size_t k = 0; k < piece; k += 4 * Vector::size) {
        a += Vector::load_unaligned(from + k);
        b += Vector::load_unaligned(from + k + Vector::size);
        c += Vector::load_unaligned(from + k + 2 * Vector::size);
        d += Vector::load_unaligned(from + k + 3 * Vector::size);
      }
      float result = ((a + b) + (c + d)).get(0);
      keep(result);
    });
    best = std::max(best, static_cast<double>(bytes) / (now() - start));
  }
  return best;
}

}  // namespace bench
