// The cross-stitched pair of ResNet-18s.

#include "support/host.hpp"

#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/xstitch.hpp>

namespace {

namespace xs = xstitch;
template <int C, int S = 1> using Main = xs::Layers<
  xs::Conv<"conv1", C, 3, xs::Stride<S>, xs::Pad<1>, xs::NoBias>, xs::BatchNorm<"bn1">, xs::Relu,
  xs::Conv<"conv2", C, 3, xs::Pad<1>, xs::NoBias>, xs::BatchNorm<"bn2">>;
template <xs::FixedString N, int C> using Basic = xs::Block<N, xs::Residual<Main<C>>, xs::Relu>;
template <xs::FixedString N, int C> using Down = xs::Block<N, xs::Residual<Main<C, 2>, xs::Shortcut<xs::Conv<"down", C, 1, xs::Stride<2>, xs::NoBias>, xs::BatchNorm<"dbn">>>, xs::Relu>;
using Trunk = xs::Layers<xs::Conv<"conv1", 64, 7, xs::Stride<2>, xs::Pad<3>, xs::NoBias>, xs::BatchNorm<"bn1">, xs::Relu, xs::MaxPool<3, 2, xs::Pad<1>>,
  Basic<"layer1.0", 64>, Basic<"layer1.1", 64>, xs::Seam<"layer1">,
  Down<"layer2.0", 128>, Basic<"layer2.1", 128>, xs::Seam<"layer2">,
  Down<"layer3.0", 256>, Basic<"layer3.1", 256>, xs::Seam<"layer3">,
  Down<"layer4.0", 512>, Basic<"layer4.1", 512>, xs::Seam<"layer4">,
  xs::GlobalAveragePool>;
template <xs::FixedString Task>
using Tower = xs::Tower<Task, xs::Shape<224, 224, 3>, Trunk, xs::Linear<"fc", 1000>, xs::SoftmaxCrossEntropy>;
using Net = xs::CrossStitch<Tower<"a">, Tower<"b">>;

const bench::Registration announced{{.network = "cross_stitch", .model = "resnet18"}, &bench::make<Net>};

}  // namespace
