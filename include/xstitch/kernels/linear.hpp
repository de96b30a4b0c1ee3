#pragma once
/// \file
/// The passes of a fully connected layer in either precision.

#include <xstitch/kernels/arithmetic.hpp>
#include <xstitch/kernels/linear_backward.hpp>
#include <xstitch/kernels/linear_forward.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Scratch of a call of either pass, in either precision.
constexpr Extent linear_workspace(int in, int out) noexcept {
  const Extent forward = LinearForward<Fp32>::workspace(in, out), backward = LinearBackward<Fp32>::workspace(in, out);
  return {std::max(forward.per_sample, backward.per_sample), std::max(forward.fixed, backward.fixed)};
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
