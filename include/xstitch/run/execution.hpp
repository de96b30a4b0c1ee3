#pragma once
/// \file
/// What one thread or request needs to run a program: the arena of the memory plan, scratch, predictions. Inference is
/// here; training adds to it what backward needs (run/training_pass.hpp).

#include <xstitch/core/error.hpp>
#include <xstitch/core/memory.hpp>
#include <xstitch/core/threads.hpp>
#include <xstitch/run/parameters.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// Samples [begin, begin + size) of a batch.
struct Slice {
  const Batch* batch = nullptr;
  std::size_t begin = 0, size = 0;
  std::size_t position = 0;            ///< of the first sample within the global batch
  std::span<const LabelBatch> labels;  ///< [head], of these samples

  explicit Slice(const Batch& whole)
      : batch(&whole),
        size(whole.size),
        position(whole.first_position),
        labels(whole.labels.data(), whole.labels.size()) {}
};

class Execution {
 public:
  [[gnu::cold]] XSTITCH_INLINE explicit Execution(std::shared_ptr<const Layout> layout)
      : layout_(std::move(layout)), predictions_(layout_->heads().size()) {
    pointers_.resize(layout_->slots().size());
    std::size_t inputs = 1, outputs = 1;
    for (const Op& op : program().ops) {
      inputs = std::max(inputs, detail::at(op.input_count));
      outputs = std::max(outputs, detail::at(std::max(op.output_count, 1)));
    }
    input_pointers_.resize(inputs);
    output_pointers_.resize(outputs);
  }
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  [[nodiscard]] const Layout& layout() const noexcept { return *layout_; }
  [[nodiscard]] const Program& program() const noexcept { return layout_->program(); }

  /// Binds parameter `slot` of this program.
  void bind(std::size_t slot, const float* values) { pointers_[slot] = values; }
  [[nodiscard]] std::span<const float* const> pointers() const noexcept { return {pointers_.data(), pointers_.size()}; }

  /// Forward as in inference (no dropout, running statistics) over all operations. `observe(i, call)` may do something
  /// beside operation i (an evaluation adds the losses).
  template <class Observe>
  void infer(const Slice& slice, const PackedWeights* packed, ThreadPool& threads, const Observe& observe) {
    const FlushDenormals flush;
    check_inputs(slice);
    prepare_inference(slice.size);
    for (std::size_t i = 0; i < program().ops.size(); ++i) {
      const Op& op = program().ops[i];
      if (op.done_by_previous) continue;
      ForwardCall call = forward_call(i, slice, program().inference_plan, threads);
      const ForwardFunctions& functions = program().forward[i];
      call.context = functions.context;
      if (packed != nullptr && op.record->packed_bytes > 0) call.packed = packed->memory.data() + packed->offsets[i];
      if (op.is_loss) {
        observe(i, call);
        if (keeps_logits())
          std::copy_n(call.input, slice.size * op.record->inputs[0].size(), logits_[layout_->head_of(i)].floats());
        output_pointers_[0] = predictions_[layout_->head_of(i)].floats();
        call.output = output_pointers_[0];
        call.output_shapes = op.record->outputs;
      }
      (op.fused_next ? functions.fused : functions.forward)(call);
    }
    predicted_ = slice.size;
  }
  void infer(const Slice& slice, const PackedWeights* packed, ThreadPool& threads) {
    infer(slice, packed, threads, [](std::size_t, const ForwardCall&) {});
  }

  /// Of the last inference: [batch, HeadSlot::prediction].
  [[nodiscard]] std::span<const float> prediction(std::size_t head) const {
    check_head(head);
    return {predictions_[head].floats(), predicted_ * layout_->heads()[head].prediction.size()};
  }
  /// What the head's last layer gave, before the loss's Prediction: [batch, HeadSlot::output]. Kept if
  /// keep_logits(true) was said before the inference.
  [[nodiscard]] XSTITCH_INLINE std::span<const float> logits(std::size_t head) const {
    check_head(head);
    if (logits_.empty() || logits_[head].bytes() == 0)
      fail("logits are not kept: say keep_logits(true) before the inference");
    return {logits_[head].floats(), predicted_ * layout_->heads()[head].output.size()};
  }
  void keep_logits(bool keep) { logits_.resize(keep ? layout_->heads().size() : 0); }
  [[nodiscard]] bool keeps_logits() const noexcept { return !logits_.empty(); }

  [[nodiscard]] std::size_t bytes() const noexcept {
    std::size_t bytes = arena_.bytes() + workspace_.bytes();
    for (const Memory& m : predictions_) bytes += m.bytes();
    for (const Memory& m : logits_) bytes += m.bytes();
    return bytes;
  }

  // What a training pass shares: the same arena and scratch, with another plan. ------------------------------------

  static constexpr std::size_t index(int i) noexcept { return static_cast<std::size_t>(i); }

