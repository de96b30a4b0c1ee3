#pragma once
/// \file
/// AlexNet in the order of its paper (Krizhevsky, Sutskever, Hinton 2012) as Caffe's bvlc_alexnet: conv, relu, LRN,
/// pool, where CaffeNet (models/caffenet.hpp) pools before LRN. The same weights fit both; the activations differ.
///
///     conv1  96 k11 s4        LRN   pool 3/2 (ceil)   seam pool1
///     conv2 256 k5 p2 g2      LRN   pool 3/2 (ceil)   seam pool2
///     conv3 384 k3 p1, conv4 384 k3 p1 g2, conv5 256 k3 p1 g2   pool 3/2 (ceil)   seam pool5
///     fc6 4096, fc7 4096, each relu, dropout 1/2, seam          then a head
///
/// Initial values as published: Gaussian weights, biases of 0 or 0.1. `Divisor` divides every width.

#include <xstitch/models/caffenet.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace models {

/// conv1 to pool5.
template <int Divisor = 1>
struct BvlcAlexNetFeatures
    : Layers<
          Conv<"conv1", 96 / Divisor, 11, Stride<4>, Gaussian<Ratio{1, 100}>>, Relu, Lrn<>, CaffePool, Seam<"pool1">,
          Conv<"conv2", 256 / Divisor, 5, Pad<2>, Groups<2>, Gaussian<Ratio{1, 100}>, InitialBias<Ratio{1, 10}>>, Relu,
          Lrn<>, CaffePool, Seam<"pool2">, Conv<"conv3", 384 / Divisor, 3, Pad<1>, Gaussian<Ratio{1, 100}>>, Relu,
          Conv<"conv4", 384 / Divisor, 3, Pad<1>, Groups<2>, Gaussian<Ratio{1, 100}>, InitialBias<Ratio{1, 10}>>, Relu,
          Conv<"conv5", 256 / Divisor, 3, Pad<1>, Groups<2>, Gaussian<Ratio{1, 100}>, InitialBias<Ratio{1, 10}>>, Relu,
          CaffePool, Seam<"pool5">> {};

/// conv1 to fc7, fully connected.
template <int Divisor = 1>
struct BvlcAlexNetTrunk
    : Layers<BvlcAlexNetFeatures<Divisor>,
             Linear<"fc6", 4096 / Divisor, Gaussian<Ratio{1, 200}>, InitialBias<Ratio{1, 10}>>, Relu, Dropout<>,
             Seam<"fc6">, Linear<"fc7", 4096 / Divisor, Gaussian<Ratio{1, 200}>, InitialBias<Ratio{1, 10}>>, Relu,
             Dropout<>, Seam<"fc7">> {};

/// A classifier: BvlcAlexNet<"birds", 1000, SoftmaxCrossEntropy> trains on 227 x 227 images.
template <FixedString Task, int Classes, class LossType, int Divisor = 1>
struct BvlcAlexNet : Tower<Task, Shape<227, 227, 3>, BvlcAlexNetTrunk<Divisor>,
                           Linear<"fc8", Classes, Gaussian<Ratio{1, 100}>>, LossType> {};

}  // namespace models
}  // namespace xstitch::inline XSTITCH_ISA
