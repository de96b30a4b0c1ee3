// Residual with a projection, the names that Blocks give, and the signature: what a network is, attributes included.
#include <doctest/doctest.h>
#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/dropout.hpp>
#include <xstitch/layers/leaky_relu.hpp>
#include <xstitch/layers/lrn.hpp>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/losses/regression.hpp>
#include <xstitch/losses/weighted.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/networks/weights.hpp>

#include <set>
#include <string>
#include <vector>

#include "../weave/tiny_layers.hpp"
#include "checks.hpp"

namespace xs = xstitch;
using support::random_batch;
using tiny::Dense;
using tiny::SmallOutput;

namespace {

// A small ResNet: layer1 keeps its shape, layer2 projects to half the size.
using Block1 =
    xs::Residual<xs::Layers<xs::Conv<"conv1", 3, 3, xs::Pad<1>>, xs::Tanh, xs::Conv<"conv2", 3, 3, xs::Pad<1>>>>;
using Block2 = xs::Residual<
    xs::Layers<xs::Conv<"conv1", 4, 3, xs::Pad<1>, xs::Stride<2>>, xs::Tanh, xs::Conv<"conv2", 4, 3, xs::Pad<1>>>,
    xs::Shortcut<xs::Conv<"downsample", 4, 1, xs::Stride<2>>>>;
using ResNet =
    xs::OneTask<xs::Tower<"t", xs::Shape<5, 5, 2>, xs::Conv<"stem", 3, 1>,
                          xs::Block<"layer1", xs::Block<"0", Block1>, xs::Tanh, xs::Block<"1", Block1>, xs::Tanh>,
                          xs::Block<"layer2.0", Block2>, xs::Tanh, Dense<"fc", 2>, SmallOutput>>;

void set(xs::AnyNet& net, const char* name, const std::vector<float>& values) {
  const auto to = net.mutable_parameter(net.find_parameter(name));
  REQUIRE(to.size() == values.size());
  std::copy(values.begin(), values.end(), to.begin());
}

/// One tower with a layer and a loss of choice.
template <class Layer, class Loss>
using With = xs::OneTask<xs::Tower<"t", xs::Shape<4, 4, 6>, xs::Conv<"c", 6, 1>, Layer, Loss>>;
template <class Layer, class Loss = xs::L2>
std::string signature() {
  return With<Layer, Loss>{xs::seed(1)}.signature();
}

}  // namespace

TEST_CASE("by hand: y = F(x) + G(x)") {
  using Tower =
      xs::Tower<"t", xs::Shape<2>, xs::Residual<xs::Layers<Dense<"f", 3>>, xs::Shortcut<Dense<"g", 3>>>, SmallOutput>;
  xs::OneTask<Tower> net{xs::seed(1)};
  set(net, "t.f.weight", {1, 0, 2, 0, 1, 3});
  set(net, "t.g.weight", {10, 20, 30, 40, 50, 60});
  xs::Batch batch = random_batch(net, 1, 1);
  batch.inputs[0] = {1, 2};
  xs::ThreadPool threads(1);
  net.evaluate(batch, threads);
  const auto y = net.prediction(0);
  CHECK(std::vector<float>(y.begin(), y.end()) == std::vector<float>{1 + 90, 2 + 120, 8 + 150});
}

TEST_CASE("gradients, and the same bits on any threads") { checks::all<ResNet>(100); }

TEST_CASE("Blocks are prefixes of names") {
  ResNet net{xs::seed(1)};
  std::set<std::string> names;
  for (const xs::ParameterSlot& slot : net.parameters()) names.insert(slot.name);
  CHECK(names.size() == net.parameters().size());
  for (const char* name :
       {"t.stem.weight", "t.layer1.0.conv1.weight", "t.layer1.1.conv1.weight", "t.layer1.1.conv2.bias",
        "t.layer2.0.conv1.weight", "t.layer2.0.downsample.weight", "t.fc.weight"}) {
    CAPTURE(name);
    CHECK(names.contains(name));
  }
  auto first = xs::weights<"t.layer1.0.conv1">(net);
  CHECK(first.rows() == 27);
  CHECK(first.cols() == 3);
  first(0, 0) = 42.0F;
  CHECK(net.parameter(net.find_parameter("t.layer1.0.conv1.weight"))[0] == 42.0F);
  CHECK(xs::weights<"t.layer1.1.conv1">(net)(0, 0) != 42.0F);
  CHECK(xs::bias<"t.layer2.0.downsample">(net).size() == 4);
  // The same layer in two blocks starts with values of its own.
  CHECK(xs::weights<"t.layer1.0.conv2">(net)(0, 0) != xs::weights<"t.layer1.1.conv2">(net)(0, 0));
}

