#pragma once
/// \file
/// Concatenate: the channels of all inputs one after the other, y[p] = (a[p], b[p], ...); the inputs have equal heights
/// and widths. The gradient of each input is its part of dy. The end of a Concat.

#include <xstitch/layers/operation.hpp>

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

struct Concatenate {
  static constexpr std::string_view kind = "Concat";
  static constexpr std::string_view requirement = "Concat: all branches have the same height and width";
  static constexpr bool reads_input = false, reads_output = false;

  template <std::size_t N>
  static constexpr Shapes<1> outputs(const Shapes<N>& in) {
    TensorShape out = in[0];
    for (std::size_t k = 1; k < N; ++k) {
      if (in[k].dims.height != out.dims.height || in[k].dims.width != out.dims.width || in[k].rows != out.rows ||
          in[k].element != out.element)
        return {TensorShape{}};
      out.dims.channels += in[k].dims.channels;
    }
    return {out};
  }
  static constexpr std::array<Attribute, 0> attributes() { return {}; }

  static void forward(const ForwardCall& call) {
    float* y = call.outputs[0];
    for_parts(call, call.output_shapes[0], [&](std::size_t k, std::size_t at, std::size_t part, std::size_t count) {
      std::memcpy(y + at, call.inputs[k] + part, count * sizeof(float));
    });
  }
  static void backward(const BackwardCall& call) {
    const float* dy = call.output_gradients[0];
    for_parts(call, call.output_shapes[0], [&](std::size_t k, std::size_t at, std::size_t part, std::size_t count) {
      if (call.input_gradients[k] != nullptr)
        std::memcpy(call.input_gradients[k] + part, dy + at, count * sizeof(float));
    });
  }

 private:
  /// Calls f(input, offset in y, offset in the input, channels) for each pixel of each input.
  template <class Call, class Function>
  static void for_parts(const Call& call, const TensorShape& out, const Function& f) {
    const std::size_t pixels = static_cast<std::size_t>(out.rows) * out.dims.pixels();
    const auto all = static_cast<std::size_t>(out.dims.channels);
    std::size_t first = 0;
    for (std::size_t k = 0; k < call.input_shapes.size(); ++k) {
      const auto channels = static_cast<std::size_t>(call.input_shapes[k].dims.channels);
      call.threads.parallel_for(call.batch, [&](std::size_t n) {
        for (std::size_t p = n * pixels; p < (n + 1) * pixels; ++p) f(k, p * all + first, p * channels, channels);
      });
      first += channels;
    }
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
