// Towers that read earlier tensors again: attention on taps at several depths of a shared trunk (in the manner of MTAN:
// Liu, Johns and Davison, CVPR 2019), and U-Nets with skip connections and seams (Ronneberger et al., MICCAI 2015).
#include <doctest/doctest.h>
#include <xstitch/layers/average_pool.hpp>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/sigmoid.hpp>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/layers/upsample.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/networks/split.hpp>

#include <string>
#include <vector>

#include "../weave/tiny_layers.hpp"
#include "checks.hpp"

namespace xs = xstitch;
using support::random_batch;
using tiny::SmallOutput;

namespace {

template <xs::FixedString Name, int Channels>
using Point = xs::Layers<xs::Conv<Name, Channels, 1>, xs::Tanh>;

// Two stages, each with a tap before and after its last layer.
using Image = xs::Shape<4, 4, 2>;
using Trunk = xs::Layers<xs::Conv<"t1", 4, 3, xs::Pad<1>>, xs::Tanh, xs::Mark<"u1">, Point<"t2", 4>, xs::Mark<"p1">,
                         xs::AveragePool<2>, Point<"t3", 3>, xs::Mark<"u2">, Point<"t4", 5>, xs::Mark<"p2">>;
/// The gate of a stage multiplies its last tensor; the second one sees what the first has chosen, too.
template <xs::FixedString Name, int Outputs>
using Attention =
    xs::Block<Name, xs::Product<xs::Recall<"p1">, xs::Layers<xs::Recall<"u1">, xs::Conv<"g1", 4, 1>, xs::Sigmoid>>,
              Point<"f1", 3>, xs::AveragePool<2>,
              xs::Product<xs::Recall<"p2">,
                          xs::Layers<xs::Concat<xs::Layers<>, xs::Recall<"u2">>, xs::Conv<"g2", 5, 1>, xs::Sigmoid>>,
              xs::Linear<"score", Outputs>>;
using First = xs::Tower<"a", Image, Trunk, Attention<"attention", 2>, SmallOutput>;
using Second = xs::Tower<"b", Image, Trunk, Attention<"attention", 3>, SmallOutput>;
using Mtan = xs::Split<"attention", First, Second>;

template <xs::FixedString Name>
using UNet = xs::Tower<Name, Image, Point<"e1", 3>, xs::Mark<"e1">, xs::AveragePool<2>, xs::Seam<"down">,
                       Point<"e2", 4>, xs::Mark<"e2">, xs::AveragePool<2>, Point<"m", 4>, xs::Seam<"middle">,
                       xs::Upsample<2>, xs::Concat<xs::Layers<>, xs::Recall<"e2">>, Point<"d2", 3>, xs::Seam<"up">,
                       xs::Upsample<2>, xs::Concat<xs::Layers<>, xs::Recall<"e1">>, xs::Conv<"d1", 2, 1>, SmallOutput>;
/// The same with each skip connection as an empty branch.
template <xs::FixedString Name>
using Nested = xs::Tower<
    Name, Image, Point<"e1", 3>,
    xs::Concat<xs::Layers<xs::AveragePool<2>, xs::Seam<"down">, Point<"e2", 4>,
                          xs::Concat<xs::Layers<xs::AveragePool<2>, Point<"m", 4>, xs::Seam<"middle">, xs::Upsample<2>>,
                                     xs::Layers<>>,
                          Point<"d2", 3>, xs::Seam<"up">, xs::Upsample<2>>,
               xs::Layers<>>,
    xs::Conv<"d1", 2, 1>, SmallOutput>;

/// Copies every parameter of `from` to the one that `name` finds for it in `to`.
template <class Name>
void copy_all(const xs::AnyNet& from, xs::AnyNet& to, const Name& name) {
  REQUIRE(from.parameters().size() == to.parameters().size());
  for (std::size_t i = 0; i < from.parameters().size(); ++i) {
    const std::size_t k = to.find_parameter(name(from.parameters()[i].name));
    REQUIRE(k != xs::AnyNet::npos);
    std::copy(from.parameter(i).begin(), from.parameter(i).end(), to.mutable_parameter(k).begin());
  }
}

/// The same predictions and gradients, bit by bit, from the same weights and batch.
template <class Name>
void same_network(xs::AnyNet& a, xs::AnyNet& b, const Name& name) {
  copy_all(a, b, name);
  const xs::Batch batch = random_batch(a, 5, 1, true);
  xs::Batch other = random_batch(b, 5, 1, true);
  other.labels = batch.labels;
  xs::ThreadPool threads(2);
  a.evaluate(batch, threads);
  b.evaluate(other, threads);
  const auto same = [](std::span<const float> x, std::span<const float> y) {
    return support::same_bits({x.begin(), x.end()}, {y.begin(), y.end()});
  };
  REQUIRE(a.heads().size() == b.heads().size());
  for (std::size_t h = 0; h < a.heads().size(); ++h) CHECK(same(a.prediction(h), b.prediction(h)));
  xs::Training first(a), second(b);
  first.compute_gradients(batch, 0, threads);
  second.compute_gradients(other, 0, threads);
  for (std::size_t i = 0; i < a.parameters().size(); ++i) {
    CAPTURE(a.parameters()[i].name);
    CHECK(same(first.gradient(i), second.gradient(b.find_parameter(name(a.parameters()[i].name)))));
  }
}

}  // namespace

TEST_CASE("attention on taps at two depths of a trunk: gradients, on any threads") {
  const Mtan net{xs::seed(1)};
  CHECK(net.find_parameter("shared.t4.weight") != xs::AnyNet::npos);
  CHECK(net.find_parameter("a.attention.g1.weight") != xs::AnyNet::npos);
  CHECK(net.find_parameter("b.attention.g2.weight") != xs::AnyNet::npos);
  checks::all<Mtan>(200);
}

TEST_CASE("towers with a shared trunk are heads of one tower") {
  using Heads = xs::OneTask<xs::Tower<"both", Image, Trunk, xs::Head<"a", Attention<"a.attention", 2>, SmallOutput>,
                                      xs::Head<"b", Attention<"b.attention", 3>, SmallOutput>>>;
  Mtan split{xs::seed(1)};
  Heads heads{xs::seed(2)};
  same_network(split, heads,
               [](const std::string& name) { return "both." + (name.starts_with("shared.") ? name.substr(7) : name); });
}

TEST_CASE("U-Nets with seams: gradients, on any threads, and a skip connection written as an empty branch") {
  using Pair = xs::CrossStitch<UNet<"a">, UNet<"b">>;
  static_assert(Pair::seams.size() == 3);
  checks::all<Pair>(200);
  Pair recalled{xs::seed(1)};
  xs::CrossStitch<Nested<"a">, Nested<"b">> nested{xs::seed(2)};
  same_network(recalled, nested, [](const std::string& name) { return name; });
}

TEST_CASE("a trunk that ends before the U-Net's decoders: both recall its taps") {
  using Net = xs::Split<"d2", UNet<"a">, UNet<"b">>;
  checks::all<Net>(100);
  CHECK(Net{xs::seed(1)}.find_parameter("shared.m.weight") != xs::AnyNet::npos);
}
