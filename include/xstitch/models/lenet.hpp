#pragma once
/// \file
/// LeNet as multi-task papers use it on pairs of digits or garments: two convolutions, two fully connected layers, with
/// seams pool1, pool2 and fc3.
///
///     conv1 10 k5, relu, pool 2, conv2 20 k5, relu, pool 2, fc3 50, relu, then a head

#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/max_pool.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/weave/structures.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace models {

/// From the image to the last layer but one.
template <class... Options>
using LeNetTrunk =
    Layers<Conv<"conv1", 10, 5, Options...>, Relu, MaxPool<2>, Seam<"pool1">, Conv<"conv2", 20, 5, Options...>, Relu,
           MaxPool<2>, Seam<"pool2">, Linear<"fc3", 50, Options...>, Relu, Seam<"fc3">>;

}  // namespace models
}  // namespace xstitch::inline XSTITCH_ISA
