// Mark gives a tensor a name, Recall reads it again later, across branches and the shared part of a Split.
#include <doctest/doctest.h>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/networks/split.hpp>

#include <string>
#include <vector>

#include "../weave/tiny_layers.hpp"
#include "checks.hpp"

namespace xs = xstitch;
using support::random_batch;
using tiny::Dense;
using tiny::SmallOutput;

namespace {

/// y = a b, element by element.
struct Product {
  static constexpr bool reads_output = false;
  static constexpr auto outputs(xs::Shapes<2> in) {
    return in[0] == in[1] ? xs::Shapes{in[0]} : xs::Shapes{xs::Dims{}};
  }
  template <xs::Shapes<2> In>
  static void forward(const xs::ForwardCall& call) {
    for (std::size_t i = 0; i < call.batch * In[0].size(); ++i) call.output[i] = call.inputs[0][i] * call.inputs[1][i];
  }
  template <xs::Shapes<2> In>
  static void backward(const xs::BackwardCall& call) {
    for (std::size_t k = 0; k < 2; ++k)
      if (float* dx = call.input_gradients[k])
        for (std::size_t i = 0; i < call.batch * In[0].size(); ++i)
          dx[i] = call.output_gradient[i] * call.inputs[1 - k][i];
  }
};

/// y = w a b, w a number a channel.
template <xs::FixedString Name>
struct Gated : Product {
  static constexpr auto name = Name;
  static constexpr std::array<xs::ParameterSpec, 1> parameters(xs::Shapes<2> in) {
    return {xs::ParameterSpec{.name = "weight",
                              .extents = xs::Extents(static_cast<int>(in[0].size())),
                              .initializer = xs::Initializer::gaussian(1.0F)}};
  }
  template <xs::Shapes<2> In>
  static void forward(const xs::ForwardCall& call) {
    for (std::size_t i = 0; i < call.batch * In[0].size(); ++i)
      call.output[i] = call.parameters[0][i % In[0].size()] * call.inputs[0][i] * call.inputs[1][i];
  }
  template <xs::Shapes<2> In>
  static void backward(const xs::BackwardCall& call) {
    constexpr std::size_t size = In[0].size();
    for (std::size_t c = 0; c < size; ++c) {
      float sum = 0;
      for (std::size_t i = c; i < call.batch * size; i += size)
        sum = std::fma(call.output_gradient[i], call.inputs[0][i] * call.inputs[1][i], sum);
      call.parameter_gradients[0][c] = sum;
    }
    for (std::size_t k = 0; k < 2; ++k)
      if (float* dx = call.input_gradients[k])
        for (std::size_t i = 0; i < call.batch * size; ++i)
          dx[i] = call.parameters[0][i % size] * call.output_gradient[i] * call.inputs[1 - k][i];
  }
};

// A tensor that is read three times: by the next layer, by Concat, and by the gate at the end.
using UNet = xs::Tower<"unet", xs::Shape<4>, Dense<"enc1", 6>, xs::Tanh, xs::Mark<"one">, Dense<"enc2", 3>, xs::Tanh,
                       xs::Mark<"two">, Dense<"middle", 2>, xs::Tanh,
                       xs::Concat<xs::Layers<Dense<"up2", 3>, xs::Tanh>, xs::Recall<"two">>, Dense<"dec2", 6>,
                       xs::Concat<xs::Layers<Dense<"up1", 2>>, xs::Recall<"one">, xs::Layers<>>, Dense<"dec1", 6>,
                       xs::Apply<Product, xs::Layers<>, xs::Recall<"one">>, SmallOutput>;
using Gates = xs::Tower<"gates", xs::Shape<4>, Dense<"fc", 3>, xs::Mark<"x">,
                        xs::Apply<Product, xs::Layers<Dense<"p", 3>, xs::Tanh>, xs::Layers<Dense<"q", 3>>>,
                        xs::Apply<Product, xs::Layers<>, xs::Layers<>>,  // the square
                        xs::Seam<"s">, xs::Residual<xs::Recall<"x">, Dense<"r", 3>>, SmallOutput>;
using Other = xs::Tower<"other", xs::Shape<4>, Dense<"fc", 3>, xs::Seam<"s">, SmallOutput>;

template <xs::FixedString Name, class... Tail>
using Trunked =
    xs::Tower<Name, xs::Shape<4>, Dense<"t1", 5>, xs::Tanh, xs::Mark<"enc">, Dense<"t2", 3>, xs::Tanh, Tail...>;
using TailA = Trunked<"a", Dense<"cut", 5>, xs::Apply<Product, xs::Layers<>, xs::Recall<"enc">>, SmallOutput>;
using TailB = Trunked<"b", Dense<"cut", 2>, xs::Concat<xs::Layers<>, xs::Recall<"enc">>, Dense<"out", 2>, SmallOutput>;

std::vector<float> output(xs::AnyNet& net, const std::vector<float>& input) {
  xs::Batch batch = random_batch(net, 1, 1);
  batch.inputs[0].assign(input.begin(), input.end());
  xs::ThreadPool threads(1);
  net.evaluate(batch, threads);
  const auto y = net.prediction(0);
  return {y.begin(), y.end()};
}
void set(xs::AnyNet& net, const char* name, const std::vector<float>& values) {
  const auto to = net.mutable_parameter(net.find_parameter(name));
  REQUIRE(to.size() == values.size());
  std::copy(values.begin(), values.end(), to.begin());
}

}  // namespace

