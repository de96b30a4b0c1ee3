#pragma once
/// \file
/// What a loss is: the operation that ends a head. It gives its value in forward and its gradient in backward, like any
/// other operation (layers/operation.hpp), and says besides what label it wants:
///
///     struct MyLoss {
///       static constexpr LabelSpec label(Dims in);                        // what a data set must deliver
///       template <Dims In> static double normaliser(const NormaliserCall& call);   // from labels and parameters alone
///       template <Dims In> static double forward(const ForwardCall& call);         // the sum over valid elements
///       template <Dims In> static void backward(const BackwardCall& call);         // gradient of loss_scale x sum
///       using Prediction = Identity;                                      // a layer: logits -> prediction
///       static std::unique_ptr<Metric> metric(Dims in);                   // the metric for this head, or null
///       static constexpr bool unit_vectors;                               // [false] averages are renormalised
///       static constexpr Ratio weight;                                    // [1] in the total
///     };
///
/// and, as every operation: kind, attributes, parameters (trained if their group is: backward then writes
/// parameter_gradients), saved memory (probabilities made in forward need not be made again; null in evaluation),
/// reads_input. Of an input that it cannot take, label(in) returns an invalid shape, and `requirement` says what it
/// needs.
///
/// A sample may have several rows (regions), each with a label: call.batch counts rows, labels.present samples.
/// normaliser runs before forward and backward, on the same labels, and refuses those that are wrong; the others rely
/// on that.
///
/// The loss of a batch is sum / normaliser; the normaliser is the number of valid elements (or the sum of their class
/// weights, whatever its size), summed over all slices of a batch before any forward pass. Without a valid label
/// loss_scale is 0, and loss and gradient are 0. Prediction is run with the parameters of the loss.

#include <xstitch/core/ratio.hpp>
#include <xstitch/layers/operation.hpp>
#include <xstitch/metrics/metric.hpp>

#include <concepts>
#include <memory>

namespace xstitch::inline XSTITCH_ISA {

/// A type that ends a head: it says what label it wants.
template <class T>
concept Loss = requires(Dims in) {
  { T::label(in) } -> std::same_as<LabelSpec>;
};

/// The weight that a loss declares (a member `weight`), 1 where it declares none.
template <class L>
constexpr Ratio loss_weight() {
  if constexpr (requires { L::weight.numerator; })
    return L::weight;
  else
    return Ratio{1, 1};
}

/// Whether averages of predictions are scaled to unit length (a member `unit_vectors`).
template <class L>
constexpr bool predicts_unit_vectors() {
  if constexpr (requires { L::unit_vectors; })
    return L::unit_vectors;
  else
    return false;
}

}  // namespace xstitch::inline XSTITCH_ISA
