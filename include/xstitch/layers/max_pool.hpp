#pragma once
/// \file
/// MaxPool<kernel, stride = kernel, Pad<p> or SamePad, CeilMode>: y = the largest value of each window, channel by
/// channel. {h, w, c} -> {out(h), out(w), c}; out and the window's elements are in kernels/pool_shape.hpp. Padding
/// never wins, not even over negative values; a NaN always does. The gradient goes to the maximum (the first of
/// equals).
///
///     MaxPool<2>   MaxPool<3, 2, CeilMode>   MaxPool<Size{2, 3}, Size{1, 2}, Pad<Sides{0, 1, 1, 1}>>

#include <xstitch/kernels/pool.hpp>
#include <xstitch/layers/operation.hpp>
#include <xstitch/layers/options.hpp>
#include <xstitch/layers/padding.hpp>

namespace xstitch::inline XSTITCH_ISA {

namespace detail {

template <Size Kernel, Size Stride, class... Options>
constexpr kernels::PoolShape pool_shape(Dims in) {
  static_assert(Kernel.height > 0 && Kernel.width > 0 && Stride.height > 0 && Stride.width > 0,
                "xstitch: window and stride of a pool are at least 1");
  constexpr Sides given = options::FindValue<Pad, Pad<0>, Options...>::type::value;  // SamePad is always smaller
  static_assert(given.top >= 0 && given.left >= 0 && given.bottom >= 0 && given.right >= 0 &&
                    std::max(given.top, given.bottom) < Kernel.height &&
                    std::max(given.left, given.right) < Kernel.width,
                "xstitch: the padding of a pool is smaller than its window");
  const Sides pad = layer_details::padding<Options...>(in, Kernel, Stride);
  constexpr bool ceil = options::has<CeilMode, Options...>;
  return {kernels::PoolAxis::make(in.height, Kernel.height, Stride.height, pad.top, pad.bottom, ceil),
          kernels::PoolAxis::make(in.width, Kernel.width, Stride.width, pad.left, pad.right, ceil), in.channels,
          options::has<IncludePadding, Options...>};
}

/// Its settings as values.
template <Size Kernel, Size Stride, class... Options>
constexpr std::array<Attribute, 4> pool_attributes(Dims in) {
  return {Attribute::integers("kernel", Kernel.height, Kernel.width),
          Attribute::integers("stride", Stride.height, Stride.width),
          layer_details::pad_attribute(layer_details::padding<Options...>(in, Kernel, Stride)),
          Attribute::flag("ceil", options::has<CeilMode, Options...>)};
}

}  // namespace detail

template <Size Kernel, Size Stride = Kernel, class... Options>
struct MaxPool {
  static_assert(Kernel.height * Kernel.width <= 256,
                "xstitch: MaxPool keeps argmax indices in a byte: a window has at most 256 elements");
  static constexpr std::string_view kind = "MaxPool";
  static constexpr auto attributes(Dims in) { return detail::pool_attributes<Kernel, Stride, Options...>(in); }
  static constexpr bool reads_input = false;
  static constexpr bool reads_output = false;
  static constexpr std::string_view requirement =
      "MaxPool: the window must fit into the padded input; with CeilMode it may be larger by less than the stride";

  static constexpr kernels::PoolShape shape(Dims in) { return detail::pool_shape<Kernel, Stride, Options...>(in); }
  struct Knows {
    template <class Option>
    static constexpr bool of = layer_details::pads<Option> || options::has<Option, CeilMode>;
  };
  static constexpr std::string_view unknown_option = options::unknown<Knows, Options...>();
  static constexpr Dims output_shape(Dims in) { return shape(in).out(); }
  /// The index of each maximum in its window.
  static constexpr Extent saved(Dims in) { return {output_shape(in).size(), 0}; }

  template <Dims In>
  static void forward(const ForwardCall& call) {
    constexpr kernels::PoolShape pool = shape(In);
    constexpr std::size_t row_size = pool.out().size() / static_cast<std::size_t>(pool.rows.out);
    auto* argmax = reinterpret_cast<std::uint8_t*>(call.saved);
    kernels::detail::for_rows(call.threads, call.batch, pool.rows.out, kernels::detail::pool_work(pool),
                              [&](std::size_t n, int row) {
                                const std::size_t at = n * pool.out().size() + static_cast<std::size_t>(row) * row_size;
                                const float* x = call.input + n * In.size();
                                if (argmax != nullptr)
                                  kernels::max_pool_row<pool, true>(x, call.output + at, argmax + at, row);
                                else
                                  kernels::max_pool_row<pool, false>(x, call.output + at, nullptr, row);
                              });
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    constexpr kernels::PoolShape pool = shape(In);
    constexpr std::size_t row_size = In.size() / static_cast<std::size_t>(In.height);
    const auto* argmax = reinterpret_cast<const std::uint8_t*>(call.saved);
    kernels::detail::for_rows(call.threads, call.batch, In.height, 2 * row_size, [&](std::size_t n, int row) {
      const std::size_t out = n * pool.out().size();
      kernels::max_pool_gradient_row<pool>(
          call.output_gradient + out, argmax + out,
          call.input_gradient + n * In.size() + static_cast<std::size_t>(row) * row_size, row);
    });
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
