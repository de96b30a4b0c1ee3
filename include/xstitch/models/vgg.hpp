#pragma once
/// \file
/// VGG-16 (Simonyan, Zisserman: Very deep convolutional networks for large-scale image recognition, 2015), plain or
/// with batch normalisation, as torchvision's vgg16 and vgg16_bn. Parameters are named as torchvision's modules; seams
/// pool1 .. pool5, fc6, fc7.
///
///     features     2 x 64, 2 x 128, 3 x 256, 3 x 512, 3 x 512 convolutions k3 p1 with bias, each (BatchNorm and) relu;
///                  after each group MaxPool<2>: {h, w, 3} -> {h / 32, w / 32, 512}
///     classifier   4096, relu, dropout 1/2, 4096, relu, dropout 1/2, classes
///
/// `Divisor` divides every width but the number of classes. torchvision averages features to 7 x 7 cells; with 224 x
/// 224 pixels they are 7 x 7, and other sizes give the classifier other weights here.

#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/dropout.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/max_pool.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/models/numbered.hpp>
#include <xstitch/weave/structures.hpp>

#include <type_traits>
#include <utility>

namespace xstitch::inline XSTITCH_ISA {
namespace models {

/// Layer `Index` of a list: a convolution, its normalisation if there is one, and a ReLU.
template <int Index, int Width, bool Normalised>
struct VggConv : Layers<Conv<numbered<Index>, Width, 3, Pad<1>>, Relu> {};
template <int Index, int Width>
struct VggConv<Index, Width, true>
    : Layers<Conv<numbered<Index>, Width, 3, Pad<1>>, BatchNorm<numbered<Index + 1>>, Relu> {};

/// Layers in a VggConv, as torchvision counts.
template <bool Normalised>
inline constexpr int vgg_step = Normalised ? 3 : 2;

namespace detail {

template <int Index, bool Normalised, int... Widths>
struct VggConvs {
  template <int... K>
  static Layers<VggConv<Index + K * vgg_step<Normalised>, Widths, Normalised>...> make(
      std::integer_sequence<int, K...>);
  using type = decltype(make(std::make_integer_sequence<int, sizeof...(Widths)>()));
};

}  // namespace detail

/// Convolutions of these widths, the first of them being layer `Index`.
template <int Index, bool Normalised, int... Widths>
using VggConvs = typename detail::VggConvs<Index, Normalised, Widths...>::type;

/// What comes after each group of convolutions: the pool with its seam. A model may have pools of its own.
struct VggPools {
  /// Maxima of 2 x 2 pixels, and a seam.
  template <int Number>
  using pool = Layers<MaxPool<2>, Seam<numbered_name<"pool", Number>>>;
};

/// The layers before the classifier.
template <bool Normalised = false, int Divisor = 1, class Pools = VggPools>
struct Vgg16Features {
 private:
  static constexpr int s = vgg_step<Normalised>, w = 64 / Divisor;
  template <int Index, int... Widths>
  using Convs = VggConvs<Index, Normalised, Widths...>;
  template <int Number>
  using Pool = typename Pools::template pool<Number>;

 public:
  /// The block.
  using type = Block<"features", Convs<0, w, w>, Pool<1>, Convs<2 * s + 1, 2 * w, 2 * w>, Pool<2>,
                     Convs<4 * s + 2, 4 * w, 4 * w, 4 * w>, Pool<3>, Convs<7 * s + 3, 8 * w, 8 * w, 8 * w>, Pool<4>,
                     Convs<10 * s + 4, 8 * w, 8 * w, 8 * w>, Pool<5>>;
};

/// features.0 to classifier.3, without the scores.
template <bool Normalised = false, int Divisor = 1, class Drop = Dropout<>>
struct Vgg16Trunk
    : Layers<typename Vgg16Features<Normalised, Divisor>::type,
             Block<"classifier", Linear<"0", 4096 / Divisor, Gaussian<Ratio{1, 100}>>, Relu, Drop, Seam<"fc6">,
                   Linear<"3", 4096 / Divisor, Gaussian<Ratio{1, 100}>>, Relu, Drop, Seam<"fc7">>> {};

/// Classifiers: Vgg16<"birds", 1000, SoftmaxCrossEntropy>.
template <FixedString Task, int Classes, class LossType, class Image = Shape<224, 224, 3>, int Divisor = 1,
          class Drop = Dropout<>>
struct Vgg16 : Tower<Task, Image, Vgg16Trunk<false, Divisor, Drop>,
                     Linear<"classifier.6", Classes, Gaussian<Ratio{1, 100}>>, LossType> {};
template <FixedString Task, int Classes, class LossType, class Image = Shape<224, 224, 3>, int Divisor = 1,
          class Drop = Dropout<>>
struct Vgg16Bn : Tower<Task, Image, Vgg16Trunk<true, Divisor, Drop>,
                       Linear<"classifier.6", Classes, Gaussian<Ratio{1, 100}>>, LossType> {};

}  // namespace models
}  // namespace xstitch::inline XSTITCH_ISA
