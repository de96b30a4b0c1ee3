#pragma once
/// \file
/// A loss of logits that are divided by a temperature, which is trained with the network (Guo, Pleiss, Sun, Weinberger
/// 2017: On Calibration of Modern Neural Networks): LearnedTemperature<SoftmaxCrossEntropy>.
///
///     y = x exp(-s),  loss of y             dx = exp(-s) dy,   ds = -sum over all elements of dy y
///
/// The parameter "log_temperature" s [1] is 0 at first (temperature exp(s) = 1, the loss itself) and has no weight
/// decay: as a logarithm, whatever the optimizer does to it, the temperature stays above 0. Trained alone, on data that
/// the network has not seen (set_trained("", false), then set_trained("a.loss.", true)), it calibrates the
/// probabilities and changes no decision. Label, metric and weight are the loss's; the prediction is its prediction of
/// y.

#include <xstitch/core/parameter.hpp>
#include <xstitch/kernels/multiply_add.hpp>
#include <xstitch/layers/invoke.hpp>
#include <xstitch/losses/loss_support.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

template <class Loss>
struct LearnedTemperature {
  static constexpr std::string_view kind = "LearnedTemperature";
  static constexpr auto attributes(Dims) { return std::array{Attribute::text("of", traits::kind<Loss>())}; }
  static constexpr std::string_view requirement = traits::requirement<Loss>();
  static constexpr Ratio weight = loss_weight<Loss>();
  static constexpr bool unit_vectors = predicts_unit_vectors<Loss>();
  static constexpr bool reads_input = true;
  static constexpr bool reads_output = false;
  static constexpr bool keeps_in_gradient = traits::keeps_in_gradient<Loss>;
  static_assert(traits::parameters<Loss>(Dims{1, 1, 1}).size() == 0,
                "xstitch: LearnedTemperature<Loss> is for losses without parameters of their own");

  static constexpr LabelSpec label(Dims in) { return Loss::label(in); }
  static constexpr std::array<ParameterSpec, 1> parameters(Dims) {
    return {ParameterSpec{.name = "log_temperature",
                          .extents = Extents(1),
                          .initializer = Initializer::constant(0.0F),
                          .weight_decay_multiplier = 0.0F}};
  }
  static constexpr Extent saved(Dims in) { return traits::saved<Loss>(in); }
  /// y, dy, and the most that the loss or its prediction needs.
  static constexpr Extent workspace(Dims in) {
    const Extent a = traits::workspace<Loss>(in), b = traits::workspace<typename Loss::Prediction>(in);
    return {std::max(a.per_sample, b.per_sample) + 2 * in.size() * sizeof(float), std::max(a.fixed, b.fixed) + 2 * 64};
  }
  static std::unique_ptr<Metric> metric(Dims in) { return Loss::metric(in); }

  template <Dims In>
  static double normaliser(const NormaliserCall& call) {
    return Loss::template normaliser<In>(call);
  }
  template <Dims In>
  static double forward(const ForwardCall& call) {
    const Room room(call.workspace, call.batch * In.size());
    ForwardCall inner = divided<In>(call, room);
    inner.inputs = &inner.input;
    return Loss::template forward<In>(inner);
  }
  template <Dims In>
  static void backward(const BackwardCall& call) {
    const Room room(call.workspace, call.batch * In.size());
    BackwardCall inner = divided<In>(call, room);
    float* const dy = call.input_gradient != nullptr ? call.input_gradient : room.dy;
    inner.inputs = &inner.input;
    inner.input_gradient = dy;
    inner.input_gradients = &inner.input_gradient;
    inner.parameter_gradients = nullptr;
    Loss::template backward<In>(inner);
    const float factor = std::exp(-call.parameters[0][0]);
    const double sum = losses::sum_over(chunks<In>(call.batch), call.threads, [&](std::size_t begin, std::size_t end) {
      double part = 0.0;
      for (std::size_t i = begin; i < end; ++i) {
        const float d = dy[i];
        dy[i] = d * factor;
        if (d == 0.0F) continue;  // an element that is ignored may be anything
        part = kernels::multiply_add(static_cast<double>(d), static_cast<double>(room.y[i]), part);
      }
      return part;
    });
    call.parameter_gradients[0][0] = static_cast<float>(-sum);
  }

  /// The loss's prediction of y.
  struct Prediction {
    /// The prediction at temperature 1.
    using Inner = typename Loss::Prediction;
    static constexpr std::string_view kind = LearnedTemperature::kind;
    static constexpr auto attributes(Dims in) { return LearnedTemperature::attributes(in); }
    static constexpr Dims output_shape(Dims in) { return Inner::output_shape(in); }
    static constexpr auto parameters(Dims in) { return LearnedTemperature::parameters(in); }
    static constexpr Extent workspace(Dims in) { return LearnedTemperature::workspace(in); }
    template <Dims In>
    static void forward(const ForwardCall& call) {
      const Room room(call.workspace, call.batch * In.size());
      ForwardCall inner = divided<In>(call, room);
      inner.inputs = &inner.input;
      Inner::template forward<In>(inner);
    }
  };

 private:
  template <Dims In>
  static constexpr losses::Chunks chunks(std::size_t batch) {
    return losses::Chunks(batch * In.size(), 1);
  }
  /// y, dy for where nobody below wants it, and the workspace of the loss.
  struct Room {
    Room(std::byte* memory, std::size_t elements)
        : y(reinterpret_cast<float*>(memory)),
          dy(reinterpret_cast<float*>(memory + align_up(elements * sizeof(float)))),
          rest(memory + 2 * align_up(elements * sizeof(float))) {}
    float *y, *dy;
    std::byte* rest;
  };
  /// Makes y, and gives the call of the loss (or its prediction) on it; `inputs` is for the caller to set, because it
  /// points into the call.
  template <Dims In, class Call>
  static Call divided(const Call& call, const Room& room) {
    const float factor = std::exp(-call.parameters[0][0]);
    losses::for_each(chunks<In>(call.batch), call.threads, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) room.y[i] = call.input[i] * factor;
    });
    Call inner = call;
    inner.input = room.y;
    inner.parameters = nullptr;
    inner.workspace = room.rest;
    return inner;
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
