// A seam inside a residual, before its sum: the towers exchange F(x), not x + F(x).
#include <doctest/doctest.h>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/networks/cross_stitch.hpp>

#include <vector>

#include "../weave/tiny_layers.hpp"
#include "checks.hpp"

namespace xs = xstitch;
using support::random_batch;
using tiny::Dense;
using tiny::SmallOutput;

namespace {

using A = xs::Tower<"a", xs::Shape<2>, xs::Residual<Dense<"f", 2>, xs::Seam<"s">>, SmallOutput>;
using B = xs::Tower<"b", xs::Shape<2>, xs::Residual<Dense<"f", 2>, xs::Seam<"s">>, SmallOutput>;
using C = xs::Tower<"c", xs::Shape<3>,
                    xs::Residual<xs::Layers<Dense<"f", 2>, xs::Seam<"s">>, xs::Shortcut<Dense<"g", 2>>>, SmallOutput>;
using DeepA = xs::Tower<"a", xs::Shape<3>, Dense<"in", 4>, xs::Residual<Dense<"f1", 4>, xs::Tanh, xs::Seam<"one">>,
                        xs::Residual<Dense<"f2", 4>, xs::Seam<"two">>, xs::Seam<"three">, SmallOutput>;
using DeepB =
    xs::Tower<"b", xs::Shape<5>, xs::Residual<xs::Layers<Dense<"f1", 4>, xs::Seam<"one">>, xs::Shortcut<Dense<"g", 4>>>,
              xs::Tanh, xs::Residual<xs::Residual<Dense<"f2", 4>, xs::Tanh, xs::Seam<"two">>>, xs::Seam<"three">,
              Dense<"out", 2>, SmallOutput>;

void set(xs::AnyNet& net, const char* name, const std::vector<float>& values) {
  const auto to = net.mutable_parameter(net.find_parameter(name));
  REQUIRE(to.size() == values.size());
  std::copy(values.begin(), values.end(), to.begin());
}

}  // namespace

TEST_CASE("by hand: the stitched F is added to each tower's own x") {
  xs::CrossStitch<A, B> net{xs::seed(1)};
  set(net, "a.f.weight", {1, 2, 3, 4});
  set(net, "b.f.weight", {-1, 0, 2, 1});
  set(net, "stitch.s.alpha", {0.5F, 2, 0.25F, -1, 3, 0, 1, 4});  // [to][from][channel]: aa, ab, ba, bb
  xs::Batch batch = random_batch(net, 1, 1);
  batch.inputs[0] = {1, 2};
  batch.inputs[1] = {3, -1};
  // F_a = (1 + 6, 2 + 8) = (7, 10), F_b = (-3 - 2, -1) = (-5, -1)
  xs::ThreadPool threads(1);
  net.evaluate(batch, threads);
  const auto a = net.prediction(net.find_head("a")), b = net.prediction(net.find_head("b"));
  CHECK(a[0] == 1 + 0.5F * 7 + 0.25F * -5);
  CHECK(a[1] == 2 + 2 * 10 + -1 * -1);
  CHECK(b[0] == 3 + 3 * 7 + 1 * -5);
  CHECK(b[1] == -1 + 0 * 10 + 4 * -1);

  // The loss is the half square of y: dL/dalpha[t][s][c] = y_t[c] F_s[c]; nothing of x is in it.
  xs::Training training(net);
  training.compute_gradients(batch, 0, threads);
  const auto alpha = training.gradient(net.find_parameter("stitch.s.alpha"));
  const std::vector<float> f{7, 10, -5, -1};
  for (std::size_t t = 0; t < 2; ++t)
    for (std::size_t s = 0; s < 2; ++s)
      for (std::size_t c = 0; c < 2; ++c)
        CHECK(alpha[(t * 2 + s) * 2 + c] == doctest::Approx((t == 0 ? a : b)[c] * f[s * 2 + c]));
}

TEST_CASE("by hand, with a projection in one of the towers") {
  xs::CrossStitch<A, C> net{xs::seed(1)};
  set(net, "a.f.weight", {1, 0, 0, 1});
  set(net, "c.f.weight", {1, 0, 0, 1, 1, 1});
  set(net, "c.g.weight", {2, 0, 0, 2, 0, 0});
  set(net, "stitch.s.alpha", {1, 1, 0.5F, 0.5F, -1, -1, 1, 1});
  xs::Batch batch = random_batch(net, 1, 1);
  batch.inputs[0] = {1, 2};
  batch.inputs[1] = {3, 4, 5};  // F_c = (8, 9), G_c = (6, 8)
  xs::ThreadPool threads(1);
  net.evaluate(batch, threads);
  CHECK(net.prediction(0)[0] == 1 + 1 + 4);
  CHECK(net.prediction(0)[1] == 2 + 2 + 4.5F);
  CHECK(net.prediction(1)[0] == 6 - 1 + 8);
  CHECK(net.prediction(1)[1] == 8 - 2 + 9);
}

TEST_CASE("where the seam is not stitched it is as if it were not there") {
  using Net = xs::CrossStitch<xs::At<"three">, DeepA, DeepB>;
  static_assert(Net::seams == xs::names("three"));
  using All = xs::CrossStitch<DeepA, DeepB>;
  static_assert(All::seams == xs::names("one", "two", "three"));
  Net few{xs::seed(1)};
  All all{xs::seed(2)};
  support::copy_parameters(few, all);
  support::set_alpha(all, 1.0F, 0.0F);
  support::set_alpha(few, 1.0F, 0.0F);
  const xs::Batch batch = random_batch(few, 3, 1);
  xs::ThreadPool threads(2);
  few.evaluate(batch, threads);
  all.evaluate(batch, threads);
  for (std::size_t h = 0; h < 2; ++h) {
    const auto x = few.prediction(h), y = all.prediction(h);
    CHECK(support::same_bits({x.begin(), x.end()}, {y.begin(), y.end()}));
  }
}

TEST_CASE("gradients, and the same bits on any threads") {
  checks::all<xs::CrossStitch<DeepA, DeepB>>(100);
  checks::all<xs::CrossStitch<A, C>>(20);
}
