#pragma once
/// \file
/// Transposed convolution ("deconvolution"): the gradient of a convolution as a layer.
///
///     y[i s - p + u, j s - p + v, o] += x[i, j, c] W[u, v, o, c], over all taps (u, v) and channels c; then + b[o]
///
/// with kernel k, stride s, pad p (cut off the output): out = (in - 1) s - 2 p + k in each direction. With groups,
/// output channels of group g read the input channels of group g only.
///
///     TransposedConv<"up", 64, 4, Stride<2>, Pad<1>>
///     TransposedConv<"score", 40, 64, Stride<32>, Groups<40>, BilinearInitializer, NoBias, Frozen>   // FCN-32s
///
/// Options: Stride, Pad (each a number or Size{height, width}), Groups, NoBias, Frozen; initial weights He (the
/// default), Xavier, PyTorchInitializer (bias too), Gaussian<Ratio>, ZeroInitializer, BilinearInitializer (a group for
/// each channel: enlargement by the stride); InitialBias<Ratio> (0). Parameters: weight {kernel height, kernel width,
/// out / groups, in} (PyTorch: {in, out / groups, height, width}), bias {out}. Long, Shelhamer, Darrell: Fully
/// convolutional networks for semantic segmentation, 2015.

#include <xstitch/kernels/channel_sums.hpp>
#include <xstitch/kernels/conv.hpp>
#include <xstitch/kernels/elementwise.hpp>
#include <xstitch/kernels/pool.hpp>
#include <xstitch/kernels/transposed_conv.hpp>
#include <xstitch/layers/initializers.hpp>
#include <xstitch/layers/operation.hpp>
#include <xstitch/layers/padding.hpp>

#include <array>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

template <FixedString Name, int OutChannels, Size Kernel, class... Options>
struct TransposedConv {
  static constexpr std::string_view kind = "TransposedConv";
  static constexpr auto name = Name;
  static constexpr bool has_bias = !options::has<NoBias, Options...>;
  static constexpr bool reads_output = false;
  static constexpr bool streams_gradients = true;
  static constexpr std::string_view requirement =
      "TransposedConv: the groups must divide the channels of input and output, the padding must leave some output, "
      "and "
      "BilinearInitializer needs a group for each channel";

  static constexpr kernels::TransposedConvShape shape(Dims in) {
    constexpr Sides pad = options::FindValue<Pad, Pad<0>, Options...>::type::value;
    return {in,
            OutChannels,
            Kernel,
            options::FindValue<Stride, Stride<1>, Options...>::type::value,
            Size(pad.top, pad.left),
            options::FindValue<Groups, Groups<1>, Options...>::type::value};
  }
  struct Knows {
    template <class Option>
    static constexpr bool of = options::is<Stride, Option> || layer_details::symmetric_pad<Option> ||
                               options::is<Groups, Option> || options::of_weights<Option>;
  };
  static constexpr std::string_view unknown_option = options::unknown<Knows, Options...>();
  static constexpr std::array<Attribute, 6> attributes(Dims in) {
    const kernels::TransposedConvShape s = shape(in);
    return {Attribute::integers("outputs", OutChannels),
            Attribute::integers("kernel", Kernel.height, Kernel.width),
            Attribute::integers("stride", s.stride.height, s.stride.width),
            Attribute::integers("pad", s.pad.height, s.pad.width),
            Attribute::integers("groups", s.groups),
            Attribute::flag("bias", has_bias)};
  }
  static constexpr Dims output_shape(Dims in) {
    constexpr bool bilinear = options::has<BilinearInitializer, Options...>;
    return shape(in).valid() && (!bilinear || shape(in).single()) ? shape(in).out() : Dims{};
  }
  static constexpr auto parameters(Dims in) {
    const kernels::TransposedConvShape s = shape(in);
    // As many terms as an output has where the kernel hits it most often.
    const int depth = in.channels / s.groups * ((Kernel.height + s.stride.height - 1) / s.stride.height) *
                      ((Kernel.width + s.stride.width - 1) / s.stride.width);
    const float rate = options::has<Frozen, Options...> ? 0.0F : 1.0F;
    const ParameterSpec weight{.name = "weight",
                               .extents = Extents(Kernel.height, Kernel.width, s.group_out(), in.channels),
                               .initializer = weight_initializer<Options...>(),
                               .group = ParameterGroup::weight,
                               .fan_in = depth,
                               .learning_rate_multiplier = rate,
                               .axes = "HWOI"};
    if constexpr (has_bias)
      return std::array{weight, ParameterSpec{.name = "bias",
                                              .extents = Extents(OutChannels),
                                              .initializer = bias_initializer<Options...>(),
                                              .group = ParameterGroup::bias,
                                              .fan_in = depth,
                                              .learning_rate_multiplier = rate}};
    else
      return std::array{weight};
  }
  static constexpr std::size_t multiply_adds(Dims in) {
    return in.pixels() * static_cast<std::size_t>(Kernel.height * Kernel.width * shape(in).group_out()) *
           static_cast<std::size_t>(in.channels);
  }
  /// Gradients of weight and bias, then what the convolution's passes or the bias's partial sums need.
  static constexpr Extent workspace(Dims in) {
    const kernels::TransposedConvShape s = shape(in);
    if (!s.valid()) return {};
    Extent passes;
    if (!s.single()) {
      const kernels::ConvShape conv = kernels::canonical(s.conv());
      passes = kernels::backward_weights_workspace<kernels::Fp32>(conv);
      passes.fixed = std::max({passes.fixed, kernels::forward_workspace<kernels::Fp32>(conv),
                               kernels::backward_data_workspace<kernels::Fp32>(conv)});
    }
    const Extent bias =
        has_bias ? kernels::channel_sums_workspace(s.out(), kernels::channel_chunk_rows(OutChannels), 1) : Extent{};
    return {std::max(passes.per_sample, bias.per_sample), gradient_bytes(in) + std::max(passes.fixed, bias.fixed)};
  }

