#pragma once
/// \file
/// Builds the graph of a network from its chains, by the compiler, and finds operations that need no pass of their own.

#include <xstitch/weave/seams.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {
namespace detail {

/// Builds a graph step by step.
template <class G, std::size_t Chains, std::size_t MaxTensors, std::size_t MaxSeams>
struct GraphBuilder {
  G& graph;
  std::span<const ChainView> chains;
  std::span<const std::string_view> active;
  std::array<std::size_t, Chains> next{};  ///< step
  std::array<bool, Chains> begun{};
  std::array<std::array<int, MaxTensors>, Chains> number{};  ///< of each chain's tensors within the graph
  std::array<std::array<int, MaxSeams>, Chains> seam{};      ///< step of each active seam, or none
  std::array<bool, MaxSeams> run{};

  constexpr int add_tensor(const TensorShape& shape, int producer) {
    Tensor& tensor = graph.tensors[at(graph.tensor_count)];
    tensor.shape = shape;
    tensor.producer = producer;
    return graph.tensor_count++;
  }
  constexpr int add_input(std::size_t c, int local, std::string_view name, InputKind kind) {
    const int tensor = add_tensor(chains[c].tensors[at(local)], none);
    graph.tensors[at(tensor)].input_slot = graph.input_count;
    graph.inputs[at(graph.input_count++)] = {static_cast<int>(c), tensor, name, kind};
    number[c][at(local)] = tensor;
    return tensor;
  }
  constexpr void consume(Op& op, int tensor) {
    graph.edges[at(graph.edge_count++)] = tensor;
    ++op.input_count;
    ++graph.tensors[at(tensor)].consumers;
  }
  constexpr Op& add_op(int chain, int leaf) {
    Op& op = graph.ops[at(graph.op_count++)];
    op.chain = chain;
    op.leaf = leaf;
    op.first_input = graph.edge_count;
    op.first_output = graph.tensor_count;
    return op;
  }

  constexpr bool begin(std::size_t c) {
    const ChainView& chain = chains[c];
    if (begun[c]) return true;
    if (chain.parent != none) {
      const std::size_t parent = at(chain.parent);
      if (!begun[parent] || next[parent] < chains[parent].steps.size()) return false;
      for (int t = 0; t < chain.parent_tensors; ++t) number[c][at(t)] = number[parent][at(t)];
    } else {
      add_input(c, 0, {}, InputKind::image);
    }
    for (const ChainInput& input : chain.inputs) add_input(c, input.tensor, input.name, input.kind);
    begun[c] = true;
    return true;
  }
  constexpr void append(std::size_t c, const Step& step) {
    const ChainView& chain = chains[c];
    if (step.leaf == none) {  // a seam that is not stitched: the same tensor under another number
      number[c][at(step.first_output)] = number[c][at(chain.edges[at(step.first_input)])];
      return;
    }
    Op& op = add_op(static_cast<int>(c), step.leaf);
    op.block = step.block;
    op.place = step.name;
    op.is_loss = step.ends_head;
    for (int k = 0; k < step.input_count - step.shape_inputs; ++k)
      consume(op, number[c][at(chain.edges[at(step.first_input + k)])]);
    for (int k = 0; k < step.output_count; ++k)
      number[c][at(step.first_output + k)] = add_tensor(chain.tensors[at(step.first_output + k)], graph.op_count - 1);
    op.output_count = step.output_count;
  }
  /// A seam runs when every chain that has it has arrived.
  constexpr bool run_seam(std::size_t s) {
    for (std::size_t c = 0; c < Chains; ++c)
      if (seam[c][s] != none && (!begun[c] || next[c] != at(seam[c][s]))) return false;
    Op& op = add_op(none, graph.seam_count);
    op.place = active[s];
    std::array<std::size_t, Chains> towers{};
    std::size_t count = 0;
    for (std::size_t c = 0; c < Chains; ++c) {
      if (seam[c][s] == none) continue;
      towers[count++] = c;
      consume(op, number[c][at(chains[c].edges[at(chains[c].steps[next[c]].first_input)])]);
    }
    for (std::size_t k = 0; k < count; ++k) {
      const std::size_t c = towers[k];
      const int local = chains[c].steps[next[c]].first_output;
      number[c][at(local)] = add_tensor(chains[c].tensors[at(local)], graph.op_count - 1);
      ++next[c];
      std::size_t place = 0;  // among the towers by name
      for (std::size_t j = 0; j < count; ++j) place += chains[towers[j]].tower < chains[c].tower ? 1U : 0U;
      graph.order[at(op.first_input) + place] = k;
    }
    op.output_count = static_cast<int>(count);
    graph.seams[at(graph.seam_count++)] = active[s];
    run[s] = true;
    return true;
  }

