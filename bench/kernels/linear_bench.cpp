// CaffeNet's fully connected layers: milliseconds, GFLOP/s and gigabytes of weights moved a second, and the share of
// the measured peaks of arithmetic and of memory. "backward" computes the input's gradient and hands the weight's over
// to a sink that does nothing; "step" to plain SGD with momentum.

#include "machine_peak.hpp"

#include <xstitch/core/random.hpp>
#include <xstitch/kernels/linear.hpp>

namespace xs = xstitch;

namespace {

enum class Pass { forward, backward, step };

template <class Arithmetic, Pass P>
void linear(benchmark::State& state) {
  const int inputs = static_cast<int>(state.range(0)), outputs = static_cast<int>(state.range(1));
  const auto batch = static_cast<std::size_t>(state.range(2));
  xs::ThreadPool threads(static_cast<std::size_t>(state.range(3)));
  const auto i = static_cast<std::size_t>(inputs), o = static_cast<std::size_t>(outputs);
  using Forward = typename xs::kernels::Linear<Arithmetic>::Forward;
  using Backward = typename xs::kernels::Linear<Arithmetic>::Backward;
  const xs::Memory x(batch * i * 4), y(batch * o * 4), w(i * o * 4), momentum(P == Pass::step ? i * o * 4 : 64),
      b(o * 4);
  const xs::Memory workspace(
      std::max(Forward::workspace(inputs, outputs).bytes(batch), Backward::workspace(inputs, outputs).bytes(batch)));
  const double weights = static_cast<double>(i * o);
  double best = 1e30;
  const auto update = [&](std::size_t offset, const float* gradient, std::size_t count) {
    if constexpr (P == Pass::step) {
      float* wp = w.floats() + offset;
      float* m = momentum.floats() + offset;
      for (std::size_t k = 0; k < count; ++k) {
        m[k] = 0.9F * m[k] + 0.01F * (gradient[k] + 5e-4F * wp[k]);
        wp[k] -= m[k];
      }
    }
  };
  const double operations = (P == Pass::forward ? 2.0 : 4.0) * static_cast<double>(batch) * weights;
  machine::measure<Arithmetic>(state, threads, operations, [&] {
    const double start = machine::seconds(threads);
    if constexpr (P == Pass::forward)
      Forward::run(batch, inputs, outputs, x.floats(), w.floats(), b.floats(), false, y.floats(), workspace.data(),
                   threads);
    else
      Backward::run(batch, inputs, outputs, x.floats(), y.floats(), w.floats(), x.floats(), nullptr, b.floats(), update,
                    workspace.data(), threads);
    best = std::min(best, machine::seconds(threads) - start);
  });
  const double bytes = weights * 4.0 * (P == Pass::step ? 4.0 : 1.0);
  state.counters["GB/s"] = 1e-9 * bytes / best;
  state.counters["memory"] = machine::read_bandwidth(threads);
}

template <class Arithmetic>
void add(const std::string& precision) {
  const auto one = [&](const char* pass, auto* function) {
    auto* b = benchmark::RegisterBenchmark((precision + "/" + pass).c_str(), function);
    b->UseManualTime()->Unit(benchmark::kMillisecond)->ArgNames({"in", "out", "batch", "threads"})->MinTime(0.1);
    for (const int threads : {1, 2})
      for (const int batch : {1, 16, 64}) {
        b->Args({9216, 4096, batch, threads});
        b->Args({4096, 4096, batch, threads});
        b->Args({4096, 1000, batch, threads});
      }
  };
  one("forward", &linear<Arithmetic, Pass::forward>);
  one("backward", &linear<Arithmetic, Pass::backward>);
  one("step", &linear<Arithmetic, Pass::step>);
}

}  // namespace

int main(int argc, char** argv) {
  add<xs::kernels::Fp32>("fp32");
  add<xs::kernels::Bf16>("bf16");
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
