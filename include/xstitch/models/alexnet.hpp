#pragma once
/// \file
/// AlexNet in one column (Krizhevsky: One weird trick for parallelizing convolutional neural networks, 2014), as
/// torchvision's alexnet: no groups, no normalisation, other widths than the paper's AlexNet of 2012 (models/
/// caffenet.hpp, models/bvlc_alexnet.hpp). Parameters are named as torchvision's modules.
///
///     features     64 k11 s4 p2, pool 3/2   seam pool1     192 k5 p2, pool 3/2   seam pool2
///                  384 k3 p1, 256 k3 p1, 256 k3 p1, pool 3/2   seam pool5          each convolution with relu
///     classifier   dropout 1/2, 4096, relu, seam fc6, dropout 1/2, 4096, relu, seam fc7, classes
///
/// `Divisor` divides every width but the number of classes. torchvision averages features to 6 x 6 cells; with 224 x
/// 224 pixels they are 6 x 6, and other sizes give the classifier other weights here.

#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/dropout.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/max_pool.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/weave/structures.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace models {

/// features.0 to classifier.4, without the scores.
template <int Divisor = 1, class Drop = Dropout<>>
struct AlexNetTrunk
    : Layers<Block<"features", Conv<"0", 64 / Divisor, 11, Stride<4>, Pad<2>>, Relu, MaxPool<3, 2>, Seam<"pool1">,
                   Conv<"3", 192 / Divisor, 5, Pad<2>>, Relu, MaxPool<3, 2>, Seam<"pool2">,
                   Conv<"6", 384 / Divisor, 3, Pad<1>>, Relu, Conv<"8", 256 / Divisor, 3, Pad<1>>, Relu,
                   Conv<"10", 256 / Divisor, 3, Pad<1>>, Relu, MaxPool<3, 2>, Seam<"pool5">>,
             Block<"classifier", Drop, Linear<"1", 4096 / Divisor>, Relu, Seam<"fc6">, Drop,
                   Linear<"4", 4096 / Divisor>, Relu, Seam<"fc7">>> {};

/// A classifier: AlexNet<"birds", 1000, SoftmaxCrossEntropy>.
template <FixedString Task, int Classes, class LossType, class Image = Shape<224, 224, 3>, int Divisor = 1,
          class Drop = Dropout<>>
struct AlexNet : Tower<Task, Image, AlexNetTrunk<Divisor, Drop>, Linear<"classifier.6", Classes>, LossType> {};

}  // namespace models
}  // namespace xstitch::inline XSTITCH_ISA
