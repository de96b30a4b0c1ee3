#pragma once
/// \file
/// Upsample<factor>: bilinear enlargement by a whole factor. {h, w, c} -> {factor h, factor w, c}; pixel centres
/// aligned, as PyTorch's interpolate(mode="bilinear", align_corners=False). Formula in kernels/upsample.hpp.
///
///     Upsample<2>   Upsample<Size{3, 2}>

#include <xstitch/kernels/pool.hpp>
#include <xstitch/kernels/upsample.hpp>
#include <xstitch/layers/operation.hpp>

namespace xstitch::inline XSTITCH_ISA {

template <Size Factor>
struct Upsample {
  static_assert(Factor.height > 0 && Factor.width > 0, "xstitch: the factor of Upsample is at least 1");
  static constexpr std::string_view kind = "Upsample";
  static constexpr std::array<Attribute, 1> attributes() {
    return {Attribute::integers("factor", Factor.height, Factor.width)};
  }
  static constexpr bool reads_input = false;
  static constexpr bool reads_output = false;

  static constexpr kernels::UpsampleShape shape(Dims in) { return {in, Factor}; }
  static constexpr Dims output_shape(Dims in) { return shape(in).out(); }

  template <Dims In>
  static void forward(const ForwardCall& call) {
    constexpr Dims out = output_shape(In);
    constexpr std::size_t row_size = out.size() / static_cast<std::size_t>(out.height);
    kernels::detail::for_rows(call.threads, call.batch, out.height, 4 * row_size, [&](std::size_t n, int row) {
      kernels::upsample_row<shape(In)>(call.input + n * In.size(),
                                       call.output + n * out.size() + static_cast<std::size_t>(row) * row_size, row);
    });
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    constexpr Dims out = output_shape(In);
    constexpr std::size_t row_size = In.size() / static_cast<std::size_t>(In.height);
    constexpr std::size_t shares = static_cast<std::size_t>(4 * Factor.height * Factor.width);
    kernels::detail::for_rows(call.threads, call.batch, In.height, shares * row_size, [&](std::size_t n, int row) {
      kernels::upsample_gradient_row<shape(In)>(
          call.output_gradient + n * out.size(),
          call.input_gradient + n * In.size() + static_cast<std::size_t>(row) * row_size, row);
    });
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
