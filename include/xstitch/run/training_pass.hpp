#pragma once
/// \file
/// Forward and backward of one slice of a batch. Forward keeps what backward reads; backward gives every trained
/// parameter's gradient to a policy (run/gradients.hpp). Running statistics are written to pending buffers, which the
/// step commits when it is whole. Both can be made operation by operation, side by side with those of other slices
/// (run/joint_pass.hpp).

#include <xstitch/run/backward_buffers.hpp>
#include <xstitch/run/execution.hpp>
#include <xstitch/run/gradient_flow.hpp>
#include <xstitch/run/locate_non_finite.hpp>
#include <xstitch/run/parameter_gradients.hpp>
#include <xstitch/run/pending_buffers.hpp>
#include <xstitch/run/slices.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class TrainingPass {
 public:
  /// `pending`: of another slice of the same batch; null: its own.
  [[gnu::cold]] XSTITCH_INLINE TrainingPass(Execution& execution, Parameters& parameters,
                                            PendingBuffers* pending = nullptr)
      : e_(execution),
        p_(parameters),
        losses_(layout().heads().size()),
        scales_(losses_.size(), 0.0F),
        flow_(layout(), parameters),
        buffers_(execution, flow_),
        gradients_(layout(), parameters),
        pending_(pending) {
    if (pending_ == nullptr) pending_ = &own_pending_.emplace(parameters);
    if (program().training.empty()) fail(program().kind, ": a program for prediction alone cannot be trained");
    saved_at_.resize(program().ops.size());
    for (std::size_t i = 0; i < program().ops.size(); ++i) keys_.push_back(layout().key(i, parameters.seed(), "run"));
  }
  TrainingPass(const TrainingPass&) = delete;
  TrainingPass& operator=(const TrainingPass&) = delete;

  [[nodiscard]] PendingBuffers& pending() noexcept { return *pending_; }

  /// What a head's loss is divided by for this slice: from its labels and the loss's parameters alone.
  [[nodiscard]] double normaliser(std::size_t head, const Slice& slice, ThreadPool& threads) const {
    const std::size_t i = layout().heads()[head].operation;
    return program().training[i].normaliser({slice.size * program().ops[i].record->rows, slice.labels[head],
                                             e_.pointers().data() + layout().first_parameter(i), threads});
  }

  /// Forward with everything kept for backward. `weights` and `normalisers`: of the heads. The sums are in losses().
  void forward(const Slice& slice, std::uint64_t step, const PlanView& plan, std::span<const float> weights,
               const std::vector<double>& normalisers, ThreadPool& threads) {
    const FlushDenormals flush;
    begin_forward(slice, step, plan, weights, normalisers);
    for (std::size_t i = 0; i < program().ops.size(); ++i) forward(i, slice, threads);
  }
  XSTITCH_INLINE void begin_forward(const Slice& slice, std::uint64_t step, const PlanView& plan,
                                    std::span<const float> weights, const std::vector<double>& normalisers) {
    e_.check_inputs(slice);
    check_labels(layout(), slice);
    prepare(slice.size, plan);
    plan_ = &plan;
    step_ = step;
    for (std::size_t h = 0; h < losses_.size(); ++h) losses_[h] = {0.0, normalisers[h]};
    weigh(weights);
  }
  /// Operation i alone. `sums`: over several slices, of an operation that has such; `moves`: whether it then moves the
  /// running statistics.
  XSTITCH_INLINE void forward(std::size_t i, const Slice& slice, ThreadPool& threads, const JointSums* sums = nullptr,
                              bool moves = true) {
    const Op& op = program().ops[i];
    if (op.done_by_previous) return;
    ForwardCall call = e_.forward_call(i, slice, *plan_, threads);
    const TrainingFunctions& functions = program().training[i];
    call.saved = saved_.data() + saved_at_[i];
    call.kept = buffers_.in_arena(plan_->kept[i], slice.size);
    call.random = keys_[i].with(step_);
    call.training = true;
    call.context = functions.context;
    call.sums = sums;
    float* const* updates = pending_->pointers() + layout().first_parameter(i);
    if (moves) call.buffer_updates = updates;
    if (op.record->updates_buffers && sums == nullptr) {  // a later slice moves on from what an earlier one made
      own_parameters_.assign(call.parameters, call.parameters + op.record->parameters.size());
      for (std::size_t p = 0; p < own_parameters_.size(); ++p)
        if (updates[p] != nullptr) own_parameters_[p] = updates[p];
      call.parameters = own_parameters_.data();
    }
    if (op.is_loss) {
      const std::size_t head = layout().head_of(i);
      call.labels = &slice.labels[head];
      call.loss_sum = &losses_[head].sum;
    }
    (op.fused_next ? functions.fused : functions.forward)(call);
  }
  /// Other weights of the heads for the backward passes of the last forward.
  void weigh(std::span<const float> weights) {
    for (std::size_t h = 0; h < losses_.size(); ++h) {
      const double normaliser = losses_[h].normaliser;
      scales_[h] = normaliser > 0.0
                       ? static_cast<float>(static_cast<double>(layout().heads()[h].weight * weights[h]) / normaliser)
                       : 0.0F;
    }
  }

  /// Backward of the last forward, from the heads whose mark is set (all, if there are no marks).
  XSTITCH_INLINE void backward(const Slice& slice, GradientPolicy& policy, std::span<const std::uint8_t> heads,
                               ThreadPool& threads) {
    const FlushDenormals flush;
    flow_.begin();
    for (std::size_t i = program().ops.size(); i-- > 0;)
      if (flow_.reaches(i, heads)) backward(i, slice, policy, threads);
  }
  /// Operation i alone, which flow() reaches. `sums`: over several slices; without those of all (JointSums::joint) the
  /// operation is called once more.
  XSTITCH_INLINE void backward(std::size_t i, const Slice& slice, GradientPolicy& policy, ThreadPool& threads,
                               const JointSums* sums = nullptr) {
    const Op& op = program().ops[i];
    const OperationRecord& record = *op.record;
    const TrainingFunctions& functions = program().training[i];
    const std::size_t batch = slice.size;
    buffers_.place(i, slice, *plan_);
    BackwardCall call{.batch = batch * record.rows,
                      .parameters = e_.pointers().data() + layout().first_parameter(i),
                      .saved = saved_.data() + saved_at_[i],
                      .kept = buffers_.in_arena(plan_->kept[i], batch),
                      .workspace = e_.workspace(),
                      .threads = threads,
                      .random = keys_[i].with(step_),
                      .first_position = slice.position * record.rows,
                      .input_shapes = record.inputs,
                      .output_shapes = record.outputs,
                      .order = op.chain == none ? program().order.data() + op.first_input : nullptr,
                      .context = functions.context,
                      .sums = sums};
    buffers_.give(call);
    if (op.is_loss) {
      const std::size_t head = layout().head_of(i);
      call.labels = &slice.labels[head];
      call.loss_scale = scales_[head];
    }
    gradients_.place(i, policy, call);
    functions.backward(call);
    if (sums != nullptr && sums->joint == nullptr) return;
    buffers_.add(i, batch, *plan_, threads);
    gradients_.finish(i, policy, threads);
  }
  [[nodiscard]] GradientFlow& flow() noexcept { return flow_; }

  /// In place of backward, on a rank without a slice: the parameters that backward would reach are complete.
  void skip_backward(GradientPolicy& policy, std::span<const std::uint8_t> heads) {
    flow_.for_each_reached(heads, [&](std::size_t slot) { policy.complete(slot); });
  }

  /// [head], of the last forward.
  [[nodiscard]] const std::vector<LossSum>& losses() const noexcept { return losses_; }

  /// Runs forward again and looks at every result: where the first value that is not finite is, in words.
  std::string locate_non_finite(const Slice& slice, ThreadPool& threads) {
    return locate_non_finite(slice, [&](std::size_t i) { forward(i, slice, threads); });
  }
  /// `forward`: of an operation.
  template <class Forward>
  std::string locate_non_finite(const Slice& slice, const Forward& forward) {
    return run::locate_non_finite(e_, p_, *plan_, slice, losses_, forward);
  }

  [[nodiscard]] std::size_t bytes() const noexcept { return saved_.bytes() + gradients_.bytes() + pending_->bytes(); }

 private:
  static constexpr std::size_t at(int i) noexcept { return static_cast<std::size_t>(i); }
  [[nodiscard]] const Layout& layout() const noexcept { return e_.layout(); }
  [[nodiscard]] const Program& program() const noexcept { return e_.program(); }

  /// Room for a slice; allocates only when it is larger than any before.
  void prepare(std::size_t batch, const PlanView& plan) {
    e_.prepare_arena(plan.bytes_per_sample * batch);
    e_.prepare_workspace(batch);
    std::size_t saved = 0;
    for (std::size_t i = 0; i < program().ops.size(); ++i) {
      saved_at_[i] = saved;
      saved += align_up(program().ops[i].record->saved.bytes(batch));
    }
    Execution::grow(saved_, saved);
    gradients_.prepare();
  }

  Execution& e_;
  Parameters& p_;
  std::vector<LossSum> losses_;
  std::vector<float> scales_;  ///< [head]: weight / normaliser
  const PlanView* plan_ = nullptr;
  std::uint64_t step_ = 0;
  std::vector<RandomKey> keys_;        ///< [operation]
  std::vector<std::size_t> saved_at_;  ///< [operation], bytes
  std::vector<const float*> own_parameters_;
  GradientFlow flow_;
  BackwardBuffers buffers_;
  ParameterGradients gradients_;
  std::optional<PendingBuffers> own_pending_;
  PendingBuffers* pending_;
  Memory saved_;
};

}  // namespace xstitch::inline XSTITCH_ISA
