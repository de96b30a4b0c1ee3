#pragma once
/// \file
/// MaxPoolIndices<kernel, stride = kernel, Pad<p>, CeilMode>: MaxPool with a second output of integers, where each
/// maximum was: the number of its pixel in the plane of the input, row by row (as PyTorch's return_indices).
/// {h, w, c} -> {out(h), out(w), c} twice. Mark<"where", 1> names the indices, MaxUnpool<"where"> reads them (SegNet:
/// Badrinarayanan, Kendall, Cipolla, 2015).

#include <xstitch/layers/max_pool.hpp>

namespace xstitch::inline XSTITCH_ISA {

template <Size Kernel, Size Stride = Kernel, class... Options>
struct MaxPoolIndices {
  /// The same without indices.
  using Pool = MaxPool<Kernel, Stride, Options...>;
  static constexpr std::string_view kind = "MaxPoolIndices";
  static constexpr auto attributes(const Shapes<1>& in) { return Pool::attributes(in[0].dims); }
  static constexpr bool reads_input = false, reads_output = false;
  static constexpr std::string_view requirement = Pool::requirement;
  static constexpr std::string_view unknown_option = Pool::unknown_option;
  static constexpr Shapes<2> outputs(const Shapes<1>& in) {
    const Dims out = in[0].element == ElementType::float32 ? Pool::output_shape(in[0].dims) : Dims{};
    return {TensorShape(out, in[0].rows), TensorShape(out, in[0].rows, ElementType::int32)};
  }
  /// The index of each maximum in its window; inference makes them in scratch memory.
  static constexpr Extent saved(const Shapes<1>& in) { return {outputs(in)[0].size(), 0}; }
  static constexpr Extent workspace(const Shapes<1>& in) { return saved(in); }

  template <Shapes<1> In>
  static void forward(const ForwardCall& call) {
    constexpr kernels::PoolShape pool = Pool::shape(In[0].dims);
    constexpr std::size_t row_size = pool.out().size() / static_cast<std::size_t>(pool.rows.out);
    auto* argmax = reinterpret_cast<std::uint8_t*>(call.saved != nullptr ? call.saved : call.workspace);
    auto* indices = call.output_as<std::int32_t>(1);
    kernels::detail::for_rows(call.threads, call.batch * static_cast<std::size_t>(In[0].rows), pool.rows.out,
                              kernels::detail::pool_work(pool), [&](std::size_t n, int row) {
                                const std::size_t at = n * pool.out().size() + static_cast<std::size_t>(row) * row_size;
                                kernels::max_pool_row<pool, true>(call.inputs[0] + n * In[0].dims.size(),
                                                                  call.outputs[0] + at, argmax + at, row);
                                kernels::pixels_of_row<pool>(argmax + at, indices + at, row);
                              });
  }
  template <Shapes<1> In>
  static void backward(const BackwardCall& call) {
    BackwardCall rows = call;
    rows.batch *= static_cast<std::size_t>(In[0].rows);
    Pool::template backward<In[0].dims>(rows);
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
