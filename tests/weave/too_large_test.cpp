// A network, or a batch, that this machine cannot hold is an Error; it neither throws anything else nor ends the
// program.
#include <doctest/doctest.h>

#include <xstitch/core/error.hpp>
#include <xstitch/networks/one_task.hpp>

#include "support.hpp"
#include "tiny_layers.hpp"

namespace xs = xstitch;

TEST_CASE("a network of 4 TiB of weights") {
  using Net = xs::OneTask<xs::Tower<"a", xs::Shape<1048576>, tiny::Dense<"l", 1048576>, tiny::SmallOutput>>;
  CHECK_THROWS_WITH_AS(Net{xs::seed(1)}, doctest::Contains("memory: 4398046511104 bytes are wanted"), xs::Error);
}

TEST_CASE("a batch whose activations take more than there is, and afterwards one that fits") {
  // 2^19 activations a sample: 2^22 samples are 8 TiB.
  using Net =
      xs::OneTask<xs::Tower<"a", xs::Shape<1>, tiny::Dense<"l", 524288>, tiny::Dense<"m", 1>, tiny::SmallOutput>>;
  Net net{xs::seed(1)};
  xs::ThreadPool threads(1);
  const xs::Batch large = support::random_batch(net, std::size_t{1} << 22, 1);
  CHECK_THROWS_WITH_AS(net.evaluate(large, threads), doctest::Contains("memory: "), xs::Error);
  net.evaluate(support::random_batch(net, 2, 1), threads);
  CHECK(net.prediction(0).size() == 2);
}