  constexpr void find_active_seams() {
    for (std::size_t c = 0; c < Chains; ++c) {
      for (std::size_t s = 0; s < active.size(); ++s) seam[c][s] = none;
      for (std::size_t i = 0; i < chains[c].steps.size(); ++i) {
        if (chains[c].steps[i].leaf != none) continue;
        for (std::size_t s = 0; s < active.size(); ++s)
          if (active[s] == chains[c].steps[i].name) seam[c][s] = static_cast<int>(i);
      }
    }
  }
  [[nodiscard]] constexpr bool stops(std::size_t c) const {
    for (std::size_t s = 0; s < active.size(); ++s)
      if (seam[c][s] != none && at(seam[c][s]) == next[c]) return true;
    return false;
  }

  constexpr void build() {
    find_active_seams();
    for (;;) {
      bool moved = false, finished = true;
      for (std::size_t c = 0; c < Chains; ++c) {
        if (!begin(c)) {
          finished = false;
          continue;
        }
        for (; next[c] < chains[c].steps.size(); ++next[c]) {
          const Step& step = chains[c].steps[next[c]];
          if (step.leaf == none && stops(c)) break;
          append(c, step);
          moved = true;
        }
        finished = finished && next[c] == chains[c].steps.size();
      }
      if (finished) return;
      for (std::size_t s = 0; s < active.size(); ++s) {
        if (run[s] || !run_seam(s)) continue;
        moved = true;
        break;
      }
      if (!moved) return refuse_cycle();
    }
  }
  /// Chains wait for each other: their seams are in different orders.
  constexpr void refuse_cycle() {
    Problem& problem = graph.problem;
    problem.kind = ProblemKind::seams_in_different_order;
    for (std::size_t c = 0; c < Chains; ++c) {
      if (!begun[c] || next[c] >= chains[c].steps.size()) continue;
      const std::string_view name = chains[c].steps[next[c]].name;
      if (problem.tower.empty()) {
        problem.tower = chains[c].tower;
        problem.item = name;
      } else if (name != problem.item) {
        problem.other_tower = chains[c].tower;
        problem.other_item = name;
        return;
      }
    }
  }
};

/// An operation whose producer applies it while writing costs no pass: both declare the same fusion, the producer needs
/// its own output nowhere else.
template <class G>
constexpr void fuse(G& graph) {
  for (int i = 0; i < graph.op_count; ++i) {
    Op& op = graph.ops[at(i)];
    if (op.input_count != 1 || op.is_loss || op.chain == none) continue;
    const Tensor& input = graph.tensors[at(graph.edges[at(op.first_input)])];
    if (input.producer == none || input.consumers != 1) continue;
    Op& before = graph.ops[at(input.producer)];
    // The record says that it can do the leaf that is next to it in its chain.
    if (before.chain != op.chain || before.leaf + 1 != op.leaf || !before.record->fuses_next) continue;
    if (before.record->reads_output || before.output_count != 1) continue;
    // What is applied by the one before it has no pass of its own in which it could apply the next. A reader whose
    // backward pass needs its input, or what its forward pass saves, needs that pass.
    if (before.done_by_previous || op.record->reads_input || op.record->saved.bytes(1) > 0) continue;
    before.fused_next = true;
    op.done_by_previous = true;
  }
}

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
