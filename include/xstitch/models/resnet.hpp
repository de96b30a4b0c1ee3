#pragma once
/// \file
/// ResNet-18, -34 and -50 (He, Zhang, Ren, Sun: Deep residual learning, 2015), as torchvision has them: the stride of a
/// bottleneck is in its 3x3. Parameters are named as torchvision's modules; seams layer1 .. layer4.
///
///     conv1 64 k7 s2, bn1, relu, pool 3/2 p1       {h, w, 3} -> {h / 4, w / 4, 64}
///     layer1 .. layer4    blocks y = relu(x + F(x)), widths 64, 128, 256, 512; the first block of layer2, 3, 4 has
///                         stride 2 and a projection "downsample" (with bottlenecks layer1's has one, too)
///       basic block       F: conv1 k3, bn1, relu, conv2 k3, bn2
///       bottleneck        F: conv1 k1, bn1, relu, conv2 k3, bn2, relu, conv3 k1 (4 x width), bn3
///     mean over all pixels, fc
///
/// `Divisor` divides every width. `OutputStride` 16 or 8 replaces the stride of layer4 (and layer3) by dilation, as
/// torchvision's replace_stride_with_dilation (bottlenecks only); 32 leaves it.

#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/global_average_pool.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/max_pool.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/models/numbered.hpp>
#include <xstitch/weave/structures.hpp>

#include <array>
#include <type_traits>
#include <utility>

namespace xstitch::inline XSTITCH_ISA {
namespace models {

/// A convolution that keeps the size but for its stride, without bias: BatchNorm follows.
template <FixedString Name, int Outputs, int Kernel, int Step = 1, int Spread = 1>
using ResNetConv = Conv<Name, Outputs, Kernel, Stride<Step>, Pad<Kernel / 2 * Spread>, Dilation<Spread>, NoBias>;

/// Blocks of two 3 x 3 convolutions (ResNet-18 and -34).
struct BasicBlocks {
  static constexpr int expansion = 1;  ///< factor of channels from the first convolution to the block's output
  template <int Width, int Step, int Spread>
  struct Body : Layers<ResNetConv<"conv1", Width, 3, Step>, BatchNorm<"bn1">, Relu, ResNetConv<"conv2", Width, 3>,
                       BatchNorm<"bn2">> {
    static_assert(Spread == 1, "xstitch: only a ResNet of bottlenecks can be dilated");
  };
};

/// Blocks of 1 x 1, 3 x 3 and 1 x 1 convolutions (ResNet-50).
struct Bottlenecks {
  static constexpr int expansion = 4;  ///< factor of channels from the first convolution to the block's output
  template <int Width, int Step, int Spread>
  struct Body
      : Layers<ResNetConv<"conv1", Width, 1>, BatchNorm<"bn1">, Relu, ResNetConv<"conv2", Width, 3, Step, Spread>,
               BatchNorm<"bn2">, Relu, ResNetConv<"conv3", expansion * Width, 1>, BatchNorm<"bn3">> {};
};

/// The first block of a stage, which changes the shape.
template <class Kind, int Width, int Step, int Spread>
struct ResNetFirst
    : Block<"0",
            Residual<typename Kind::template Body<Width, Step, Spread>,
                     Shortcut<ResNetConv<"downsample.0", Kind::expansion * Width, 1, Step>, BatchNorm<"downsample.1">>>,
            Relu> {};

template <class Kind, FixedString Name, int Width, int Spread>
struct ResNetFurther : Block<Name, Residual<typename Kind::template Body<Width, 1, Spread>>, Relu> {};

/// `Number` of blocks, and the seam after them. Where a stride is replaced by dilation, the first block is dilated as
/// the stage before it.
template <FixedString Name, class Kind, int Width, int Number, bool Projection, int Step, int FirstSpread, int Spread>
struct ResNetStage {
 private:
  template <int... Further>
  static auto make(std::integer_sequence<int, Further...>) {
    using First = std::conditional_t<Projection, ResNetFirst<Kind, Width, Step, FirstSpread>,
                                     ResNetFurther<Kind, "0", Width, FirstSpread>>;
    return Layers<Block<Name, First, ResNetFurther<Kind, numbered<Further + 1>, Width, Spread>...>, Seam<Name>>{};
  }

 public:
  /// The blocks, and a seam after them.
  using type = decltype(make(std::make_integer_sequence<int, Number - 1>()));
};

/// conv1 to layer4.
template <class Kind, std::array<int, 4> Numbers, int Divisor = 1, int OutputStride = 32>
struct ResNetTrunk {
 private:
  static_assert(OutputStride == 32 || OutputStride == 16 || OutputStride == 8,
                "xstitch: the output stride of a ResNet is 32, 16 or 8");
  static constexpr int step3 = OutputStride == 8 ? 1 : 2, step4 = OutputStride == 32 ? 2 : 1;
  static constexpr int spread3 = 2 / step3, spread4 = spread3 * 2 / step4;
  template <FixedString Name, int Width, int Number, bool Projection, int Step, int FirstSpread, int Spread>
  using Stage = typename ResNetStage<Name, Kind, Width / Divisor, Number, Projection, Step, FirstSpread, Spread>::type;

 public:
  /// The layers.
  using type =
      Layers<ResNetConv<"conv1", 64 / Divisor, 7, 2>, BatchNorm<"bn1">, Relu, MaxPool<3, 2, Pad<1>>,
             Stage<"layer1", 64, Numbers[0], Kind::expansion != 1, 1, 1, 1>,
             Stage<"layer2", 128, Numbers[1], true, 2, 1, 1>, Stage<"layer3", 256, Numbers[2], true, step3, 1, spread3>,
             Stage<"layer4", 512, Numbers[3], true, step4, spread3, spread4>>;
};

template <int Divisor = 1>
struct ResNet18Trunk : ResNetTrunk<BasicBlocks, std::array{2, 2, 2, 2}, Divisor>::type {};
template <int Divisor = 1>
struct ResNet34Trunk : ResNetTrunk<BasicBlocks, std::array{3, 4, 6, 3}, Divisor>::type {};
template <int Divisor = 1, int OutputStride = 32>
struct ResNet50Trunk : ResNetTrunk<Bottlenecks, std::array{3, 4, 6, 3}, Divisor, OutputStride>::type {};

/// A classifier on any trunk: the mean over all pixels, and scores.
template <FixedString Task, class Image, class Trunk, int Classes, class LossType>
using MeanClassifier =
    Tower<Task, Image, Trunk, GlobalAveragePool, Linear<"fc", Classes, PyTorchInitializer>, LossType>;

/// Classifiers: ResNet18<"birds", 1000, SoftmaxCrossEntropy>.
template <FixedString Task, int Classes, class LossType, class Image = Shape<224, 224, 3>, int Divisor = 1>
struct ResNet18 : MeanClassifier<Task, Image, ResNet18Trunk<Divisor>, Classes, LossType> {};
template <FixedString Task, int Classes, class LossType, class Image = Shape<224, 224, 3>, int Divisor = 1>
struct ResNet34 : MeanClassifier<Task, Image, ResNet34Trunk<Divisor>, Classes, LossType> {};
template <FixedString Task, int Classes, class LossType, class Image = Shape<224, 224, 3>, int Divisor = 1>
struct ResNet50 : MeanClassifier<Task, Image, ResNet50Trunk<Divisor>, Classes, LossType> {};

}  // namespace models
}  // namespace xstitch::inline XSTITCH_ISA
