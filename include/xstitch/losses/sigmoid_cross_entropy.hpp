#pragma once
/// \file
/// Sigmoid cross entropy for independent yes/no labels y (attributes of an object, several true at once):
///
///     loss = max(x, 0) - x y + log(1 + exp(-|x|)),   dloss/dx = sigmoid(x) - y
///
/// averaged over the valid elements of the batch. Labels are 0 or 1 as floats, shape and mask as the input (one
/// mark an element); another value at a valid element is an Error. A valid logit that is not finite makes the loss
/// not finite. Prediction: sigmoid(x), same shape.

#include <xstitch/layers/sigmoid.hpp>
#include <xstitch/losses/loss_support.hpp>
#include <xstitch/metrics/mean_average_precision.hpp>

#include <array>
#include <cmath>
#include <memory>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

struct SigmoidCrossEntropy {
  using Prediction = Sigmoid;
  static constexpr std::string_view kind = "SigmoidCrossEntropy";
  static constexpr std::array<Attribute, 0> attributes() { return {}; }
  static constexpr bool reads_output = false;
  static constexpr LabelSpec label(Dims in) { return {LabelKind::binary, in, in, 0}; }

  template <Dims In>
  static double normaliser(const NormaliserCall& call) {
    const LabelBatch& labels = call.labels;
    losses::check_sizes("sigmoid cross entropy", labels, label(In), call.batch);
    const losses::Chunks chunks = chunks_of<In>(call.batch);
    std::array<std::size_t, losses::Chunks::most> wrong{};  // 1 + first wrong element of each chunk
    const double valid = losses::sum_over(chunks, call.threads, [&](std::size_t begin, std::size_t end) {
      std::size_t count = 0;
      for (std::size_t i = begin; i < end; ++i) {
        if (!losses::is_valid(labels, i, In.size())) continue;
        ++count;
        if (labels.values[i] != 0.0F && labels.values[i] != 1.0F && wrong[begin / chunks.size] == 0)
          wrong[begin / chunks.size] = i + 1;
      }
      return static_cast<double>(count);
    });
    for (const std::size_t found : wrong)
      if (found != 0)
        fail("sigmoid cross entropy: label ", labels.values[found - 1], " of ",
             losses::place_of(labels, (found - 1) / In.size()), ", element ", (found - 1) % In.size(),
             "; expected 0 or 1 (or a mask that is 0 there)");
    return valid;
  }

  template <Dims In>
  static double forward(const ForwardCall& call) {
    return losses::sum_over(chunks_of<In>(call.batch), call.threads, [&](std::size_t begin, std::size_t end) {
      double sum = 0.0;
      for (std::size_t i = begin; i < end; ++i) {
        if (!losses::is_valid(*call.labels, i, In.size())) continue;
        const double x = static_cast<double>(call.input[i]), y = static_cast<double>(call.labels->values[i]);
        sum += (x > 0.0 ? x : 0.0) - x * y + std::log1p(std::exp(-std::abs(x)));
      }
      return sum;
    });
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    losses::for_each(chunks_of<In>(call.batch), call.threads, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i)
        call.input_gradient[i] = losses::is_valid(*call.labels, i, In.size())
                                     ? call.loss_scale * (sigmoid(call.input[i]) - call.labels->values[i])
                                     : 0.0F;
    });
  }

  static std::unique_ptr<Metric> metric(Dims in) { return std::make_unique<MeanAveragePrecision>(in); }

  /// exp of a negative number only, so that it never overflows; NaN stays NaN.
  static float sigmoid(float x) noexcept {
    const float e = std::exp(-std::abs(x));
    return x >= 0.0F ? 1.0F / (1.0F + e) : e / (1.0F + e);
  }

 private:
  template <Dims In>
  static losses::Chunks chunks_of(std::size_t batch) {
    return losses::Chunks(batch * In.size(), 1);
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
