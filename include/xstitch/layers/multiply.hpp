#pragma once
/// \file
/// Multiply: y = a b ..., element by element, of two or more inputs. The largest extents are those of y, {h, w, c}; an
/// input may also be {h, w, 1}, {1, 1, c} or {1, 1, 1}: the same for all channels, or pixels. Its gradient is then the
/// sum over them. The end of a Product: attention gates, and squeeze-and-excitation (Hu, Shen, Sun, 2018).

#include <xstitch/kernels/multiply.hpp>
#include <xstitch/layers/operation.hpp>

#include <array>
#include <cstddef>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

struct Multiply {
  static constexpr std::string_view kind = "Product";
  static constexpr std::string_view requirement =
      "Product: two branches or more; each has height and width of the largest, or 1 x 1, and as many channels, or 1";
  static constexpr bool reads_output = false;
  static constexpr std::array<Attribute, 0> attributes() { return {}; }

  /// The shape of the product, before anybody asks whether all inputs fit.
  template <class In>
  static constexpr TensorShape largest(const In& in) {
    TensorShape out = in[0];
    for (std::size_t k = 1; k < in.size(); ++k) {
      if (in[k].dims.pixels() > out.dims.pixels()) {
        out.dims.height = in[k].dims.height;
        out.dims.width = in[k].dims.width;
      }
      if (in[k].dims.channels > out.dims.channels) out.dims.channels = in[k].dims.channels;
    }
    return out;
  }
  /// Whether an input of that shape can be repeated to the shape of the output.
  static constexpr bool fits(const TensorShape& in, const TensorShape& out) {
    return in.element == ElementType::float32 && in.rows == out.rows &&
           (in.dims.pixels() == 1 || (in.dims.height == out.dims.height && in.dims.width == out.dims.width)) &&
           (in.dims.channels == 1 || in.dims.channels == out.dims.channels);
  }
  template <std::size_t N>
  static constexpr Shapes<1> outputs(const Shapes<N>& in) {
    const TensorShape out = largest(in);
    for (std::size_t k = 0; k < N; ++k)
      if (N < 2 || !fits(in[k], out)) return {TensorShape{}};
    return {TensorShape(out.dims, out.rows)};
  }

  template <auto In>  // Shapes<N>
  static void forward(const ForwardCall& call) {
    const auto all = factors<In>(call);
    kernels::multiply(shape<In>(call.batch), {all.data(), all.size()}, call.outputs[0], call.threads);
  }
  template <auto In>
  static void backward(const BackwardCall& call) {
    const auto all = factors<In>(call);
    for (std::size_t k = 0; k < all.size(); ++k)
      if (call.input_gradients[k] != nullptr)
        kernels::multiply_gradient(shape<In>(call.batch), {all.data(), all.size()}, k, call.output_gradients[0],
                                   call.input_gradients[k], call.threads);
  }

 private:
  /// Where all inputs have the shape of y, a batch is one long row.
  template <auto In>
  static constexpr bool all_full = [] {
    for (const TensorShape& in : In.items)
      if (!(in.dims == largest(In).dims)) return false;
    return true;
  }();
  template <auto In>
  static kernels::ProductShape shape(std::size_t batch) {
    constexpr TensorShape out = largest(In);
    if (all_full<In>) return {1, 1, batch * out.size()};
    return {batch * static_cast<std::size_t>(out.rows), out.dims.pixels(), static_cast<std::size_t>(out.dims.channels)};
  }
  template <auto In, class Call>
  static std::array<kernels::Factor, In.size()> factors(const Call& call) {
    constexpr Dims out = largest(In).dims;
    std::array<kernels::Factor, In.size()> all;
    for (std::size_t k = 0; k < In.size(); ++k) {
      const Dims in = In[k].dims;
      const std::size_t pixel = in.pixels() == 1 && out.pixels() > 1 ? 0 : static_cast<std::size_t>(in.channels);
      all[k] = {call.inputs[k], in.size(), pixel, in.channels == 1 && out.channels > 1};
    }
    return all;
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
