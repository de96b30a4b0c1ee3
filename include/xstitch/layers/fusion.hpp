#pragma once
/// \file
/// Fusions: what the operation that makes a tensor may do for the one that reads it, while it writes the tensor.
///
///     struct Relu { using fusion = fusions::MaxZero; ... };                      // the reader asks
///     struct Conv { template <class F> static constexpr bool fuses = ...;        // the producer can
///                   template <class F, Dims In, Precision P> static void forward_fused(const ForwardCall& call); };
///
/// Where both agree and nobody else reads the tensor between them, forward_fused takes the place of both forward
/// passes; what is done in this way applies nothing itself. A reader that declares a fusion promises that
///   - it maps each element by itself, y[i] = f(x[i]), with the f that the tag names, to the bit;
///   - its backward pass reads its own output and no input (x is never written), saves nothing, and works in place.
/// A producer that fuses promises that forward_fused writes f of what forward would write, to the bit, and that its own
/// backward pass does not read its output.
/// A fusion of one's own is a tag type that both declare; nothing else knows it.

#include <xstitch/core/isa.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels::activations {
struct Relu;
}

namespace fusions {

using MaxZero = kernels::activations::Relu;  ///< y = max(0, x); a NaN stays

/// A tag that is an element-wise function, F::f(vector), the same to the bit in vectors of every width: a producer that
/// writes vector by vector can take in all of these.
template <class Fusion>
inline constexpr bool by_element = requires {
  requires Fusion::fusible;
};

}  // namespace fusions
}  // namespace xstitch::inline XSTITCH_ISA
