#pragma once
// A layer of our own, small enough to compile in no time: what the weave does is tested without any kernel of the
// library. Sums are of explicit fused multiply-adds: which of `sum += a * b` a compiler fuses depends on how it
// vectorises the loop, so that two layers of different width would round differently.
#include <xstitch/layers/identity.hpp>
#include <xstitch/layers/operation.hpp>
#include <xstitch/losses/loss.hpp>
#include <xstitch/metrics/metric.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <memory>

namespace tiny {

namespace xs = xstitch;

/// y = x W per sample, W {in, out}.
template <xs::FixedString Name, int Outputs>
struct Dense {
  static constexpr auto name = Name;
  static constexpr bool reads_output = false;
  static constexpr std::size_t outputs = Outputs;
  static constexpr xs::Dims output_shape(xs::Dims) { return {1, 1, Outputs}; }
  static constexpr std::array<xs::ParameterSpec, 1> parameters(xs::Dims in) {
    xs::ParameterSpec weight;
    weight.name = "weight";
    weight.extents = xs::Extents(static_cast<int>(in.size()), Outputs);
    weight.initializer = xs::Initializer::xavier();
    weight.fan_in = static_cast<int>(in.size());
    return {weight};
  }
  template <xs::Dims In>
  static void forward(const xs::ForwardCall& call) {
    const float* w = call.parameters[0];
    call.threads.parallel_for(call.batch, [&](std::size_t n) {
      for (std::size_t o = 0; o < outputs; ++o) {
        float sum = 0;
        for (std::size_t i = 0; i < In.size(); ++i)
          sum = std::fma(call.input[n * In.size() + i], w[i * outputs + o], sum);
        call.output[n * outputs + o] = sum;
      }
    });
  }
  template <xs::Dims In>
  static void backward(const xs::BackwardCall& call) {
    const float* w = call.parameters[0];
    call.threads.parallel_for(In.size(), [&](std::size_t i) {
      for (std::size_t o = 0; o < outputs; ++o) {
        float sum = 0;
        for (std::size_t n = 0; n < call.batch; ++n)
          sum = std::fma(call.input[n * In.size() + i], call.output_gradient[n * outputs + o], sum);
        call.parameter_gradients[0][i * outputs + o] = sum;
      }
    });
    if (call.input_gradient == nullptr) return;
    call.threads.parallel_for(call.batch, [&](std::size_t n) {
      for (std::size_t i = 0; i < In.size(); ++i) {
        float sum = 0;
        for (std::size_t o = 0; o < outputs; ++o)
          sum = std::fma(call.output_gradient[n * outputs + o], w[i * outputs + o], sum);
        call.input_gradient[n * In.size() + i] = sum;
      }
    });
  }
};

/// Keeps every second row and column: a layer that needs room.
struct Halve {
  static constexpr const char* requirement = "at least 2 x 2";
  static constexpr xs::Dims output_shape(xs::Dims in) { return {in.height / 2, in.width / 2, in.channels}; }
  template <xs::Dims In>
  static void forward(const xs::ForwardCall&) {}
  template <xs::Dims In>
  static void backward(const xs::BackwardCall&) {}
};

/// Half the squared distance to 0: needs no label.
struct SmallOutput {
  static constexpr xs::LabelSpec label(xs::Dims in) { return {xs::LabelKind::real, in, {}, 0}; }
  template <xs::Dims In>
  static double normaliser(const xs::NormaliserCall& call) {
    return static_cast<double>(call.batch);
  }
  template <xs::Dims In>
  static double forward(const xs::ForwardCall& call) {
    double sum = 0.0;
    for (std::size_t i = 0; i < call.batch * In.size(); ++i)
      sum += 0.5 * static_cast<double>(call.input[i]) * static_cast<double>(call.input[i]);
    return sum;
  }
  template <xs::Dims In>
  static void backward(const xs::BackwardCall& call) {
    for (std::size_t i = 0; i < call.batch * In.size(); ++i) call.input_gradient[i] = call.loss_scale * call.input[i];
  }
  using Prediction = xs::Identity;
  static std::unique_ptr<xs::Metric> metric(xs::Dims) { return nullptr; }
};

}  // namespace tiny
