// Operations whose cost is memory: activations, normalisations, pools, products. Forward and backward of 16 maps of
// 56 x 56 x 64 on one thread: nanoseconds an element of the first input, and in copies of it (memcpy of 13 MB), the
// least of all repetitions, which alternate with the copies.
#include <xstitch/core/memory.hpp>
#include <xstitch/core/random.hpp>
#include <xstitch/layers/average_pool.hpp>
#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/elu.hpp>
#include <xstitch/layers/gelu.hpp>
#include <xstitch/layers/group_norm.hpp>
#include <xstitch/layers/invoke.hpp>
#include <xstitch/layers/layer_norm.hpp>
#include <xstitch/layers/leaky_relu.hpp>
#include <xstitch/layers/max_pool_indices.hpp>
#include <xstitch/layers/max_unpool.hpp>
#include <xstitch/layers/multiply.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/layers/relu6.hpp>
#include <xstitch/layers/sigmoid.hpp>
#include <xstitch/layers/softplus.hpp>
#include <xstitch/layers/sum.hpp>
#include <xstitch/layers/swish.hpp>
#include <xstitch/layers/tanh.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

namespace xs = xstitch;
using xs::Dims, xs::Shapes, xs::TensorShape;

namespace {

constexpr std::size_t samples = 16;
constexpr Dims map{56, 56, 64}, half{28, 28, 64};

xs::Memory filled(std::size_t floats, float low, float high) {
  xs::Memory memory(std::max<std::size_t>(64, floats * sizeof(float)));
  const xs::RandomKey key{xs::seed(1)};
  for (std::size_t i = 0; i < floats; ++i) memory.floats()[i] = key.uniform(i, low, high);
  return memory;
}
double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// An operation at its shapes with memory of its own; all parameters trained.
template <class Op, auto In>
void run(benchmark::State& state) {
  constexpr auto out = xs::invoke::outputs<Op>(In);
  constexpr auto given = xs::invoke::argument<Op>(In);
  xs::ThreadPool threads(1);
  std::vector<xs::Memory> memory;
  const auto take = [&](std::size_t floats, float low, float high) {
    memory.push_back(filled(floats, low, high));
    return memory.back().floats();
  };
  std::array<float*, In.size()> x{}, dx{};
  std::array<float*, out.size()> y{}, dy{};
  for (std::size_t k = 0; k < In.size(); ++k) {
    x[k] = take(samples * In[k].size(), -2.0F, 2.0F);
    if (In[k].differentiable) dx[k] = take(samples * In[k].size(), 0, 0);
    if (In[k].element == xs::ElementType::int32)  // the windows' corners
      for (std::size_t i = 0; i < samples * In[k].size(); ++i) {
        const std::size_t pixel = i / 64 % half.pixels();
        reinterpret_cast<std::int32_t*>(x[k])[i] = static_cast<std::int32_t>(pixel / 28 * 112 + pixel % 28 * 2);
      }
  }
  for (std::size_t k = 0; k < out.size(); ++k) {
    y[k] = take(samples * out[k].size(), 0, 0);
    if (out[k].differentiable) dy[k] = take(samples * out[k].size(), -1.0F, 1.0F);
  }
  const auto specs = xs::traits::parameters<Op>(given);
  std::array<float*, specs.size() + 1> parameters{}, gradients{}, updates{};
  for (std::size_t p = 0; p < specs.size(); ++p) {
    parameters[p] = take(specs[p].extents.count(), 0.5F, 1.0F);
    gradients[p] = take(specs[p].extents.count(), 0, 0);
    updates[p] = specs[p].group == xs::ParameterGroup::buffer ? parameters[p] : nullptr;
  }
  const std::size_t batch = xs::invoke::batch<Op>(In, samples);
  const xs::Memory saved(xs::traits::saved<Op>(given).bytes(batch) + 64),
      workspace(xs::traits::workspace<Op>(given).bytes(batch) + 64);
  const xs::Memory from = filled(samples * In[0].size(), 0, 0), to = filled(samples * In[0].size(), 0, 0);
  double forward = 1e30, backward = 1e30, copy = 1e30;
  for (auto _ : state) {
    const double start = seconds();
    xs::invoke::forward<Op, In>(xs::ForwardCall{.batch = batch,
                                                .input = x[0],
                                                .output = y[0],
                                                .parameters = parameters.data(),
                                                .saved = saved.data(),
                                                .workspace = workspace.data(),
                                                .threads = threads,
                                                .training = true,
                                                .inputs = x.data(),
                                                .outputs = y.data(),
                                                .input_shapes = std::span(In.items, In.size()),
                                                .output_shapes = std::span(out.items, out.size()),
                                                .buffer_updates = updates.data()});
    const double middle = seconds();
    xs::invoke::backward<Op, In>(xs::BackwardCall{.batch = batch,
                                                  .input = x[0],
                                                  .output = y[0],
                                                  .output_gradient = dy[0],
                                                  .input_gradient = dx[0],
                                                  .parameters = parameters.data(),
                                                  .parameter_gradients = gradients.data(),
                                                  .saved = saved.data(),
                                                  .workspace = workspace.data(),
                                                  .threads = threads,
                                                  .inputs = x.data(),
                                                  .outputs = y.data(),
                                                  .output_gradients = dy.data(),
                                                  .input_gradients = dx.data(),
                                                  .input_shapes = std::span(In.items, In.size()),
                                                  .output_shapes = std::span(out.items, out.size())});
    const double last = seconds();
    std::copy_n(from.floats(), samples * In[0].size(), to.floats());
    benchmark::ClobberMemory();
    copy = std::min(copy, seconds() - last);
    forward = std::min(forward, middle - start);
    backward = std::min(backward, last - middle);
    state.SetIterationTime(last - start);
  }
  const double elements = static_cast<double>(samples * In[0].size());
  state.counters["forward_ns"] = 1e9 * forward / elements;
  state.counters["both_ns"] = 1e9 * (forward + backward) / elements;
  state.counters["forward_copies"] = forward / copy;
  state.counters["both_copies"] = (forward + backward) / copy;
  state.counters["copy_GB/s"] = 8e-9 * elements / copy;
}

template <class Op, auto In = Shapes<1>{TensorShape(map)}>
void add(const char* name) {
  benchmark::RegisterBenchmark(name, &run<Op, In>)->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(0.5);
}

const bool registered = [] {
  add<xs::Relu>("Relu");
  add<xs::Relu6>("Relu6");
  add<xs::LeakyRelu<>>("LeakyRelu");
  add<xs::Elu<>>("Elu");
  add<xs::Sigmoid>("Sigmoid");
  add<xs::Tanh>("Tanh");
  add<xs::Softplus>("Softplus");
  add<xs::HardSigmoid>("HardSigmoid");
  add<xs::Swish>("Swish");
  add<xs::HardSwish>("HardSwish");
  add<xs::Gelu>("Gelu");
  add<xs::GeluTanh>("GeluTanh");
  add<xs::BatchNorm<"n">>("BatchNorm");
  add<xs::BatchNorm<"n", xs::FrozenStatistics>>("BatchNorm/frozen");
  add<xs::GroupNorm<"n", 32>>("GroupNorm/32");
  add<xs::LayerNorm<"n">>("LayerNorm");
  add<xs::LayerNorm<"n", xs::OverChannels>>("LayerNorm/channels");
  add<xs::MaxPool<2>>("MaxPool/2");
  add<xs::MaxPoolIndices<2>>("MaxPoolIndices/2");
  add<xs::AveragePool<2>>("AveragePool/2");
  add<xs::Unpool, Shapes<3>{TensorShape(half), TensorShape(half, 1, xs::ElementType::int32),
                            TensorShape(map, 1, xs::ElementType::float32, false)}>("MaxUnpool/2");
  add<xs::Sum, Shapes<2>{TensorShape(map), TensorShape(map)}>("Sum");
  add<xs::Multiply, Shapes<2>{TensorShape(map), TensorShape(map)}>("Product");
  add<xs::Multiply, Shapes<2>{TensorShape(map), TensorShape(Dims{56, 56, 1})}>("Product/pixels");
  add<xs::Multiply, Shapes<2>{TensorShape(map), TensorShape(Dims{1, 1, 64})}>("Product/channels");
  return true;
}();

}  // namespace
