#pragma once
/// \file
/// Where the tensors of a step lie: the arena of the memory plan, what layers keep for backward, scratch, predictions.
/// And whether a batch has what the network needs.

#include <xstitch/weave/parameter_updates.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class NetworkMemory : public ParameterUpdates {
 public:
  using ParameterUpdates::ParameterUpdates;

  /// Packs the weights for many calls of evaluate, which otherwise packs them in each one. Holds until a parameter
  /// changes; what is written through a view that was taken before this call is not seen. Costs packed_bytes() of
  /// memory: about that of the convolutions' weights, in bf16 half that of all weights.
  void pack_weights(ThreadPool& threads) {
    if (packed_version_ == parameter_version_) return;
    std::size_t bytes = 0;
    packed_at_.resize(tables_.ops.size());
    for (std::size_t i = 0; i < tables_.ops.size(); ++i) {
      packed_at_[i] = bytes;
      if (tables_.ops[i].kind == OpKind::layer) bytes += align_up(tables_.ops[i].layer.packed_bytes);
    }
    grow(packed_, bytes);
    for (std::size_t i = 0; i < tables_.ops.size(); ++i) {
      const Op& op = tables_.ops[i];
      if (op.kind != OpKind::layer || op.layer.packed_bytes == 0) continue;
      op.layer.pack({parameter_pointers(i), packed_.data() + packed_at_[i], threads});
    }
    packed_version_ = parameter_version_;
  }
  /// Gives that memory back.
  void drop_packed_weights() noexcept {
    packed_ = Memory();
    packed_version_ = no_version;
  }
  [[nodiscard]] std::size_t packed_bytes() const noexcept { return packed_.bytes(); }

  /// Bytes held: parameters, optimizer state, gradients, activations, scratch, packed weights.
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    std::size_t bytes = parameters_.bytes() + gradients_.bytes() + arena_.bytes() + saved_.bytes() +
                        workspace_.bytes() + scratch_.bytes() + packed_.bytes();
    for (const Memory& m : optimizer_state_) bytes += m.bytes();
    for (const Memory& m : predictions_) bytes += m.bytes();
    return bytes;
  }

 protected:
  /// Room for a batch; allocates only when it is larger than any before.
  void prepare(std::size_t batch, bool training) {
    const PlanView& plan = training ? tables_.training : tables_.inference;
    grow(arena_, plan.bytes_per_sample * batch);
    std::size_t workspace = 0, saved = 0, scratch = 0;
    saved_at_.resize(tables_.ops.size());
    for (std::size_t i = 0; i < tables_.ops.size(); ++i) {
      const Op& op = tables_.ops[i];
      if (op.kind == OpKind::layer) {
        workspace = std::max(workspace, op.layer.workspace.bytes(batch));
        saved_at_[i] = saved;
        saved += align_up(op.layer.saved.bytes(batch));
        if (!op.layer.streams_gradients) scratch = std::max(scratch, parameter_floats(i));
      } else if (op.kind == OpKind::weave) {
        if (tables_.unit.workspace != nullptr)
          workspace =
              std::max(workspace,
                       tables_.unit.workspace(op.input_count, tables_.tensors[index(op.inputs[0])].dims).bytes(batch));
        scratch = std::max(scratch, parameter_floats(i));
      }
    }
    grow(workspace_, workspace);
    if (training) {
      grow(saved_, saved);
      grow(scratch_, scratch * sizeof(float));
    } else {
      predictions_.resize(heads_.size());
      for (std::size_t h = 0; h < heads_.size(); ++h)
        grow(predictions_[h], batch * heads_[h].prediction.size() * sizeof(float));
    }
  }
  static void grow(Memory& memory, std::size_t bytes) {
    if (memory.bytes() >= bytes) return;
    memory = Memory();  // the old block goes before the new one comes
    memory = Memory(bytes);
  }
  [[nodiscard]] std::size_t parameter_floats(std::size_t i) const {
    if (op_parameters_[i] == 0) return 0;
    const ParameterSlot& last = slots_[op_first_[i] + op_parameters_[i] - 1];
    return last.offset - slots_[op_first_[i]].offset + align_up(last.count * sizeof(float)) / sizeof(float);
  }

  void check(const Batch& batch, bool labels) const {
    if (batch.size == 0) fail(tables_.kind, ": a batch without samples");
    if (batch.inputs.size() != inputs_.size())
      fail(tables_.kind, ": the batch has ", batch.inputs.size(), " inputs, the network has ", inputs_.size());
    for (std::size_t s = 0; s < inputs_.size(); ++s) {
      const std::size_t from = source(batch, s);
      const std::size_t want = batch.size * inputs_[s].shape.size();
      if (from >= batch.inputs.size() || batch.inputs[from].size() < want)
        fail("input of tower '", inputs_[s].tower, "': ", from < batch.inputs.size() ? batch.inputs[from].size() : 0,
             " numbers, expected ", want, " (", batch.size, " samples of ", to_string(inputs_[s].shape), ")");
    }
    if (!labels) return;
    if (batch.labels.size() != heads_.size())
      fail(tables_.kind, ": the batch has labels for ", batch.labels.size(), " heads, the network has ", heads_.size());
    for (std::size_t h = 0; h < heads_.size(); ++h) {
      const LabelBatch& label = batch.labels[h];
      const std::size_t have = heads_[h].label.integral() ? label.indices.size() : label.values.size();
      const std::size_t want = batch.size * heads_[h].label.shape.size();
      if (have < want || label.present.size() < batch.size)
        fail("label of '", heads_[h].name(), "': ", have, " numbers and ", label.present.size(),
             " presence flags, expected ", want, " and ", batch.size);
      if (!label.mask.empty() && label.mask.size() < batch.size * heads_[h].label.mask.size())
        fail("mask of '", heads_[h].name(), "': ", label.mask.size(), " entries, expected ",
             batch.size * heads_[h].label.mask.size());
    }
  }
  [[nodiscard]] static std::size_t source(const Batch& batch, std::size_t slot) {
    return slot < batch.shared_input.size() && batch.inputs[slot].empty() ? batch.shared_input[slot] : slot;
  }

  [[nodiscard]] float* value(int tensor, const Batch& batch, bool training) const {
    const Tensor& t = tables_.tensors[index(tensor)];
    if (t.producer == none) return const_cast<float*>(batch.inputs[source(batch, index(t.input_slot))].data());
    const PlanView& plan = training ? tables_.training : tables_.inference;
    return reinterpret_cast<float*>(arena_.data() + plan.value[index(tensor)] * batch.size);
  }
  [[nodiscard]] float* gradient_of(int tensor, std::size_t batch) const {
    const std::size_t at = tables_.training.gradient[index(tensor)];
    return at == static_cast<std::size_t>(-1) ? nullptr : reinterpret_cast<float*>(arena_.data() + at * batch);
  }
  [[nodiscard]] bool adds(std::size_t op, int k) const { return tables_.training.adds[op * max_towers + index(k)]; }
  /// Where operation `op` writes the gradient of its k-th input.
  [[nodiscard]] float* gradient_target(std::size_t op, int k, std::size_t batch) const {
    if (adds(op, k))
      return reinterpret_cast<float*>(arena_.data() + tables_.training.staged[op * max_towers + index(k)] * batch);
    return gradient_of(tables_.ops[op].inputs[index(k)], batch);
  }

  /// The operation's packed weights, if they are those of now.
  [[nodiscard]] const std::byte* packed_weights(std::size_t op) const noexcept {
    const bool has = packed_version_ == parameter_version_ && tables_.ops[op].layer.packed_bytes > 0;
    return has ? packed_.data() + packed_at_[op] : nullptr;
  }

  static constexpr std::uint64_t no_version = static_cast<std::uint64_t>(-1);

  std::vector<std::size_t> saved_at_, packed_at_;  ///< [operation], bytes
  Memory arena_, saved_, workspace_, scratch_, packed_;
  std::uint64_t packed_version_ = no_version;
  std::vector<Memory> predictions_;  ///< [head]
};

}  // namespace xstitch::inline XSTITCH_ISA
