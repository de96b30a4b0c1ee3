#pragma once
/// \file
/// A chain: a tower, or a part of one (the trunk that several towers share, and what follows it), as a flat list of
/// steps over tensors. Tensors have numbers of the chain's own; a chain that starts where another ends first repeats
/// that one's tensors, under the same numbers.

#include <xstitch/core/batch.hpp>
#include <xstitch/core/tensor.hpp>
#include <xstitch/weave/problem.hpp>

#include <span>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

inline constexpr int none = -1;

/// One step: an operation, or a seam (which renames a tensor where it is not stitched).
struct Step {
  int leaf = none;                         ///< the operation among the chain's leaves; none: a seam
  int first_input = 0, input_count = 0;    ///< of the chain's edges
  int shape_inputs = 0;                    ///< the last of them, which are asked for their shape alone
  int first_output = 0, output_count = 0;  ///< tensors
  int block = none;
  bool ends_head = false;
  std::string_view name{};  ///< of the seam, or of the head that ends here
  std::string_view item{};  ///< the operation's own name; "loss" of one with parameters
};

/// A Block around operations: their names get its own as a prefix.
struct BlockName {
  std::string_view name{};
  int parent = none;
};

/// The Blocks from the outermost to this one.
constexpr BlockNames block_names(std::span<const BlockName> blocks, int block) {
  BlockNames names;
  for (int b = block; b != none; b = blocks[static_cast<std::size_t>(b)].parent)
    names.add_outer(blocks[static_cast<std::size_t>(b)].name);
  return names;
}

/// A tensor under a name: an Input's, or a Mark's.
struct NamedTensor {
  std::string_view name{};
  int tensor = none;
  int source = none;  ///< the first input of the operation that makes it
};

/// An input of the chain besides the tower's own.
struct ChainInput {
  std::string_view name{};
  int tensor = none;
  InputKind kind = InputKind::plain;
};

/// A chain as spans, for code that is not a template.
struct ChainView {
  std::string_view tower;
  int member = 0;
  int parent = none;  ///< the chain at whose end this one starts
  TensorShape input{};
  std::span<const Step> steps;
  std::span<const int> edges;
  std::span<const TensorShape> tensors;
  int parent_tensors = 0;
  int last_tensor = none;  ///< where a chain that follows starts
  std::span<const BlockName> blocks;
  std::span<const ChainInput> inputs;
};

}  // namespace xstitch::inline XSTITCH_ISA
