// Structures have no limits of depth or width of their own.
#include <doctest/doctest.h>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/run/check_network.hpp>

#include "../weave/support.hpp"
#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
using tiny::Dense;

namespace {

template <int Depth>
struct Nested {
  using type = xs::Residual<xs::Tanh, typename Nested<Depth - 1>::type>;
};
template <>
struct Nested<0> {
  using type = Dense<"inner", 4>;
};

template <std::size_t... I>
auto wide(std::index_sequence<I...>) -> xs::Concat<std::conditional_t<I % 2 == 0, xs::Layers<>, xs::Tanh>...>;
using Wide = decltype(wide(std::make_index_sequence<40>()));

}  // namespace

TEST_CASE("residuals nested thirty deep, a join of forty branches") {
  using Net = xs::OneTask<xs::Tower<"t", xs::Shape<4>, Nested<30>::type, Wide, Dense<"c", 2>, tiny::SmallOutput>>;
  static_assert(Net::parameter_count == 16 + 40 * 4 * 2);
  Net net{xs::seed(2)};
  xs::ThreadPool threads(2);
  const xs::NetworkGradientReport report = xs::check_network_gradients(net, support::random_batch(net, 3, 1), threads);
  CHECK_MESSAGE(report.ok, report.text);
  CHECK(report.checked == 40);
}

TEST_CASE("the joined values are in the order of the branches") {
  using Net = xs::OneTask<xs::Tower<"t", xs::Shape<4>, Wide, tiny::SmallOutput>>;
  Net net;
  xs::ThreadPool threads(2);
  const xs::Batch batch = support::random_batch(net, 2, 1);
  net.evaluate(batch, threads);
  REQUIRE(net.prediction(0).size() == 2 * 160);
  for (std::size_t n = 0; n < 2; ++n)
    for (std::size_t c = 0; c < 4; ++c) {
      CHECK(net.prediction(0)[n * 160 + c] == batch.inputs[0][n * 4 + c]);
      CHECK(net.prediction(0)[n * 160 + 38 * 4 + c] == batch.inputs[0][n * 4 + c]);
    }
}
