// The three passes of CaffeNet's convolutions at batch 16: GFLOP/s and share of the peak measured in the same run.

#include "machine_peak.hpp"

#include <xstitch/core/random.hpp>
#include <xstitch/kernels/conv.hpp>

#include <memory>

namespace xs = xstitch;
using xs::Size;
using xs::kernels::ConvShape;

namespace {

constexpr std::size_t batch = 16;

xs::Memory random_block(std::size_t count) {
  xs::Memory block(count * sizeof(float));
  const xs::RandomKey key{xs::seed(count)};
  for (std::size_t i = 0; i < count; ++i) block.floats()[i] = key.uniform(i, -1.0F, 1.0F);
  return block;
}

enum class Pass { forward, data, weights };

template <ConvShape S, Pass P, class Arithmetic = xs::kernels::Fp32>
void convolution(benchmark::State& state) {
  xs::ThreadPool threads(static_cast<std::size_t>(state.range(0)));
  const xs::Memory in = random_block(batch * S.in.size()), out = random_block(batch * S.out().size());
  const xs::Memory weights = random_block(S.weight_count());
  const xs::Memory bias = random_block(std::size_t(S.out_channels));
  const xs::Memory workspace(xs::kernels::conv_workspace_of<Arithmetic>(S).bytes(batch));
  machine::measure<Arithmetic>(state, threads, 2.0 * batch * S.multiply_adds(), [&] {
    using namespace xs::kernels;
    using Kernels = ConvPasses<S, Arithmetic>;  // with what the layer takes for these sizes
    if constexpr (P == Pass::forward)
      Kernels::Forward::run(batch, in.floats(), weights.floats(), bias.floats(), false, out.floats(), workspace.data(),
                            threads);
    else if constexpr (P == Pass::data)
      Kernels::BackwardData::run(batch, out.floats(), weights.floats(), in.floats(), workspace.data(), threads);
    else
      Kernels::BackwardWeights::run_all(batch, in.floats(), out.floats(), weights.floats(), bias.floats(),
                                        workspace.data(), threads);
  });
}

template <ConvShape S, class Arithmetic>
void add(const std::string& name) {
  const auto one = [&](const char* pass, auto* function) {
    for (const int threads : {1, 2})
      benchmark::RegisterBenchmark((name + "/" + pass + "/threads").c_str(), function)
          ->Arg(threads)
          ->UseManualTime()
          ->Unit(benchmark::kMillisecond)
          ->MinTime(0.2);
  };
  one("forward", &convolution<S, Pass::forward, Arithmetic>);
  if (S.in.channels > 3) one("backward_data", &convolution<S, Pass::data, Arithmetic>);
  one("backward_weights", &convolution<S, Pass::weights, Arithmetic>);
}

template <class Arithmetic>
void add_all(const std::string& precision) {
  add<ConvShape{{227, 227, 3}, 96, 11, 4, 0, 1, 1}, Arithmetic>(precision + "/conv1");
  add<ConvShape{{27, 27, 96}, 256, 5, 1, 2, 1, 2}, Arithmetic>(precision + "/conv2");
  add<ConvShape{{13, 13, 256}, 384, 3, 1, 1, 1, 1}, Arithmetic>(precision + "/conv3");
  add<ConvShape{{13, 13, 384}, 384, 3, 1, 1, 1, 2}, Arithmetic>(precision + "/conv4");
  add<ConvShape{{13, 13, 384}, 256, 3, 1, 1, 1, 2}, Arithmetic>(precision + "/conv5");
}

}  // namespace

int main(int argc, char** argv) {
  add_all<xs::kernels::Fp32>("fp32");
  add_all<xs::kernels::Bf16>("bf16");
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
