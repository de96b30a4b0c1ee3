#pragma once
/// \file
/// Sum: y = a + b + ..., element by element, of two or more inputs of one shape; the gradient of each is dy. The end of
/// a Residual. It applies a piecewise linear activation that follows it while it writes.

#include <xstitch/kernels/elementwise.hpp>
#include <xstitch/layers/fusion.hpp>
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
  static constexpr bool gradient_in_place = true;  // dy is the first input's gradient already

  template <std::size_t N>
  static constexpr Shapes<1> outputs(const Shapes<N>& in) {
    for (std::size_t k = 1; k < N; ++k)
      if (!(in[k] == in[0])) return {TensorShape{}};
    return {in[0]};
  }
  static constexpr std::array<Attribute, 0> attributes() { return {}; }

  static void forward(const ForwardCall& call) { add<kernels::Unchanged>(call); }
  template <class Fusion>
  static constexpr bool fuses = fusions::by_element<Fusion>;
  template <class Fusion, auto In>
  static void forward_fused(const ForwardCall& call) {
    add<Fusion>(call);
  }

  static void backward(const BackwardCall& call) {
    const std::size_t elements = call.batch * call.output_shapes[0].size();
    const float* dy = call.output_gradients[0];
    for (std::size_t k = 0; k < call.input_shapes.size(); ++k) {
      float* dx = call.input_gradients[k];
      if (dx == nullptr || dx == dy) continue;
      kernels::for_chunks(call.threads, elements, kernels::elementwise_chunk, [&](std::size_t begin, std::size_t end) {
        std::memcpy(dx + begin, dy + begin, (end - begin) * sizeof(float));
      });
    }
  }

 private:
  template <class Function>
  static void add(const ForwardCall& call) {
    using kernels::Vector;
    const std::size_t elements = call.batch * call.output_shapes[0].size(), inputs = call.input_shapes.size();
    kernels::for_chunks(call.threads, elements, kernels::elementwise_chunk, [&](std::size_t begin, std::size_t end) {
      float* y = call.outputs[0] + begin;
      const std::size_t count = end - begin;
      for (std::size_t k = 1; k < inputs; ++k) {
        const float *a = k == 1 ? call.inputs[0] + begin : y, *b = call.inputs[k] + begin;
        if (k + 1 < inputs)
          kernels::transform(a, b, y, count, [](const Vector& u, const Vector& v) { return u + v; });
        else
          kernels::transform(a, b, y, count, [](const Vector& u, const Vector& v) { return Function::f(u + v); });
      }
    });
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
