// U-Nets (Ronneberger, Fischer, Brox, MICCAI 2015): an encoder, and a decoder that reads each of the encoder's levels
// again. Two of them side by side, stitched at the end of each level, on the way down and on the way up.
#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/max_pool.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/layers/transposed_conv.hpp>
#include <xstitch/losses/cosine.hpp>
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/run/describe.hpp>

#include "networks.hpp"

namespace dense_tasks {
namespace {

template <xs::FixedString Name, int Channels>
using Level =
    xs::Layers<xs::Block<Name, xs::Conv<"conv1", Channels, 3, xs::Pad<1>, xs::NoBias>, xs::BatchNorm<"norm1">, xs::Relu,
                         xs::Conv<"conv2", Channels, 3, xs::Pad<1>, xs::NoBias>, xs::BatchNorm<"norm2">, xs::Relu>,
               xs::Seam<Name>>;

/// A level of the decoder: twice the size, beside what the encoder had there.
template <xs::FixedString Name, xs::FixedString UpName, xs::FixedString Skip, int Channels>
using Merge = xs::Layers<xs::Concat<xs::TransposedConv<UpName, Channels, 2, xs::Stride<2>>, xs::Recall<Skip>>,
                         Level<Name, Channels>>;

// clang-format off
using Body = xs::Layers<
    Level<"down1", 16>, xs::Mark<"skip1">, xs::MaxPool<2>,
    Level<"down2", 32>, xs::Mark<"skip2">, xs::MaxPool<2>,
    Level<"down3", 64>, xs::Mark<"skip3">, xs::MaxPool<2>,
    Level<"bottom", 128>,
    Merge<"up3", "enlarge3", "skip3", 64>,
    Merge<"up2", "enlarge2", "skip2", 32>,
    Merge<"up1", "enlarge1", "skip1", 16>>;
// clang-format on

using Image = xs::Shape<height, width, 3>;
struct Segmentation : xs::Tower<"segmentation", Image, Body, xs::Conv<"score", classes, 1>, xs::SoftmaxCrossEntropy> {};
struct Normals : xs::Tower<"normals", Image, Body, xs::Conv<"score", 3, 1>, xs::Cosine> {};
using Pair = xs::CrossStitch<Segmentation, Normals>;
static_assert(Pair::seams == xs::names("down1", "down2", "down3", "bottom", "up3", "up2", "up1"));

}  // namespace

Method unet_one_task() {
  return {"unet", "U-Net a task", {&make<xs::OneTask<Segmentation>>, &make<xs::OneTask<Normals>>}, [] {
            return xs::describe<xs::OneTask<Segmentation>>();
          }};
}
Method unet_cross_stitch() {
  return {"unet_cross_stitch", "U-Nets, cross-stitched", {&make<Pair>}, [] { return xs::describe<Pair>(); }};
}

}  // namespace dense_tasks
