#pragma once
/// \file
/// The arithmetic that belongs to a precision.

#include <xstitch/kernels/pack_bf16.hpp>
#include <xstitch/kernels/simd_bf16.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

namespace detail {
template <Precision P>
struct ArithmeticOf {
  using type = Fp32;
};
template <>
struct ArithmeticOf<Precision::bf16> {
  using type = Bf16;
};
}  // namespace detail

template <Precision P>
using ArithmeticOf = typename detail::ArithmeticOf<P>::type;

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
