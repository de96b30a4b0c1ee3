#pragma once
/// \file
/// The functions of an operation, in whichever form it is written: templates on the shapes (Dims for a layer in its
/// short form, else Shapes<n>), on shapes and precision, or ordinary functions. Nothing else chooses among them.

#include <xstitch/core/precision.hpp>
#include <xstitch/layers/operation.hpp>

namespace xstitch::inline XSTITCH_ISA {

using ForwardFunction = void (*)(const ForwardCall&);
using BackwardFunction = void (*)(const BackwardCall&);

namespace forms {

template <class Op, auto Shape, Precision P>
constexpr ForwardFunction forward() {
  if constexpr (requires(const ForwardCall& c) { Op::template forward<Shape, P>(c); })
    return &Op::template forward<Shape, P>;
  else if constexpr (requires(const ForwardCall& c) { Op::template forward<Shape>(c); })
    return &Op::template forward<Shape>;
  else
    return &Op::forward;
}
template <class Op, auto Shape, Precision P>
constexpr BackwardFunction backward() {
  if constexpr (requires(const BackwardCall& c) { Op::template backward<Shape, P>(c); })
    return &Op::template backward<Shape, P>;
  else if constexpr (requires(const BackwardCall& c) { Op::template backward<Shape>(c); })
    return &Op::template backward<Shape>;
  else
    return &Op::backward;
}
/// Forward with what follows applied while writing.
template <class Op, class Fusion, auto Shape, Precision P>
constexpr ForwardFunction fused() {
  if constexpr (requires(const ForwardCall& c) { Op::template forward_fused<Fusion, Shape, P>(c); })
    return &Op::template forward_fused<Fusion, Shape, P>;
  else
    return &Op::template forward_fused<Fusion, Shape>;
}

}  // namespace forms
}  // namespace xstitch::inline XSTITCH_ISA
