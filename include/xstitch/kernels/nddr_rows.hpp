#pragma once
/// \file
/// The passes of the NDDR unit between vectors: few rows and perhaps many channels, where reading the weights takes the
/// time. Each pair of towers is a fully connected layer (linear_forward.hpp, linear_backward.hpp), which reads its
/// weights once and in place; what the towers give is added in the caller's order.

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/linear.hpp>

#include <algorithm>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

template <class Arithmetic>
class NddrRows {
  static constexpr std::size_t row_bytes(std::size_t channels) noexcept { return align_up(channels * sizeof(float)); }
  static void add(const float* from, std::size_t count, float* to) noexcept {
    for (std::size_t i = 0; i < count; ++i) to[i] += from[i];
  }

 public:
  /// Of `rows` rows a sample: a copy of dy, one tower's part of a sum, and what the layers need.
  static constexpr Extent workspace(std::size_t rows, std::size_t towers, std::size_t channels) noexcept {
    const Extent layer = linear_workspace(static_cast<int>(channels), static_cast<int>(channels));
    return {rows * ((towers + 1) * row_bytes(channels) + layer.per_sample), layer.fixed + 64};
  }

  /// y_t = sum over s of x_s W[t, s]
  static void forward(std::size_t rows, std::size_t towers, std::size_t channels, const float* const* inputs,
                      float* const* outputs, const std::size_t* order, const float* weights, std::byte* workspace,
                      ThreadPool& threads) {
    const std::size_t matrix = channels * channels;
    auto* part = reinterpret_cast<float*>(workspace);
    const int width = static_cast<int>(channels);
    for (std::size_t t = 0; t < towers; ++t)
      for (std::size_t k = 0; k < towers; ++k) {
        LinearForward<Arithmetic>::run(rows, width, width, inputs[order[k]], weights + (t * towers + order[k]) * matrix,
                                       nullptr, false, k == 0 ? outputs[t] : part,
                                       workspace + rows * row_bytes(channels), threads);
        if (k > 0) add(part, rows * channels, outputs[t]);
      }
  }

  /// dW[t, s] = x_s^T dy_t, dx_s = sum over t of dy_t W[t, s]^T; input_gradients[s] null: not wanted, and may be dy_s.
  static void backward(std::size_t rows, std::size_t towers, std::size_t channels, const float* const* inputs,
                       const float* const* output_gradients, float* const* input_gradients, const std::size_t* order,
                       const float* weights, float* weight_gradient, std::byte* workspace, ThreadPool& threads) {
    const std::size_t matrix = channels * channels, one = rows * row_bytes(channels);
    auto* part = reinterpret_cast<float*>(workspace);
    const auto copy = [&](std::size_t t) { return reinterpret_cast<float*>(workspace + (t + 1) * one); };
    for (std::size_t t = 0; t < towers; ++t) std::copy_n(output_gradients[t], rows * channels, copy(t));
    const int width = static_cast<int>(channels);
    for (std::size_t s = 0; s < towers; ++s)
      for (std::size_t k = 0; k < towers; ++k) {
        const std::size_t t = order[k], at = (t * towers + s) * matrix;
        float* dx = input_gradients[s];
        LinearBackward<Arithmetic>::run(
            rows, width, width, inputs[s], copy(t), weights + at, dx == nullptr || k == 0 ? dx : part,
            weight_gradient + at, nullptr, [](std::size_t, const float*, std::size_t) {},
            workspace + (towers + 1) * one, threads);
        if (dx != nullptr && k > 0) add(part, rows * channels, dx);
      }
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
