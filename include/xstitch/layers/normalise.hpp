#pragma once
/// \file
/// Normalise: the channels of each pixel as a vector of length 1,
///
///     y = x / |x|,   dx = (dy - y <y, dy>) / |x|
///
/// Any shape. A vector shorter than 1e-6 has no direction: y = 0, dx = 0. The prediction of the Cosine loss.

#include <xstitch/kernels/elementwise.hpp>
#include <xstitch/layers/operation.hpp>

#include <algorithm>
#include <cmath>

namespace xstitch::inline XSTITCH_ISA {

struct Normalise {
  static constexpr std::string_view kind = "Normalise";
  static constexpr std::array<Attribute, 0> attributes() { return {}; }
  static constexpr double shortest = 1e-6;
  static constexpr bool reads_output = false;
  static constexpr bool gradient_in_place = true;
  static constexpr Dims output_shape(Dims in) { return in; }

  template <Dims In>
  static void forward(const ForwardCall& call) {
    for_each_pixel<In>(call, [&](std::size_t at) {
      const float* x = call.input + at;
      const double length = std::sqrt(dot<In>(x, x));
      for (int c = 0; c < In.channels; ++c)
        call.output[at + static_cast<std::size_t>(c)] =
            length < shortest ? 0.0F : static_cast<float>(static_cast<double>(x[c]) / length);
    });
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    for_each_pixel<In>(call, [&](std::size_t at) {
      const float *x = call.input + at, *dy = call.output_gradient + at;
      float* dx = call.input_gradient + at;
      const double square = dot<In>(x, x), length = std::sqrt(square), along = dot<In>(x, dy) / square;
      for (int c = 0; c < In.channels; ++c)
        dx[c] = length < shortest
                    ? 0.0F
                    : static_cast<float>((static_cast<double>(dy[c]) - static_cast<double>(x[c]) * along) / length);
    });
  }

 private:
  template <Dims In>
  static double dot(const float* a, const float* b) noexcept {
    double sum = 0.0;
    for (int c = 0; c < In.channels; ++c) sum += static_cast<double>(a[c]) * static_cast<double>(b[c]);
    return sum;
  }
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
