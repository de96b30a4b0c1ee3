#pragma once
/// \file
/// The memory plan: where each tensor and each gradient lies, worked out by the compiler (and at run time for the plan
/// that keeps everything).
///
/// Time runs over the operations: forward of operation i at time i, backward at time 2 n - 1 - i. A buffer lives from
/// the first time it is written to the last time it is read; buffers that never live together share memory
/// (weave/placement.hpp). Sizes are per sample (rounded up to 64 bytes), so a buffer's offset is batch x constant.

#include <xstitch/weave/graph.hpp>
#include <xstitch/weave/placement.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace xstitch::inline XSTITCH_ISA {

enum class PlanKind : std::uint8_t {
  inference,  ///< values until their last reader has run
  training,   ///< values until backward has read them, and gradients
  keep_all,   ///< the same, but values stay until the end: backward may run more than once, for some heads
};

/// A graph as spans, with which tensors may need a gradient.
struct GraphView {
  std::span<const Op> ops;
  std::span<const int> edges;
  std::span<const Tensor> tensors;
};

/// Where a plan is written: offsets in bytes a sample, `nowhere` where there is no buffer.
struct PlanSpans {
  std::span<std::size_t> value;      ///< [tensor]; nowhere: an input of the network
  std::span<std::size_t> gradient;   ///< [tensor]
  std::span<std::size_t> temporary;  ///< [edge]: where a gradient is made that is added to one made before
  std::span<std::size_t> kept;       ///< [operation]: where it keeps what it writes in place of its input's gradient
};

namespace detail {

/// Makes one plan.
struct Planner {
  const GraphView& graph;
  PlanKind kind;
  std::span<const bool> needs_gradient;  ///< [tensor]
  List<Buffer> buffers{};
  List<std::size_t> value{graph.tensors.size(), nowhere}, gradient{graph.tensors.size(), nowhere},
      temporary{graph.edges.size(), nowhere}, kept{graph.ops.size(), nowhere};  ///< buffer of each, or nowhere

  [[nodiscard]] constexpr bool training() const { return kind != PlanKind::inference; }
  [[nodiscard]] constexpr int operations() const { return static_cast<int>(graph.ops.size()); }
  [[nodiscard]] constexpr int edge(const Op& op, int k) const { return graph.edges[at(op.first_input + k)]; }

  constexpr std::size_t add(const TensorShape& shape, int time) {
    buffers.push_back({shape.bytes(), time, time, 0});
    return buffers.size() - 1;
  }
  constexpr void extend(std::size_t buffer, int time) {
    if (buffer != nowhere && time > buffers[buffer].last) buffers[buffer].last = time;
  }

  /// Whether output 0 may be written over input 0.
  [[nodiscard]] constexpr bool may_overwrite(const Op& op) const {
    if (!(op.record->in_place || op.done_by_previous) || op.input_count != 1 || op.output_count != 1) return false;
    const Tensor& from = graph.tensors[at(edge(op, 0))];
    if (from.producer == none || from.consumers != 1) return false;
    if (!training() || op.done_by_previous) return true;
    return !graph.ops[at(from.producer)].record->reads_output && !op.record->reads_input;
  }

  constexpr void plan_values() {
    const int n = operations(), end = 2 * n - 1;

    for (int i = 0; i < n; ++i) {
      const Op& op = graph.ops[at(i)];
      const int back = end - i;
      for (int k = 0; k < op.input_count; ++k) {
        extend(value[at(edge(op, k))], i);
        if (training() && op.record->reads_input)
          extend(value[at(edge(op, k))], kind == PlanKind::keep_all ? end : back);
      }
      for (int k = 0; k < op.output_count; ++k) {
        const std::size_t t = at(op.first_output + k);
        value[t] = k == 0 && may_overwrite(op) ? value[at(edge(op, 0))] : add(graph.tensors[t].shape, i);
        extend(value[t], i);
        if (training() && op.record->reads_output) extend(value[t], kind == PlanKind::keep_all ? end : back);
      }
    }
  }

