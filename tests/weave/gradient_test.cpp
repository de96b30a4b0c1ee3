// Gradients of whole networks by differences, on towers that differ in everything, with settings at which a missing
// term shows (LRN at alpha 1).
#include <doctest/doctest.h>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/dropout.hpp>
#include <xstitch/layers/lrn.hpp>
#include <xstitch/layers/max_pool.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/run/check_network.hpp>

#include "support.hpp"
#include "tiny_layers.hpp"

namespace xs = xstitch;
using tiny::Dense;

namespace {

using Norm = xs::Lrn<5, xs::Ratio{1, 1}>;

// Image tower: convolutions in groups, ceil pooling, LRN, dropout.
using Seg = xs::Tower<"seg", xs::Shape<11, 9, 3>, xs::Conv<"conv1", 6, 3, xs::Stride<2>, xs::Pad<1>>, xs::Relu,
                      xs::MaxPool<3, 2, xs::CeilMode>, xs::Seam<"pool1">, Norm,
                      xs::Conv<"conv2", 4, 3, xs::Pad<1>, xs::Groups<2>>, xs::Relu, xs::Dropout<>, xs::Seam<"conv2">,
                      xs::Conv<"score", 5, 1>, xs::SoftmaxCrossEntropy>;
// Another input size, kernel and depth; equal to the first at both seams.
using Norms = xs::Tower<"norms", xs::Shape<12, 10, 2>, xs::Conv<"conv1", 6, 5, xs::Stride<3>, xs::Pad<1>>, xs::Tanh,
                        xs::Conv<"conv1b", 6, 2>, xs::Tanh, xs::Seam<"pool1">, xs::Conv<"conv2", 4, 1>, Norm,
                        xs::Seam<"conv2">, xs::Residual<xs::Conv<"res", 4, 3, xs::Pad<1>>, xs::Tanh>,
                        xs::Head<"a", Dense<"fa", 3>, xs::SoftmaxCrossEntropy>,
                        xs::Head<"b", xs::Conv<"fb", 2, 1>, tiny::SmallOutput>>;
// A vector tower that meets only one of the seams.
using Vec = xs::Tower<"vec", xs::Shape<7>, Dense<"fc1", 5>, xs::Tanh, Dense<"fc2", 2>, tiny::SmallOutput>;

template <class Net>
void check(std::size_t thread_count, std::uint64_t seed) {
  Net net{xs::seed(seed)};
  // Alphas away from their symmetric start.
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    if (net.parameters()[i].spec.group != xs::ParameterGroup::stitch) continue;
    const auto values = net.mutable_parameter(i);
    const xs::RandomKey key = xs::RandomKey(xs::seed(99)).with(i);
    for (std::size_t k = 0; k < values.size(); ++k) values[k] += key.uniform(k, -0.4F, 0.4F);
  }
  xs::ThreadPool threads(thread_count);
  const xs::NetworkGradientReport report =
      xs::check_network_gradients(net, support::random_batch(net, 3, seed), threads);
  CHECK_MESSAGE(report.ok, report.text, "worst ", report.worst, ", ", report.kinks, " kinks of ", report.checked);
  CHECK(report.checked > 100);
  MESSAGE("worst ", report.worst, ", ", report.kinks, " kinks of ", report.checked);
}

}  // namespace

TEST_CASE("a woven pair of unequal towers, one with two heads") {
  using Net = xs::CrossStitch<Seg, Norms>;
  static_assert(Net::seams == xs::names("pool1", "conv2"));
  check<Net>(2, 1);
}

TEST_CASE("the same, per layer") { check<xs::CrossStitch<xs::PerLayer, Seg, Norms>>(3, 2); }
