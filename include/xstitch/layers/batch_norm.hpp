#pragma once
/// \file
/// BatchNorm<"name", Momentum<m>, Epsilon<e>, FrozenStatistics>: y = (x - mean) / sqrt(variance + e) weight + bias, per
/// channel.
///
/// In training mean and variance are those of the batch, over samples and pixels, and the running ones move towards
/// them: running = (1 - m) running + m batch, the variance with the divisor rows - 1. A batch of a single row (one
/// sample of 1x1xC) says nothing about a variance: it leaves the running ones as they are. Inference uses the running
/// ones, and so does training with FrozenStatistics: they do not move, and no gradient flows through them (fine-tuning
/// with small batches). Of a batch in several slices the statistics are each slice's, or, of several ranks, those of
/// all (ReductionOptions::batch_statistics). Any shape; m = 1/10 and e = 1/100000 as in PyTorch. Parameters, all
/// {channels}: weight (first 1, no weight decay), bias (0), running_mean (0) and running_variance (1), the last two not
/// trained. Ioffe, Szegedy: Batch normalization, 2015.

#include <xstitch/kernels/activations.hpp>
#include <xstitch/kernels/batch_norm.hpp>
#include <xstitch/layers/fusion.hpp>
#include <xstitch/layers/operation.hpp>
#include <xstitch/layers/options.hpp>

#include <cmath>

namespace xstitch::inline XSTITCH_ISA {

template <FixedString Name, class... Options>
struct BatchNorm {
  static constexpr auto name = Name;
  static constexpr std::string_view kind = "BatchNorm";
  /// Whether the running statistics are used and stay as they are.
  static constexpr bool frozen_statistics = options::has<FrozenStatistics, Options...>;
  static constexpr auto attributes() {
    if constexpr (frozen_statistics)
      return std::array{Attribute::ratio("epsilon", epsilon), Attribute::flag("frozen_statistics", true)};
    else
      return std::array{Attribute::ratio("momentum", momentum), Attribute::ratio("epsilon", epsilon)};
  }
  static constexpr bool reads_output = false;
  static constexpr bool updates_buffers = !frozen_statistics;
  /// Share of the batch in the new running statistics.
  static constexpr Ratio momentum = options::FindValue<Momentum, Momentum<Ratio{1, 10}>, Options...>::type::value;
  static constexpr Ratio epsilon = options::FindValue<Epsilon, Epsilon<Ratio{1, 100000}>, Options...>::type::value;
  static_assert(momentum.value() >= 0.0F && momentum.value() <= 1.0F,
                "xstitch: the momentum of BatchNorm is in [0, 1]");
  static_assert(epsilon.value() > 0.0F, "xstitch: the epsilon of BatchNorm is positive");

  struct Knows {
    template <class Option>
    static constexpr bool of = (!frozen_statistics && options::is<Momentum, Option>) || options::is<Epsilon, Option> ||
                               options::has<Option, FrozenStatistics, Frozen>;
  };
  static constexpr std::string_view unknown_option = options::unknown<Knows, Options...>();
  static constexpr Dims output_shape(Dims in) { return in; }
  static constexpr auto parameters(Dims in) {
    const Extents each(in.channels);
    constexpr float rate = options::has<Frozen, Options...> ? 0.0F : 1.0F;
    return std::array{ParameterSpec{.name = "weight",
                                    .extents = each,
                                    .initializer = Initializer::constant(1.0F),
                                    .learning_rate_multiplier = rate,
                                    .weight_decay_multiplier = 0.0F},
                      ParameterSpec{.name = "bias",
                                    .extents = each,
                                    .initializer = Initializer::constant(0.0F),
                                    .group = ParameterGroup::bias,
                                    .learning_rate_multiplier = rate},
                      ParameterSpec{.name = "running_mean",
                                    .extents = each,
                                    .initializer = Initializer::constant(0.0F),
                                    .group = ParameterGroup::buffer},
                      ParameterSpec{.name = "running_variance",
                                    .extents = each,
                                    .initializer = Initializer::constant(1.0F),
                                    .group = ParameterGroup::buffer,
                                    .pytorch_name = "running_var"}};
  }
  static constexpr std::size_t joint_channels(Dims in) {
    return frozen_statistics ? 0 : static_cast<std::size_t>(in.channels);
  }
  /// Mean and 1 / sqrt(variance + epsilon) of the batch.
  static constexpr Extent saved(Dims in) { return {0, frozen_statistics ? 0 : 2 * bytes(in)}; }
  /// Coefficients of each channel, then partial sums.
  static constexpr Extent workspace(Dims in) {
    const Extent sums = kernels::channel_sums_workspace(in, chunk(in), 2);
    return {sums.per_sample, sums.fixed + coefficient_bytes(in)};
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
    constexpr int C = In.channels;
    using Block = kernels::ChannelBlock<C>;
    const std::size_t rows = call.batch * In.pixels();
    float* factor = reinterpret_cast<float*>(call.workspace);
    float *gradient_mean = factor + C, *slope = gradient_mean + C;
    const float *mean = call.parameters[2], *inverse_deviation = slope;
    if constexpr (frozen_statistics) {
      for (int c = 0; c < C; ++c) slope[c] = inverse(static_cast<double>(call.parameters[3][c]));
    } else {
      mean = reinterpret_cast<const float*>(call.saved);
      inverse_deviation = mean + C;
    }
    const auto add_terms = [&](std::size_t row, int c, std::array<typename Block::Batch, 2>& sums) {
      const auto at = static_cast<std::ptrdiff_t>(row) * C + c;
      const auto g = Block::load(call.output_gradient + at);
      sums[0] += g;
      sums[1] = kernels::multiply_add(g, Block::load(call.input + at) - Block::load(mean + c), sums[1]);
    };
    const JointSums* const several = call.sums;
    const double* const joint = several != nullptr ? several->joint : nullptr;
    const double n = joint != nullptr ? joint[0] : static_cast<double>(rows);
    /// `own`: sums of the slice; `all`: of the whole batch.
    const auto finish = [&](std::size_t c, const std::array<double, 2>& own, const std::array<double, 2>& all) {
      const auto i = static_cast<double>(inverse_deviation[c]);
      call.parameter_gradients[0][c] = static_cast<float>(own[1] * i);
      call.parameter_gradients[1][c] = static_cast<float>(own[0]);
      factor[c] = call.parameters[0][c] * inverse_deviation[c];
      if (frozen_statistics) return;
      gradient_mean[c] = static_cast<float>(all[0] / n);
      slope[c] = static_cast<float>(all[1] * i * i / n);
    };
    if (joint != nullptr) {
      for (std::size_t c = 0; c < C; ++c)
        finish(c, {several->own[1 + c], several->own[1 + C + c]}, {joint[1 + c], joint[1 + C + c]});
    } else {
      if (several != nullptr) several->own[0] = n;
      kernels::channel_sums<C, 2>(call.threads, rows, partial_sums<In>(call.workspace), add_terms,
                                  [&](std::size_t c, const std::array<double, 2>& sums) {
                                    if (several == nullptr) return finish(c, sums, sums);
                                    several->own[1 + c] = sums[0];
                                    several->own[1 + C + c] = sums[1];
                                  });
      if (several != nullptr) return;
    }
    if (call.input_gradient == nullptr) return;
    if constexpr (frozen_statistics)
      return kernels::scale<C>(call.threads, call.output_gradient, call.input_gradient, rows, factor);
    kernels::normalise_gradient<C>(call.threads, call.input, call.output_gradient, call.input_gradient, rows, mean,
                                   factor, gradient_mean, slope);
  }