  constexpr void plan_gradients() {
    const int n = operations();

    if (!training()) return;
    for (int i = n - 1; i >= 0; --i) {  // backward order
      const Op& op = graph.ops[at(i)];
      const int back = 2 * n - 1 - i;
      for (int k = 0; k < op.output_count; ++k) {  // the last time these are read
        const std::size_t t = at(op.first_output + k);
        if (gradient[t] == nowhere && needs_gradient[t]) gradient[t] = add(graph.tensors[t].shape, back);  // zeros
        extend(gradient[t], back);
      }
      for (int k = 0; k < op.input_count; ++k) {
        const std::size_t t = at(edge(op, k));
        if (k == 0 && op.record->keeps_in_gradient) {
          keep(i);
          continue;
        }
        if (!needs_gradient[t]) continue;
        if (gradient[t] !=
            nowhere) {  // a later operation has written it: this part goes to a temporary, which is then added
          temporary[at(op.first_input + k)] = add(graph.tensors[t].shape, back);
          extend(gradient[t], back);
        } else if (shares_gradient(op, k)) {
          gradient[t] = gradient[at(op.first_output + k)];
        } else {
          gradient[t] = add(graph.tensors[t].shape, back);
        }
      }
    }
  }
  /// What forward of operation i keeps lies where its gradient will: that place is used from forward on. Where backward
  /// may run again it has a place of its own.
  constexpr void keep(int i) {
    const Op& op = graph.ops[at(i)];
    const int back = 2 * operations() - 1 - i;
    const std::size_t t = at(edge(op, 0));
    const auto place = [&](int first, int last) {
      const std::size_t buffer = add(graph.tensors[t].shape, first);
      extend(buffer, last);
      return buffer;
    };
    const bool again = kind == PlanKind::keep_all;
    if (again || !needs_gradient[t]) kept[at(i)] = place(i, again ? 2 * operations() - 1 : back);
    if (!needs_gradient[t]) return;
    extend(gradient[t], back);
    std::size_t& gradient_place = gradient[t] == nowhere ? gradient[t] : temporary[at(op.first_input)];
    gradient_place = place(again ? back : i, back);
    if (!again) kept[at(i)] = gradient_place;
  }
  /// Whether dx_k may be written over dy_k.
  [[nodiscard]] constexpr bool shares_gradient(const Op& op, int k) const {
    if (!op.record->gradient_in_place || k >= op.output_count) return false;
    const Tensor &in = graph.tensors[at(edge(op, k))], &out = graph.tensors[at(op.first_output + k)];
    return in.consumers == 1 && gradient[at(op.first_output + k)] != nowhere && in.shape.bytes() == out.shape.bytes();
  }
};

/// Which tensors lie above something that is trained.
constexpr void mark_gradients(const GraphView& graph, std::span<bool> needs_gradient) {
  for (const Op& op : graph.ops) {
    bool needed = false;
    for (const ParameterSpec& spec : op.record->parameters) needed = needed || spec.group != ParameterGroup::buffer;
    for (int k = 0; k < op.input_count; ++k) needed = needed || needs_gradient[at(graph.edges[at(op.first_input + k)])];
    for (int k = 0; k < op.output_count; ++k) {
      const std::size_t t = at(op.first_output + k);
      needs_gradient[t] = needed && graph.tensors[t].shape.differentiable;
    }
  }
}

}  // namespace detail

/// Writes the plan; returns its bytes a sample.
constexpr std::size_t make_plan(const GraphView& graph, PlanKind kind, std::span<const bool> needs_gradient,
                                const PlanSpans& out) {
  detail::Planner planner{graph, kind, needs_gradient};
  planner.plan_values();
  planner.plan_gradients();
  const std::size_t bytes = detail::place(planner.buffers, 2 * graph.ops.size());
  const auto offset = [&](std::size_t buffer) { return buffer == nowhere ? nowhere : planner.buffers[buffer].offset; };
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
    out.value[t] = offset(planner.value[t]);
    out.gradient[t] = offset(planner.gradient[t]);
  }
  for (std::size_t e = 0; e < graph.edges.size(); ++e) out.temporary[e] = offset(planner.temporary[e]);
  for (std::size_t i = 0; i < out.kept.size(); ++i) out.kept[i] = offset(planner.kept[i]);
  return bytes;
}

}  // namespace xstitch::inline XSTITCH_ISA
