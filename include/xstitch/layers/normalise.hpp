#pragma once
/// \file
/// Normalise: the channels of each pixel as a vector of length 1,
///
///     y = x / |x|,   dx = (dy - y <y, dy>) / |x|
///
/// Any shape. A vector shorter than 1e-6 has no direction: y = 0, dx = 0. The prediction of the Cosine loss.

#include <xstitch/kernels/elementwise.hpp>
#include <xstitch/kernels/multiply_add.hpp>
#include <xstitch/layers/operation.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

struct Normalise {
  static constexpr std::string_view kind = "Normalise";
  static constexpr std::array<Attribute, 0> attributes() { return {}; }
  static constexpr double shortest = 1e-6;  ///< vectors below this length have no direction
  static constexpr bool reads_output = false;
  static constexpr bool gradient_in_place = true;
  static constexpr Dims output_shape(Dims in) { return in; }

  template <Dims In>
  static void forward(const ForwardCall& call) {
    constexpr auto channels = static_cast<std::size_t>(In.channels);
    kernels::for_rows(call.threads, call.batch * In.pixels(), channels, [&](std::size_t row) {
      const float* x = call.input + row * channels;
      float* y = call.output + row * channels;
      const double length = std::sqrt(dot<channels>(x, x));
      for (std::size_t c = 0; c < channels; ++c)
        y[c] = length < shortest ? 0.0F : static_cast<float>(static_cast<double>(x[c]) / length);
    });
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    constexpr auto channels = static_cast<std::size_t>(In.channels);
    kernels::for_rows(call.threads, call.batch * In.pixels(), channels, [&](std::size_t row) {
      const float *x = call.input + row * channels, *dy = call.output_gradient + row * channels;
      float* dx = call.input_gradient + row * channels;
      const double square = dot<channels>(x, x), length = std::sqrt(square), along = dot<channels>(x, dy) / square;
      for (std::size_t c = 0; c < channels; ++c) {
        const double across =
            kernels::negative_multiply_add(along, static_cast<double>(x[c]), static_cast<double>(dy[c]));
        dx[c] = length < shortest ? 0.0F : static_cast<float>(across / length);
      }
    });
  }

 private:
  template <std::size_t Channels>
  static double dot(const float* a, const float* b) noexcept {
    double sum = 0.0;
    for (std::size_t c = 0; c < Channels; ++c)
      sum = kernels::multiply_add(static_cast<double>(a[c]), static_cast<double>(b[c]), sum);
    return sum;
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
