#pragma once
/// \file
/// Identity: y = x, dx = dy. Any shape, works in place. The prediction of losses whose outputs need no other form.

#include <xstitch/kernels/elementwise.hpp>
#include <xstitch/layers/operation.hpp>

#include <cstring>

namespace xstitch::inline XSTITCH_ISA {

struct Identity {
  static constexpr std::string_view kind = "Identity";
  static constexpr std::array<Attribute, 0> attributes() { return {}; }
  static constexpr bool reads_input = false;
  static constexpr bool reads_output = false;
  static constexpr bool in_place = true;
  static constexpr Dims output_shape(Dims in) { return in; }

  template <Dims In>
  static void forward(const ForwardCall& call) {
    copy(call.threads, call.input, call.output, call.batch * In.size());
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient != nullptr)
      copy(call.threads, call.output_gradient, call.input_gradient, call.batch * In.size());
  }

 private:
  static void copy(ThreadPool& threads, const float* from, float* to, std::size_t count) {
    if (from == to) return;
    kernels::for_chunks(threads, count, kernels::elementwise_chunk, [&](std::size_t begin, std::size_t end) {
      std::memcpy(to + begin, from + begin, (end - begin) * sizeof(float));
    });
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
