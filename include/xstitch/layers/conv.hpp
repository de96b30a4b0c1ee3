#pragma once
/// \file
/// Convolution.
///
///     y[i, j, o] = b[o] + sum over u, v, c of x[i s - p + u d, j s - p + v d, c] W[u, v, c, o]
///
/// with kernel k, stride s, pad p (zeros), dilation d; out = floor((in + 2 p - d (k - 1) - 1) / s) + 1 in each
/// direction (p + q with q pixels below and right in place of 2 p: layers/padding.hpp). With groups, output channels of
/// group g read the input channels of group g only (Krizhevsky et al. 2012).
///
///     Conv<"conv1", 96, 11, Stride<4>>                 Conv<"conv2", 256, 5, Pad<2>, Groups<2>>
///     Conv<"c", 8, Size{3, 5}, NoBias, Xavier>         DepthwiseConv<"d", 3, Pad<1>>
///
/// Options: Stride, Pad, Dilation (each a number or Size{height, width}; Pad also Sides), SamePad, Groups, NoBias,
/// Frozen; initial weights He (the default), Xavier, PyTorchInitializer (bias too), Gaussian<Ratio>, ZeroInitializer;
/// InitialBias<Ratio> (0). Parameters: weight {kernel height, kernel width, in / groups, out}, bias {out}.

#include <xstitch/core/algorithm_note.hpp>
#include <xstitch/core/fixed_string.hpp>
#include <xstitch/kernels/conv.hpp>
#include <xstitch/layers/fusion.hpp>
#include <xstitch/layers/initializers.hpp>
#include <xstitch/layers/operation.hpp>
#include <xstitch/layers/options.hpp>
#include <xstitch/layers/padding.hpp>

#include <algorithm>
#include <array>
#include <string_view>
#include <type_traits>

namespace xstitch::inline XSTITCH_ISA {

namespace layer_details {

/// The sizes as ConvBase::attributes says them.
[[gnu::cold]] inline kernels::ConvShape conv_shape_of(std::span<const Attribute> attributes, Dims in) {
  const auto number = [&](std::string_view name, std::size_t index) {
    for (const Attribute& a : attributes)
      if (a.name == name) return static_cast<int>(a.values[a.count == 2 ? index % 2 : index]);
    return 1;
  };
  const auto size = [&](std::string_view name) { return Size{number(name, 0), number(name, 1)}; };
  return {in,
          number("outputs", 0),
          size("kernel"),
          size("stride"),
          Sides{number("pad", 0), number("pad", 1), number("pad", 2), number("pad", 3)},
          size("dilation"),
          number("groups", 0)};
}
[[gnu::cold]] inline std::array<AlgorithmNote, 3> conv_algorithms(std::span<const Attribute> attributes, Dims in,
                                                                  Precision precision) {
  const kernels::ConvShape s = conv_shape_of(attributes, in);
  using enum kernels::ConvPass;
  return {kernels::conv_algorithm(s, forward, precision), kernels::conv_algorithm(s, backward_data, precision),
          kernels::conv_algorithm(s, backward_weights, precision)};
}

/// The part of a convolution that is the same whether the number of groups is an option or the input's channels.
/// `Self::shape(Dims)` gives the sizes.
template <class Self, FixedString Name, class... Options>
struct ConvBase {
  static constexpr auto name = Name;
  static constexpr bool has_bias = !options::has<NoBias, Options...>;
  struct Knows {
    template <class Option>
    static constexpr bool of = options::is<Stride, Option> || pads<Option> || options::is<Dilation, Option> ||
                               (Self::takes_groups && options::is<Groups, Option>) || options::of_weights<Option>;
  };
  static constexpr std::string_view unknown_option = options::unknown<Knows, Options...>();
  static constexpr bool reads_output = false;
  static constexpr bool streams_gradients = true;
  static constexpr AlgorithmsFunction algorithms = &conv_algorithms;

