#pragma once
/// \file
/// The network as a graph of operations over tensors, built by the compiler from the records of its lanes.
///
/// A lane is a chain of steps under one tower's name: a whole tower, or the shared part of a split network, or what
/// follows it. Lanes run one after the other up to the seams that are stitched; at such a seam they wait for each
/// other. Operations stand in the order in which forward runs them; backward runs them in reverse.

#include <xstitch/weave/record.hpp>
#include <xstitch/weave/weave_call.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

inline constexpr int none = -1;

/// A chain of steps under one name.
struct LaneRecord {
  std::string_view tower;
  int member = 0;
  int parent = none;  ///< lane whose end this one starts from, or none: starts from the tower's input
  Dims in{};
  std::span<const StepRecord> steps;
};

enum class OpKind : std::uint8_t { layer, weave, add, concat, loss };

struct Op {
  OpKind kind = OpKind::layer;
  int lane = none;  ///< of a layer, add, concat or loss
  LayerRecord layer{};
  LossRecord loss{};
  std::string_view name{};               ///< of the seam (weave) or head (loss)
  std::array<int, max_towers> lanes{};   ///< weave: lane of each tower
  std::array<int, max_towers> inputs{};  ///< tensors
  std::array<int, max_towers> outputs{};
  int input_count = 0, output_count = 0;
  int branch_count = 0;
  bool fused_relu = false;        ///< this layer applies the Relu that follows it
  bool done_by_previous = false;  ///< this Relu is applied by the layer before it
  int ordinal = 0;                ///< position among the lane's layers, part of the random key of layers without a name
};

struct Tensor {
  Dims dims{};
  int producer = none;  ///< operation; none: an input of the network
  int input_slot = none;
  int consumers = 0;
  bool needs_gradient = false;
};

/// What is wrong with the seams of a network, if anything.
struct SeamProblem {
  enum Kind : std::uint8_t { nothing, shapes_differ, cycle, too_few_towers, no_common_seam } kind = nothing;
  std::string_view seam, other_seam;
  int tower_a = none, tower_b = none;
  Dims a{}, b{};
};

template <std::size_t MaxOps, std::size_t MaxTensors, std::size_t MaxSeams>
struct Graph {
  std::array<Op, MaxOps> ops{};
  std::array<Tensor, MaxTensors> tensors{};
  std::array<std::string_view, MaxSeams> seams{};  ///< in the order in which they run
  int op_count = 0, tensor_count = 0, seam_count = 0, head_count = 0, input_count = 0;
  SeamProblem problem{};

  constexpr int add_tensor(Dims dims, int producer) {
    const int id = tensor_count++;
    tensors[static_cast<std::size_t>(id)].dims = dims;
    tensors[static_cast<std::size_t>(id)].producer = producer;
    return id;
  }
  constexpr Op& add_op(OpKind kind, int lane) {
    Op& op = ops[static_cast<std::size_t>(op_count++)];
    op.kind = kind;
    op.lane = lane;
    return op;
  }
  constexpr void consume(Op& op, int tensor) {
    op.inputs[static_cast<std::size_t>(op.input_count++)] = tensor;
    Tensor& t = tensors[static_cast<std::size_t>(tensor)];
    ++t.consumers;
  }
  constexpr int produce(Op& op, Dims dims) {
    const int id = add_tensor(dims, op_count - 1);
    op.outputs[static_cast<std::size_t>(op.output_count++)] = id;
    return id;
  }
};

namespace detail {

/// The state of one lane while the graph is built.
struct LaneState {
  std::size_t next = 0;
  int current = none;
  int ordinal = 0;
  std::array<int, 16> stack{};
  int depth = 0;
  std::array<int, 32> kept{};  ///< ends of branches
  int kept_count = 0;

