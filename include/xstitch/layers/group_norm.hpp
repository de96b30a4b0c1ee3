#pragma once
/// \file
/// GroupNorm<"name", groups, Epsilon<e>>: y = (x - mean) / sqrt(variance + e) weight + bias; mean and variance are
/// those of a sample's pixels and the channels of a group, in training and inference alike. Any shape whose channels
/// the groups divide; e = 1/100000 as in PyTorch. A Relu (Relu6, LeakyRelu) that follows is applied while y is written.
/// Parameters, both {channels}: weight (1, no weight decay), bias (0). Option: Frozen.
/// Wu, He: Group normalization, 2018; with a group for each channel it is instance normalisation.

#include <xstitch/kernels/activations.hpp>
#include <xstitch/kernels/batch_norm.hpp>
#include <xstitch/kernels/group_norm.hpp>
#include <xstitch/layers/fusion.hpp>
#include <xstitch/layers/norm_parameters.hpp>
#include <xstitch/layers/operation.hpp>

namespace xstitch::inline XSTITCH_ISA {

template <FixedString Name, int Groups, class... Options>
struct GroupNorm {
  static_assert(Groups > 0, "xstitch: GroupNorm has at least one group");
  static constexpr auto name = Name;
  static constexpr std::string_view kind = "GroupNorm";
  static constexpr std::string_view requirement = "GroupNorm: the groups must divide the channels";
  static constexpr Ratio epsilon = layer_details::norm_epsilon<Options...>();
  static constexpr std::array<Attribute, 2> attributes() {
    return {Attribute::integers("groups", Groups), Attribute::ratio("epsilon", epsilon)};
  }
  static constexpr bool reads_output = false;
  static constexpr std::string_view unknown_option = options::unknown<layer_details::NormKnows, Options...>();
  static constexpr Dims output_shape(Dims in) { return in.channels % Groups == 0 ? in : Dims{}; }
  static constexpr auto parameters(Dims in) {
    return layer_details::norm_parameters<Options...>(Extents(in.channels), {});
  }
  /// Mean and 1 / sqrt(variance + epsilon) of each group.
  static constexpr Extent saved(Dims) { return {2 * static_cast<std::size_t>(Groups) * sizeof(float), 0}; }
  static constexpr Extent workspace(Dims in) {
    const std::size_t channels = static_cast<std::size_t>(in.channels),
                      chunk = kernels::channel_chunk_rows(in.channels), chunks = (in.pixels() + chunk - 1) / chunk;
    return {channels * (2 * chunks * sizeof(double) + 4 * sizeof(float)), 0};
  }

  template <Dims In>
  static void forward(const ForwardCall& call) {
    run_forward<In, kernels::Unchanged>(call);
  }
  template <class Fusion>
  static constexpr bool fuses = fusions::by_element<Fusion>;
  template <class Fusion, Dims In>
  static void forward_fused(const ForwardCall& call) {
    run_forward<In, Fusion>(call);
  }
  template <Dims In>
  static void backward(const BackwardCall& call) {
    kernels::group_norm_gradient<In, Groups>(call.threads, call.batch, call.input, call.parameters[0],
                                             call.output_gradient, reinterpret_cast<const float*>(call.saved),
                                             call.input_gradient, call.parameter_gradients[0],
                                             call.parameter_gradients[1], call.workspace);
  }

 private:
  template <Dims In, class Function>
  static void run_forward(const ForwardCall& call) {
    static_assert(workspace(In).per_sample == kernels::GroupNormTasks<In, Groups>::bytes);
    kernels::group_norm<In, Groups, Function>(call.threads, call.batch, call.input, call.parameters[0],
                                              call.parameters[1], static_cast<double>(epsilon.value()), call.output,
                                              reinterpret_cast<float*>(call.saved), call.workspace);
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