  static constexpr Dims output_shape(Dims in) {
    const kernels::ConvShape s = Self::shape(in);
    return s.valid() ? s.out() : Dims{};
  }
  static constexpr std::array<Attribute, 7> attributes(Dims in) {
    const kernels::ConvShape s = Self::shape(in);
    return {Attribute::integers("outputs", s.out_channels),
            Attribute::integers("kernel", s.kernel.height, s.kernel.width),
            Attribute::integers("stride", s.stride.height, s.stride.width),
            pad_attribute(s.pad),
            Attribute::integers("dilation", s.dilation.height, s.dilation.width),
            Attribute::integers("groups", s.groups),
            Attribute::flag("bias", has_bias)};
  }
  static constexpr auto parameters(Dims in) {
    const kernels::ConvShape s = Self::shape(in);
    const Extents extents(s.kernel.height, s.kernel.width, s.group_in(), s.out_channels);
    const float rate = options::has<Frozen, Options...> ? 0.0F : 1.0F;
    const ParameterSpec weight{
        "weight", extents, weight_initializer<Options...>(), ParameterGroup::weight, s.depth(), rate, 1.0F, "HWIO"};
    if constexpr (has_bias) {
      const ParameterSpec bias{
          "bias", Extents(s.out_channels), bias_initializer<Options...>(), ParameterGroup::bias, s.depth(), rate, 1.0F};
      return std::array{weight, bias};
    } else {
      return std::array{weight};
    }
  }
  static constexpr std::size_t multiply_adds(Dims in) { return Self::shape(in).multiply_adds(); }
  static constexpr Extent workspace(Dims in, Precision precision) {
    return kernels::conv_workspace(Self::shape(in), precision);
  }
  /// Enough for either precision.
  static constexpr Extent workspace(Dims in) {
    const Extent a = workspace(in, Precision::fp32), b = workspace(in, Precision::bf16);
    return {std::max(a.per_sample, b.per_sample), std::max(a.fixed, b.fixed)};
  }

  static constexpr std::size_t packed(Dims in, Precision precision) {
    return kernels::conv_packed_bytes(Self::shape(in), precision);
  }
  template <Dims In, Precision P>
  static void pack(const PackCall& call) {
    kernels::Conv<Self::shape(In), P>::pack(call.parameters[0], call.packed, call.threads);
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
    kernels::ConvGradients to{.input = call.input_gradient,
                              .weight = call.sinks[0].store(),
                              .wants_weight = call.sinks[0].wanted(),
                              .wants_bias = has_bias && call.sinks[1].wanted()};
    if constexpr (has_bias) to.bias = call.sinks[1].store();
    kernels::Conv<Self::shape(In), P>::backward(
        call.batch, call.input, call.output_gradient, call.parameters[0], has_bias, to,
        [&](std::size_t parameter, std::size_t offset, const float* gradient, std::size_t count) {
          call.sinks[parameter].emit(offset, gradient, count);
        },
        call.workspace, call.threads);
  }

 private:
  template <Dims In, Precision P>
  static void run_forward(const ForwardCall& call, bool with_relu) {
    kernels::Conv<Self::shape(In), P>::forward(call.batch, call.input, call.parameters[0],
                                               has_bias ? call.parameters[1] : nullptr, with_relu, call.output,
                                               call.workspace, call.threads, call.packed);
  }
};

}  // namespace layer_details

template <FixedString Name, int OutChannels, Size Kernel, class... Options>
struct Conv : layer_details::ConvBase<Conv<Name, OutChannels, Kernel, Options...>, Name, Options...> {
  static constexpr std::string_view kind = "Conv";
  static constexpr bool takes_groups = true;  ///< whether Groups is one of its options
  static constexpr std::string_view requirement =
      "Conv: the groups must divide the channels of input and output, and the dilated kernel must fit into the padded "
      "input";

  static constexpr kernels::ConvShape shape(Dims in) {
    constexpr Size stride = options::FindValue<Stride, Stride<1>, Options...>::type::value;
    constexpr Size dilation = options::FindValue<Dilation, Dilation<1>, Options...>::type::value;
    return {in,
            OutChannels,
            Kernel,
            stride,
            layer_details::padding<Options...>(in, Kernel, stride, dilation),
            dilation,
            options::FindValue<Groups, Groups<1>, Options...>::type::value};
  }
};

/// Each channel by itself (groups = channels): out = in channels.
template <FixedString Name, Size Kernel, class... Options>
struct DepthwiseConv : layer_details::ConvBase<DepthwiseConv<Name, Kernel, Options...>, Name, Options...> {
  static constexpr std::string_view kind = "DepthwiseConv";
  static constexpr bool takes_groups = false;  ///< whether Groups is one of its options
  static constexpr std::string_view requirement = "DepthwiseConv: the dilated kernel must fit into the padded input";

  static constexpr kernels::ConvShape shape(Dims in) {
    constexpr Size stride = options::FindValue<Stride, Stride<1>, Options...>::type::value;
    constexpr Size dilation = options::FindValue<Dilation, Dilation<1>, Options...>::type::value;
    return {in,       in.channels, Kernel, stride, layer_details::padding<Options...>(in, Kernel, stride, dilation),
            dilation, in.channels};
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
