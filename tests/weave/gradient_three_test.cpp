// Three unequal towers with a seam that only two of them have, and a wrong gradient that must be found.
#include <doctest/doctest.h>
#include <xstitch/layers/lrn.hpp>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/run/check_network.hpp>

#include "support.hpp"
#include "tiny_layers.hpp"

namespace xs = xstitch;
using tiny::Dense;

namespace {

using Norm = xs::Lrn<3, xs::Ratio{1, 1}>;
using A = xs::Tower<"a", xs::Shape<4>, Dense<"f1", 8>, xs::Tanh, xs::Seam<"s1">, Dense<"f2", 6>, xs::Tanh,
                    xs::Seam<"s2">, Dense<"f3", 3>, tiny::SmallOutput>;
using B = xs::Tower<"b", xs::Shape<3, 2, 1>, Dense<"f1", 8>, Norm, xs::Seam<"s1">, Dense<"f2", 5>, xs::Tanh,
                    Dense<"f3", 2>, tiny::SmallOutput>;
using C = xs::Tower<"c", xs::Shape<7>, Dense<"f0", 9>, xs::Tanh, Dense<"f1", 8>, xs::Seam<"s1">, Dense<"f2", 6>,
                    xs::Residual<Dense<"r", 6>, xs::Tanh>, xs::Seam<"s2">, Dense<"f3", 4>, tiny::SmallOutput>;
using Three = xs::CrossStitch<A, B, C>;
static_assert(Three::seams == xs::names("s1", "s2"));

/// y = x^3 with a gradient that is wrong by a factor.
struct WrongCube {
  static constexpr xs::Dims output_shape(xs::Dims in) { return in; }
  template <xs::Dims In>
  static void forward(const xs::ForwardCall& call) {
    for (std::size_t i = 0; i < call.batch * In.size(); ++i)
      call.output[i] = call.input[i] * call.input[i] * call.input[i];
  }
  template <xs::Dims In>
  static void backward(const xs::BackwardCall& call) {
    for (std::size_t i = 0; i < call.batch * In.size(); ++i)
      call.input_gradient[i] = 2.7F * call.input[i] * call.input[i] * call.output_gradient[i];  // 3 would be right
  }
};

}  // namespace

TEST_CASE("three unequal towers, a seam of three and a seam of two") {
  Three net{xs::seed(6)};
  CHECK(net.parameter(net.find_parameter("stitch.s1.alpha")).size() == 3 * 3 * 8);
  CHECK(net.parameter(net.find_parameter("stitch.s2.alpha")).size() == 2 * 2 * 6);
  for (const std::size_t count : {1U, 3U}) {
    xs::ThreadPool threads(count);
    const xs::NetworkGradientReport report =
        xs::check_network_gradients(net, support::random_batch(net, 4, 1), threads);
    CHECK_MESSAGE(report.ok, report.text, "worst ", report.worst);
    CHECK(report.checked > 150);
  }
}

TEST_CASE("five towers") {
  using D = xs::Tower<"d", xs::Shape<2>, Dense<"f1", 8>, xs::Seam<"s1">, Dense<"f2", 2>, tiny::SmallOutput>;
  using E = xs::Tower<"e", xs::Shape<3>, Dense<"f1", 8>, xs::Tanh, xs::Seam<"s1">, Dense<"f2", 6>, xs::Seam<"s2">,
                      Dense<"f3", 1>, tiny::SmallOutput>;
  using Five = xs::CrossStitch<D, A, E, B, C>;
  Five net{xs::seed(8)};
  xs::ThreadPool threads(2);
  const xs::NetworkGradientReport report = xs::check_network_gradients(net, support::random_batch(net, 3, 2), threads);
  CHECK_MESSAGE(report.ok, report.text, "worst ", report.worst);
  CHECK(net.parameter(net.find_parameter("stitch.s1.alpha")).size() == 5 * 5 * 8);
}

TEST_CASE("a wrong gradient is found and named") {
  using Net = xs::OneTask<xs::Tower<"t", xs::Shape<4>, Dense<"f1", 5>, WrongCube, Dense<"f2", 2>, tiny::SmallOutput>>;
  Net net{xs::seed(1)};
  xs::ThreadPool threads(1);
  const xs::NetworkGradientReport report = xs::check_network_gradients(net, support::random_batch(net, 3, 1), threads);
  CHECK_FALSE(report.ok);
  CHECK(report.text.find("t.f1.weight") != std::string::npos);
  CHECK(report.text.find("t.f2.weight") == std::string::npos);
}
