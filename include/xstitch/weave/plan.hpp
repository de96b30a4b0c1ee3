#pragma once
/// \file
/// The memory plan: where each tensor and each gradient lies, worked out by the compiler.
///
/// Time runs over the operations: forward operation i at time i, backward of operation i at time 2 n - 1 - i. A buffer
/// lives from the first time it is written to the last time it is read; buffers that never live together share
/// memory. Sizes are per sample (rounded up to 64 bytes), so a buffer's offset is batch x constant.

#include <xstitch/weave/graph.hpp>

#include <array>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {

/// Where the tensors of a graph lie, in bytes a sample within the arena.
template <std::size_t MaxOps, std::size_t MaxTensors>
struct Plan {
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

  std::array<std::size_t, MaxTensors> value{};     ///< nowhere: the network's input
  std::array<std::size_t, MaxTensors> gradient{};  ///< nowhere: not needed
  /// Scratch for the gradient that operation i makes for its k-th input, where another consumer has written one
  /// before and the two must be added. [op * max_towers + k]
  std::array<std::size_t, MaxOps * max_towers> staged{};
  std::array<bool, MaxOps * max_towers> adds{};
  std::size_t bytes_per_sample = 0;
};

namespace detail {

struct Interval {
  std::size_t size = 0;
  int first = 0, last = -1;
  std::size_t offset = 0;
};

/// First fit in order of time: each new buffer takes the lowest gap between the living ones.
template <std::size_t Times, std::size_t N>
constexpr std::size_t place(std::array<Interval, N>& buffers, std::size_t count) {
  // Sorted by the time of the first use, by counting (a quadratic sort would reach clang's limit of constant steps).
  std::array<std::size_t, N> order{};
  std::array<std::size_t, Times + 1> start{};
  std::size_t used = 0;
  const auto lives = [&](std::size_t i) { return buffers[i].last >= buffers[i].first && buffers[i].size > 0; };
  for (std::size_t i = 0; i < count; ++i)
    if (lives(i)) {
      ++start[static_cast<std::size_t>(buffers[i].first) + 1];
      ++used;
    }
  for (std::size_t t = 0; t < Times; ++t) start[t + 1] += start[t];
  for (std::size_t i = 0; i < count; ++i)
    if (lives(i)) order[start[static_cast<std::size_t>(buffers[i].first)]++] = i;
  std::array<std::size_t, N> living{};  // sorted by offset
  std::size_t living_count = 0, peak = 0;
  for (std::size_t i = 0; i < used; ++i) {
    Interval& buffer = buffers[order[i]];
    std::size_t kept = 0;
    for (std::size_t k = 0; k < living_count; ++k)
      if (buffers[living[k]].last >= buffer.first) living[kept++] = living[k];
    living_count = kept;
    std::size_t offset = 0, at = 0;
    for (; at < living_count; ++at) {
      const Interval& other = buffers[living[at]];
      if (offset + buffer.size <= other.offset) break;
      if (other.offset + other.size > offset) offset = other.offset + other.size;
    }
    buffer.offset = offset;
    for (std::size_t k = living_count; k > at; --k) living[k] = living[k - 1];
    living[at] = order[i];
    ++living_count;
    if (offset + buffer.size > peak) peak = offset + buffer.size;
  }
  return peak;
}

constexpr std::size_t sample_bytes(Dims d) { return align_up(d.size() * sizeof(float)); }

/// `training`: activations stay for backward, and gradients have buffers, too.
template <std::size_t MaxOps, std::size_t MaxTensors, std::size_t MaxSeams>
constexpr Plan<MaxOps, MaxTensors> make_plan(const Graph<MaxOps, MaxTensors, MaxSeams>& graph, bool training) {
  using P = Plan<MaxOps, MaxTensors>;
  const auto at = [](int i) { return static_cast<std::size_t>(i); };
  P plan;
  constexpr std::size_t capacity = 2 * MaxTensors + MaxOps * 2;
  std::array<Interval, capacity> buffers{};
  std::array<std::size_t, MaxTensors> value_root{}, gradient_root{};
  std::array<bool, MaxTensors> value_shared{};
  const int n = graph.op_count;
  std::size_t count = 0;

  // Values.
  for (int t = 0; t < graph.tensor_count; ++t) {
    const Tensor& tensor = graph.tensors[at(t)];
    value_root[at(t)] = P::nowhere;
    if (tensor.producer == none) continue;
    const Op& op = graph.ops[at(tensor.producer)];
    if (op.kind == OpKind::layer && (op.layer.in_place || op.done_by_previous)) {
      const int source = op.inputs[0];
      const Tensor& from = graph.tensors[at(source)];
      bool may_overwrite = from.producer != none && from.consumers == 1;
      if (may_overwrite && training) {
        const Op& maker = graph.ops[at(from.producer)];
        const bool maker_reads = maker.kind == OpKind::layer && maker.layer.reads_output;
        may_overwrite = op.done_by_previous || (!maker_reads && !op.layer.reads_input);
      }
      if (may_overwrite) {
        value_root[at(t)] = value_root[at(source)];
        value_shared[at(t)] = true;
        continue;
      }
    }
    value_root[at(t)] = count;
    buffers[count].size = sample_bytes(tensor.dims);
    buffers[count].first = tensor.producer;
    buffers[count].last = tensor.producer;
    ++count;
  }
  const auto extend_value = [&](int tensor, int time) {
    const std::size_t root = value_root[at(tensor)];
    if (root == P::nowhere) return;
    if (time > buffers[root].last) buffers[root].last = time;
  };
  for (int i = 0; i < n; ++i) {
    const Op& op = graph.ops[at(i)];
    const int back = 2 * n - 1 - i;
    for (int k = 0; k < op.input_count; ++k) {
      extend_value(op.inputs[at(k)], i);
      const bool reads = op.kind == OpKind::weave || (op.kind == OpKind::layer && op.layer.reads_input);
      if (training && reads) extend_value(op.inputs[at(k)], back);
    }
    for (int k = 0; k < op.output_count; ++k) {
      extend_value(op.outputs[at(k)], i);
      if (training && op.kind == OpKind::layer && op.layer.reads_output) extend_value(op.outputs[at(k)], back);
    }
  }

  // Gradients.
  for (int t = 0; t < graph.tensor_count; ++t) {
    gradient_root[at(t)] = P::nowhere;
  }
  for (std::size_t i = 0; i < MaxOps * max_towers; ++i) plan.staged[i] = P::nowhere;
  std::array<std::size_t, MaxOps * max_towers> staged_root{};
  for (std::size_t i = 0; i < MaxOps * max_towers; ++i) staged_root[i] = P::nowhere;
  if (training) {
    for (int i = n - 1; i >= 0; --i) {  // backward order
      const Op& op = graph.ops[at(i)];
      const int back = 2 * n - 1 - i;
      for (int k = 0; k < op.output_count; ++k) {  // the last time these are read
        const std::size_t root = gradient_root[at(op.outputs[at(k)])];
        if (root != P::nowhere && back > buffers[root].last) buffers[root].last = back;
      }
      for (int k = 0; k < op.input_count; ++k) {
        const int t = op.inputs[at(k)];
        const Tensor& tensor = graph.tensors[at(t)];
        if (!tensor.needs_gradient) continue;
        if (gradient_root[at(t)] != P::nowhere) {  // a later operation has written it: make it aside, then add
          staged_root[at(i) * max_towers + at(k)] = count;
          plan.adds[at(i) * max_towers + at(k)] = true;
          buffers[count].size = sample_bytes(tensor.dims);
          buffers[count].first = op.kind == OpKind::loss ? i : back;
          buffers[count].last = back;
          ++count;
          continue;
        }
        const bool may_overwrite =
            tensor.consumers == 1 && ((op.kind == OpKind::layer && op.layer.in_place) || op.kind == OpKind::weave);
        if (may_overwrite && gradient_root[at(op.outputs[at(k)])] != P::nowhere) {
          gradient_root[at(t)] = gradient_root[at(op.outputs[at(k)])];
          continue;
        }
        gradient_root[at(t)] = count;
        buffers[count].size = sample_bytes(tensor.dims);
        buffers[count].first = op.kind == OpKind::loss ? i : back;
        buffers[count].last = back;
        ++count;
      }
    }
  }
  plan.bytes_per_sample = place<2 * MaxOps>(buffers, count);
  const auto offset_of = [&](std::size_t root) { return root == P::nowhere ? P::nowhere : buffers[root].offset; };
  for (int t = 0; t < graph.tensor_count; ++t) {
    plan.value[at(t)] = offset_of(value_root[at(t)]);
    plan.gradient[at(t)] = offset_of(gradient_root[at(t)]);
  }
  for (std::size_t i = 0; i < MaxOps * max_towers; ++i) plan.staged[i] = offset_of(staged_root[i]);
  return plan;
}

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
