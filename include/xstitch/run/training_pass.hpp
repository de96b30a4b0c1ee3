#pragma once
/// \file
/// Forward and backward of one slice of a batch. Forward keeps what backward reads; backward gives every trained
/// parameter's gradient to a policy (run/gradients.hpp). Running statistics are written to pending buffers, which the
/// step commits when it is whole.

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
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class TrainingPass {
 public:
  [[gnu::cold]] TrainingPass(Execution& execution, Parameters& parameters)
      : e_(execution),
        p_(parameters),
        losses_(layout().heads().size()),
        scales_(losses_.size(), 0.0F),
        flow_(layout(), parameters),
        gradients_(layout(), parameters),
        pending_(parameters) {
    if (program().training.empty()) fail(program().kind, ": a program for prediction alone cannot be trained");
    saved_at_.resize(program().ops.size());
    std::size_t inputs = 1, outputs = 1;
    for (std::size_t i = 0; i < program().ops.size(); ++i) {
      const Op& op = program().ops[i];
      keys_.push_back(layout().key(i, parameters.seed(), "run"));
      inputs = std::max(inputs, at(op.input_count));
      outputs = std::max(outputs, at(op.output_count) + 1);
    }
    in_.resize(inputs);
    in_gradients_.resize(inputs);
    apart_.resize(inputs);
    out_.resize(outputs);
    out_gradients_.resize(outputs);
  }
  TrainingPass(const TrainingPass&) = delete;
  TrainingPass& operator=(const TrainingPass&) = delete;

  [[nodiscard]] PendingBuffers& pending() noexcept { return pending_; }

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
    e_.check_inputs(slice);
    check_labels(layout(), slice);
    prepare(slice.size, plan);
    plan_ = &plan;
    step_ = step;
    for (std::size_t h = 0; h < losses_.size(); ++h) losses_[h] = {0.0, normalisers[h]};
    weigh(weights);
    for (std::size_t i = 0; i < program().ops.size(); ++i) run_forward(i, slice, threads);
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
  void backward(const Slice& slice, GradientPolicy& policy, std::span<const std::uint8_t> heads, ThreadPool& threads) {
    const FlushDenormals flush;
    flow_.begin();
    for (std::size_t i = program().ops.size(); i-- > 0;)
      if (flow_.reaches(i, heads)) run_backward(i, slice, policy, threads);
  }

  /// In place of backward, on a rank without a slice: the parameters that backward would reach are complete.
  void skip_backward(GradientPolicy& policy, std::span<const std::uint8_t> heads) {
    flow_.for_each_reached(heads, [&](std::size_t slot) { policy.complete(slot); });
  }

  /// [head], of the last forward.
  [[nodiscard]] const std::vector<LossSum>& losses() const noexcept { return losses_; }

  /// Runs forward again and looks at every result: where the first value that is not finite is, in words.
  std::string locate_non_finite(const Slice& slice, ThreadPool& threads) {
    return run::locate_non_finite(e_, p_, *plan_, slice, losses_,
                                  [&](std::size_t i) { run_forward(i, slice, threads); });
  }

  [[nodiscard]] std::size_t bytes() const noexcept { return saved_.bytes() + gradients_.bytes() + pending_.bytes(); }

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

  void run_forward(std::size_t i, const Slice& slice, ThreadPool& threads) {
    const Op& op = program().ops[i];
    if (op.done_by_previous) return;
    ForwardCall call = e_.forward_call(i, slice, *plan_, threads);
    const TrainingFunctions& functions = program().training[i];
    call.saved = saved_.data() + saved_at_[i];
    call.kept = in_arena(plan_->kept[i], slice.size);
    call.random = keys_[i].with(step_);
    call.training = true;
    call.context = functions.context;
    call.buffer_updates = pending_.pointers() + layout().first_parameter(i);
    if (op.record->updates_buffers) {  // a later slice moves on from what an earlier one made
      const std::size_t first = layout().first_parameter(i);
      own_parameters_.resize(std::max(own_parameters_.size(), op.record->parameters.size()));
      for (std::size_t p = 0; p < op.record->parameters.size(); ++p)
        own_parameters_[p] =
            pending_.pointers()[first + p] != nullptr ? pending_.pointers()[first + p] : e_.pointers()[first + p];
      call.parameters = own_parameters_.data();
    }
    if (op.is_loss) {
      const std::size_t head = layout().head_of(i);
      call.labels = &slice.labels[head];
      call.loss_sum = &losses_[head].sum;
    }
    (op.fused_next ? functions.fused : functions.forward)(call);
  }

  [[nodiscard]] float* in_arena(std::size_t offset, std::size_t batch) const {
    return offset == nowhere ? nullptr : reinterpret_cast<float*>(e_.arena() + offset * batch);
  }

  void run_backward(std::size_t i, const Slice& slice, GradientPolicy& policy, ThreadPool& threads) {
    const Op& op = program().ops[i];
    const OperationRecord& record = *op.record;
    const TrainingFunctions& functions = program().training[i];
    const std::size_t batch = slice.size;
    out_[0] = nullptr;
    out_gradients_[0] = nullptr;
    for (int k = 0; k < op.output_count; ++k) {
      const std::size_t t = at(op.first_output + k);
      out_[at(k)] = e_.value(op.first_output + k, slice, *plan_);
      float* gradient = flow_.needed(t) ? in_arena(plan_->gradient[t], batch) : nullptr;
      if (gradient != nullptr && !flow_.written(t))  // nobody read this output: its gradient is zero
        std::memset(gradient, 0, batch * record.outputs[at(k)].size() * sizeof(float));
      out_gradients_[at(k)] = gradient;
    }
    for (int k = 0; k < op.input_count; ++k) {
      const std::size_t edge = at(op.first_input + k), t = at(program().edges[edge]);
      in_[at(k)] = e_.value(program().edges[edge], slice, *plan_);
      in_gradients_[at(k)] = nullptr;
      apart_[at(k)] = 0;
      if (!flow_.needed(t)) continue;
      // What another consumer (or an earlier input of this operation) has written is added to.
      bool before = flow_.written(t);
      for (int j = 0; j < k; ++j) before = before || at(program().edges[at(op.first_input + j)]) == t;
      apart_[at(k)] = before && plan_->temporary[edge] != nowhere ? 1 : 0;
      in_gradients_[at(k)] = in_arena(apart_[at(k)] != 0 ? plan_->temporary[edge] : plan_->gradient[t], batch);
    }
    BackwardCall call{.batch = batch * record.rows,
                      .input = in_[0],
                      .output = out_[0],
                      .output_gradient = out_gradients_[0],
                      .input_gradient = in_gradients_[0],
                      .parameters = e_.pointers().data() + layout().first_parameter(i),
                      .saved = saved_.data() + saved_at_[i],
                      .kept = in_arena(plan_->kept[i], batch),
                      .workspace = e_.workspace(),
                      .threads = threads,
                      .random = keys_[i].with(step_),
                      .first_position = slice.position * record.rows,
                      .inputs = in_.data(),
                      .outputs = out_.data(),
                      .output_gradients = out_gradients_.data(),
                      .input_gradients = in_gradients_.data(),
                      .input_shapes = record.inputs,
                      .output_shapes = record.outputs,
                      .order = op.chain == none ? program().order.data() + op.first_input : nullptr,
                      .context = functions.context};
    if (op.is_loss) {
      const std::size_t head = layout().head_of(i);
      call.labels = &slice.labels[head];
      call.loss_scale = scales_[head];
    }
    gradients_.place(i, policy, call);
    functions.backward(call);
    add_temporaries(op, batch, threads);
    gradients_.finish(i, policy, threads);
  }

  void add_temporaries(const Op& op, std::size_t batch, ThreadPool& threads) {
    for (int k = 0; k < op.input_count; ++k) {
      const std::size_t t = at(program().edges[at(op.first_input + k)]);
      if (in_gradients_[at(k)] == nullptr) continue;
      if (apart_[at(k)] != 0) {
        float* sum = in_arena(plan_->gradient[t], batch);
        const float* term = in_gradients_[at(k)];
        const std::size_t size = op.record->inputs[at(k)].size();
        threads.parallel_for(batch, [&](std::size_t n) {
          for (std::size_t e = n * size; e < (n + 1) * size; ++e) sum[e] += term[e];
        });
      }
      flow_.set_written(t);
    }
  }

  Execution& e_;
  Parameters& p_;
  std::vector<LossSum> losses_;
  std::vector<float> scales_;  ///< [head]: weight / normaliser
  const PlanView* plan_ = nullptr;
  std::uint64_t step_ = 0;
  std::vector<RandomKey> keys_;        ///< [operation]
  std::vector<std::size_t> saved_at_;  ///< [operation], bytes
  std::vector<const float*> own_parameters_, in_, out_;
  std::vector<float*> in_gradients_;
  std::vector<float*> out_gradients_;
  std::vector<std::uint8_t> apart_;  ///< [input]: its gradient is made apart and then added
  GradientFlow flow_;
  ParameterGradients gradients_;
  PendingBuffers pending_;
  Memory saved_;
};

}  // namespace xstitch::inline XSTITCH_ISA
