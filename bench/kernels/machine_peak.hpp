#pragma once
// What this machine can do at most: multiply-adds on registers alone, and reading memory. Measured beside the kernels,
// in the same run, because clocks and neighbours change.

#include "support/tile_peak.hpp"

#include <xstitch/core/memory.hpp>
#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/simd.hpp>
#include <xstitch/kernels/simd_bf16.hpp>

#include <benchmark/benchmark.h>

#include <chrono>
#include <ctime>

namespace machine {

namespace xs = xstitch;

/// Seconds of this thread on a CPU: what a loaded machine leaves unharmed.
inline double thread_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}
inline double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
/// CPU seconds of the caller when it works alone, else wall seconds.
inline double seconds(const xs::ThreadPool& threads) { return threads.size() == 1 ? thread_seconds() : wall_seconds(); }

/// Enough independent multiply-adds to hide their latency; operations done (an addition and a multiplication each).
template <class Arithmetic>
[[gnu::noinline]] double spin(int rounds) {
  using xs::kernels::lanes;
  using xs::kernels::Vector;
  constexpr int chains = xs::kernels::vector_registers == 32 ? 24 : 12;
  typename Arithmetic::Element zeros[lanes] = {};
  auto* seeds = zeros;
  benchmark::DoNotOptimize(seeds);  // the compiler must not know that the products are zero
  const auto a = Arithmetic::load(seeds), b = Arithmetic::broadcast(seeds);
  Vector acc[chains];
  XSTITCH_UNROLL
  for (int i = 0; i < chains; ++i) acc[i] = Vector(static_cast<float>(i));
  for (int r = 0; r < rounds; ++r) {
    XSTITCH_UNROLL
    for (int i = 0; i < chains; ++i) acc[i] = Arithmetic::multiply_add(b, a, acc[i]);
    asm volatile("");
  }
  Vector sum(0.0F);
  XSTITCH_UNROLL
  for (int i = 0; i < chains; ++i) sum += acc[i];
  float result = xs::kernels::sum(sum);
  benchmark::DoNotOptimize(result);
  return 2.0 * chains * lanes * Arithmetic::per_element * rounds;
}

template <class Arithmetic>
double spin_best() {
  if constexpr (xs::kernels::multiplies_on_unit<Arithmetic>)
    if (xs::matrix_unit::available()) return bench::spin_tiles(30000);
  return spin<Arithmetic>(200000);
}

/// Operations per second of all threads of the pool, with the best instruction there is, best of a few short runs.
template <class Arithmetic = xs::kernels::Fp32>
double peak(xs::ThreadPool& threads) {
  double best = 0;
  for (int i = 0; i < 5; ++i) {
    const double start = seconds(threads);
    double operations = 0;
    threads.parallel_for(threads.size(), [&](std::size_t t) {
      const double done = spin_best<Arithmetic>();
      if (t == 0) operations = done;
    });
    best = std::max(best, operations * static_cast<double>(threads.size()) / (seconds(threads) - start));
  }
  return best;
}

/// Gigabytes a second that all threads of the pool read from memory together.
inline double read_bandwidth(xs::ThreadPool& threads) {
  static const xs::Memory block(std::size_t{256} << 20);
  const std::size_t share = block.bytes() / sizeof(float) / threads.size();
  double best = 0;
  for (int i = 0; i < 3; ++i) {
    const double start = seconds(threads);
    threads.parallel_for(threads.size(), [&](std::size_t t) {
      using xs::kernels::lanes;
      using xs::kernels::Vector;
      Vector acc[8];
      for (auto& a : acc) a = Vector(0.0F);
      const float* p = block.floats() + t * share;
      for (const float* end = p + share; p < end; p += 8 * lanes) {
        XSTITCH_UNROLL
        for (int v = 0; v < 8; ++v) acc[v] += xs::kernels::load(p + v * lanes);
      }
      for (int v = 1; v < 8; ++v) acc[0] += acc[v];
      float result = xs::kernels::sum(acc[0]);
      benchmark::DoNotOptimize(result);
    });
    best = std::max(best, 1e-9 * static_cast<double>(block.bytes()) / (seconds(threads) - start));
  }
  return best;
}

/// Runs `work` (of `operations` each) for the benchmark and reports GFLOP/s and the share of the peak measured just
/// before and after.
template <class Arithmetic = xs::kernels::Fp32, class Work>
void measure(benchmark::State& state, xs::ThreadPool& threads, double operations, Work&& work) {
  work();
  double top = peak<Arithmetic>(threads), best = 1e30;
  for (auto _ : state) {
    const double start = seconds(threads);
    work();
    const double taken = seconds(threads) - start;
    best = std::min(best, taken);
    state.SetIterationTime(taken);
  }
  top = std::max(top, peak<Arithmetic>(threads));
  const double iterations = static_cast<double>(state.iterations());
  state.counters["GFLOP/s"] = benchmark::Counter(1e-9 * operations * iterations, benchmark::Counter::kIsRate);
  state.counters["best"] = 1e-9 * operations / best;
  state.counters["peak"] = 1e-9 * top;
  state.counters["share"] = operations / best / top;
}

}  // namespace machine
