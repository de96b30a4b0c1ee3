#pragma once
/// \file
/// Sum: y = a + b + ..., element by element, of two or more inputs of one shape; the gradient of each is dy. The end of
/// a Residual.

#include <xstitch/layers/operation.hpp>

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

struct Sum {
  static constexpr std::string_view kind = "Sum";
  static constexpr std::string_view requirement = "Sum: all inputs have the same shape";
  static constexpr bool reads_input = false, reads_output = false;

  template <std::size_t N>
  static constexpr Shapes<1> outputs(const Shapes<N>& in) {
    for (std::size_t k = 1; k < N; ++k)
      if (!(in[k] == in[0])) return {TensorShape{}};
    return {in[0]};
  }
  static constexpr std::array<Attribute, 0> attributes() { return {}; }

  static void forward(const ForwardCall& call) {
    const std::size_t size = call.output_shapes[0].size(), inputs = call.input_shapes.size();
    call.threads.parallel_for(call.batch, [&](std::size_t n) {
      const std::size_t begin = n * size, end = begin + size;
      const float *a = call.inputs[0], *b = call.inputs[1];
      float* y = call.outputs[0];
      for (std::size_t i = begin; i < end; ++i) y[i] = a[i] + b[i];
      for (std::size_t k = 2; k < inputs; ++k)
        for (std::size_t i = begin; i < end; ++i) y[i] += call.inputs[k][i];
    });
  }
  static void backward(const BackwardCall& call) {
    const std::size_t size = call.output_shapes[0].size();
    const float* dy = call.output_gradients[0];
    for (std::size_t k = 0; k < call.input_shapes.size(); ++k) {
      float* dx = call.input_gradients[k];
      if (dx == nullptr || dx == dy) continue;
      call.threads.parallel_for(
          call.batch, [&](std::size_t n) { std::memcpy(dx + n * size, dy + n * size, size * sizeof(float)); });
    }
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
