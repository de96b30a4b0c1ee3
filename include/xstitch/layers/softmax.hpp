#pragma once
/// \file
/// Softmax over the channels of each pixel (of a vector: over all): with p = y,
///
///     y_c = exp(x_c) / sum over k of exp(x_k),   dx_c = p_c (dy_c - sum over k of p_k dy_k)
///
/// Any shape. A value that is not finite makes its pixel NaN. The prediction of SoftmaxCrossEntropy.

#include <xstitch/kernels/elementwise.hpp>
#include <xstitch/kernels/softmax.hpp>
#include <xstitch/layers/operation.hpp>

#include <algorithm>

namespace xstitch::inline XSTITCH_ISA {

struct Softmax {
  static constexpr std::string_view kind = "Softmax";
  static constexpr std::array<Attribute, 0> attributes() { return {}; }
  static constexpr bool reads_input = false;
  static constexpr bool gradient_in_place = true;
  static constexpr Dims output_shape(Dims in) { return in; }

  template <Dims In>
  static void forward(const ForwardCall& call) {
    for_each_pixel<In>(call,
                       [&](std::size_t at) { kernels::softmax_row<In.channels>(call.input + at, call.output + at); });
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    for_each_pixel<In>(call, [&](std::size_t at) {
      const float *p = call.output + at, *dy = call.output_gradient + at;
      float* dx = call.input_gradient + at;
      double mean = 0.0;
      for (int c = 0; c < In.channels; ++c) mean += static_cast<double>(p[c]) * static_cast<double>(dy[c]);
      for (int c = 0; c < In.channels; ++c) dx[c] = p[c] * (dy[c] - static_cast<float>(mean));
    });
  }

 private:
  /// f(position of the pixel's first channel).
  template <Dims In, class Call, class Function>
  static void for_each_pixel(const Call& call, const Function& f) {
    constexpr auto channels = static_cast<std::size_t>(In.channels);
    constexpr std::size_t chunk = std::max<std::size_t>(1, kernels::elementwise_chunk / channels);
    kernels::for_chunks(call.threads, call.batch * In.pixels(), chunk, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) f(i * channels);
    });
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