  template <Dims In>
  static void forward(const ForwardCall& call) {
    constexpr auto s = shape(In);
    constexpr Dims out = s.out();
    constexpr std::size_t row_size = out.size() / static_cast<std::size_t>(out.height);
    const float* bias = has_bias ? call.parameters[1] : nullptr;
    if constexpr (s.single()) {
      constexpr std::size_t work = multiply_adds(In) / static_cast<std::size_t>(out.height);
      kernels::detail::for_rows(call.threads, call.batch, out.height, work + row_size, [&](std::size_t n, int row) {
        kernels::transposed_conv_row<s>(call.input + n * In.size(), call.parameters[0], bias,
                                        call.output + n * out.size() + static_cast<std::size_t>(row) * row_size, row);
      });
    } else {
      kernels::ConvBackwardData<kernels::canonical(s.conv()), kernels::Fp32>::run(
          call.batch, call.input, call.parameters[0], call.output, call.workspace, call.threads);
      if constexpr (has_bias) add_bias(call.threads, call.output, bias, call.batch * out.pixels());
    }
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    constexpr auto s = shape(In);
    const float *dy = call.output_gradient, *weight = call.parameters[0];
    float* dx = call.input_gradient;
    std::byte* scratch = call.workspace + gradient_bytes(In);
    if constexpr (s.single()) {
      constexpr std::size_t row_size = In.size() / static_cast<std::size_t>(In.height);
      constexpr std::size_t work = multiply_adds(In) / static_cast<std::size_t>(In.height);
      if (dx != nullptr)
        kernels::detail::for_rows(call.threads, call.batch, In.height, work, [&](std::size_t n, int row) {
          kernels::transposed_conv_data_row<s>(dy + n * s.out().size(), weight,
                                               dx + n * In.size() + static_cast<std::size_t>(row) * row_size, row);
        });
    } else if (dx != nullptr) {
      kernels::ConvForward<kernels::canonical(s.conv()), kernels::Fp32>::run(call.batch, dy, weight, nullptr, false, dx,
                                                                             scratch, call.threads);
    }
    if (call.sinks[0].wanted()) weight_gradient<In>(call, scratch);
    if constexpr (has_bias)
      if (call.sinks[1].wanted()) bias_gradient<In>(call, scratch);
  }

 private:
  static constexpr std::size_t weight_bytes(Dims in) {
    return align_up(parameters(in)[0].extents.count() * sizeof(float));
  }
  static constexpr std::size_t gradient_bytes(Dims in) {
    return weight_bytes(in) + (has_bias ? align_up(std::size_t{OutChannels} * sizeof(float)) : 0);
  }
  /// Where the gradient is made: where it is stored, or in the workspace.
  static float* place(const GradientSink& sink, std::byte* workspace) {
    return sink.store() != nullptr ? sink.store() : reinterpret_cast<float*>(workspace);
  }

  template <Dims In>
  static void weight_gradient(const BackwardCall& call, std::byte* scratch) {
    constexpr auto s = shape(In);
    const GradientSink& sink = call.sinks[0];
    float* to = place(sink, call.workspace);
    constexpr auto taps = static_cast<std::size_t>(Kernel.height * Kernel.width);
    constexpr std::size_t tap_size = parameters(In)[0].extents.count() / taps;
    if constexpr (s.single()) {
      call.threads.parallel_for(taps, [&](std::size_t tap) {
        const int u = static_cast<int>(tap) / Kernel.width, v = static_cast<int>(tap) % Kernel.width;
        kernels::transposed_conv_weight_tap<s>(call.input, call.output_gradient, to + tap * tap_size, call.batch, u, v);
      });
    } else {
      kernels::ConvBackwardWeights<kernels::canonical(s.conv()), kernels::Fp32>::run_all(
          call.batch, call.output_gradient, call.input, to, nullptr, scratch, call.threads);
    }
    if (sink.store() == nullptr)
      call.threads.parallel_for(taps,
                                [&](std::size_t tap) { sink.emit(tap * tap_size, to + tap * tap_size, tap_size); });
  }

  template <Dims In>
  static void bias_gradient(const BackwardCall& call, std::byte* scratch) {
    using Block = kernels::ChannelBlock<OutChannels>;
    const GradientSink& sink = call.sinks[1];
    float* to = place(sink, call.workspace + weight_bytes(In));
    kernels::channel_sums<OutChannels, 1>(
        call.threads, call.batch * shape(In).out().pixels(), reinterpret_cast<double*>(scratch),
        [&](std::size_t row, int c) {
          return std::array{Block::load(call.output_gradient + static_cast<std::ptrdiff_t>(row) * OutChannels + c)};
        },
        [&](std::size_t c, const std::array<double, 1>& sum) { to[c] = static_cast<float>(sum[0]); });
    if (sink.store() == nullptr) sink.emit(0, to, std::size_t{OutChannels});
  }

  static void add_bias(ThreadPool& threads, float* y, const float* bias, std::size_t rows) {
    constexpr std::size_t chunk = kernels::channel_chunk<OutChannels>;
    kernels::for_chunks(threads, rows, chunk, [&](std::size_t begin, std::size_t end) {
      for (float* row = y + begin * OutChannels; row < y + end * OutChannels; row += OutChannels)
        for (int o = 0; o < OutChannels; ++o) row[o] += bias[o];
    });
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