TEST_CASE("by hand: a later operation reads an earlier tensor") {
  using Tower = xs::Tower<"a", xs::Shape<2>, Dense<"f", 2>, xs::Mark<"enc">, Dense<"g", 2>,
                          xs::Concat<xs::Layers<Dense<"h", 1>>, xs::Recall<"enc">, xs::Layers<>>, SmallOutput>;
  xs::OneTask<Tower> net{xs::seed(1)};
  set(net, "a.f.weight", {1, 2, 3, 4});   // (1, 2) -> (7, 10)
  set(net, "a.g.weight", {1, -1, 0, 1});  // -> (7, 3)
  set(net, "a.h.weight", {2, 1});         // -> 17
  CHECK(output(net, {1, 2}) == std::vector<float>{17, 7, 10, 7, 3});

  using Square = xs::Tower<"a", xs::Shape<2>, xs::Mark<"input">, Dense<"f", 2>,
                           xs::Apply<Product, xs::Layers<>, xs::Recall<"input">>, SmallOutput>;
  xs::OneTask<Square> square{xs::seed(1)};
  set(square, "a.f.weight", {1, 2, 3, 4});
  CHECK(output(square, {1, 2}) == std::vector<float>{7, 20});
}

TEST_CASE("a tower recalls what the trunk of a Split has marked") {
  using Split = xs::Split<"cut", TailA, TailB>;
  CHECK(Split{xs::seed(1)}.find_parameter("shared.t1.weight") != xs::AnyNet::npos);
  checks::all<Split>(60);

  // The same numbers as a tower by itself.
  Split split{xs::seed(1)};
  xs::OneTask<TailB> alone{xs::seed(2)};
  for (const char* layer : {"t1", "t2"}) {
    const auto from = split.parameter(split.find_parameter(std::string("shared.") + layer + ".weight"));
    set(alone, (std::string("b.") + layer + ".weight").c_str(), {from.begin(), from.end()});
  }
  CHECK(support::copy_parameters(split, alone) == 2);
  const xs::Batch batch = random_batch(split, 3, 1);
  xs::Batch same = random_batch(alone, 3, 1);
  same.inputs[0] = batch.inputs[0];
  xs::ThreadPool threads(2);
  split.evaluate(batch, threads);
  alone.evaluate(same, threads);
  const auto a = split.prediction(1), b = alone.prediction(0);
  CHECK(support::same_bits({a.begin(), a.end()}, {b.begin(), b.end()}));
}

TEST_CASE("Shared splits before the last item that is trained, whatever it is") {
  // The last trained item is an operation on two tensors: it belongs to the tower, not to the trunk.
  using A = Trunked<"a", Dense<"up", 5>, xs::Apply<Gated<"gate">, xs::Layers<>, xs::Recall<"enc">>, SmallOutput>;
  using B = Trunked<"b", Dense<"up", 5>, xs::Apply<Gated<"gate">, xs::Layers<>, xs::Recall<"enc">>, SmallOutput>;
  using Net = xs::Shared<A, B>;
  const Net net{xs::seed(1)};
  CHECK(net.find_parameter("shared.up.weight") != xs::AnyNet::npos);
  CHECK(net.find_parameter("a.gate.weight") != xs::AnyNet::npos);
  CHECK(net.find_parameter("b.gate.weight") != xs::AnyNet::npos);
  checks::all<Net>(50);
}

TEST_CASE("a trunk that is a struct of its own is cut like the Layers that it derives from") {
  struct First : xs::Layers<Dense<"t1", 4>, xs::Seam<"t1">> {};
  struct Both : xs::Layers<First, xs::Layers<Dense<"t2", 4>, Dense<"t3", 3>>> {};
  using A = xs::Tower<"a", xs::Shape<3>, Both, Dense<"fc", 2>, SmallOutput>;
  using B = xs::Tower<"b", xs::Shape<3>, Both, Dense<"fc", 3>, SmallOutput>;
  const xs::Split<"t2", A, B> early{xs::seed(1)};
  CHECK(early.find_parameter("shared.t1.weight") != xs::AnyNet::npos);
  CHECK(early.find_parameter("b.t2.weight") != xs::AnyNet::npos);
  const xs::Shared<A, B> late{xs::seed(1)};
  CHECK(late.find_parameter("shared.t3.weight") != xs::AnyNet::npos);
  CHECK(late.find_parameter("a.fc.weight") != xs::AnyNet::npos);
}

TEST_CASE("gradients of tensors that are read several times, and the same bits on any threads") {
  checks::all<xs::OneTask<UNet>>(80);
  checks::all<xs::CrossStitch<Gates, Other>>(50);
}
