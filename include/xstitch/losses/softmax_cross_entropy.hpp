#pragma once
/// \file
/// Softmax cross entropy, per sample (1x1xC) or per pixel (HxWxC):
///
///     loss_i = w_k (log sum_c exp(x_ic) - x_ik),   k = label_i,   dloss_i/dx_ic = w_k (softmax(x_i)_c - [c = k])
///
/// averaged over the valid positions of the batch (divided by the sum of their w_k; w_k = 1 without class weights).
/// Labels are integers [H, W, 1]; a negative one means "ignore", and so does 255 where there are at most 255
/// classes; a label that is not below C is an Error. Ignored positions get a zero gradient, and their logits are
/// not looked at. A logit that is not finite makes the loss NaN. Prediction: the probabilities, same shape.

#include <xstitch/core/parameter.hpp>
#include <xstitch/layers/softmax.hpp>
#include <xstitch/losses/softmax_loss.hpp>
#include <xstitch/metrics/accuracy.hpp>
#include <xstitch/metrics/segmentation.hpp>

#include <array>
#include <cmath>
#include <memory>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

struct SoftmaxCrossEntropy {
  using Prediction = Softmax;
  static constexpr std::string_view kind = "SoftmaxCrossEntropy";
  static constexpr std::array<Attribute, 0> attributes() { return {}; }
  static constexpr bool reads_input = false;
  static constexpr bool reads_output = false;
  static constexpr LabelSpec label(Dims in) {
    return {LabelKind::class_index, {in.height, in.width, 1}, {}, in.channels};
  }
  /// Forward keeps the exponentials and saves their sum at each position: backward computes none of them again.
  static constexpr bool keeps_in_gradient = true;
  static constexpr Extent saved(Dims in) { return {in.pixels() * sizeof(float), 0}; }

  template <Dims In>
  static double normaliser(const NormaliserCall& call) {
    losses::check_sizes("softmax cross entropy", call.labels, label(In), call.batch);
    return losses::SoftmaxLoss<In>::normaliser(call, nullptr);
  }
  template <Dims In>
  static double forward(const ForwardCall& call) {
    return losses::SoftmaxLoss<In>::forward(call, nullptr);
  }
  template <Dims In>
  static void backward(const BackwardCall& call) {
    losses::SoftmaxLoss<In>::backward(call, nullptr);
  }

  /// Accuracy for a vector, pixel accuracy and intersection over union for a map.
  static std::unique_ptr<Metric> metric(Dims in) {
    if (in.pixels() == 1) return std::unique_ptr<Metric>(new Accuracy(in.channels));
    return std::unique_ptr<Metric>(new SegmentationMetric(in));
  }
};

/// The same with a weight for each class: the parameter "class_weight" [C], 1 at first and never trained; set it
/// through the network's parameters. A weight that is negative or not finite is an Error.
struct ClassWeightedSoftmaxCrossEntropy : SoftmaxCrossEntropy {
  static constexpr std::string_view kind = "ClassWeightedSoftmaxCrossEntropy";
  static constexpr std::array<ParameterSpec, 1> parameters(Dims in) {
    return {ParameterSpec{"class_weight", Extents(in.channels), Initializer::constant(1.0F), ParameterGroup::buffer}};
  }

  template <Dims In>
  static double normaliser(const NormaliserCall& call) {
    losses::check_sizes("class-weighted softmax cross entropy", call.labels, label(In), call.batch);
    const float* weight = call.parameters[0];
    for (int c = 0; c < In.channels; ++c)
      if (!(weight[c] >= 0.0F) || !std::isfinite(weight[c]))
        fail("class-weighted softmax cross entropy: class_weight[", c, "] is ", weight[c],
             ", expected a finite number of at least 0");
    return losses::SoftmaxLoss<In>::normaliser(call, weight);
  }
  template <Dims In>
  static double forward(const ForwardCall& call) {
    return losses::SoftmaxLoss<In>::forward(call, call.parameters[0]);
  }
  template <Dims In>
  static void backward(const BackwardCall& call) {
    losses::SoftmaxLoss<In>::backward(call, call.parameters[0]);
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
