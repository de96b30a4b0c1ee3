// Weave units of our own: one for all seams, or for a single seam beside the paper's.
#include <doctest/doctest.h>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/networks/cross_stitch.hpp>

#include <string>
#include <vector>

#include "../weave/tiny_layers.hpp"
#include "checks.hpp"

namespace xs = xstitch;
using support::random_batch;
using tiny::Dense;
using tiny::SmallOutput;

namespace {

/// y_t[c] = own[c] x_t[c] + shared[c] m sum_s x_s[c] / N, m = 0 or 2 at random in training (saved), 1 in inference.
/// For any number of towers; sums run over the towers by name (call.order).
struct Mean {
  static constexpr bool reads_output = false;
  template <std::size_t N>
  static constexpr xs::Shapes<N> outputs(const xs::Shapes<N>& in) {
    return in;
  }
  template <std::size_t N>
  static constexpr std::array<xs::ParameterSpec, 2> parameters(const xs::Shapes<N>& in) {
    const xs::Extents channels(in[0].dims.channels);
    return {xs::ParameterSpec{.name = "own", .extents = channels, .initializer = xs::Initializer::constant(0.8F)},
            xs::ParameterSpec{.name = "shared", .extents = channels, .initializer = xs::Initializer::gaussian(0.3F)}};
  }
  template <std::size_t N>
  static constexpr xs::Extent saved(const xs::Shapes<N>& in) {
    return {in[0].size(), 0};
  }
  static float mean(const float* const* x, const std::size_t* order, std::size_t towers, std::size_t i) {
    float sum = 0;
    for (std::size_t k = 0; k < towers; ++k) sum += x[order[k]][i];
    return sum / static_cast<float>(towers);
  }
  static void forward(const xs::ForwardCall& call) {
    const std::size_t towers = call.input_shapes.size(), size = call.input_shapes[0].size();
    const auto channels = static_cast<std::size_t>(call.input_shapes[0].dims.channels);
    call.threads.parallel_for(call.batch, [&](std::size_t n) {
      for (std::size_t i = n * size; i < (n + 1) * size; ++i) {
        const bool kept = call.random.uniform(call.first_position * size + i) < 0.5F;
        if (call.saved != nullptr) call.saved[i] = static_cast<std::byte>(kept ? 2 : 0);
        const float m = !call.training ? 1.0F : kept ? 2.0F : 0.0F;
        const float mixed = call.parameters[1][i % channels] * m * mean(call.inputs, call.order, towers, i);
        for (std::size_t t = 0; t < towers; ++t)
          call.outputs[t][i] = std::fma(call.parameters[0][i % channels], call.inputs[t][i], mixed);
      }
    });
  }
  static void backward(const xs::BackwardCall& call) {
    const std::size_t towers = call.input_shapes.size(), size = call.batch * call.input_shapes[0].size();
    const auto channels = static_cast<std::size_t>(call.input_shapes[0].dims.channels);
    call.threads.parallel_for(channels, [&](std::size_t c) {
      float own = 0, shared = 0;
      for (std::size_t i = c; i < size; i += channels) {
        const auto m = static_cast<float>(call.saved[i]);
        const float dy = mean(call.output_gradients, call.order, towers, i);  // the sum over towers, divided by N
        shared = std::fma(m * dy * static_cast<float>(towers), mean(call.inputs, call.order, towers, i), shared);
        for (std::size_t k = 0; k < towers; ++k) {
          const std::size_t t = call.order[k];
          own = std::fma(call.output_gradients[t][i], call.inputs[t][i], own);
          if (call.input_gradients[t] != nullptr)
            call.input_gradients[t][i] =
                std::fma(call.parameters[0][c], call.output_gradients[t][i], call.parameters[1][c] * m * dy);
        }
      }
      call.parameter_gradients[0][c] = own;
      call.parameter_gradients[1][c] = shared;
    });
  }
};

template <xs::FixedString Name, int Input>
using Tower = xs::Tower<Name, xs::Shape<Input>, Dense<"fc1", 4>, xs::Tanh, xs::Seam<"s1">, Dense<"fc2", 3>, xs::Tanh,
                        xs::Seam<"s2">, Dense<"fc3", 2>, SmallOutput>;
using A = Tower<"a", 5>;
using B = Tower<"b", 3>;
using C = Tower<"c", 4>;

/// Every tower gets numbers that hang on its name alone.
xs::Batch by_name(const xs::AnyNet& net, std::size_t size, std::uint64_t seed) {
  xs::Batch batch = random_batch(net, size, seed);
  for (std::size_t s = 0; s < net.inputs().size(); ++s)
    for (std::size_t i = 0; i < batch.inputs[s].size(); ++i)
      batch.inputs[s][i] = xs::RandomKey(xs::seed(seed)).with(net.inputs()[s].name()).normal(i);
  return batch;
}

template <class First, class Second>
bool same_after_training() {
  First first{xs::seed(3)};
  Second second{xs::seed(3)};
  xs::ThreadPool threads(2);
  const auto train = [&](xs::AnyNet& net) {
    xs::Training training(net, support::Descent{});
    for (std::uint64_t step = 0; step < 4; ++step) training.step(by_name(net, 5, step), {.step = step}, threads);
  };
  train(first);
  train(second);
  CHECK(first.parameters().size() == second.parameters().size());
  for (std::size_t i = 0; i < first.parameters().size(); ++i) {
    const auto a = first.parameter(i), b = second.parameter(second.find_parameter(first.parameters()[i].name));
    if (!support::same_bits({a.begin(), a.end()}, {b.begin(), b.end()})) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("a unit for all seams: its parameters are found under their names") {
  const xs::CrossStitch<xs::Unit<Mean>, A, B> net{xs::seed(1)};
  for (const char* name : {"stitch.s1.own", "stitch.s1.shared", "stitch.s2.own", "stitch.s2.shared"}) {
    CAPTURE(name);
    CHECK(net.find_parameter(name) != xs::AnyNet::npos);
  }
  CHECK(net.find_parameter("stitch.s1.alpha") == xs::AnyNet::npos);
}

TEST_CASE("a unit for one seam: the others keep the common one") {
  const xs::CrossStitch<xs::UnitAt<"s2", Mean>, A, B> paper{xs::seed(1)};
  CHECK(paper.find_parameter("stitch.s1.alpha") != xs::AnyNet::npos);
  CHECK(paper.find_parameter("stitch.s2.own") != xs::AnyNet::npos);
  CHECK(paper.find_parameter("stitch.s2.alpha") == xs::AnyNet::npos);

  using Layerwise = xs::CrossStitchUnit<false>;
  const xs::CrossStitch<xs::Unit<Mean>, xs::UnitAt<"s2", Layerwise>, A, B> own{xs::seed(1)};
  CHECK(own.find_parameter("stitch.s1.own") != xs::AnyNet::npos);
  REQUIRE(own.find_parameter("stitch.s2.alpha") != xs::AnyNet::npos);
  CHECK(own.parameter(own.find_parameter("stitch.s2.alpha")).size() == 4);  // one matrix for the layer
  CHECK(paper.signature() != own.signature());
}

TEST_CASE("gradients, and the same bits on any threads") {
  checks::all<xs::CrossStitch<xs::Unit<Mean>, A, B>>(60);
  checks::all<xs::CrossStitch<xs::UnitAt<"s2", Mean>, A, B, C>>(100);
  checks::all<xs::CrossStitch<xs::Unit<Mean>, xs::UnitAt<"s2", xs::CrossStitchUnit<false>>, C, A>>(60);
}

TEST_CASE("by hand: inference mixes by the mean") {
  using X = xs::Tower<"x", xs::Shape<1>, xs::Seam<"s">, SmallOutput>;
  using Y = xs::Tower<"y", xs::Shape<1>, xs::Seam<"s">, SmallOutput>;
  using Z = xs::Tower<"z", xs::Shape<1>, xs::Seam<"s">, SmallOutput>;
  xs::CrossStitch<xs::Unit<Mean>, X, Y, Z> net{xs::seed(1)};
  net.mutable_parameter(net.find_parameter("stitch.s.own"))[0] = 2;
  net.mutable_parameter(net.find_parameter("stitch.s.shared"))[0] = 10;
  xs::Batch batch = random_batch(net, 1, 1);
  batch.inputs[0] = {1}, batch.inputs[1] = {2}, batch.inputs[2] = {6};
  xs::ThreadPool threads(1);
  net.evaluate(batch, threads);
  CHECK(net.prediction(0)[0] == 32);
  CHECK(net.prediction(1)[0] == 34);
  CHECK(net.prediction(2)[0] == 42);
}

TEST_CASE("a unit that sums in call.order does not see the order in which towers are written") {
  using Own = xs::Unit<Mean>;
  CHECK(same_after_training<xs::CrossStitch<Own, A, B, C>, xs::CrossStitch<Own, C, A, B>>());
  CHECK(same_after_training<xs::CrossStitch<Own, A, B>, xs::CrossStitch<B, Own, A>>());
  CHECK(same_after_training<xs::CrossStitch<Own, A, B, C>, xs::CrossStitch<B, C, A, Own>>());
}
