#pragma once
/// \file
/// LayerNorm<"name", OverChannels, Epsilon<e>>: y = (x - mean) / sqrt(variance + e) weight + bias; mean and variance
/// are those of a whole sample, or with OverChannels of each pixel, in training and inference alike. Any shape; e =
/// 1/100000. Parameters: weight (1, no weight decay) and bias (0), {height, width, channels} as torch.nn.LayerNorm([c,
/// h, w]) but in our order (load() turns PyTorch's round), {channels} for a vector and with OverChannels, as
/// torch.nn.LayerNorm(c) on [..., c]. Option: Frozen. Ba, Kiros, Hinton: Layer normalization, 2016; OverChannels: Liu
/// et al.: A ConvNet for the 2020s, 2022.

#include <xstitch/kernels/layer_norm.hpp>
#include <xstitch/layers/norm_parameters.hpp>
#include <xstitch/layers/operation.hpp>

namespace xstitch::inline XSTITCH_ISA {

struct OverChannels {};  ///< LayerNorm: each pixel by itself

template <FixedString Name, class... Options>
struct LayerNorm {
  static constexpr auto name = Name;
  static constexpr std::string_view kind = "LayerNorm";
  /// Whether each pixel is normalised by itself.
  static constexpr bool over_channels = options::has<OverChannels, Options...>;
  static constexpr Ratio epsilon = layer_details::norm_epsilon<Options...>();
  static constexpr std::array<Attribute, 2> attributes() {
    return {Attribute::flag("over_channels", over_channels), Attribute::ratio("epsilon", epsilon)};
  }
  static constexpr bool reads_output = false;
  struct Knows {
    template <class Option>
    static constexpr bool of = layer_details::NormKnows::of<Option> || options::has<Option, OverChannels>;
  };
  static constexpr std::string_view unknown_option = options::unknown<Knows, Options...>();
  static constexpr Dims output_shape(Dims in) { return in; }
  static constexpr auto parameters(Dims in) {
    const bool vector = over_channels || in.pixels() == 1;
    return layer_details::norm_parameters<Options...>(
        vector ? Extents(in.channels) : Extents(in.height, in.width, in.channels), vector ? "" : "HWC");
  }
  /// Mean and 1 / sqrt(variance + epsilon) of each row.
  static constexpr Extent saved(Dims in) { return {2 * rows(in) * sizeof(float), 0}; }
  static constexpr Extent workspace(Dims in) { return kernels::layer_norm_workspace(rows(in), length(in)); }

  template <Dims In>
  static void forward(const ForwardCall& call) {
    kernels::layer_norm(call.threads, call.batch * rows(In), length(In), call.input, call.parameters[0],
                        call.parameters[1], static_cast<double>(epsilon.value()), call.output,
                        reinterpret_cast<float*>(call.saved));
  }
  template <Dims In>
  static void backward(const BackwardCall& call) {
    kernels::layer_norm_gradient(call.threads, call.batch * rows(In), length(In), call.input, call.parameters[0],
                                 call.output_gradient, reinterpret_cast<const float*>(call.saved), call.input_gradient,
                                 call.parameter_gradients[0], call.parameter_gradients[1], call.workspace);
  }

 private:
  static constexpr std::size_t rows(Dims in) { return over_channels ? in.pixels() : 1; }
  static constexpr std::size_t length(Dims in) { return in.size() / rows(in); }
};

}  // namespace xstitch::inline XSTITCH_ISA
