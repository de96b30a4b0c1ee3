#pragma once
/// \file
/// Lrn<size = 5, alpha = 1/10000, beta = 3/4, k = 1>: local response normalisation across channels,
///
///     y_c = x_c (k + alpha / size * sum of x^2 over the `size` channels around c)^-beta
///
/// with alpha divided by the size, as in Caffe and PyTorch. Any shape; size is odd. Nothing is saved but the input.
/// Krizhevsky, Sutskever, Hinton: ImageNet classification with deep convolutional neural networks, 2012, section 3.3.

#include <xstitch/kernels/elementwise.hpp>
#include <xstitch/kernels/lrn.hpp>
#include <xstitch/layers/operation.hpp>

namespace xstitch::inline XSTITCH_ISA {

template <int Window = 5, Ratio Alpha = Ratio{1, 10000}, Ratio Beta = Ratio{3, 4}, Ratio K = Ratio{1, 1}>
struct Lrn {
  static constexpr std::string_view kind = "Lrn";
  static constexpr std::array<Attribute, 4> attributes() {
    return {Attribute::integers("size", Window), Attribute::ratio("alpha", Alpha), Attribute::ratio("beta", Beta),
            Attribute::ratio("k", K)};
  }
  static constexpr bool reads_output = false;
  static constexpr Dims output_shape(Dims in) { return in; }

  template <Dims In>
  static void forward(const ForwardCall& call) {
    kernels::for_chunks(call.threads, call.batch * In.pixels(), chunk(In), [&](std::size_t begin, std::size_t end) {
      const std::size_t at = begin * static_cast<std::size_t>(In.channels);
      kernels::lrn<shape(In)>(call.input + at, call.output + at, end - begin);
    });
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    kernels::for_chunks(call.threads, call.batch * In.pixels(), chunk(In), [&](std::size_t begin, std::size_t end) {
      const std::size_t at = begin * static_cast<std::size_t>(In.channels);
      kernels::lrn_gradient<shape(In)>(call.input + at, call.output_gradient + at, call.input_gradient + at,
                                       end - begin);
    });
  }

 private:
  static constexpr kernels::LrnShape shape(Dims in) { return {in.channels, Window, Alpha, Beta, K}; }
  /// Pixels of one task.
  static constexpr std::size_t chunk(Dims in) {
    return std::max<std::size_t>(1, kernels::elementwise_chunk / static_cast<std::size_t>(in.channels));
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
