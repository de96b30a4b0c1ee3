// Normalisations inside a pair of towers: groups, whole samples, pixels, and a BatchNorm whose statistics are frozen.
#include <doctest/doctest.h>
#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/group_norm.hpp>
#include <xstitch/layers/layer_norm.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/losses/regression.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>

#include <string>
#include <vector>

#include "checks.hpp"

namespace xs = xstitch;

namespace {

template <xs::FixedString Name>
using Tower = xs::Tower<Name, xs::Shape<5, 4, 3>, xs::Conv<"conv1", 6, 3, xs::Pad<1>>, xs::GroupNorm<"groups", 2>,
                        xs::Tanh, xs::Seam<"s">, xs::Conv<"conv2", 5, 3>, xs::BatchNorm<"frozen", xs::FrozenStatistics>,
                        xs::LayerNorm<"pixels", xs::OverChannels>, xs::Tanh, xs::LayerNorm<"all">, xs::L2>;
using Pair = xs::CrossStitch<Tower<"a">, Tower<"b">>;

template <class Layer>
struct Unfused : Layer {
  using fusion = void;
};
template <class Act>
using Groups = xs::OneTask<xs::Tower<"t", xs::Shape<9, 8, 3>, xs::Conv<"conv", 12, 3>, xs::GroupNorm<"norm", 3>, Act,
                                     xs::Conv<"score", 2, 1>, xs::L2>>;

}  // namespace

TEST_CASE("gradients, and the same bits on any threads; frozen statistics stay where they are") {
  checks::all<Pair>(60);
  Pair net{xs::seed(1)};
  const auto statistics = [&] {
    std::vector<float> all;
    for (std::size_t i = 0; i < net.parameters().size(); ++i)
      if (net.parameters()[i].name.find("frozen.running_") != std::string::npos)
        all.insert(all.end(), net.parameter(i).begin(), net.parameter(i).end());
    return all;
  };
  const std::vector<float> before = statistics();
  REQUIRE(before.size() == 2 * 2 * 5);
  xs::ThreadPool threads(2);
  xs::Training training(net, support::Descent{});
  for (std::size_t step = 0; step < 3; ++step)
    training.step(support::random_batch(net, 4, step), {.step = step}, threads);
  CHECK(support::same_bits(statistics(), before));
}

TEST_CASE("GroupNorm applies a Relu while it writes: the same bits") {
  const auto trained = [](auto net) {
    xs::ThreadPool threads(2);
    xs::Training training(net, support::Descent{});
    for (std::size_t step = 0; step < 3; ++step)
      training.step(support::random_batch(net, 4, step), {.step = step}, threads);
    return support::all_parameters(net);
  };
  CHECK(support::same_bits(trained(Groups<xs::Relu>{xs::seed(1)}), trained(Groups<Unfused<xs::Relu>>{xs::seed(1)})));
}
