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
#include <xstitch/kernels/softmax.hpp>
#include <xstitch/losses/loss_support.hpp>
#include <xstitch/metrics/accuracy.hpp>
#include <xstitch/metrics/segmentation.hpp>

#include <array>
#include <cmath>
#include <cstring>
#include <memory>

namespace xstitch::inline XSTITCH_ISA {
namespace losses {

/// Sum of class weights over the valid positions; refuses labels that are no class.
template <Dims In>
double softmax_normaliser(const LossCall& call, const float* class_weight, const Chunks& chunks) {
  std::array<std::size_t, Chunks::most> wrong{};  // 1 + first wrong position of each chunk
  const LossSum counted = sum_over(chunks, call.threads, [&](std::size_t begin, std::size_t end) {
    LossSum part;
    std::size_t valid = 0;
    for (std::size_t i = begin; i < end; ++i) {
      if (!is_present(call.labels, i / In.pixels())) continue;
      const std::int32_t label = call.labels.indices[i];
      if (is_ignored(label, In.channels)) continue;
      if (label >= In.channels) {
        wrong[begin / chunks.size] = i + 1;
        break;
      }
      if (class_weight != nullptr)
        part.normaliser += static_cast<double>(class_weight[label]);
      else
        ++valid;
    }
    if (class_weight == nullptr) part.normaliser = static_cast<double>(valid);
    return part;
  });
  for (const std::size_t found : wrong) {
    if (found == 0) continue;
    const std::size_t i = found - 1, pixel = i % In.pixels(), width = static_cast<std::size_t>(In.width);
    fail("softmax cross entropy: label ", call.labels.indices[i], " of sample ", i / In.pixels(), " of the batch, row ",
         pixel / width, ", column ", pixel % width, "; expected 0 to ", In.channels - 1,
         In.channels <= ignore_label ? ", or a negative value or 255 to ignore it"
                                     : ", or a negative value to ignore it");
  }
  return counted.normaliser;
}

template <Dims In>
LossSum softmax_cross_entropy(const LossCall& call, const float* class_weight) {
  constexpr std::size_t channels = static_cast<std::size_t>(In.channels);
  const Chunks chunks(call.batch * In.pixels(), channels);
  const double normaliser = softmax_normaliser<In>(call, class_weight, chunks);
  const float scale = gradient_scale(call, normaliser);
  LossSum all = sum_over(chunks, call.threads, [&](std::size_t begin, std::size_t end) {
    LossSum part;
    for (std::size_t i = begin; i < end; ++i) {
      const float* x = call.input + i * channels;
      float* gradient = call.input_gradient == nullptr ? nullptr : call.input_gradient + i * channels;
      const bool present = is_present(call.labels, i / In.pixels());
      const std::int32_t label = present ? call.labels.indices[i] : -1;
      if (is_ignored(label, In.channels)) {
        if (gradient != nullptr) std::memset(gradient, 0, channels * sizeof(float));
        continue;
      }
      const kernels::Exponentials row = gradient == nullptr ? kernels::exponentials<In.channels, false>(x, nullptr)
                                                            : kernels::exponentials<In.channels, true>(x, gradient);
      const float weight = class_weight == nullptr ? 1.0F : class_weight[label];
      const double log_sum = static_cast<double>(row.maximum) + std::log(static_cast<double>(row.sum));
      part.sum +=
          static_cast<double>(weight) * (log_sum - static_cast<double>(x[label])) + static_cast<double>(row.poison);
      if (gradient == nullptr) continue;
      const float factor = weight * scale + row.poison;
      kernels::scale_row<In.channels>(gradient, factor / row.sum);
      gradient[label] -= factor;
    }
    return part;
  });
  all.normaliser = normaliser;
  return all;
}

}  // namespace losses

struct SoftmaxCrossEntropy {
  static constexpr LabelSpec label(Dims in) {
    return {LabelKind::class_index, {in.height, in.width, 1}, {}, in.channels};
  }
  static constexpr Dims prediction_shape(Dims in) { return in; }

  template <Dims In>
  static LossSum forward(const LossCall& call) {
    losses::check_sizes("softmax cross entropy", call.labels, label(In), call.batch);
    return losses::softmax_cross_entropy<In>(call, nullptr);
  }

  template <Dims In>
  static void predict(const PredictCall& call) {
    constexpr std::size_t channels = static_cast<std::size_t>(In.channels);
    const losses::Chunks chunks(call.batch * In.pixels(), channels);
    losses::for_each(chunks, call.threads, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i)
        kernels::softmax_row<In.channels>(call.input + i * channels, call.output + i * channels);
    });
  }

  /// Accuracy for a vector, pixel accuracy and intersection over union for a map.
  static std::unique_ptr<Metric> metric(Dims in) {
    if (in.pixels() == 1) return std::make_unique<Accuracy>(in.channels);
    return std::make_unique<SegmentationMetric>(in);
  }
};

/// The same with a weight for each class: the parameter "class_weight" [C], 1 at first and never trained; set it
/// through the network's parameters. A weight that is negative or not finite is an Error.
struct ClassWeightedSoftmaxCrossEntropy : SoftmaxCrossEntropy {
  static constexpr std::array<ParameterSpec, 1> parameters(Dims in) {
    return {ParameterSpec{"class_weight", Extents(in.channels), Initializer::constant(1.0F), ParameterGroup::buffer}};
  }

  template <Dims In>
  static LossSum forward(const LossCall& call) {
    losses::check_sizes("class-weighted softmax cross entropy", call.labels, label(In), call.batch);
    const float* weight = call.parameters[0];
    for (int c = 0; c < In.channels; ++c)
      if (!(weight[c] >= 0.0F) || !std::isfinite(weight[c]))
        fail("class-weighted softmax cross entropy: class_weight[", c, "] is ", weight[c],
             ", expected a finite number of at least 0");
    return losses::softmax_cross_entropy<In>(call, weight);
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
