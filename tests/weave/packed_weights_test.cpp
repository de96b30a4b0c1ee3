// Weights packed once for many calls of evaluate.
#include <doctest/doctest.h>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/networks/cross_stitch.hpp>

#include <vector>

#include "support.hpp"

namespace xs = xstitch;

namespace {

using Trunk = xs::Layers<xs::Conv<"conv1", 5, 3, xs::Pad<1>>, xs::Relu, xs::Seam<"conv1">, xs::DepthwiseConv<"deep", 3>,
                         xs::Linear<"fc2", 37>, xs::Relu>;
using Input = xs::Shape<7, 6, 3>;
using Upper = xs::Tower<"upper", Input, Trunk, xs::Linear<"fc3", 4>, xs::SoftmaxCrossEntropy>;
using Lower = xs::Tower<"lower", Input, Trunk, xs::Linear<"fc3", 5>, xs::SoftmaxCrossEntropy>;

}  // namespace

TEST_CASE_TEMPLATE("weights packed for many calls give the same predictions, and follow a change", Net,
                   xs::CrossStitch<Upper, Lower>, xs::CrossStitch<xs::Bfloat16, Upper, Lower>) {
  Net net{xs::seed(5)};
  const xs::Batch batch = support::random_batch(net, 3, 8);
  xs::ThreadPool threads(2);
  const auto predictions = [&] {
    net.evaluate(batch, threads);
    std::vector<std::vector<float>> all;
    for (std::size_t head = 0; head < net.heads().size(); ++head)
      all.emplace_back(net.prediction(head).begin(), net.prediction(head).end());
    return all;
  };
  const auto before = predictions();
  CHECK(net.packed_bytes() == 0);
  net.pack_weights(threads);
  CHECK(net.packed_bytes() > 0);
  CHECK(predictions() == before);
  for (float& weight : net.mutable_parameter(0)) weight = -weight;
  const auto changed = predictions();  // not from what was packed before
  CHECK(changed != before);
  net.pack_weights(threads);
  CHECK(predictions() == changed);
  net.drop_packed_weights();
  CHECK(net.packed_bytes() == 0);
  CHECK(predictions() == changed);
}
