#include <doctest/doctest.h>

#include "../../weave/support.hpp"

namespace {

xs::Extents extents(const xs::AnyNet& net, const char* name) {
  const std::size_t i = net.find_parameter(name);
  REQUIRE(i != xs::AnyNet::npos);
  return net.parameters()[i].spec.extents;
}
bool learns(xs::AnyNet& net) {
  const xs::Batch batch = support::random_batch(net, 6, 1);
  xs::ThreadPool threads;
  xs::Training training{net, xs::Sgd{.learning_rate = 0.01F, .alpha_multiplier = 1}};
  const double first = training.step(batch, threads).total;
  double last = first;
  for (int i = 0; i < 8; ++i) last = training.step(batch, threads).total;
  return last < 0.8 * first;
}

}  // namespace

TEST_CASE("the paper's units: a matrix of alphas a channel") {
  Paper net{xs::seed(1)};
  CHECK(extents(net, "stitch.pool1.alpha") == xs::Extents(2, 2, 8));
  CHECK(learns(net));
}

TEST_CASE("subspaces of the channels") {
  Subspaces net{xs::seed(1)};
  CHECK(extents(net, "stitch.pool1.alpha") == xs::Extents(8, 8, 1));
  CHECK(learns(net));
}

TEST_CASE("three towers, another unit at two of three seams") {
  Mixed net{xs::seed(1)};
  CHECK(extents(net, "stitch.pool1.weight") == xs::Extents(3, 3, 8, 8));
  CHECK(extents(net, "stitch.pool2.alpha") == xs::Extents(3, 3, 16));
  CHECK(extents(net, "stitch.fc1.logit") == xs::Extents(3, 3, 32));
  CHECK(learns(net));
}
