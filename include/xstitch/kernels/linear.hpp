#pragma once
/// \file
/// The passes of a fully connected layer in either precision: linear_forward.hpp and linear_backward.hpp, or in bf16,
/// where the processor has a matrix unit, tiles/linear_forward_tiles.hpp and tiles/linear_backward_tiles.hpp.

#include <xstitch/core/algorithm_note.hpp>
#include <xstitch/kernels/arithmetic.hpp>
#include <xstitch/kernels/linear_backward.hpp>
#include <xstitch/kernels/linear_forward.hpp>
#include <xstitch/kernels/tiles/linear_backward_tiles.hpp>
#include <xstitch/kernels/tiles/linear_forward_tiles.hpp>
#include <xstitch/kernels/tiles/unit_or.hpp>

#include <type_traits>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

template <class Arithmetic>
struct Linear {
  using Forward =
      std::conditional_t<multiplies_on_unit<Arithmetic>,
                         UnitOr<TileLinearForward<UnitTiles>, LinearForward<Arithmetic>>, LinearForward<Arithmetic>>;
  using Backward =
      std::conditional_t<multiplies_on_unit<Arithmetic>,
                         UnitOr<TileLinearBackward<UnitTiles>, LinearBackward<Arithmetic>>, LinearBackward<Arithmetic>>;
};

/// Scratch of a call of either pass, in either precision.
constexpr Extent linear_workspace(int in, int out) noexcept {
  const Extent needs[] = {Linear<Fp32>::Forward::workspace(in, out), Linear<Bf16>::Forward::workspace(in, out),
                          Linear<Fp32>::Backward::workspace(in, out), Linear<Bf16>::Backward::workspace(in, out)};
  Extent most;
  for (const Extent& e : needs) most = {std::max(most.per_sample, e.per_sample), std::max(most.fixed, e.fixed)};
  return most;
}

/// Bytes that Linear::Forward::pack of that precision writes.
constexpr std::size_t linear_packed_bytes(int in, int out, Precision precision) noexcept {
  return precision == Precision::bf16 ? Linear<Bf16>::Forward::packed_bytes(in, out)
                                      : Linear<Fp32>::Forward::packed_bytes(in, out);
}

/// What is told of the passes on this processor. (How many samples share the weights is decided call by call.)
inline AlgorithmNote linear_algorithm(Precision precision) {
  if (precision == Precision::fp32) return {"weights in place", "fp32: each is read once a pass"};
  if (multiplies_on_unit<Bf16> && matrix_unit::available()) return {"matrix unit", "bf16, a processor that has one"};
  return {"weights rounded in chunks", "bf16: packed only where many calls share them"};
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
