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
  const Extent needs[] = {LinearForward<Fp32>::workspace(in, out), LinearForward<Bf16>::workspace(in, out),
                          LinearBackward<Fp32>::workspace(in, out), LinearBackward<Bf16>::workspace(in, out)};
  Extent most;
  for (const Extent& e : needs) most = {std::max(most.per_sample, e.per_sample), std::max(most.fixed, e.fixed)};
  return most;
}

/// Bytes that LinearForward::pack of that precision writes.
constexpr std::size_t linear_packed_bytes(int in, int out, Precision precision) noexcept {
  return precision == Precision::bf16 ? LinearForward<Bf16>::packed_bytes(in, out)
                                      : LinearForward<Fp32>::packed_bytes(in, out);
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
