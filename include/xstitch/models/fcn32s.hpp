#pragma once
/// \file
/// FCN-32s on CaffeNet (Long, Shelhamer, Darrell, CVPR 2015): CaffeNet with its fully connected layers as convolutions,
/// a score for each cell of a grid of 32 pixels, fixed bilinear upsampling by 32, and a crop to the image.
///
/// The crop aligns the grid with the image. In pixels of the input, the centre of the first cell lies at
/// 113 - FirstPad - 32 GridPad; upsampling (kernel 63, stride 32) puts it at 31; so Crop starts at
/// FirstPad + 32 GridPad - 82: with the published padding of 100 (and none at fc6) at 18. At small sizes a padding of
/// 100 makes most of the canvas zeros; FirstPad 20 with GridPad 2 sees the same grid with a thin border.

#include <xstitch/layers/crop.hpp>
#include <xstitch/layers/transposed_conv.hpp>
#include <xstitch/models/caffenet.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace models {

/// conv1 to fc7, fully convolutional. `Drop` comes after fc6 and fc7.
template <int Divisor = 1, int FirstPad = 100, int GridPad = 0, class Initializers = CaffeInitializers,
          class Drop = Dropout<>>
using Fcn32sTrunk =
    Layers<CaffeNetFeatures<Divisor, Size{FirstPad}, Initializers>,
           Conv<"fc6", 4096 / Divisor, 6, Pad<Size{GridPad}>, typename Initializers::template weights<Ratio{1, 200}>,
                typename Initializers::template bias<Ratio{1}>>,
           Relu, Drop, Seam<"fc6">,
           Conv<"fc7", 4096 / Divisor, 1, typename Initializers::template weights<Ratio{1, 200}>,
                typename Initializers::template bias<Ratio{1}>>,
           Relu, Drop, Seam<"fc7">>;

/// Scores of `Outputs` channels at every pixel of a Height x Width image.
template <int Outputs, int Height, int Width, int FirstPad = 100, int GridPad = 0>
using Fcn32sScore =
    Layers<Conv<"score", Outputs, 1, Gaussian<Ratio{1, 100}>>,
           TransposedConv<"upscore", Outputs, 63, Stride<32>, Groups<Outputs>, NoBias, Frozen, BilinearInitializer>,
           Crop<FirstPad + 32 * GridPad - 82, FirstPad + 32 * GridPad - 82, Height, Width>>;

/// One task of the paper's NYU-v2 pair.
template <FixedString Task, int Outputs, class LossType, int Height, int Width, int Divisor = 1, int FirstPad = 100,
          int GridPad = 0, class Initializers = CaffeInitializers, class Drop = Dropout<>>
using Fcn32s = Tower<Task, Shape<Height, Width, 3>, Fcn32sTrunk<Divisor, FirstPad, GridPad, Initializers, Drop>,
                     Fcn32sScore<Outputs, Height, Width, FirstPad, GridPad>, LossType>;

}  // namespace models
}  // namespace xstitch::inline XSTITCH_ISA
