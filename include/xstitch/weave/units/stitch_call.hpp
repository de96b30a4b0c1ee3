#pragma once
/// \file
/// An operation's call as the stitch kernels take it: the towers of a seam, pixel by pixel.

#include <xstitch/kernels/stitch.hpp>
#include <xstitch/layers/operation.hpp>

#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {
namespace units {

constexpr std::size_t channels_of(const TensorShape& shape) { return static_cast<std::size_t>(shape.dims.channels); }

inline kernels::StitchForward stitch_of(const ForwardCall& call) {
  const TensorShape& at = call.input_shapes[0];
  return {.towers = call.input_shapes.size(),
          .pixels = call.batch * at.size() / channels_of(at),
          .channels = channels_of(at),
          .inputs = call.inputs,
          .outputs = call.outputs,
          .order = call.order,
          .workspace = call.workspace,
          .threads = call.threads};
}
inline kernels::StitchBackward stitch_of(const BackwardCall& call) {
  const TensorShape& at = call.input_shapes[0];
  return {.towers = call.input_shapes.size(),
          .pixels = call.batch * at.size() / channels_of(at),
          .channels = channels_of(at),
          .inputs = call.inputs,
          .output_gradients = call.output_gradients,
          .input_gradients = call.input_gradients,
          .order = call.order,
          .workspace = call.workspace,
          .threads = call.threads};
}

}  // namespace units
}  // namespace xstitch::inline XSTITCH_ISA
