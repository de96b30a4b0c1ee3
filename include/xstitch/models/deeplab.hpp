#pragma once
/// \file
/// DeepLabv3 (Chen, Papandreou, Schroff, Adam: Rethinking atrous convolution for semantic image segmentation, 2017), as
/// torchvision's deeplabv3_resnet50 without its auxiliary head: a dilated ResNet, an atrous spatial pyramid, scores,
/// and bilinear enlargement to the image. Parameters are named as torchvision's modules (backbone.*, classifier.*).
///
///     backbone       ResNet of bottlenecks with output stride 8: {h, w, 3} -> {h / 8, w / 8, 2048}
///     classifier.0   side by side, 256 channels each with BatchNorm and relu: 1x1; 3x3 with dilation 12, 24, 36; the
///                    mean over all pixels, 1x1, spread over all pixels. Then 1x1 to 256, BatchNorm, relu, dropout 1/2
///     classifier.1   3x3 to 256, BatchNorm, relu; classifier.4 scores 1x1; Upsample<8>
///
/// Height and width of the image are multiples of the output stride. Seams layer1 .. layer4 of the backbone, "pyramid"
/// after classifier.0, "classifier" before the scores. BatchNorm over the mean needs batches of two or more to train.

#include <xstitch/layers/dropout.hpp>
#include <xstitch/layers/upsample.hpp>
#include <xstitch/models/resnet.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace models {

/// The dilations of the pyramid. torchvision's for an output stride of 8; the paper halves them for 16.
template <int... Values>
struct Rates {};

/// A convolution, BatchNorm and relu: layers `First` and `First` + 1 of a block.
template <int First, int Outputs, int Kernel, int Spread = 1>
struct DeepLabConv
    : Layers<ResNetConv<numbered<First>, Outputs, Kernel, 1, Spread>, BatchNorm<numbered<First + 1>>, Relu> {};

/// The atrous spatial pyramid over a grid of Height x Width cells.
template <int Width, Size Grid, class Drop, class Dilations>
struct Aspp;
template <int Outputs, Size Grid, class Drop, int A, int B, int C>
struct Aspp<Outputs, Grid, Drop, Rates<A, B, C>>
    : Layers<Concat<Block<"convs.0", DeepLabConv<0, Outputs, 1>>, Block<"convs.1", DeepLabConv<0, Outputs, 3, A>>,
                    Block<"convs.2", DeepLabConv<0, Outputs, 3, B>>, Block<"convs.3", DeepLabConv<0, Outputs, 3, C>>,
                    Block<"convs.4", GlobalAveragePool, DeepLabConv<1, Outputs, 1>, Upsample<Grid>>>,
             Block<"project", DeepLabConv<0, Outputs, 1>, Drop>> {};

/// classifier.0 to the scores, on a trunk's output of Height / OutputStride x Width / OutputStride cells, and up to
/// Height x Width pixels.
template <int Outputs, int Height, int Width, int Divisor = 1, int OutputStride = 8,
          class Dilations = Rates<12, 24, 36>, class Drop = Dropout<>>
struct DeepLabHead
    : Layers<Block<"classifier",
                   Block<"0", Aspp<256 / Divisor, Size{Height / OutputStride, Width / OutputStride}, Drop, Dilations>>,
                   Seam<"pyramid">, DeepLabConv<1, 256 / Divisor, 3>, Seam<"classifier">,
                   Conv<"4", Outputs, 1, PyTorchInitializer>>,
             Upsample<OutputStride>> {
  static_assert(Height % OutputStride == 0 && Width % OutputStride == 0,
                "xstitch: the height and width of a DeepLab's image are multiples of its output stride");
};

/// One task: DeepLab50<"parts", 21, SoftmaxCrossEntropy, 240, 320>.
template <FixedString Task, int Outputs, class LossType, int Height, int Width, int Divisor = 1, int OutputStride = 8,
          class Dilations = Rates<12, 24, 36>, class Drop = Dropout<>>
struct DeepLab50 : Tower<Task, Shape<Height, Width, 3>, Block<"backbone", ResNet50Trunk<Divisor, OutputStride>>,
                         DeepLabHead<Outputs, Height, Width, Divisor, OutputStride, Dilations, Drop>, LossType> {};

}  // namespace models
}  // namespace xstitch::inline XSTITCH_ISA
