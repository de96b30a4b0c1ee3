#pragma once
/// \file
/// Where the first value that is not finite appears, in words: for the message after a step that was refused.

#include <xstitch/core/finite.hpp>
#include <xstitch/run/execution.hpp>

#include <cmath>
#include <cstddef>
#include <span>
#include <string>

namespace xstitch::inline XSTITCH_ISA {
namespace run {

/// Runs forward again, operation by operation (`run_forward(i)`), and looks at inputs, parameters, every result and the
/// losses.
template <class RunForward>
[[gnu::cold]] std::string locate_non_finite(const Execution& execution, const Parameters& parameters,
                                            const PlanView& plan, const Slice& slice,
                                            const std::vector<LossSum>& losses, const RunForward& run_forward) {
  const Layout& layout = execution.layout();
  const Program& program = layout.program();
  for (std::size_t s = 0; s < layout.inputs().size(); ++s) {
    const std::size_t size = slice.size * layout.inputs()[s].shape.size();
    if (!all_finite({execution.value(program.inputs[s].tensor, slice, plan), size}))
      return "input of tower '" + layout.inputs()[s].name() + "'";
  }
  for (std::size_t i = 0; i < program.ops.size(); ++i) {
    const Op& op = program.ops[i];
    for (std::size_t p = 0; p < layout.parameter_count(i); ++p) {
      const std::size_t slot = layout.first_parameter(i) + p;
      if (!all_finite(parameters.values(slot)))
        return place_of(program, op) + ", parameter '" + layout.slots()[slot].name + "'";
    }
    run_forward(i);
    for (int k = 0; k < op.output_count; ++k) {
      const TensorShape& shape = op.record->outputs[detail::at(k)];
      if (shape.element != ElementType::float32) continue;
      if (!all_finite({execution.value(op.first_output + k, slice, plan), slice.size * shape.size()}))
        return place_of(program, op);
    }
    if (op.is_loss && !std::isfinite(losses[layout.head_of(i)].value())) return place_of(program, op);
  }
  return "the sum of the losses";
}

}  // namespace run
}  // namespace xstitch::inline XSTITCH_ISA
