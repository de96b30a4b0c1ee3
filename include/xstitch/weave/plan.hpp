#pragma once
/// \file
/// The memory plan: where each tensor and each gradient lies, worked out by the compiler (and at run time for the plan
/// that keeps everything).
///
/// Time runs over the operations: forward of operation i at time i, backward at time 2 n - 1 - i. A buffer lives from
/// the first time it is written to the last time it is read; buffers that never live together share memory, first fit
/// in order of time. Sizes are per sample (rounded up to 64 bytes), so a buffer's offset is batch x constant.

#include <xstitch/weave/graph.hpp>
#include <xstitch/weave/list.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace xstitch::inline XSTITCH_ISA {

inline constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

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

struct Buffer {
  std::size_t size = 0;
  int first = 0, last = -1;
  std::size_t offset = 0;
};

/// Free memory between the living buffers, sorted by offset; the last gap has no end.
class Gaps {
 public:
  constexpr Gaps() { gaps_.push_back({0, nowhere}); }

  constexpr std::size_t take(std::size_t size) {
    std::size_t i = 0;
    while (gaps_[i].end - gaps_[i].begin < size) ++i;
    const std::size_t offset = gaps_[i].begin;
    gaps_[i].begin += size;
    if (gaps_[i].begin == gaps_[i].end) gaps_.erase(i);
    if (offset + size > peak_) peak_ = offset + size;
    return offset;
  }
  constexpr void give_back(std::size_t offset, std::size_t size) {
    std::size_t i = 0;
    while (gaps_[i].begin < offset) ++i;  // the first gap after the buffer: there is one, without an end
    const bool before = i > 0 && gaps_[i - 1].end == offset, after = gaps_[i].begin == offset + size;
    if (before && after) {
      gaps_[i - 1].end = gaps_[i].end;
      gaps_.erase(i);
    } else if (before) {
      gaps_[i - 1].end += size;
    } else if (after) {
      gaps_[i].begin = offset;
    } else {
      gaps_.insert(i, {offset, offset + size});
    }
  }
  [[nodiscard]] constexpr std::size_t peak() const { return peak_; }

 private:
  struct Gap {
    std::size_t begin = 0, end = 0;
  };
  List<Gap> gaps_;
  std::size_t peak_ = 0;
};

/// Indices of the living buffers in order of a time each, by counting.
template <class Time>
constexpr List<std::size_t> sorted_by(const List<Buffer>& buffers, std::size_t times, const Time& time) {
  List<std::size_t> start(times + 2, 0);
  std::size_t used = 0;
  for (const Buffer& b : buffers)
    if (b.size > 0 && b.last >= b.first) {
      ++start[at(time(b)) + 1];
      ++used;
    }
  for (std::size_t t = 0; t <= times; ++t) start[t + 1] += start[t];
  List<std::size_t> order(used, 0);
  for (std::size_t i = 0; i < buffers.size(); ++i)
    if (buffers[i].size > 0 && buffers[i].last >= buffers[i].first) order[start[at(time(buffers[i]))]++] = i;
  return order;
}

/// Gives every buffer its offset; returns the bytes of all.
constexpr std::size_t place(List<Buffer>& buffers, std::size_t times) {
  const auto begins = sorted_by(buffers, times, [](const Buffer& b) { return b.first; });
  const auto ends = sorted_by(buffers, times, [](const Buffer& b) { return b.last; });
  Gaps gaps;
  std::size_t ended = 0;
  for (const std::size_t i : begins) {
    for (; ended < ends.size() && buffers[ends[ended]].last < buffers[i].first; ++ended)
      gaps.give_back(buffers[ends[ended]].offset, buffers[ends[ended]].size);
    buffers[i].offset = gaps.take(buffers[i].size);
  }
  return gaps.peak();
}

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
