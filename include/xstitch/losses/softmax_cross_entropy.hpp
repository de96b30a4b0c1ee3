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
#include <xstitch/core/ratio.hpp>
#include <xstitch/kernels/softmax.hpp>
#include <xstitch/layers/softmax.hpp>
#include <xstitch/losses/loss_support.hpp>
#include <xstitch/metrics/accuracy.hpp>
#include <xstitch/metrics/segmentation.hpp>

#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {
namespace losses {

/// All softmax losses; class_weight is null where every class weighs 1. Smoothing: losses/label_smoothing.hpp.
template <Dims In, Ratio Smoothing = Ratio{0}>
struct SoftmaxLoss {
  static constexpr auto channels = static_cast<std::size_t>(In.channels);
  static constexpr bool smooth = Smoothing.numerator != 0;
  static constexpr double smoothing =
      static_cast<double>(Smoothing.numerator) / static_cast<double>(Smoothing.denominator);
  static constexpr double each_class = smoothing / static_cast<double>(In.channels);

  static constexpr Chunks chunks(std::size_t batch) { return Chunks(batch * In.pixels(), channels); }

  /// Sum of class weights over the valid positions; refuses labels that are no class.
  static double normaliser(const NormaliserCall& call, const float* class_weight) {
    const Chunks cut = chunks(call.batch);
    std::array<std::size_t, Chunks::most> wrong{};  // 1 + first wrong position of each chunk
    const double all = sum_over(cut, call.threads, [&](std::size_t begin, std::size_t end) {
      double sum = 0.0;
      for (std::size_t i = begin; i < end; ++i) {
        const std::int32_t label = label_at(call.labels, i);
        if (is_ignored(label, In.channels)) continue;
        if (label >= In.channels) {
          wrong[begin / cut.size] = i + 1;
          break;
        }
        sum += class_weight == nullptr ? 1.0 : static_cast<double>(class_weight[label]);
      }
      return sum;
    });
    for (const std::size_t found : wrong)
      if (found != 0) refuse(call.labels, found - 1);
    return all;
  }

  static double forward(const ForwardCall& call, const float* class_weight) {
    auto* sums = reinterpret_cast<float*>(call.saved);
    const double all_weights = smooth ? weight_of_all(class_weight) : 0.0;
    return sum_over(chunks(call.batch), call.threads, [&](std::size_t begin, std::size_t end) {
      double sum = 0.0;
      for (std::size_t i = begin; i < end; ++i) {
        const std::int32_t label = label_at(*call.labels, i);
        if (is_ignored(label, In.channels)) continue;
        const float* x = call.input + i * channels;
        const kernels::Exponentials row =
            call.saved == nullptr
                ? kernels::exponentials<In.channels, false, smooth>(x, nullptr, class_weight)
                : kernels::exponentials<In.channels, true, smooth>(x, call.kept + i * channels, class_weight);
        if (call.saved != nullptr) sums[i] = row.sum + row.poison;  // NaN where a logit is not finite
        const double weight = class_weight == nullptr ? 1.0 : static_cast<double>(class_weight[label]);
        const double log_of_sum = std::log(static_cast<double>(row.sum));
        double loss = weight * (static_cast<double>(row.maximum) + log_of_sum - static_cast<double>(x[label]));
        if constexpr (smooth)
          loss = (1.0 - smoothing) * loss + each_class * (all_weights * log_of_sum - static_cast<double>(row.shifted));
        sum += loss + static_cast<double>(row.poison);
      }
      return sum;
    });
  }

  static void backward(const BackwardCall& call, const float* class_weight) {
    if (call.input_gradient == nullptr) return;
    const auto* sums = reinterpret_cast<const float*>(call.saved);
    const auto to_all = static_cast<float>(each_class * (smooth ? weight_of_all(class_weight) : 0.0)) * call.loss_scale;
    for_each(chunks(call.batch), call.threads, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        float* gradient = call.input_gradient + i * channels;
        const std::int32_t label = label_at(*call.labels, i);
        if (is_ignored(label, In.channels)) {
          std::memset(gradient, 0, channels * sizeof(float));
          continue;
        }
        const float factor = class_weight == nullptr ? call.loss_scale : class_weight[label] * call.loss_scale;
        if constexpr (smooth) {
          const float own = static_cast<float>(1.0 - smoothing) * factor;
          kernels::scale_row_minus<In.channels>(call.kept + i * channels, (own + to_all) / sums[i],
                                                static_cast<float>(each_class) * call.loss_scale, class_weight,
                                                gradient);
          gradient[label] -= own;
        } else {
          kernels::scale_row<In.channels>(call.kept + i * channels, factor / sums[i], gradient);
          gradient[label] -= factor;
        }
      }
    });
  }

 private:
  static double weight_of_all(const float* class_weight) {
    double sum = static_cast<double>(In.channels);
    if (class_weight == nullptr) return sum;
    sum = 0.0;
    for (std::size_t c = 0; c < channels; ++c) sum += static_cast<double>(class_weight[c]);
    return sum;
  }
  static std::int32_t label_at(const LabelBatch& labels, std::size_t i) {
    return is_present(labels, i / In.pixels()) ? labels.indices[i] : -1;
  }
  [[noreturn]] static void refuse(const LabelBatch& labels, std::size_t i) {
    const std::size_t pixel = i % In.pixels(), width = static_cast<std::size_t>(In.width);
    fail("softmax cross entropy: label ", labels.indices[i], " of ", place_of(labels, i / In.pixels()), ", row ",
         pixel / width, ", column ", pixel % width, "; expected 0 to ", In.channels - 1,
         In.channels <= ignore_label ? ", or a negative value or 255 to ignore it"
                                     : ", or a negative value to ignore it");
  }
};

}  // namespace losses

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