TEST_CASE("training is switched by prefix") {
  ResNet net{xs::seed(1)};
  CHECK(net.set_trained("t.layer1.", false) == 8);
  CHECK(net.set_trained("t.layer1.1.conv2", true) == 2);
  CHECK_THROWS_WITH_AS(net.set_trained("t.layer3", false),
                       doctest::Contains("set_trained: no parameter that can be trained matches \"t.layer3\""),
                       xs::Error);
  std::vector<std::vector<float>> before;
  for (std::size_t i = 0; i < net.parameters().size(); ++i)
    before.emplace_back(net.parameter(i).begin(), net.parameter(i).end());
  xs::Training training(net, support::Descent{});
  xs::ThreadPool threads(2);
  training.step(random_batch(net, 3, 1), threads);
  for (std::size_t i = 0; i < before.size(); ++i) {
    const std::string& name = net.parameters()[i].name;
    CAPTURE(name);
    const bool frozen = name.starts_with("t.layer1.") && !name.starts_with("t.layer1.1.conv2");
    CHECK(support::same_bits(before[i], {net.parameter(i).begin(), net.parameter(i).end()}) == frozen);
  }
}

TEST_CASE("the signature holds what a layer is") {
  const std::string text = ResNet{xs::seed(1)}.signature();
  CAPTURE(text);
  CHECK(text.starts_with("OneTask Conv:stem("));
  CHECK(text.find(" Conv:layer1.0.conv1(") != std::string::npos);
  CHECK(text.find(" Conv:layer2.0.downsample(") != std::string::npos);
  CHECK(text.find("stride 2 2") != std::string::npos);
  CHECK(text.find(" t.layer2.0.downsample.weight=12") != std::string::npos);
}

TEST_CASE("two networks that differ in one attribute have two signatures") {
  using xs::Ratio;
  CHECK(signature<xs::Dropout<Ratio{1, 2}>>() != signature<xs::Dropout<Ratio{1, 4}>>());
  CHECK(signature<xs::LeakyRelu<Ratio{1, 100}>>() != signature<xs::LeakyRelu<Ratio{1, 10}>>());
  CHECK(signature<xs::Lrn<5, Ratio{1, 10000}>>() != signature<xs::Lrn<5, Ratio{2, 10000}>>());
  CHECK(signature<xs::Lrn<5>>() != signature<xs::Lrn<3>>());
  CHECK(signature<xs::BatchNorm<"n", xs::Momentum<Ratio{1, 10}>>>() !=
        signature<xs::BatchNorm<"n", xs::Momentum<Ratio{1, 5}>>>());
  CHECK(signature<xs::Tanh, xs::Weighted<xs::L2, Ratio{2, 1}>>() !=
        signature<xs::Tanh, xs::Weighted<xs::L2, Ratio{3, 1}>>());
  CHECK(signature<xs::Tanh, xs::Weighted<xs::L2, Ratio{2, 1}>>() !=
        signature<xs::Tanh, xs::Weighted<xs::L1, Ratio{2, 1}>>());
  CHECK(signature<xs::Tanh, xs::Weighted<xs::L2, Ratio{2, 1}>>() != signature<xs::Tanh, xs::L2>());
  CHECK(signature<xs::Tanh, xs::L1>() != signature<xs::Tanh, xs::L2>());
  // One setting, written in two ways.
  CHECK(signature<xs::Dropout<Ratio{1, 2}>>() == signature<xs::Dropout<Ratio{2, 4}>>());
  CHECK(signature<xs::Tanh, xs::Weighted<xs::L2, Ratio{2, 1}>>() ==
        signature<xs::Tanh, xs::Weighted<xs::L2, Ratio{4, 2}>>());
}
