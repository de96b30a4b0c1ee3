#pragma once
/// \file
/// Unpool: y = 0 but where the indices say, y[index[i, c], c] = x[i, c]. Inputs: x, the indices of a MaxPoolIndices of
/// the same shape, and what that pool read, of which the shape alone matters: y has it, odd extents included.
///
/// Where windows overlapped, an index may come twice: the later pixel of x wins (as in PyTorch on a processor), and the
/// gradient flows to that one alone, because the other has no part in y. (PyTorch's backward gives it to both.) An
/// index outside y is an Error. The structure MaxUnpool<"where"> finds the inputs. Zeiler, Fergus: Visualizing and
/// understanding convolutional networks, 2013; SegNet: Badrinarayanan et al., 2015.

#include <xstitch/kernels/max_unpool.hpp>
#include <xstitch/layers/operation.hpp>

#include <array>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

/// Y = x at the indices, 0 elsewhere; dx = dy at the indices (Badrinarayanan et al. 2017).
struct Unpool {
  static constexpr std::string_view kind = "MaxUnpool";
  static constexpr std::string_view requirement =
      "MaxUnpool: x and the indices have the same shape, and the pool's input as many channels";
  static constexpr bool reads_output = false;
  static constexpr std::size_t shape_inputs = 1;
  static constexpr std::array<Attribute, 0> attributes() { return {}; }
  static constexpr Shapes<1> outputs(const Shapes<3>& in) {
    const bool fits = in[0].element == ElementType::float32 && in[1].element == ElementType::int32 &&
                      in[0].dims == in[1].dims && in[0].dims.channels == in[2].dims.channels &&
                      in[0].rows == in[1].rows && in[0].rows == in[2].rows;
    return {fits ? TensorShape(in[2].dims, in[2].rows) : TensorShape{}};
  }

  static void forward(const ForwardCall& call) {
    kernels::max_unpool(shape(call), call.inputs[0], call.input_as<std::int32_t>(1), call.outputs[0], call.threads);
  }
  static void backward(const BackwardCall& call) {
    if (call.input_gradients[0] == nullptr) return;
    kernels::max_unpool_gradient(shape(call), call.output_gradients[0], call.input_as<std::int32_t>(1),
                                 call.input_gradients[0], call.threads);
  }

 private:
  template <class Call>
  static kernels::UnpoolShape shape(const Call& call) {
    const TensorShape &in = call.input_shapes[0], &out = call.output_shapes[0];
    return {call.batch * static_cast<std::size_t>(in.rows), in.dims.pixels(), out.dims.pixels(),
            static_cast<std::size_t>(in.dims.channels)};
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
