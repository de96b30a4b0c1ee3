// The sum of a residual applies the activation that follows it while it writes: the same bits as a pass of its own.
#include <doctest/doctest.h>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/layers/run_operation.hpp>
#include <xstitch/layers/sum.hpp>
#include <xstitch/networks/one_task.hpp>

#include <vector>

#include "../weave/tiny_layers.hpp"
#include "checks.hpp"

namespace xs = xstitch;
using support::random_batch;

namespace {

struct UnfusedRelu : xs::Relu {
  using fusion = void;
};

template <class Act>
using Net = xs::OneTask<
    xs::Tower<"t", xs::Shape<5, 4, 3>, xs::Conv<"conv1", 6, 3, xs::Pad<1>>, Act,
              xs::Residual<xs::Layers<xs::Conv<"conv2", 6, 3, xs::Pad<1>>, Act, xs::Conv<"conv3", 6, 3, xs::Pad<1>>>>,
              Act, xs::Residual<xs::Layers<xs::Conv<"conv4", 4, 1>>, xs::Shortcut<xs::Conv<"project", 4, 1>>>, Act,
              tiny::Dense<"fc", 2>, tiny::SmallOutput>>;

template <class N>
int fused_operations() {
  int fused = 0;
  for (const xs::Op& op : N::program_of_type.ops) fused += op.fused_next ? 1 : 0;
  return fused;
}
template <class N>
std::vector<float> results(std::size_t threads_wanted) {
  N net{xs::seed(1)};
  xs::ThreadPool threads(threads_wanted);
  xs::Training training(net, support::Descent{});
  for (std::size_t step = 0; step < 3; ++step) training.step(random_batch(net, 4, step), {.step = step}, threads);
  std::vector<float> all = support::all_parameters(net);
  net.evaluate(random_batch(net, 4, 9), threads);
  all.insert(all.end(), net.prediction(0).begin(), net.prediction(0).end());
  return all;
}

}  // namespace

TEST_CASE("fused and not fused, on one thread and three: the same bits") {
  CHECK(fused_operations<Net<xs::Relu>>() == 4);
  CHECK(fused_operations<Net<UnfusedRelu>>() == 0);
  const std::vector<float> fused = results<Net<xs::Relu>>(1);
  CHECK(support::same_bits(fused, results<Net<UnfusedRelu>>(1)));
  CHECK(support::same_bits(fused, results<Net<xs::Relu>>(3)));
}

TEST_CASE("a sum of three, longer than a task, with a tail: each element in order") {
  constexpr xs::Dims dims{37, 41, 23};
  xs::RunOperation<xs::Sum, xs::Shapes{dims, dims, dims}> run({.batch = 2});
  std::vector<std::vector<float>> in(3);
  for (std::size_t k = 0; k < 3; ++k) {
    for (std::size_t i = 0; i < run.input(k).size(); ++i)
      run.input(k)[i] = static_cast<float>(static_cast<int>(i * (k + 7) % 1001) - 500) * 0.0137F;
    in[k].assign(run.input(k).begin(), run.input(k).end());
  }
  run.forward();
  bool same = true;
  for (std::size_t i = 0; i < in[0].size(); ++i) same = same && run.output(0)[i] == (in[0][i] + in[1][i]) + in[2][i];
  CHECK(same);
  for (float& dy : run.output_gradient(0)) dy = 0.5F;
  run.backward();
  for (std::size_t k = 0; k < 3; ++k)
    CHECK(std::ranges::all_of(run.input_gradient(k), [](float dx) { return dx == 0.5F; }));
  CHECK(run.fault().empty());
}