 private:
  template <Dims In, class Function>
  static void run_forward(const ForwardCall& call) {
    float* factor = reinterpret_cast<float*>(call.workspace);
    if (const float* mean = find_mean<In>(call, factor))
      kernels::normalise<In.channels, Function>(call.threads, call.input, call.output, call.batch * In.pixels(), mean,
                                                factor, call.parameters[1]);
  }
  /// The mean that is taken off, and what the rest is multiplied by; null where only sums are wanted. (Not a template
  /// on what is fused.)
  template <Dims In>
  static const float* find_mean(const ForwardCall& call, float* factor) {
    constexpr int C = In.channels;
    const float* const* p = call.parameters;
    if (frozen_statistics || !call.training) {
      for (int c = 0; c < C; ++c) factor[c] = p[0][c] * inverse(static_cast<double>(p[3][c]));
      return p[2];
    }
    const std::size_t rows = call.batch * In.pixels();
    float* mean = reinterpret_cast<float*>(call.saved);
    float* inverse_deviation = mean + C;
    const JointSums* const several = call.sums;
    const double* const joint = several != nullptr ? several->joint : nullptr;
    const double n = joint != nullptr ? joint[0] : static_cast<double>(rows);
    const auto m = static_cast<double>(momentum.value());
    const auto finish = [&](std::size_t c, double average, double squares) {
      mean[c] = static_cast<float>(average);
      inverse_deviation[c] = inverse(squares / n);
      factor[c] = p[0][c] * inverse_deviation[c];
      if (call.buffer_updates == nullptr || call.buffer_updates[2] == nullptr) return;
      call.buffer_updates[2][c] = n > 1.0 ? moved(p[2][c], average, m) : p[2][c];
      call.buffer_updates[3][c] = n > 1.0 ? moved(p[3][c], squares / (n - 1.0), m) : p[3][c];
    };
    if (joint != nullptr) {
      for (std::size_t c = 0; c < C; ++c) finish(c, joint[1 + c], joint[1 + C + c]);
      return mean;
    }
    if (several != nullptr) several->own[0] = n;
    kernels::channel_moments<C>(call.threads, call.input, rows, partial_sums<In>(call.workspace),
                                [&](std::size_t c, double average, double squares) {
                                  if (several == nullptr) return finish(c, average, squares);
                                  several->own[1 + c] = average;
                                  several->own[1 + C + c] = squares;
                                });
    if (several != nullptr) return nullptr;
    return mean;
  }

  static constexpr std::size_t bytes(Dims in) { return static_cast<std::size_t>(in.channels) * sizeof(float); }
  static constexpr std::size_t coefficient_bytes(Dims in) { return align_up(3 * bytes(in)); }
  static constexpr std::size_t chunk(Dims in) { return kernels::channel_chunk_rows(in.channels); }
  template <Dims In>
  static double* partial_sums(std::byte* workspace) {
    return reinterpret_cast<double*>(workspace + coefficient_bytes(In));
  }
  static float inverse(double variance) {
    return static_cast<float>(1.0 / std::sqrt(variance + static_cast<double>(epsilon.value())));
  }
  static float moved(float running, double batch, double m) {
    return static_cast<float>(kernels::multiply_add(m, batch, (1.0 - m) * static_cast<double>(running)));
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
