// A network in the manner of MTAN (Liu, Johns, Davison, CVPR 2019): one trunk, and in each task's tower a soft mask at
// every level chooses among the trunk's features. Tasks are towers: they recall what the trunk marked, and Split says
// where the trunk ends.
//
//     mask_k = sigmoid(BN(1x1 conv(relu(BN(1x1 conv([u_k, passed on from level k - 1]))))))
//     passed on = pool(relu(BN(3x3 conv(mask_k p_k))))
//
// u_k and p_k are the first and the second tensor of the trunk's level k. The paper has such masks in the decoder, too;
// here each task has a plain one of its own.
#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/max_pool.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/layers/sigmoid.hpp>
#include <xstitch/layers/upsample.hpp>
#include <xstitch/losses/cosine.hpp>
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/networks/split.hpp>
#include <xstitch/run/describe.hpp>

#include "networks.hpp"

namespace dense_tasks {
namespace {

template <xs::FixedString ConvName, xs::FixedString NormName, int Channels, xs::Size Kernel = 3>
using Unit = xs::Layers<xs::Conv<ConvName, Channels, Kernel, xs::Pad<xs::Size{Kernel.height / 2}>, xs::NoBias>,
                        xs::BatchNorm<NormName>, xs::Relu>;

/// A level of the trunk.
template <xs::FixedString Name, xs::FixedString U, xs::FixedString P, int Channels>
using Level = xs::Layers<
    xs::Block<Name, Unit<"conv1", "norm1", Channels>, xs::Mark<U>, Unit<"conv2", "norm2", Channels>, xs::Mark<P>>>;

/// A level of a task: `From` is what the mask is made of.
template <xs::FixedString Name, xs::FixedString P, int Channels, class From>
using Attend =
    xs::Block<Name,
              xs::Product<xs::Layers<From, Unit<"conv1", "norm1", Channels, 1>,
                                     xs::Conv<"conv2", Channels, 1, xs::NoBias>, xs::BatchNorm<"norm2">, xs::Sigmoid>,
                          xs::Recall<P>>,
              Unit<"conv3", "norm3", 2 * Channels>, xs::MaxPool<2>>;
template <xs::FixedString U>
using Beside = xs::Concat<xs::Layers<>, xs::Recall<U>>;

// clang-format off
using Trunk = xs::Layers<
    Level<"level1", "u1", "p1", 16>, xs::MaxPool<2>,
    Level<"level2", "u2", "p2", 32>, xs::MaxPool<2>,
    Level<"level3", "u3", "p3", 64>>;
using Masks = xs::Layers<
    Attend<"attend1", "p1", 16, xs::Recall<"u1">>,
    Attend<"attend2", "p2", 32, Beside<"u2">>,
    Attend<"attend3", "p3", 64, Beside<"u3">>,
    Unit<"fuse1", "fuse1_norm", 64>, xs::Upsample<2>,
    Unit<"fuse2", "fuse2_norm", 32>, xs::Upsample<4>>;
// clang-format on

using Image = xs::Shape<height, width, 3>;
struct Segmentation
    : xs::Tower<"segmentation", Image, Trunk, Masks, xs::Conv<"score", classes, 1>, xs::SoftmaxCrossEntropy> {};
struct Normals : xs::Tower<"normals", Image, Trunk, Masks, xs::Conv<"score", 3, 1>, xs::Cosine> {};
using Net = xs::Split<"attend1", Segmentation, Normals>;

}  // namespace

Method mtan() {
  return {"mtan", "masks on one trunk", {&make<Net>}, [] { return xs::describe<Net>(); }};
}

}  // namespace dense_tasks
