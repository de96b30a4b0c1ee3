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

struct Op {
  const OperationRecord* record = nullptr;
  int chain = none;                      ///< none: a weave unit
  int leaf = none;                       ///< its number among the chain's operations, or among the weave units
  int first_input = 0, input_count = 0;  ///< of Graph::edges
  int first_output = 0, output_count = 0;
  int block = none;
  std::string_view place{};  ///< the seam of a weave unit, the head of a loss
  bool is_loss = false;
  bool fused_next = false;        ///< applies the operation that follows it
  bool done_by_previous = false;  ///< is applied by the operation before it
};

struct Tensor {
  TensorShape shape{};
  int producer = none;  ///< operation; none: an input of the network
  int input_slot = none;
  int consumers = 0;
};

/// A place where data enters.
struct GraphInput {
  int chain = none, tensor = none;
  std::string_view name{};  ///< empty: the tower's own
  InputKind kind = InputKind::image;
};

template <std::size_t MaxOps, std::size_t MaxEdges, std::size_t MaxTensors, std::size_t MaxSeams, std::size_t MaxInputs>
struct Graph {
  std::array<Op, MaxOps> ops{};
  std::array<int, MaxEdges> edges{};          ///< input tensors, operation by operation
  std::array<std::size_t, MaxEdges> order{};  ///< of a weave unit's inputs: towers by name
  std::array<Tensor, MaxTensors> tensors{};
  std::array<GraphInput, MaxInputs> inputs{};
  std::array<std::string_view, MaxSeams> seams{};  ///< in the order in which they run
  int op_count = 0, edge_count = 0, tensor_count = 0, seam_count = 0, input_count = 0;
  Problem problem{};
};

namespace detail {

constexpr std::size_t at(int i) noexcept { return static_cast<std::size_t>(i); }

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
