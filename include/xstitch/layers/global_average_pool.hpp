#pragma once
/// \file
/// GlobalAveragePool: y_c = mean of x_c over all pixels. {h, w, c} -> {1, 1, c}.
/// Lin, Chen, Yan: Network in network, 2014.

#include <xstitch/kernels/pool.hpp>
#include <xstitch/layers/operation.hpp>

namespace xstitch::inline XSTITCH_ISA {

struct GlobalAveragePool {
  static constexpr std::string_view kind = "GlobalAveragePool";
  static constexpr std::array<Attribute, 0> attributes() { return {}; }
  static constexpr bool reads_input = false;
  static constexpr bool reads_output = false;
  static constexpr Dims output_shape(Dims in) { return {1, 1, in.channels}; }

  template <Dims In>
  static void forward(const ForwardCall& call) {
    call.threads.parallel_for(call.batch, [&](std::size_t n) {
      kernels::global_average<In>(call.input + n * In.size(), call.output + n * output_shape(In).size());
    });
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    call.threads.parallel_for(call.batch, [&](std::size_t n) {
      kernels::global_average_gradient<In>(call.output_gradient + n * output_shape(In).size(),
                                           call.input_gradient + n * In.size());
    });
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
