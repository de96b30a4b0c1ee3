#pragma once
/// \file
/// The network as a graph of operations over tensors, built by the compiler from its chains. Chains run one after the
/// other up to the seams that are stitched; at such a seam they wait for each other, and a weave unit runs. Operations
/// come in the order in which forward runs them; backward runs them in reverse. Nothing here knows what an operation
/// does: it asks its record.

#include <xstitch/weave/chain.hpp>
#include <xstitch/weave/record.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

/// An operation of a network.
struct Op {
  const OperationRecord* record = nullptr;  ///< what it is
  int chain = none;                         ///< none: a weave unit
  int leaf = none;                          ///< its number among the chain's operations, or among the weave units
  int first_input = 0, input_count = 0;     ///< of Graph::edges
  int first_output = 0, output_count = 0;   ///< tensors that it writes
  int block = none;                         ///< the innermost Block around it, of its chain's
  std::string_view place{};                 ///< the seam of a weave unit, the head of a loss
  bool is_loss = false;                     ///< whether it ends a head
  bool fused_next = false;                  ///< applies the operation that follows it
  bool done_by_previous = false;            ///< is applied by the operation before it
};

/// A tensor of a network.
struct Tensor {
  TensorShape shape{};    ///< of a sample
  int producer = none;    ///< operation; none: an input of the network
  int input_slot = none;  ///< of the network's inputs, if it is one
  int consumers = 0;      ///< operations that read it
};

/// A place where data enters.
struct GraphInput {
  int chain = none, tensor = none;    ///< the chain that reads it, and the tensor that it becomes
  std::string_view name{};            ///< empty: the tower's own
  InputKind kind = InputKind::image;  ///< what augmentation does with it
};

template <std::size_t MaxOps, std::size_t MaxEdges, std::size_t MaxTensors, std::size_t MaxSeams, std::size_t MaxInputs>
struct Graph {
  std::array<Op, MaxOps> ops{};                    ///< in the order of forward
  std::array<int, MaxEdges> edges{};               ///< input tensors, operation by operation
  std::array<std::size_t, MaxEdges> order{};       ///< of a weave unit's inputs: towers by name
  std::array<Tensor, MaxTensors> tensors{};        ///< inputs and what operations write
  std::array<GraphInput, MaxInputs> inputs{};      ///< of the network
  std::array<std::string_view, MaxSeams> seams{};  ///< in the order in which they run
  int op_count = 0, edge_count = 0, tensor_count = 0, seam_count = 0, input_count = 0;  ///< how many of each
  Problem problem{};                                                                    ///< the first one, or none
};

namespace detail {

constexpr std::size_t at(int i) noexcept { return static_cast<std::size_t>(i); }

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
