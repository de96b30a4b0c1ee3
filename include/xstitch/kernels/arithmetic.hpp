#pragma once
/// \file
/// The arithmetic that belongs to a precision.

#include <xstitch/kernels/simd.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

namespace detail {
template <Precision P>
struct ArithmeticOf {
  using type = Fp32;
};
}  // namespace detail

template <Precision P>
using ArithmeticOf = typename detail::ArithmeticOf<P>::type;

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
