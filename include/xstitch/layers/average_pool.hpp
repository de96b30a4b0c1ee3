#pragma once
/// \file
/// AveragePool<kernel, stride = kernel, Pad<p>, CeilMode, IncludePadding>: y = sum of each window / divisor, channel by
/// channel. {h, w, c} -> {out(h), out(w), c}; out is in kernels/pool_shape.hpp. The divisor is the number of covered
/// elements or, with IncludePadding, that of the window clipped to input and padding (Caffe's rule, PyTorch's default).

#include <xstitch/layers/max_pool.hpp>

namespace xstitch::inline XSTITCH_ISA {

template <Size Kernel, Size Stride = Kernel, class... Options>
struct AveragePool {
  static constexpr std::string_view kind = "AveragePool";
  static constexpr std::array<Attribute, 5> attributes(Dims in) {
    const auto pool = detail::pool_attributes<Kernel, Stride, Options...>(in);
    return {pool[0], pool[1], pool[2], pool[3],
            Attribute::flag("include_padding", options::has<IncludePadding, Options...>)};
  }
  static constexpr bool reads_input = false;
  static constexpr bool reads_output = false;
  static constexpr std::string_view requirement =
      "AveragePool: the window must fit into the padded input; with CeilMode it may be larger by less than the stride";

  static constexpr kernels::PoolShape shape(Dims in) { return detail::pool_shape<Kernel, Stride, Options...>(in); }
  struct Knows {
    template <class Option>
    static constexpr bool of = layer_details::pads<Option> || options::has<Option, CeilMode, IncludePadding>;
  };
  static constexpr std::string_view unknown_option = options::unknown<Knows, Options...>();
  static constexpr Dims output_shape(Dims in) { return shape(in).out(); }

  template <Dims In>
  static void forward(const ForwardCall& call) {
    constexpr kernels::PoolShape pool = shape(In);
    constexpr std::size_t row_size = pool.out().size() / static_cast<std::size_t>(pool.rows.out);
    kernels::detail::for_rows(
        call.threads, call.batch, pool.rows.out, kernels::detail::pool_work(pool), [&](std::size_t n, int row) {
          kernels::average_pool_row<pool>(
              call.input + n * In.size(),
              call.output + n * pool.out().size() + static_cast<std::size_t>(row) * row_size, row);
        });
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    constexpr kernels::PoolShape pool = shape(In);
    constexpr std::size_t row_size = In.size() / static_cast<std::size_t>(In.height);
    kernels::detail::for_rows(call.threads, call.batch, In.height, 2 * row_size, [&](std::size_t n, int row) {
      kernels::average_pool_gradient_row<pool>(
          call.output_gradient + n * pool.out().size(),
          call.input_gradient + n * In.size() + static_cast<std::size_t>(row) * row_size, row);
    });
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
