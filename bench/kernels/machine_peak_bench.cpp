// What this machine can do at most: multiply-adds in fp32 and bf16, and reading memory, on 1 and 2 threads.

#include "machine_peak.hpp"

namespace {

template <class Arithmetic>
void arithmetic(benchmark::State& state) {
  xstitch::ThreadPool threads(static_cast<std::size_t>(state.range(0)));
  double best = 0;
  for (auto _ : state) best = std::max(best, machine::peak<Arithmetic>(threads));
  state.counters["GFLOP/s"] = 1e-9 * best;
}
void memory(benchmark::State& state) {
  xstitch::ThreadPool threads(static_cast<std::size_t>(state.range(0)));
  double best = 0;
  for (auto _ : state) best = std::max(best, machine::read_bandwidth(threads));
  state.counters["GB/s"] = best;
}

BENCHMARK(arithmetic<xstitch::kernels::Fp32>)->Arg(1)->Arg(2)->Name("fp32/threads")->Iterations(5)->UseRealTime();
BENCHMARK(arithmetic<xstitch::kernels::Bf16>)->Arg(1)->Arg(2)->Name("bf16/threads")->Iterations(5)->UseRealTime();
BENCHMARK(memory)->Arg(1)->Arg(2)->Name("read/threads")->Iterations(3)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
