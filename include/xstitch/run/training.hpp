#pragma once
/// \file
/// One training of a network: the optimizer's state, gradients, the weights of the heads. It dies with the training, so
/// that the next one starts fresh; the network keeps its parameters.
///
///     xs::Training training{net, xs::Sgd{.learning_rate = 0.01F}};
///     training.step(batch, {.step = 0}, threads);
///
/// A step computes the normalisers of all losses from the labels, then forward and backward slice by slice, then the
/// update. Its gradient is the sum of its slices in order. Either a step happens whole, or it changes nothing and says
/// where the first value that is not finite is. With one slice and no clipping each gradient goes through the optimizer
/// the moment it is made (the bits are the same): there a gradient that is not finite may be met after other parameters
/// were changed, and then the parameters are torn (StepResult::torn). NotFinite::skip never does that.

#include <xstitch/run/any_net.hpp>
#include <xstitch/run/head_losses.hpp>
#include <xstitch/run/keeping_plan.hpp>
#include <xstitch/run/step_options.hpp>
#include <xstitch/run/training_pass.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class Training {
 public:
  /// Without an optimizer: for gradients alone.
  [[gnu::cold]] explicit Training(AnyNet& net)
      : net_(net),
        pass_(net.execution(), net.model()),
        gradients_(net.layout()),
        updater_(net.model()),
        heads_(net, result_) {}
  /// Does not own what the reference refers to.
  Training(AnyNet& net, const OptimizerRef& optimizer) : Training(net) {
    updater_.set_optimizer(std::make_shared<OptimizerRef>(optimizer));
  }
  /// Keeps a copy of the optimizer.
  template <Optimizer O>
  Training(AnyNet& net, const O& optimizer) : Training(net) {
    const auto copy = std::make_shared<OptimizerCopy<O>>(optimizer);
    updater_.set_optimizer(std::shared_ptr<const OptimizerRef>(copy, &copy->reference));
  }
  Training(const Training&) = delete;
  Training& operator=(const Training&) = delete;

  /// Forward, backward, update. The result is valid until the next call.
  const StepResult& step(const Batch& batch, const StepOptions& options, ThreadPool& threads) {
    const WriteAccess access(net_.model(), "a training step");
    net_.model().check_whole();
    updater_.prepare(options.learning_rate_factor, options.step);
    const bool store = options.store_gradients || options.clip_norm > 0.0F || options.accumulate > 1 ||
                       options.not_finite == NotFinite::skip || reduction_ != nullptr;
    if (!store) {
      ApplyGradients apply(updater_);
      const bool finite = run(batch, options.step, options.accumulate, {}, &apply, threads);
      if (apply.changed()) net_.model().changed();
      if (!finite) return result_;
      if (apply.bad() != ApplyGradients::nothing) {
        result_.torn = apply.changed();
        net_.model().set_torn(result_.torn);
        if (result_.torn) updater_.set_torn();
        return refuse_gradient(apply.bad());
      }
    } else {
      if (!run(batch, options.step, options.accumulate, {}, nullptr, threads)) return result_;
      if (const std::size_t bad = find_non_finite_gradient(net_.model(), gradients_); bad != AnyNet::npos)
        return refuse_gradient(bad);
      if (options.clip_norm > 0.0F) clip_gradients(net_.model(), gradients_, options.clip_norm, parts_, threads);
      for (std::size_t s = 0; s < net_.parameters().size(); ++s)
        if (net_.model().trained(s)) updater_.update_whole(s, gradients_.data(s), threads);
    }
    if (reduction_) pass_.pending().average(*reduction_);
    pass_.pending().commit();
    net_.model().changed();
    return result_;
  }
  const StepResult& step(const Batch& batch, ThreadPool& threads) { return step(batch, StepOptions{}, threads); }

  /// Forward and backward without an update; the gradients are then in gradient(i). Changes nothing in the network.
  const StepResult& compute_gradients(const Batch& batch, const GradientOptions& options, ThreadPool& threads) {
    const ReadAccess access(net_.model());
    net_.model().check_whole();
    run(batch, options.step, options.accumulate, options.heads, nullptr, threads);
    return result_;
  }
  const StepResult& compute_gradients(const Batch& batch, std::uint64_t step, ThreadPool& threads) {
    return compute_gradients(batch, GradientOptions{.step = step}, threads);
  }

  /// Forward with everything kept (a plan that never uses the memory of a value again), and then backward from any
  /// heads, as often as wanted: for what needs the gradient of each head.
  const StepResult& forward_keeping(const Batch& batch, std::uint64_t step, ThreadPool& threads) {
    const ReadAccess access(net_.model());
    net_.model().check_whole();
    keeping_.make(net_.program());
    begin(batch, threads);
    const Slice slice(batch);
    pass_.forward(slice, step, keeping_.view(), heads_.weights(), heads_.normalisers(), threads);
    kept_ = &batch;
    kept_use_ = net_.execution().uses();
    kept_version_ = net_.parameter_version();
    accept(slice, threads);
    return result_;
  }
  void backward_from(std::span<const std::size_t> heads, ThreadPool& threads) {
    if (kept_ == nullptr) fail("training: backward_from() follows forward_keeping()");
    const ReadAccess access(net_.model());
    if (kept_use_ != net_.execution().uses() || kept_version_ != net_.parameter_version())
      fail(
          "training: what forward_keeping() kept is gone: the network was evaluated, trained or changed since; call "
          "forward_keeping() again");
    prepare_gradients(false);
    StoreGradients store(gradients_);
    backward(Slice(*kept_), store, heads_.marks(heads), true, threads);
  }
  /// Bytes a sample of that plan.
  [[nodiscard]] std::size_t keeping_bytes_per_sample() {
    keeping_.make(net_.program());
    return keeping_.view().bytes_per_sample;
  }

  /// Of parameter i, from the last step that stored gradients; zero where nothing reached it.
  [[nodiscard]] std::span<const float> gradient(std::size_t i) const {
    if (i >= net_.parameters().size()) fail("the network has ", net_.parameters().size(), " parameters, asked for ", i);
    if (!gradients_.allocated())
      fail("gradient of '", net_.parameters()[i].name, "': no step has stored gradients yet");
    if (net_.parameters()[i].spec.group == ParameterGroup::buffer)
      fail("gradient of '", net_.parameters()[i].name, "': a buffer has none");
    return gradients_.of(i);
  }

  /// The run-time weight of a head, on top of that of its type (Weighted).
  [[nodiscard]] std::span<const float> head_weights() const noexcept { return heads_.weights(); }
  void set_head_weight(std::size_t head, float weight) { heads_.set_weight(head, weight); }

  [[nodiscard]] std::size_t optimizer_state_count() const noexcept { return updater_.state_count(); }
  [[nodiscard]] std::span<float> optimizer_state(std::size_t which, std::size_t i) { return updater_.state(which, i); }
  [[nodiscard]] std::span<const float> optimizer_state(std::size_t which, std::size_t i) const {
    return updater_.state(which, i);
  }
  void set_multipliers(const ParameterMultipliers& multipliers) { updater_.set_multipliers(multipliers); }
  /// From now on every step is one of several ranks (run/reduction.hpp); null: of this one alone.
  void set_reduction(std::shared_ptr<Reduction> reduction) noexcept { reduction_ = std::move(reduction); }

  /// The optimizer starts afresh, as after a step that was torn it must: load the parameters, too.
  void reset() noexcept { updater_.reset(); }

  [[nodiscard]] AnyNet& net() const noexcept { return net_; }
  /// Bytes of the network and of this training.
  [[nodiscard]] std::size_t memory_bytes() const {
    return net_.memory_bytes() + pass_.bytes() + gradients_.bytes() + updater_.bytes();
  }

 private:
  /// All slices; false where a loss is not finite. `policy` null: gradients are stored.
  bool run(const Batch& batch, std::uint64_t step, std::size_t slices, std::span<const std::size_t> heads,
           GradientPolicy* policy, ThreadPool& threads) {
    if (slices == 0 || slices > std::max<std::size_t>(1, batch.size))
      fail("accumulate: found ", slices, " slices of a batch of ", batch.size, ", expected 1 to ", batch.size);
    begin(batch, threads);
    kept_ = nullptr;
    const std::span<const std::uint8_t> from = heads_.marks(heads);
    if (policy == nullptr) prepare_gradients(heads.empty());
    StoreGradients store(gradients_);
    AddGradients add(gradients_);
    const PlanView& plan = net_.program().training_plan;
    for (std::size_t k = 0; k < slices; ++k) {
      const Slice part = slices_.cut(net_.layout(), batch, k, slices);
      pass_.forward(part, step, plan, heads_.weights(), heads_.normalisers(), threads);
      if (!accept(part, threads)) return false;
      GradientPolicy& to = policy != nullptr ? *policy : k == 0 ? static_cast<GradientPolicy&>(store) : add;
      if (k + 1 < slices)
        pass_.backward(part, to, from, threads);
      else
        backward(part, to, from, slices == 1, threads);
    }
    return true;
  }
  /// Of the last slice: what it completes is added up over the ranks.
  void backward(const Slice& slice, GradientPolicy& policy, std::span<const std::uint8_t> heads, bool factors,
                ThreadPool& threads) {
    if (!reduction_) return pass_.backward(slice, policy, heads, threads);
    ReduceGradients reduce(policy, gradients_, *reduction_, factors);
    pass_.backward(slice, reduce, heads, threads);
    reduction_->finish();
  }

  void begin(const Batch& batch, ThreadPool& threads) {
    pass_.pending().begin();
    heads_.begin(pass_, batch, reduction_.get(), threads);
  }
  /// Adds the losses of a slice; false where they, or what forward made of running statistics, are not finite: known
  /// before backward changes the first parameter, and by all ranks.
  bool accept(const Slice& part, ThreadPool& threads) {
    const std::size_t bad = pass_.pending().find_non_finite();
    const bool refused = heads_.add(pass_.losses(), bad != AnyNet::npos, reduction_.get());
    if (std::isfinite(result_.total) && !refused) return true;
    result_.finite = false;
    if (!heads_.finite(pass_.losses()))
      result_.location = pass_.locate_non_finite(part, threads);
    else if (bad != AnyNet::npos)
      result_.location = (all_finite(net_.parameter(bad)) ? "the new value of parameter '" : "parameter '") +
                         net_.parameters()[bad].name + "'";
    else
      result_.location = "the slice of another rank";
    return false;
  }
  const StepResult& refuse_gradient(std::size_t slot) {
    result_.finite = false;
    result_.location = "the gradient of '" + net_.parameters()[slot].name + "'";
    return result_;
  }

  /// What backward does not reach is zero: cleared where that may have changed since the last step that stored.
  void prepare_gradients(bool all_heads) {
    gradients_.allocate();
    const std::uint64_t trained = net_.model().trained_version();
    if (!all_heads || !stored_all_heads_ || trained != stored_trained_)
      std::memset(gradients_.all().data(), 0, gradients_.all().size_bytes());
    stored_all_heads_ = all_heads;
    stored_trained_ = trained;
  }

  AnyNet& net_;
  TrainingPass pass_;
  GradientBlock gradients_;
  Updater updater_;
  StepResult result_;
  HeadLosses heads_;
  Slices slices_;
  std::shared_ptr<Reduction> reduction_;
  std::vector<double> parts_;
  KeepingPlan keeping_;
  const Batch* kept_ = nullptr;
  std::uint64_t kept_use_ = 0, kept_version_ = 0;  ///< Execution::uses() and parameter_version() then
  bool stored_all_heads_ = true;
  std::uint64_t stored_trained_ = 0;
};

}  // namespace xstitch::inline XSTITCH_ISA
