#pragma once
/// \file
/// Sigmoid cross entropy for independent yes/no labels y (attributes of an object, several true at once):
///
///     loss = max(x, 0) - x y + log(1 + exp(-|x|)),   dloss/dx = sigmoid(x) - y
///
/// averaged over the valid elements of the batch. Labels are 0 or 1 as floats, shape and mask as the input (one
/// mark an element); another value at a valid element is an Error. A valid logit that is not finite makes the loss
/// not finite. Prediction: sigmoid(x), same shape.

#include <xstitch/losses/loss_support.hpp>
#include <xstitch/metrics/mean_average_precision.hpp>

#include <array>
#include <cmath>
#include <memory>

namespace xstitch::inline XSTITCH_ISA {

struct SigmoidCrossEntropy {
  static constexpr LabelSpec label(Dims in) { return {LabelKind::binary, in, in, 0}; }
  static constexpr Dims prediction_shape(Dims in) { return in; }

  template <Dims In>
  static LossSum forward(const LossCall& call) {
    const LabelBatch& labels = call.labels;
    losses::check_sizes("sigmoid cross entropy", labels, label(In), call.batch);
    const losses::Chunks chunks(call.batch * In.size(), 1);
    const double normaliser = count_valid(call, In.size(), chunks);
    const float scale = losses::gradient_scale(call, normaliser);
    LossSum all = losses::sum_over(chunks, call.threads, [&](std::size_t begin, std::size_t end) {
      LossSum part;
      for (std::size_t i = begin; i < end; ++i) {
        const bool valid = losses::is_valid(labels, i, In.size());
        if (valid) {
          const double x = static_cast<double>(call.input[i]), y = static_cast<double>(labels.values[i]);
          part.sum += (x > 0.0 ? x : 0.0) - x * y + std::log1p(std::exp(-std::abs(x)));
        }
        if (call.input_gradient != nullptr)
          call.input_gradient[i] = valid ? scale * (sigmoid(call.input[i]) - labels.values[i]) : 0.0F;
      }
      return part;
    });
    all.normaliser = normaliser;
    return all;
  }

  template <Dims In>
  static void predict(const PredictCall& call) {
    const losses::Chunks chunks(call.batch * In.size(), 1);
    losses::for_each(chunks, call.threads, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) call.output[i] = sigmoid(call.input[i]);
    });
  }

  static std::unique_ptr<Metric> metric(Dims in) { return std::make_unique<MeanAveragePrecision>(in); }

  /// exp of a negative number only, so that it never overflows; NaN stays NaN.
  static float sigmoid(float x) noexcept {
    const float e = std::exp(-std::abs(x));
    return x >= 0.0F ? 1.0F / (1.0F + e) : e / (1.0F + e);
  }

 private:
  static double count_valid(const LossCall& call, std::size_t per_sample, const losses::Chunks& chunks) {
    const LabelBatch& labels = call.labels;
    std::array<std::size_t, losses::Chunks::most> wrong{};  // 1 + first wrong element of each chunk
    const LossSum counted = losses::sum_over(chunks, call.threads, [&](std::size_t begin, std::size_t end) {
      std::size_t valid = 0;
      for (std::size_t i = begin; i < end; ++i) {
        if (!losses::is_valid(labels, i, per_sample)) continue;
        ++valid;
        if (labels.values[i] != 0.0F && labels.values[i] != 1.0F && wrong[begin / chunks.size] == 0)
          wrong[begin / chunks.size] = i + 1;
      }
      return LossSum{0.0, static_cast<double>(valid)};
    });
    for (const std::size_t found : wrong)
      if (found != 0)
        fail("sigmoid cross entropy: label ", labels.values[found - 1], " of sample ", (found - 1) / per_sample,
             " of the batch, element ", (found - 1) % per_sample, "; expected 0 or 1 (or a mask that is 0 there)");
    return counted.normaliser;
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
