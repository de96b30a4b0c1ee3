#pragma once
/// \file
/// CaffeNet, the AlexNet of the paper (Krizhevsky et al. 2012 in the order of Caffe's bvlc_reference_caffenet: conv,
/// relu, pool, LRN), with the paper's seams: pool1, pool2, pool5, fc6, fc7.
///
///     conv1  96 k11 s4        pool 3/2 (ceil)   seam pool1   LRN
///     conv2 256 k5 p2 g2      pool 3/2 (ceil)   seam pool2   LRN
///     conv3 384 k3 p1, conv4 384 k3 p1 g2, conv5 256 k3 p1 g2   pool 3/2 (ceil)   seam pool5
///     fc6 4096, fc7 4096, each relu, dropout 1/2, seam          then a head
///
/// `Divisor` divides every width (1: the paper's; 4: a quarter). Input 227 x 227 x 3 for classification.

#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/dropout.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/lrn.hpp>
#include <xstitch/layers/max_pool.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/models/initializers.hpp>
#include <xstitch/weave/structures.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace models {

/// 3 x 3 pixels with stride 2, rounded up.
using CaffePool = MaxPool<3, 2, CeilMode>;

/// conv1 to conv5, with a pooling of its own where a detector pads it.
template <int Divisor = 1, Size FirstPad = Size{0}, class Initializers = CaffeInitializers, class Pool = CaffePool>
using CaffeNetConvolutions =
    Layers<Conv<"conv1", 96 / Divisor, 11, Stride<4>, Pad<FirstPad>,
                typename Initializers::template weights<Ratio{1, 100}>, typename Initializers::template bias<Ratio{0}>>,
           Relu, Pool, Seam<"pool1">, Lrn<>,
           Conv<"conv2", 256 / Divisor, 5, Pad<2>, Groups<2>, typename Initializers::template weights<Ratio{1, 100}>,
                typename Initializers::template bias<Ratio{1}>>,
           Relu, Pool, Seam<"pool2">, Lrn<>,
           Conv<"conv3", 384 / Divisor, 3, Pad<1>, typename Initializers::template weights<Ratio{1, 100}>,
                typename Initializers::template bias<Ratio{0}>>,
           Relu,
           Conv<"conv4", 384 / Divisor, 3, Pad<1>, Groups<2>, typename Initializers::template weights<Ratio{1, 100}>,
                typename Initializers::template bias<Ratio{1}>>,
           Relu,
           Conv<"conv5", 256 / Divisor, 3, Pad<1>, Groups<2>, typename Initializers::template weights<Ratio{1, 100}>,
                typename Initializers::template bias<Ratio{1}>>,
           Relu>;

/// conv1 to pool5.
template <int Divisor = 1, Size FirstPad = Size{0}, class Initializers = CaffeInitializers>
using CaffeNetFeatures = Layers<CaffeNetConvolutions<Divisor, FirstPad, Initializers>, CaffePool, Seam<"pool5">>;

/// conv1 to fc7, fully connected.
template <int Divisor = 1, class Initializers = CaffeInitializers>
using CaffeNetTrunk = Layers<CaffeNetFeatures<Divisor, Size{0}, Initializers>,
                             Linear<"fc6", 4096 / Divisor, typename Initializers::template weights<Ratio{1, 200}>,
                                    typename Initializers::template bias<Ratio{1}>>,
                             Relu, Dropout<>, Seam<"fc6">,
                             Linear<"fc7", 4096 / Divisor, typename Initializers::template weights<Ratio{1, 200}>,
                                    typename Initializers::template bias<Ratio{1}>>,
                             Relu, Dropout<>, Seam<"fc7">>;

/// A classifier: CaffeNet<"birds", 1000> trains on 227 x 227 images.
template <FixedString Task, int Classes, class LossType, int Divisor = 1, class Initializers = CaffeInitializers>
using CaffeNet = Tower<Task, Shape<227, 227, 3>, CaffeNetTrunk<Divisor, Initializers>,
                       Linear<"fc8", Classes, typename Initializers::template weights<Ratio{1, 100}>>, LossType>;

}  // namespace models
}  // namespace xstitch::inline XSTITCH_ISA
