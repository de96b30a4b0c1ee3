#pragma once
/// \file
/// SegNet (Badrinarayanan, Kendall, Cipolla: SegNet: a deep convolutional encoder-decoder architecture for image
/// segmentation, 2015): the convolutions of VGG-16 with batch normalisation, and their mirror image, in which each
/// pool's indices say where its elements go back.
///
///     encoder   models/vgg.hpp: pool1 .. pool5                     {h, w, 3} -> {h / 32, w / 32, 512}
///     decoder   5 .. 1: MaxUnpool by the indices of pool 5 .. 1, then convolutions k3 p1, BatchNorm, relu of widths
///               3 x 512; 2 x 512, 256; 2 x 256, 128; 128, 64; 64   -> {h, w, 64}
///     scores    k3 p1
///
/// Layers of the encoder are named as torchvision's vgg16_bn ("features.0"), so that its weights load; those of the
/// decoder are counted in the same way ("decoder.1"). Seams pool1 .. pool5, unpool5 .. unpool1 (after the
/// convolutions). Odd extents are rounded down by a pool, and come back. `Divisor` divides every width.

#include <xstitch/layers/max_pool_indices.hpp>
#include <xstitch/models/vgg.hpp>
#include <xstitch/weave/structures/mark.hpp>
#include <xstitch/weave/structures/max_unpool.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace models {

/// Pools that keep their indices for the decoder.
struct SegNetPools {
  /// Maxima of 2 x 2 pixels, whose places are marked, and a seam.
  template <int Number>
  using pool = Layers<MaxPoolIndices<2>, Mark<numbered_name<"where", Number>, 1>, Seam<numbered_name<"pool", Number>>>;
};

/// Unpooling `Number`, layer `Index` of the decoder, and convolutions of these widths after it.
template <int Number, int Index, int... Widths>
struct SegNetUp : Layers<MaxUnpool<numbered_name<"where", Number>>, VggConvs<Index + 1, true, Widths...>,
                         Seam<numbered_name<"unpool", Number>>> {};

/// features.0 to the decoder's last seam.
template <int Divisor = 1, int W = 64 / Divisor>
struct SegNetTrunk
    : Layers<typename Vgg16Features<true, Divisor, SegNetPools>::type,
             Block<"decoder", SegNetUp<5, 0, 8 * W, 8 * W, 8 * W>, SegNetUp<4, 10, 8 * W, 8 * W, 4 * W>,
                   SegNetUp<3, 20, 4 * W, 4 * W, 2 * W>, SegNetUp<2, 30, 2 * W, W>, SegNetUp<1, 37, W>>> {};

/// One task: SegNet<"parts", 13, SoftmaxCrossEntropy, 96, 128>.
template <FixedString Task, int Outputs, class LossType, int Height, int Width, int Divisor = 1>
struct SegNet
    : Tower<Task, Shape<Height, Width, 3>, SegNetTrunk<Divisor>, Conv<"decoder.41", Outputs, 3, Pad<1>>, LossType> {};

}  // namespace models
}  // namespace xstitch::inline XSTITCH_ISA