  static void grow(Memory& memory, std::size_t bytes) {
    if (memory.bytes() >= bytes) return;
    memory = Memory();  // the old block goes before the new one comes
    memory = Memory(bytes);
  }

  void prepare_workspace(std::size_t batch) {
    std::size_t most = 0;
    for (const Op& op : program().ops) most = std::max(most, op.record->workspace.bytes(batch));
    grow(workspace_, most);
  }
  void prepare_arena(std::size_t bytes) {
    grow(arena_, bytes);
    ++uses_;
  }
  /// Counts the passes that wrote into the arena: whoever comes back to it compares.
  [[nodiscard]] std::uint64_t uses() const noexcept { return uses_; }
  [[nodiscard]] std::byte* arena() const noexcept { return arena_.data(); }
  [[nodiscard]] std::byte* workspace() const noexcept { return workspace_.data(); }
  /// Room for a batch; allocates only when it is larger than any before.
  XSTITCH_INLINE void prepare_inference(std::size_t batch) {
    prepare_arena(program().inference_plan.bytes_per_sample * batch);
    prepare_workspace(batch);
    for (std::size_t h = 0; h < predictions_.size(); ++h)
      grow(predictions_[h], batch * layout_->heads()[h].prediction.size() * sizeof(float));
    for (std::size_t h = 0; h < logits_.size(); ++h)
      grow(logits_[h], batch * layout_->heads()[h].output.size() * sizeof(float));
  }

  XSTITCH_INLINE void check_inputs(const Slice& slice) const {
    const Batch& batch = *slice.batch;
    const auto& inputs = layout_->inputs();
    if (slice.size == 0) fail(program().kind, ": a batch without samples");
    if (batch.inputs.size() != inputs.size())
      fail(program().kind, ": the batch has ", batch.inputs.size(), " inputs, the network has ", inputs.size());
    for (std::size_t s = 0; s < inputs.size(); ++s) {
      const std::size_t from = source(batch, s), want = batch.size * inputs[s].shape.size();
      if (from >= batch.inputs.size() || batch.inputs[from].size() < want)
        fail("input of tower '", inputs[s].name(), "': ", from < batch.inputs.size() ? batch.inputs[from].size() : 0,
             " elements, expected ", want, " (", batch.size, " samples of ", to_string(inputs[s].shape), ")");
    }
  }
  void check_head(std::size_t head) const {
    if (head >= predictions_.size())
      fail("the network has ", predictions_.size(), " heads, asked for number ", head,
           head == Layout::npos ? " (a name that was not found?)" : "");
  }
  [[nodiscard]] static std::size_t source(const Batch& batch, std::size_t slot) {
    return slot < batch.shared_input.size() && batch.inputs[slot].empty() ? batch.shared_input[slot] : slot;
  }

  /// Where a tensor's values lie.
  [[nodiscard]] float* value(int tensor, const Slice& slice, const PlanView& plan) const {
    const Tensor& t = program().tensors[index(tensor)];
    if (t.producer == none) {
      const AlignedVector& from = slice.batch->inputs[source(*slice.batch, index(t.input_slot))];
      return const_cast<float*>(from.data()) + slice.begin * t.shape.size();
    }
    return reinterpret_cast<float*>(arena_.data() + plan.value[index(tensor)] * slice.size);
  }

  /// The call of operation i but for what differs between inference and training.
  XSTITCH_INLINE ForwardCall forward_call(std::size_t i, const Slice& slice, const PlanView& plan,
                                          ThreadPool& threads) {
    const Op& op = program().ops[i];
    for (int k = 0; k < op.input_count; ++k)
      input_pointers_[index(k)] = value(program().edges[index(op.first_input + k)], slice, plan);
    output_pointers_[0] = nullptr;
    for (int k = 0; k < op.output_count; ++k) output_pointers_[index(k)] = value(op.first_output + k, slice, plan);
    return ForwardCall{.batch = slice.size * op.record->rows,
                       .input = input_pointers_[0],
                       .output = output_pointers_[0],
                       .parameters = pointers_.data() + layout_->first_parameter(i),
                       .workspace = workspace_.data(),
                       .threads = threads,
                       .first_position = slice.position * op.record->rows,
                       .inputs = input_pointers_.data(),
                       .outputs = output_pointers_.data(),
                       .input_shapes = op.record->inputs,
                       .output_shapes = op.record->outputs,
                       .order = op.chain == none ? program().order.data() + op.first_input : nullptr};
  }

 private:
  std::shared_ptr<const Layout> layout_;
  std::vector<const float*> pointers_;  ///< [parameter]
  std::vector<const float*> input_pointers_;
  std::vector<float*> output_pointers_;
  Memory arena_, workspace_;
  std::vector<Memory> predictions_, logits_;  ///< [head]
  std::size_t predicted_ = 0;
  std::uint64_t uses_ = 0;
};

}  // namespace xstitch::inline XSTITCH_ISA
