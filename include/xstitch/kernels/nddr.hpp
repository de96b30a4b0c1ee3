#pragma once
/// \file
/// The passes of the NDDR unit, a 1x1 convolution over the channels of all towers, by the way that suits its shape:
/// maps by nddr_product.hpp and nddr_weights.hpp, vectors and the smallest maps by nddr_rows.hpp.

#include <xstitch/kernels/arithmetic.hpp>
#include <xstitch/kernels/nddr_product.hpp>
#include <xstitch/kernels/nddr_rows.hpp>
#include <xstitch/kernels/nddr_weights.hpp>

#include <algorithm>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// T towers whose tensors have `pixels` rows of `channels` a sample.
struct NddrShape {
  std::size_t towers = 0, pixels = 0, channels = 0;
  [[nodiscard]] constexpr bool by_rows() const noexcept { return pixels <= 4; }
  [[nodiscard]] constexpr std::size_t weight_count() const noexcept { return towers * towers * channels * channels; }
};

struct NddrForward {
  std::size_t batch = 0;
  const float* const* inputs = nullptr;
  float* const* outputs = nullptr;
  const std::size_t* order = nullptr;
  const float* weights = nullptr;
  std::byte* workspace = nullptr;
  ThreadPool& threads;
};

struct NddrBackward {
  std::size_t batch = 0;
  const float* const* inputs = nullptr;
  const float* const* output_gradients = nullptr;
  float* const* input_gradients = nullptr;  ///< each may be null, and may be the same tower's output gradient
  const std::size_t* order = nullptr;
  const float* weights = nullptr;
  float* weight_gradient = nullptr;
  std::byte* workspace = nullptr;
  ThreadPool& threads;
};

template <class Arithmetic>
struct Nddr {
  static constexpr Extent workspace(const NddrShape& s) noexcept {
    if (s.by_rows()) return NddrRows<Arithmetic>::workspace(s.pixels, s.towers, s.channels);
    return {0, std::max(NddrProduct<Arithmetic>::workspace(s.towers, s.channels),
                        NddrWeights<Arithmetic>::workspace(s.towers, s.channels))};
  }
  static void forward(const NddrShape& s, const NddrForward& call) {
    if (s.by_rows())
      return NddrRows<Arithmetic>::forward(call.batch * s.pixels, s.towers, s.channels, call.inputs, call.outputs,
                                           call.order, call.weights, call.workspace, call.threads);
    multiply(s, call, call.inputs, call.outputs, false);
  }
  static void backward(const NddrShape& s, const NddrBackward& call) {
    if (s.by_rows())
      return NddrRows<Arithmetic>::backward(call.batch * s.pixels, s.towers, s.channels, call.inputs,
                                            call.output_gradients, call.input_gradients, call.order, call.weights,
                                            call.weight_gradient, call.workspace, call.threads);
    // First dW: dx may be written over dy.
    NddrWeights<Arithmetic>::run({.towers = static_cast<Index>(s.towers),
                                  .rows = static_cast<Index>(call.batch * s.pixels),
                                  .channels = static_cast<Index>(s.channels),
                                  .inputs = call.inputs,
                                  .output_gradients = call.output_gradients,
                                  .weight_gradient = call.weight_gradient,
                                  .workspace = call.workspace,
                                  .threads = call.threads});
    if (std::any_of(call.input_gradients, call.input_gradients + s.towers, [](const float* p) { return p != nullptr; }))
      multiply(s, call, call.output_gradients, call.input_gradients, true);
  }

 private:
  template <class Call>
  static void multiply(const NddrShape& s, const Call& call, const float* const* from, float* const* to, bool adjoint) {
    NddrProduct<Arithmetic>::run({.towers = static_cast<Index>(s.towers),
                                  .rows = static_cast<Index>(call.batch * s.pixels),
                                  .channels = static_cast<Index>(s.channels),
                                  .from = from,
                                  .to = to,
                                  .order = call.order,
                                  .weights = call.weights,
                                  .adjoint = adjoint,
                                  .workspace = call.workspace,
                                  .threads = call.threads});
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
