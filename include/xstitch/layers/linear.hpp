#pragma once
/// \file
/// Fully connected layer: y[o] = b[o] + sum over i of x[i] W[i, o].
///
///     Linear<"fc6", 4096>        Linear<"fc8", 10, NoBias, Gaussian<Ratio{1, 100}>>
///
/// An image is taken as one long vector in the order of memory: height, width, channels. Options: NoBias, Frozen;
/// initial weights He (the default), Xavier, PyTorchInitializer (bias too), Gaussian<Ratio>, ZeroInitializer;
/// InitialBias<Ratio> (0). Parameters: weight {in, out}, bias {out}. Backward emits the weight's gradient a few rows at
/// a time, right after it has used those rows, so that no gradient of the size of the weights need exist; before that
/// it offers its factors, x and dy.

#include <xstitch/core/algorithm_note.hpp>
#include <xstitch/core/fixed_string.hpp>
#include <xstitch/kernels/linear.hpp>
#include <xstitch/layers/fusion.hpp>
#include <xstitch/layers/initializers.hpp>
#include <xstitch/layers/operation.hpp>
#include <xstitch/layers/options.hpp>

#include <array>
#include <string_view>
#include <type_traits>

namespace xstitch::inline XSTITCH_ISA {

namespace layer_details {
[[gnu::cold]] inline std::array<AlgorithmNote, 3> linear_algorithms(std::span<const Attribute> /*attributes*/,
                                                                    Dims /*in*/, Precision precision) {
  const AlgorithmNote n = kernels::linear_algorithm(precision);
  return {n, n, n};
}
}  // namespace layer_details

template <FixedString Name, int Outputs, class... Options>
struct Linear {
  static constexpr std::string_view kind = "Linear";
  static constexpr auto name = Name;
  static constexpr bool has_bias = !options::has<NoBias, Options...>;
  static constexpr bool reads_output = false;
  static constexpr bool streams_gradients = true;
  static constexpr AlgorithmsFunction algorithms = &layer_details::linear_algorithms;
  static constexpr std::string_view requirement = "Linear: at least one output, and fewer than 2^31 inputs";

  struct Knows {
    template <class Option>
    static constexpr bool of = options::of_weights<Option>;
  };
  static constexpr std::string_view unknown_option = options::unknown<Knows, Options...>();
  static constexpr std::array<Attribute, 2> attributes() {
    return {Attribute::integers("outputs", Outputs), Attribute::flag("bias", has_bias)};
  }
  static constexpr Dims output_shape(Dims in) {
    return in.valid() && Outputs > 0 && in.size() < (std::size_t{1} << 31) ? Dims{1, 1, Outputs} : Dims{};
  }
  static constexpr auto parameters(Dims in) {
    const int inputs = static_cast<int>(in.size());
    const float rate = options::has<Frozen, Options...> ? 0.0F : 1.0F;
    const ParameterSpec weight{"weight",
                               Extents(inputs, Outputs),
                               weight_initializer<Options...>(),
                               ParameterGroup::weight,
                               inputs,
                               rate,
                               1.0F,
                               "IO",
                               in};
    if constexpr (has_bias) {
      const ParameterSpec bias{
          "bias", Extents(Outputs), bias_initializer<Options...>(), ParameterGroup::bias, inputs, rate, 1.0F};
      return std::array{weight, bias};
    } else {
      return std::array{weight};
    }
  }
  static constexpr std::size_t multiply_adds(Dims in) { return in.size() * static_cast<std::size_t>(Outputs); }
  static constexpr Extent workspace(Dims in) {
    const Extent kernel = kernels::linear_workspace(static_cast<int>(in.size()), Outputs);
    return {kernel.per_sample, bias_bytes + kernel.fixed};
  }

  static constexpr std::size_t packed(Dims in, Precision precision) {
    return kernels::linear_packed_bytes(static_cast<int>(in.size()), Outputs, precision);
  }
  template <Dims In, Precision P>
  static void pack(const PackCall& call) {
    kernels::Linear<kernels::ArithmeticOf<P>>::Forward::pack(static_cast<int>(In.size()), Outputs, call.parameters[0],
                                                             call.packed, call.threads);
  }

  template <Dims In, Precision P = Precision::fp32>
  static void forward(const ForwardCall& call) {
    run_forward<In, P>(call, false);
  }
  template <class Fusion>
  static constexpr bool fuses = std::is_same_v<Fusion, fusions::MaxZero>;
  template <class Fusion, Dims In, Precision P = Precision::fp32>
  static void forward_fused(const ForwardCall& call) {
    static_assert(fuses<Fusion>);
    run_forward<In, P>(call, true);
  }

  template <Dims In, Precision P = Precision::fp32>
  static void backward(const BackwardCall& call) {
    constexpr std::size_t inputs = In.size();
    const GradientSink& weight = call.sinks[0];
    const bool wants_weight = weight.wanted() && !weight.take_factors({.input = call.input,
                                                                       .output_gradient = call.output_gradient,
                                                                       .rows = call.batch,
                                                                       .inputs = inputs,
                                                                       .outputs = std::size_t{Outputs}});
    float* bias_gradient = nullptr;
    if constexpr (has_bias)
      if (call.sinks[1].wanted())
        bias_gradient =
            call.sinks[1].store() != nullptr ? call.sinks[1].store() : reinterpret_cast<float*>(call.workspace);
    kernels::Linear<kernels::ArithmeticOf<P>>::Backward::run(
        call.batch, static_cast<int>(inputs), Outputs, call.input, call.output_gradient, call.parameters[0],
        call.input_gradient, weight.store(), bias_gradient,
        [&](std::size_t offset, const float* gradient, std::size_t count) { weight.emit(offset, gradient, count); },
        call.workspace + bias_bytes, call.threads, wants_weight);
    if (bias_gradient != nullptr && call.sinks[1].store() == nullptr)
      call.sinks[1].emit(0, bias_gradient, std::size_t{Outputs});
  }

 private:
  static constexpr std::size_t bias_bytes = has_bias ? align_up(std::size_t{Outputs} * sizeof(float)) : 0;

  template <Dims In, Precision P>
  static void run_forward(const ForwardCall& call, bool with_relu) {
    kernels::Linear<kernels::ArithmeticOf<P>>::Forward::run(
        call.batch, static_cast<int>(In.size()), Outputs, call.input, call.parameters[0],
        has_bias ? call.parameters[1] : nullptr, with_relu, call.output, call.workspace, call.threads, call.packed);
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
