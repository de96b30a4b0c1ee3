// BatchNorm applies the piecewise linear activations while it writes: the same bits as a pass of their own.
#include <doctest/doctest.h>
#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/leaky_relu.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/layers/relu6.hpp>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/networks/one_task.hpp>

#include <vector>

#include "../weave/tiny_layers.hpp"
#include "checks.hpp"

namespace xs = xstitch;
using support::random_batch;

namespace {

template <class Layer>
struct Unfused : Layer {
  using fusion = void;
};

template <class Act>
using Net = xs::OneTask<xs::Tower<"t", xs::Shape<5, 4, 3>, xs::Conv<"conv", 7, 3, xs::Pad<1>, xs::NoBias>,
                                  xs::BatchNorm<"norm">, Act, tiny::Dense<"fc", 2>, tiny::SmallOutput>>;

template <class N>
int fused_operations() {
  int fused = 0;
  for (const xs::Op& op : N::program_of_type.ops) fused += op.fused_next ? 1 : 0;
  return fused;
}

/// Predictions and what some steps make of all parameters, running statistics included.
template <class N>
std::vector<float> results() {
  N net{xs::seed(1)};
  for (std::size_t i = 0; i < net.parameters().size(); ++i)
    if (net.parameters()[i].name == "t.norm.weight")
      for (float& w : net.mutable_parameter(i)) w = 8.0F;  // beyond 6, too
  xs::ThreadPool threads(2);
  xs::Training training(net, support::Descent{});
  for (std::size_t step = 0; step < 3; ++step) training.step(random_batch(net, 4, step), {.step = step}, threads);
  std::vector<float> all = support::all_parameters(net);
  net.evaluate(random_batch(net, 4, 9), threads);
  all.insert(all.end(), net.prediction(0).begin(), net.prediction(0).end());
  return all;
}

template <class Act>
void check() {
  CHECK(fused_operations<Net<Act>>() == 1);
  CHECK(fused_operations<Net<Unfused<Act>>>() == 0);
  CHECK(support::same_bits(results<Net<Act>>(), results<Net<Unfused<Act>>>()));
}

}  // namespace

TEST_CASE("fused and not fused: the same values, running statistics and steps, to the bit") {
  check<xs::Relu>();
  check<xs::Relu6>();
  check<xs::LeakyRelu<xs::Ratio{1, 8}>>();
}

TEST_CASE("an activation whose bits hang on the width of vectors keeps its pass") {
  CHECK(fused_operations<Net<xs::Tanh>>() == 0);
  CHECK(support::same_bits(results<Net<xs::Tanh>>(), results<Net<Unfused<xs::Tanh>>>()));
}
