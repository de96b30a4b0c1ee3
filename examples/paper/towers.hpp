#pragma once
// Towers on CaffeNet that a preset puts together: FCN-32s of one task, the same with seams after every convolution, and
// a classifier of which classes a picture holds.
#include <xstitch/layers/global_average_pool.hpp>
#include <xstitch/losses/codebook_cross_entropy.hpp>
#include <xstitch/losses/regression.hpp>
#include <xstitch/losses/sigmoid_cross_entropy.hpp>
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/fcn32s.hpp>

#include "preset.hpp"

namespace paper {

/// conv1 to fc7 as models::Fcn32sTrunk, with the same names of parameters: seams are after each ReLU in place of the
/// pools.
template <int Divisor, int FirstPad, int GridPad, class Init, class Drop>
using EveryConvTrunk =
    xs::Layers<xs::Conv<"conv1", 96 / Divisor, 11, xs::Stride<4>, xs::Pad<xs::Size{FirstPad}>,
                        typename Init::template weights<xs::Ratio{1, 100}>, typename Init::template bias<xs::Ratio{0}>>,
               xs::Relu, xs::Seam<"conv1">, xs::models::CaffePool, xs::Lrn<>,
               xs::Conv<"conv2", 256 / Divisor, 5, xs::Pad<2>, xs::Groups<2>,
                        typename Init::template weights<xs::Ratio{1, 100}>, typename Init::template bias<xs::Ratio{1}>>,
               xs::Relu, xs::Seam<"conv2">, xs::models::CaffePool, xs::Lrn<>,
               xs::Conv<"conv3", 384 / Divisor, 3, xs::Pad<1>, typename Init::template weights<xs::Ratio{1, 100}>,
                        typename Init::template bias<xs::Ratio{0}>>,
               xs::Relu, xs::Seam<"conv3">,
               xs::Conv<"conv4", 384 / Divisor, 3, xs::Pad<1>, xs::Groups<2>,
                        typename Init::template weights<xs::Ratio{1, 100}>, typename Init::template bias<xs::Ratio{1}>>,
               xs::Relu, xs::Seam<"conv4">,
               xs::Conv<"conv5", 256 / Divisor, 3, xs::Pad<1>, xs::Groups<2>,
                        typename Init::template weights<xs::Ratio{1, 100}>, typename Init::template bias<xs::Ratio{1}>>,
               xs::Relu, xs::Seam<"conv5">, xs::models::CaffePool,
               xs::Conv<"fc6", 4096 / Divisor, 6, xs::Pad<xs::Size{GridPad}>,
                        typename Init::template weights<xs::Ratio{1, 200}>, typename Init::template bias<xs::Ratio{1}>>,
               xs::Relu, Drop, xs::Seam<"fc6">,
               xs::Conv<"fc7", 4096 / Divisor, 1, typename Init::template weights<xs::Ratio{1, 200}>,
                        typename Init::template bias<xs::Ratio{1}>>,
               xs::Relu, Drop, xs::Seam<"fc7">>;

/// The towers of a size.
template <int Height, int Width, int Classes, int Divisor, int FirstPad, int GridPad, class Init, class Drop>
struct Towers {
  static constexpr int height = Height, width = Width, classes = Classes;
  template <xs::FixedString Task, int Outputs, class Loss>
  using Fcn = xs::models::Fcn32s<Task, Outputs, Loss, Height, Width, Divisor, FirstPad, GridPad, Init, Drop>;
  template <xs::FixedString Task, int Outputs, class Loss>
  using EveryConv = xs::Tower<Task, xs::Shape<Height, Width, 3>, EveryConvTrunk<Divisor, FirstPad, GridPad, Init, Drop>,
                              xs::models::Fcn32sScore<Outputs, Height, Width, FirstPad, GridPad>, Loss>;

  using Segmentation = Fcn<"segmentation", Classes, xs::SoftmaxCrossEntropy>;
  using Normals = Fcn<"normals", words, xs::CodebookCrossEntropy<words>>;
  using Depth = Fcn<"depth", 1, xs::L1>;
  using EveryConvSegmentation = EveryConv<"segmentation", Classes, xs::SoftmaxCrossEntropy>;
  using EveryConvNormals = EveryConv<"normals", words, xs::CodebookCrossEntropy<words>>;
  /// Which of the 13 classes of drawn rooms a picture holds: the stand-in for ImageNet's weights.
  using Presence = xs::Tower<"presence", xs::Shape<Height, Width, 3>,
                             xs::models::Fcn32sTrunk<Divisor, FirstPad, GridPad, Init, Drop>, xs::GlobalAveragePool,
                             xs::Linear<"class_score", 13>, xs::SigmoidCrossEntropy>;
};

}  // namespace paper
