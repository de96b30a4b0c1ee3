#pragma once
/// \file
/// Whether an operation can be the weave unit of a seam: it maps the towers' tensors there to as many of the same
/// shapes (its outputs are what the towers continue with).

#include <xstitch/core/type_text.hpp>
#include <xstitch/layers/traits.hpp>
#include <xstitch/weave/problem.hpp>

#include <string_view>

namespace xstitch::inline XSTITCH_ISA {
namespace detail {

template <class Unit, auto In>
constexpr bool unit_fits = [] {
  if constexpr (OperationOn<Unit, In.size()>)
    if constexpr (requires { Unit::outputs(In) == In; }) return Unit::outputs(In) == In;
  return false;
}();

/// In: Shapes<n>, all equal.
template <class Unit, auto In>
constexpr Problem check_unit(std::string_view seam) {
  if (unit_fits<Unit, In>) return {};
  constexpr std::string_view own = traits::requirement<Unit>();
  return {.kind = ProblemKind::unit_does_not_fit,
          .tower = seam,
          .item = type_text<Unit>(),
          .other_item = own.empty() ? "n tensors to n of equal shapes" : own,
          .got = In[0]};
}

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