  constexpr void push(int t) { stack[static_cast<std::size_t>(depth++)] = t; }
  constexpr int top() const { return stack[static_cast<std::size_t>(depth - 1)]; }
  constexpr int pop() { return stack[static_cast<std::size_t>(--depth)]; }
};

constexpr bool contains(std::span<const std::string_view> names, std::string_view name) {
  for (const std::string_view n : names)
    if (n == name) return true;
  return false;
}

constexpr bool has_seam(const LaneRecord& lane, std::string_view name) {
  for (const StepRecord& step : lane.steps)
    if (step.kind == StepKind::seam && step.name == name) return true;
  return false;
}

template <class G>
constexpr void append_step(G& graph, const StepRecord& step, int lane, LaneState& state) {
  switch (step.kind) {
    case StepKind::layer: {
      // A Relu after a layer that can apply it while writing its output costs no pass of its own.
      bool done = false;
      if (step.layer.is_relu && graph.op_count > 0) {
        Op& before = graph.ops[static_cast<std::size_t>(graph.op_count - 1)];
        done = before.kind == OpKind::layer && before.lane == lane && before.outputs[0] == state.current &&
               before.layer.fuses_relu && !before.layer.reads_output &&
               graph.tensors[static_cast<std::size_t>(state.current)].consumers == 0 &&
               (state.depth == 0 || state.top() != state.current);
        before.fused_relu = done;
      }
      Op& op = graph.add_op(OpKind::layer, lane);
      op.layer = step.layer;
      op.done_by_previous = done;
      op.ordinal = state.ordinal++;
      graph.consume(op, state.current);
      state.current = graph.produce(op, step.layer.out);
      break;
    }
    case StepKind::seam:
      break;
    case StepKind::loss: {
      Op& op = graph.add_op(OpKind::loss, lane);
      op.loss = step.loss;
      op.name = step.name;
      graph.consume(op, state.current);
      ++graph.head_count;
      break;
    }
    case StepKind::push_input:
      state.push(state.current);
      break;
    case StepKind::back_to_input:
      state.current = state.pop();
      break;
    case StepKind::add_input: {
      Op& op = graph.add_op(OpKind::add, lane);
      graph.consume(op, state.current);
      graph.consume(op, state.pop());
      state.current = graph.produce(op, step.dims);
      break;
    }
    case StepKind::next_branch:
      state.kept[static_cast<std::size_t>(state.kept_count++)] = state.current;
      state.current = state.top();
      break;
    case StepKind::join_branches: {
      Op& op = graph.add_op(OpKind::concat, lane);
      state.kept_count -= step.branches;
      for (int i = 0; i < step.branches; ++i)
        graph.consume(op, state.kept[static_cast<std::size_t>(state.kept_count + i)]);
      (void)state.pop();
      state.current = graph.produce(op, step.dims);
      break;
    }
  }
}

/// Tensors above a layer that is trained need a gradient.
template <class G>
constexpr void mark_gradients(G& graph) {
  for (int i = 0; i < graph.op_count; ++i) {
    const Op& op = graph.ops[static_cast<std::size_t>(i)];
    bool needed = op.kind == OpKind::weave;
    for (std::size_t p = 0; p < op.layer.parameter_count; ++p)
      needed = needed || op.layer.parameters[p].group != ParameterGroup::buffer;
    for (int k = 0; k < op.input_count; ++k)
      needed = needed || graph.tensors[static_cast<std::size_t>(op.inputs[static_cast<std::size_t>(k)])].needs_gradient;
    for (int k = 0; k < op.output_count; ++k)
      graph.tensors[static_cast<std::size_t>(op.outputs[static_cast<std::size_t>(k)])].needs_gradient = needed;
  }
}

/// Builds the graph. `active` are the seams to stitch; a seam's towers are the lanes that have it.
template <std::size_t MaxOps, std::size_t MaxTensors, std::size_t MaxSeams, std::size_t LaneCount>
constexpr Graph<MaxOps, MaxTensors, MaxSeams> build_graph(const std::array<LaneRecord, LaneCount>& lanes,
                                                          std::span<const std::string_view> active) {
  Graph<MaxOps, MaxTensors, MaxSeams> graph;
  std::array<LaneState, LaneCount> states{};
  for (std::size_t l = 0; l < LaneCount; ++l) {
    if (lanes[l].parent != none) continue;
    const int tensor = graph.add_tensor(lanes[l].in, none);
    graph.tensors[static_cast<std::size_t>(tensor)].input_slot = graph.input_count++;
    states[l].current = tensor;
  }
  for (;;) {
    bool moved = false, finished = true;
    // Every lane runs to its next active seam, or to its end.
    for (std::size_t l = 0; l < LaneCount; ++l) {
      LaneState& state = states[l];
      if (lanes[l].parent != none && state.current == none) {
        const std::size_t parent = static_cast<std::size_t>(lanes[l].parent);
        if (states[parent].next < lanes[parent].steps.size()) {
          finished = false;
          continue;
        }
        state.current = states[parent].current;
      }
      while (state.next < lanes[l].steps.size()) {
        const StepRecord& step = lanes[l].steps[state.next];
        if (step.kind == StepKind::seam && contains(active, step.name)) break;
        append_step(graph, step, static_cast<int>(l), state);
        ++state.next;
        moved = true;
      }
      finished = finished && state.next == lanes[l].steps.size();
    }
    if (finished) break;
    // A seam runs when every lane that has it has arrived.
    for (const std::string_view seam : active) {
      std::size_t towers = 0, arrived = 0;
      for (std::size_t l = 0; l < LaneCount; ++l) {
        if (!has_seam(lanes[l], seam)) continue;
        ++towers;
        const LaneState& state = states[l];
        if (state.next < lanes[l].steps.size() && lanes[l].steps[state.next].kind == StepKind::seam &&
            lanes[l].steps[state.next].name == seam)
          ++arrived;
      }
      if (towers == 0 || arrived != towers) continue;
      Op& op = graph.add_op(OpKind::weave, none);
      op.name = seam;
      std::size_t k = 0;
      for (std::size_t l = 0; l < LaneCount; ++l) {
        if (!has_seam(lanes[l], seam)) continue;
        op.lanes[k++] = static_cast<int>(l);
        graph.consume(op, states[l].current);
        states[l].current = graph.produce(op, lanes[l].steps[states[l].next].dims);
        ++states[l].next;
      }
      graph.seams[static_cast<std::size_t>(graph.seam_count++)] = seam;
      moved = true;
      break;
    }
    if (!moved) {  // lanes wait for each other: their seams stand in different orders
      graph.problem.kind = SeamProblem::cycle;
      for (std::size_t l = 0; l < LaneCount; ++l) {
        if (states[l].next >= lanes[l].steps.size()) continue;
        if (graph.problem.tower_a == none) {
          graph.problem.tower_a = static_cast<int>(l);
          graph.problem.seam = lanes[l].steps[states[l].next].name;
        } else if (lanes[l].steps[states[l].next].name != graph.problem.seam) {
          graph.problem.tower_b = static_cast<int>(l);
          graph.problem.other_seam = lanes[l].steps[states[l].next].name;
          break;
        }
      }
      return graph;
    }
  }
  mark_gradients(graph);
  return graph;
}

/// Which seams are active, and what is wrong with them. `wanted` empty: every seam that two or more lanes have.
template <std::size_t MaxSeams, std::size_t LaneCount>
struct ActiveSeams {
  std::array<std::string_view, MaxSeams> names{};
  std::size_t count = 0;
  SeamProblem problem{};
};

template <std::size_t MaxSeams, std::size_t LaneCount>
constexpr ActiveSeams<MaxSeams, LaneCount> find_seams(const std::array<LaneRecord, LaneCount>& lanes,
                                                      std::span<const std::string_view> wanted) {
  ActiveSeams<MaxSeams, LaneCount> active;
  const auto consider = [&](std::string_view name, bool asked_for) {
    if (contains(std::span(active.names.data(), active.count), name) || active.problem.kind != SeamProblem::nothing)
      return;
    int first = none;
    Dims shape{};
    std::size_t towers = 0;
    for (std::size_t l = 0; l < LaneCount; ++l)
      for (const StepRecord& step : lanes[l].steps) {
        if (step.kind != StepKind::seam || step.name != name) continue;
        ++towers;
        if (first == none) {
          first = static_cast<int>(l);
          shape = step.dims;
        } else if (!(step.dims == shape)) {
          active.problem = {SeamProblem::shapes_differ, name, {}, first, static_cast<int>(l), shape, step.dims};
          return;
        }
      }
    if (towers >= 2)
      active.names[active.count++] = name;
    else if (asked_for)
      active.problem = {SeamProblem::too_few_towers, name, {}, first, none, shape, {}};
  };
  if (wanted.empty()) {
    for (const LaneRecord& lane : lanes)
      for (const StepRecord& step : lane.steps)
        if (step.kind == StepKind::seam) consider(step.name, false);
    if (active.count == 0 && active.problem.kind == SeamProblem::nothing)
      active.problem.kind = SeamProblem::no_common_seam;
  } else {
    for (const std::string_view name : wanted) consider(name, true);
  }
  return active;
}

/// The first name that stands twice in a lane (parameter layers by name, or seams), else empty.
constexpr std::string_view repeated_name(std::span<const StepRecord> steps) {
  for (std::size_t i = 0; i < steps.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      if (steps[i].kind == StepKind::layer && steps[j].kind == StepKind::layer && !steps[i].layer.name.empty() &&
          steps[i].layer.name == steps[j].layer.name)
        return steps[i].layer.name;
      if (steps[i].kind == StepKind::seam && steps[j].kind == StepKind::seam && steps[i].name == steps[j].name)
        return steps[i].name;
    }
  return {};
}

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
