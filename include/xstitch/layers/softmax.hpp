#pragma once
/// \file
/// Softmax over the channels of each pixel (of a vector: over all): with p = y,
///
///     y_c = exp(x_c) / sum over k of exp(x_k),   dx_c = p_c (dy_c - sum over k of p_k dy_k)
///
/// Any shape. A value that is not finite makes its pixel NaN. The prediction of SoftmaxCrossEntropy.

#include <xstitch/kernels/elementwise.hpp>
#include <xstitch/kernels/multiply_add.hpp>
#include <xstitch/kernels/softmax.hpp>
#include <xstitch/layers/operation.hpp>

#include <array>
#include <cstddef>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

struct Softmax {
  static constexpr std::string_view kind = "Softmax";
  static constexpr std::array<Attribute, 0> attributes() { return {}; }
  static constexpr bool reads_input = false;
  static constexpr bool gradient_in_place = true;
  static constexpr Dims output_shape(Dims in) { return in; }

  template <Dims In>
  static void forward(const ForwardCall& call) {
    constexpr auto channels = static_cast<std::size_t>(In.channels);
    kernels::for_rows(call.threads, call.batch * In.pixels(), channels, [&](std::size_t row) {
      kernels::softmax_row<In.channels>(call.input + row * channels, call.output + row * channels);
    });
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    constexpr auto channels = static_cast<std::size_t>(In.channels);
    kernels::for_rows(call.threads, call.batch * In.pixels(), channels, [&](std::size_t row) {
      const float *p = call.output + row * channels, *dy = call.output_gradient + row * channels;
      float* dx = call.input_gradient + row * channels;
      double mean = 0.0;
      for (std::size_t c = 0; c < channels; ++c)
        mean = kernels::multiply_add(static_cast<double>(p[c]), static_cast<double>(dy[c]), mean);
      for (std::size_t c = 0; c < channels; ++c) dx[c] = p[c] * (dy[c] - static_cast<float>(mean));
    });
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
