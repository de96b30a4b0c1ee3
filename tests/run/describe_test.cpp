// The table of a network, and the gradient check where a gradient is truly zero.
#include <doctest/doctest.h>
#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/run/check_network.hpp>
#include <xstitch/run/describe.hpp>

#include <sstream>
#include <string>
#include <vector>

#include "../weave/support.hpp"
#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
using tiny::Dense;

namespace {

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

/// y = x W + b, b per channel.
template <xs::FixedString Name>
struct Shift {
  static constexpr auto name = Name;
  static constexpr bool reads_input = false, reads_output = false;
  static constexpr xs::Dims output_shape(xs::Dims in) { return in; }
  static constexpr std::array<xs::ParameterSpec, 1> parameters(xs::Dims in) {
    return {xs::ParameterSpec{.name = "bias",
                              .extents = xs::Extents(in.channels),
                              .initializer = xs::Initializer::constant(0.0F),
                              .group = xs::ParameterGroup::bias}};
  }
  template <xs::Dims In>
  static void forward(const xs::ForwardCall& call) {
    for (std::size_t i = 0; i < call.batch * In.size(); ++i)
      call.output[i] = call.input[i] + call.parameters[0][i % In.size()];
  }
  template <xs::Dims In>
  static void backward(const xs::BackwardCall& call) {
    std::fill(call.parameter_gradients[0], call.parameter_gradients[0] + In.size(), 0.0F);
    for (std::size_t i = 0; i < call.batch * In.size(); ++i) {
      call.parameter_gradients[0][i % In.size()] += call.output_gradient[i];
      if (call.input_gradient != nullptr) call.input_gradient[i] = call.output_gradient[i];
    }
  }
};

/// The same, with algorithms behind its passes.
template <xs::FixedString Name>
struct WithAlgorithms : Shift<Name> {
  static constexpr xs::AlgorithmsFunction algorithms = [](std::span<const xs::Attribute>, xs::Dims in, xs::Precision) {
    return std::array<xs::AlgorithmNote, 3>{
        {{"plain", "no other suits"}, {"plain", "no other suits"}, {"quick", in.size() == 5 ? "5 of them" : "?"}}};
  };
};

/// The same, but its backward says that the bias has no gradient.
template <xs::FixedString Name>
struct Forgotten : Shift<Name> {
  template <xs::Dims In>
  static void backward(const xs::BackwardCall& call) {
    Shift<Name>::template backward<In>(call);
    std::fill(call.parameter_gradients[0], call.parameter_gradients[0] + In.size(), 0.0F);
  }
};

using Net = xs::OneTask<
    xs::Tower<"a_tower_with_a_name_of_more_than_forty_letters", xs::Shape<6>, Dense<"first_layer_with_a_long_name", 5>,
              xs::BatchNorm<"norm">, xs::Tanh, Dense<"c", 3>, tiny::SmallOutput>>;

}  // namespace

TEST_CASE("running statistics are counted as buffers, in the row and in the total") {
  const std::string text = xs::describe<Net>();
  CHECK(text.find("10 + 10") != std::string::npos);  // BatchNorm: weight and bias, two running statistics
  CHECK(text.find("OneTask: 55 parameters + 10 in buffers") != std::string::npos);
  static_assert(Net::parameter_count == 30 + 10 + 15);
}

TEST_CASE("long names widen their column and break no other") {
  const std::vector<std::string> all = lines(xs::describe<Net>());
  REQUIRE(all.size() == 7);
  const std::size_t operation = all[0].find("operation");
  for (std::size_t i = 1; i + 1 < all.size(); ++i) {
    CHECK(all[i][operation - 1] == ' ');
    CHECK(all[i][operation] != ' ');
  }
  CHECK(all[1].find("first_layer_with_a_long_name") == all[1].find("Dense") + 6);
}

TEST_CASE("the algorithms of an operation's passes, and why, each reason once") {
  using Told = xs::OneTask<xs::Tower<"t", xs::Shape<5>, WithAlgorithms<"a">, WithAlgorithms<"b">, tiny::SmallOutput>>;
  const std::vector<std::string> all = lines(xs::describe<Told>());
  REQUIRE(all.size() == 6);
  CHECK(all[0].ends_with("  algorithm"));
  CHECK(all[1].ends_with("  plain, dW quick"));
  CHECK(all[5] == "algorithms: plain (no other suits); quick (5 of them)");
}

TEST_CASE("a gradient that is truly zero, of a bias before BatchNorm, is right") {
  using Zero = xs::OneTask<xs::Tower<"t", xs::Shape<6>, Dense<"a", 5>, Shift<"shift">, xs::BatchNorm<"norm">, xs::Tanh,
                                     Dense<"c", 3>, tiny::SmallOutput>>;
  Zero net{xs::seed(3)};
  xs::ThreadPool threads(1);
  const xs::NetworkGradientReport report = xs::check_network_gradients(net, support::random_batch(net, 8, 1), threads);
  CHECK_MESSAGE(report.ok, report.text);
  CHECK(report.worst > 0.0);
}

TEST_CASE("a gradient that is left out does not pass as zero") {
  using Wrong = xs::OneTask<
      xs::Tower<"t", xs::Shape<6>, Dense<"a", 5>, Forgotten<"shift">, xs::Tanh, Dense<"c", 3>, tiny::SmallOutput>>;
  Wrong net{xs::seed(3)};
  xs::ThreadPool threads(1);
  const xs::NetworkGradientReport report = xs::check_network_gradients(net, support::random_batch(net, 8, 1), threads);
  CHECK_FALSE(report.ok);
  CHECK(report.text.find("t.shift.bias") != std::string::npos);
}
