#pragma once
/// \file
/// Dropout<probability>: in training y = x / (1 - p) with probability 1 - p, else 0; in inference y = x. Any shape,
/// works in place. By default p = 1/2; it is rounded to a multiple of 1/65536.
///
/// The mask is not stored: it depends on the layer's key of the step and on the element's position in the global batch,
/// so it is the same in backward, on any number of threads, and however a batch is divided among processes.
/// Srivastava et al.: Dropout, a simple way to prevent neural networks from overfitting, 2014.

#include <xstitch/kernels/dropout.hpp>
#include <xstitch/kernels/elementwise.hpp>
#include <xstitch/layers/operation.hpp>
#include <xstitch/layers/options.hpp>

#include <cstring>

namespace xstitch::inline XSTITCH_ISA {

template <Ratio Probability = Ratio{1, 2}>
struct Dropout {
  static_assert(Probability.value() >= 0.0F && Probability.value() < 1.0F,
                "xstitch: the probability of Dropout is in [0, 1)");
  static constexpr std::string_view kind = "Dropout";
  static constexpr std::array<Attribute, 1> attributes() { return {Attribute::ratio("probability", Probability)}; }
  static constexpr bool reads_input = false;
  static constexpr bool reads_output = false;
  static constexpr bool in_place = true;
  /// Which elements are dropped, and what the others are multiplied by.
  static constexpr kernels::DropoutRate rate{std::min(
      65535U,
      static_cast<std::uint32_t>(
          static_cast<double>(Probability.numerator) * 65536.0 / static_cast<double>(Probability.denominator) + 0.5))};
  static constexpr Dims output_shape(Dims in) { return in; }

  template <Dims In>
  static void forward(const ForwardCall& call) {
    if (call.training)
      apply<In>(call.input, call.output, call);
    else if (call.output != call.input)
      std::memcpy(call.output, call.input, call.batch * In.size() * sizeof(float));
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient != nullptr) apply<In>(call.output_gradient, call.input_gradient, call);
  }

 private:
  template <Dims In, class Call>
  static void apply(const float* x, float* y, const Call& call) {
    constexpr std::size_t chunk = kernels::elementwise_chunk / 4;
    constexpr std::size_t chunks = (In.size() + chunk - 1) / chunk;
    call.threads.parallel_for(call.batch * chunks, [&](std::size_t task) {
      const std::size_t sample = task / chunks, begin = task % chunks * chunk, at = sample * In.size() + begin;
      kernels::dropout(x + at, y + at, begin, std::min(chunk, In.size() - begin), In.size(),
                       call.first_position + sample, rate, call.random);
    });
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
