#pragma once
/// \file
/// A network as plain constants: everything that the compiler works out from its type, for code that is not a template.

#include <xstitch/core/precision.hpp>
#include <xstitch/weave/graph.hpp>
#include <xstitch/weave/plan.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

/// A plan as plain spans.
struct PlanView {
  /// Where each tensor's value lies in the arena, its gradient, the gradient's temporaries, and what is kept.
  std::span<const std::size_t> value{}, gradient{}, temporary{}, kept{};
  std::size_t bytes_per_sample = 0;  ///< of the arena
};

/// One program a type. The program of a predictor has no training functions and no training plan; one that is only
/// drawn has neither functions nor plans.
struct Program {
  std::string_view kind;                        ///< "CrossStitch"
  std::span<const ChainView> chains;            ///< towers, or a shared trunk and what follows it
  std::span<const Op> ops;                      ///< in the order of forward
  std::span<const int> edges;                   ///< input tensors, operation by operation
  std::span<const std::size_t> order;           ///< [edge]: of a weave unit's inputs, towers by name
  std::span<const Tensor> tensors;              ///< inputs and what operations write
  std::span<const GraphInput> inputs;           ///< of the network
  std::span<const ForwardFunctions> forward;    ///< [operation]
  std::span<const TrainingFunctions> training;  ///< [operation], or empty
  PlanView inference_plan, training_plan;       ///< memory of inference and of training
  int members = 1;                              ///< of an ensemble
  Precision precision = Precision::fp32;        ///< of the operations' multiplications

  /// Tensors that an operation reads.
  [[nodiscard]] std::span<const int> inputs_of(const Op& op) const {
    return edges.subspan(detail::at(op.first_input), detail::at(op.input_count));
  }
  /// The graph alone.
  [[nodiscard]] GraphView graph() const { return {ops, edges, tensors}; }
};

/// "layer1.0.conv1": an operation's name after those of the Blocks around it.
[[gnu::cold]] inline std::string block_path(const Program& program, const Op& op) {
  std::string path;
  if (op.chain == none) return path;
  const ChainView& chain = program.chains[detail::at(op.chain)];
  for (int b = op.block; b != none; b = chain.blocks[detail::at(b)].parent)
    path = std::string(chain.blocks[detail::at(b)].name) + "." + path;
  return path;
}
/// "layer1.0.conv1", empty for an operation without a name.
[[gnu::cold]] inline std::string full_name(const Program& program, const Op& op) {
  return op.record->name.empty() ? std::string{} : block_path(program, op) + std::string(op.record->name);
}

/// The towers of a weave unit, in the order in which it sees them.
[[gnu::cold]] inline std::string tower_of_input(const Program& program, const Op& weave, int k) {
  // A tensor at a seam belongs to the chain that reads the unit's output; its producer's chain is the same.
  int tensor = program.edges[detail::at(weave.first_input + k)];
  for (;;) {
    const Tensor& t = program.tensors[detail::at(tensor)];
    if (t.producer == none)
      return std::string(program.chains[detail::at(program.inputs[detail::at(t.input_slot)].chain)].tower);
    const Op& op = program.ops[detail::at(t.producer)];
    if (op.chain != none) return std::string(program.chains[detail::at(op.chain)].tower);
    tensor = program.edges[detail::at(op.first_input + (tensor - op.first_output))];
  }
}

/// Where an operation is, in words: "layer 'conv3' of tower 'upper'".
[[gnu::cold]] inline std::string place_of(const Program& program, const Op& op) {
  if (op.chain == none) return "weave unit at seam '" + std::string(op.place) + "'";
  const std::string tower = " of tower '" + std::string(program.chains[detail::at(op.chain)].tower) + "'";
  if (op.is_loss)
    return "loss " + std::string(op.record->kind) +
           (op.place.empty() ? "" : " of head '" + std::string(op.place) + "'") + tower;
  if (!op.record->name.empty()) return "layer '" + full_name(program, op) + "'" + tower;
  // A layer without a name of its own is placed by the last one that has one.
  std::string after;
  for (const Op& other : program.ops) {
    if (&other == &op) break;
    if (other.chain == op.chain && !other.record->name.empty()) after = full_name(program, other);
  }
  return "layer " + std::string(op.record->kind) + (after.empty() ? "" : " after '" + after + "'") + tower;
}

}  // namespace xstitch::inline XSTITCH_ISA
