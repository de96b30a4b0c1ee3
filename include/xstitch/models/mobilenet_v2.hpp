#pragma once
/// \file
/// MobileNetV2 (Sandler, Howard, Zhu, Zhmoginov, Chen: MobileNetV2: inverted residuals and linear bottlenecks, 2018),
/// as torchvision's mobilenet_v2 of width 1. Parameters are named as torchvision's modules.
///
///     features.0          32 k3 s2, BatchNorm, relu6                        {h, w, 3} -> {h / 2, w / 2, 32}
///     features.1 .. 17    inverted residuals: 1x1 to `expansion` times the channels, depthwise k3, 1x1 without
///                         activation; + x where the shape is kept. Stages (expansion, channels, blocks, stride):
///                         1 16 1 1   6 24 2 2   6 32 3 2   6 64 4 2   6 96 3 1   6 160 3 2   6 320 1 1
///     features.18         1280 k1, BatchNorm, relu6; mean over all pixels, dropout 1/5, classifier.1
///
/// Seams stage1 .. stage7 after the stages, stage8 after features.18. `Divisor` divides every width (which must stay
/// whole: 2, 4 or 8; torchvision's width_mult rounds to multiples of 8 instead).

#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/dropout.hpp>
#include <xstitch/layers/global_average_pool.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/relu6.hpp>
#include <xstitch/models/numbered.hpp>
#include <xstitch/weave/structures.hpp>

#include <utility>

namespace xstitch::inline XSTITCH_ISA {
namespace models {

/// A convolution, BatchNorm and relu6: layers "0" and "1" of a block.
template <FixedString Name, int Outputs, int Kernel, int Step = 1>
struct MobileConv
    : Block<Name, Conv<"0", Outputs, Kernel, Stride<Step>, Pad<Kernel / 2>, NoBias>, BatchNorm<"1">, Relu6> {};
template <FixedString Name, int Step>
struct MobileDepthwise : Block<Name, DepthwiseConv<"0", 3, Stride<Step>, Pad<1>, NoBias>, BatchNorm<"1">, Relu6> {};

/// The layers of an inverted residual; without expansion the first of them is left out.
template <int Inputs, int Outputs, int Expansion, int Step>
struct InvertedBody : Block<"conv", MobileConv<"0", Expansion * Inputs, 1>, MobileDepthwise<"1", Step>,
                            Conv<"2", Outputs, 1, NoBias>, BatchNorm<"3">> {};
template <int Inputs, int Outputs, int Step>
struct InvertedBody<Inputs, Outputs, 1, Step>
    : Block<"conv", MobileDepthwise<"0", Step>, Conv<"1", Outputs, 1, NoBias>, BatchNorm<"2">> {};

template <FixedString Name, int Inputs, int Outputs, int Expansion, int Step>
struct InvertedResidual : Block<Name, InvertedBody<Inputs, Outputs, Expansion, Step>> {};
template <FixedString Name, int Channels, int Expansion>
struct InvertedResidual<Name, Channels, Channels, Expansion, 1>
    : Block<Name, Residual<InvertedBody<Channels, Channels, Expansion, 1>>> {};

/// Stage `Number`: `Blocks` inverted residuals from features.`First` on, and its seam.
template <int Number, int First, int Inputs, int Outputs, int Expansion, int Blocks, int Step>
struct MobileStage {
 private:
  template <int... Further>
  static Layers<InvertedResidual<numbered<First>, Inputs, Outputs, Expansion, Step>,
                InvertedResidual<numbered<First + 1 + Further>, Outputs, Outputs, Expansion, 1>...,
                Seam<numbered_name<"stage", Number>>>
      make(std::integer_sequence<int, Further...>);

 public:
  /// The blocks, and a seam after them.
  using type = decltype(make(std::make_integer_sequence<int, Blocks - 1>()));
};

/// The layers before the classifier.
template <int Divisor = 1>
struct MobileNetV2Features {
 private:
  static_assert(Divisor == 1 || Divisor == 2 || Divisor == 4 || Divisor == 8,
                "xstitch: the divisor of MobileNetV2's widths is 1, 2, 4 or 8");
  static constexpr int d = Divisor;
  template <int Number, int First, int Inputs, int Outputs, int Expansion, int Blocks, int Step>
  using Stage = typename MobileStage<Number, First, Inputs / d, Outputs / d, Expansion, Blocks, Step>::type;

 public:
  /// The block.
  using type = Block<"features", MobileConv<"0", 32 / d, 3, 2>, Stage<1, 1, 32, 16, 1, 1, 1>,
                     Stage<2, 2, 16, 24, 6, 2, 2>, Stage<3, 4, 24, 32, 6, 3, 2>, Stage<4, 7, 32, 64, 6, 4, 2>,
                     Stage<5, 11, 64, 96, 6, 3, 1>, Stage<6, 14, 96, 160, 6, 3, 2>, Stage<7, 17, 160, 320, 6, 1, 1>,
                     MobileConv<"18", 1280 / d, 1>, Seam<"stage8">>;
};

/// features.0 to features.18.
template <int Divisor = 1>
struct MobileNetV2Trunk : MobileNetV2Features<Divisor>::type {};

/// A classifier: MobileNetV2<"birds", 1000, SoftmaxCrossEntropy>.
template <FixedString Task, int Classes, class LossType, class Image = Shape<224, 224, 3>, int Divisor = 1,
          class Drop = Dropout<Ratio{1, 5}>>
struct MobileNetV2 : Tower<Task, Image, MobileNetV2Trunk<Divisor>, GlobalAveragePool, Drop,
                           Linear<"classifier.1", Classes, Gaussian<Ratio{1, 100}>>, LossType> {};

}  // namespace models
}  // namespace xstitch::inline XSTITCH_ISA
