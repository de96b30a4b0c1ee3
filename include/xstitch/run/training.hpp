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
#include <xstitch/run/balancing.hpp>
#include <xstitch/run/batch_gradients.hpp>
#include <xstitch/run/loss_balance.hpp>
#include <xstitch/run/step_options.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class Training {
 public:
  /// Without an optimizer: for gradients alone.
  [[gnu::cold]] explicit Training(AnyNet& net) : net_(net), gradients_(net), updater_(net.model()) {}
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
  XSTITCH_INLINE const StepResult& step(const Batch& batch, const StepOptions& options, ThreadPool& threads) {
    const WriteAccess access(net_.model(), "a training step");
    net_.model().check_whole();
    updater_.prepare(options.learning_rate_factor, options.step);
    if (balancing_) balancing_->prepare(options, updater_.optimizer());
    const bool store = options.store_gradients || options.clip_norm > 0.0F || options.accumulate > 1 ||
                       options.not_finite == NotFinite::skip || gradients_.reduction() != nullptr ||
                       (balancing_ && balancing_->keeps());
    StepResult& result = gradients_.result();
    StateShare* const share = updater_.share();
    gradients_.want_own_share(share != nullptr && !options.store_gradients && options.clip_norm == 0.0F &&
                              !(balancing_ && balancing_->keeps()));
    if (!store) {
      ApplyGradients apply(updater_);
      const bool finite = run(batch, options, &apply, threads);
      if (apply.changed()) net_.model().changed();
      if (!finite) return result;
      if (apply.bad() != ApplyGradients::nothing) {
        result.torn = apply.changed();
        net_.model().set_torn(result.torn);
        if (result.torn) updater_.set_torn();
        return refuse_gradient(apply.bad());
      }
    } else {
      if (!run(batch, options, nullptr, threads)) return result;
      const GradientBlock& block = gradients_.block();
      std::size_t bad = find_non_finite_gradient(net_.model(), block, gradients_.own_share() ? share : nullptr);
      if (gradients_.own_share()) bad = gradients_.reduction()->smallest(bad);
      if (bad != AnyNet::npos) return refuse_gradient(bad);
      if (options.clip_norm > 0.0F) clip_gradients(net_.model(), block, options.clip_norm, parts_, threads);
      for (std::size_t s = 0; s < net_.parameters().size(); ++s)
        if (net_.model().trained(s)) updater_.update_whole(s, block.data(s), threads);
      updater_.gather_weights();
    }
    if (gradients_.reduction() != nullptr) gradients_.pass().pending().average(*gradients_.reduction());
    gradients_.pass().pending().commit();
    net_.model().changed();
    if (balancing_) balancing_->commit(batch, threads);
    return result;
  }
  /// One update.
  const StepResult& step(const Batch& batch, ThreadPool& threads) { return step(batch, StepOptions{}, threads); }

  /// Forward and backward without an update; the gradients are then in gradient(i). Changes nothing in the network.
  const StepResult& compute_gradients(const Batch& batch, const GradientOptions& options, ThreadPool& threads) {
    const ReadAccess access(net_.model());
    net_.model().check_whole();
    gradients_.want_own_share(false);
    gradients_.run(batch, options.step, options.accumulate, options.heads, nullptr, nullptr, threads);
    return gradients_.result();
  }
  /// Gradients of all heads, which parameter_gradient() then gives; nothing is updated.
  const StepResult& compute_gradients(const Batch& batch, std::uint64_t step, ThreadPool& threads) {
    return compute_gradients(batch, GradientOptions{.step = step}, threads);
  }

  /// Forward with everything kept (a plan that never uses the memory of a value again), and then backward from any
  /// heads, as often as wanted: for what needs the gradient of each head.
  XSTITCH_INLINE const StepResult& forward_keeping(const Batch& batch, std::uint64_t step, ThreadPool& threads) {
    const ReadAccess access(net_.model());
    net_.model().check_whole();
    gradients_.want_own_share(false);
    gradients_.forward_keeping(batch, step, threads);
    return gradients_.result();
  }
  /// Gradients of some heads, from the last forward_keeping().
  void backward_from(std::span<const std::size_t> heads, ThreadPool& threads) {
    const ReadAccess access(net_.model());
    gradients_.backward_from(heads, threads);
  }
  /// Bytes a sample of that plan.
  [[nodiscard]] std::size_t keeping_bytes_per_sample() { return gradients_.keeping_bytes_per_sample(); }

  /// Of parameter i, from the last step that stored gradients; zero where nothing reached it.
  [[nodiscard]] XSTITCH_INLINE std::span<const float> gradient(std::size_t i) const {
    if (i >= net_.parameters().size()) fail("the network has ", net_.parameters().size(), " parameters, asked for ", i);
    if (!gradients_.block().allocated())
      fail("gradient of '", net_.parameters()[i].name, "': no step has stored gradients yet");
    if (net_.parameters()[i].spec.group == ParameterGroup::buffer)
      fail("gradient of '", net_.parameters()[i].name, "': a buffer has none");
    if (gradients_.own_share())
      fail("gradient of '", net_.parameters()[i].name,
           "': ranks share the optimizer's state, and each has the gradients of its share; ask for store_gradients");
    return gradients_.block().of(i);
  }

  /// The run-time weight of a head, on top of that of its type (Weighted).
  [[nodiscard]] std::span<const float> head_weights() const noexcept { return gradients_.heads().weights(); }
  /// A factor on top of the one of the head's type, from the next step on.
  void set_head_weight(std::size_t head, float weight) {
    if (balancing_) fail("training: the weights of the heads are set by ", balancing_->rule().name());
    gradients_.heads().set_weight(head, weight);
  }
  /// From now on a rule weighs the heads (run/loss_balance.hpp; train/balance/). Refuses a network without heads that
  /// compete for a parameter. `epoch_steps`: steps an epoch, for rules that have it as their period.
  [[gnu::cold]] void set_balance(const LossBalance& rule, std::uint64_t epoch_steps = 0) {
    balancing_.reset();
    if (rule.given())
      balancing_ = std::make_unique<Balancing>(gradients_, net_, rule, epoch_steps, updater_.state_count());
  }
  /// head_weights() where a rule sets them, else empty.
  [[nodiscard]] std::span<const float> balanced_weights() const noexcept {
    return balancing_ ? head_weights() : std::span<const float>{};
  }
  /// The rule, if there is one; and what it has learned.
  [[nodiscard]] LossBalance balance() const { return balancing_ ? balancing_->rule() : LossBalance(); }
  /// What the rule for the heads' weights has learned.
  [[nodiscard]] std::span<const BalanceArray> balance_state() const noexcept {
    return balancing_ ? balancing_->state() : std::span<const BalanceArray>{};
  }
  /// Continues with what a rule has learned.
  void set_balance_state(std::vector<BalanceArray> state) {
    if (balancing_) balancing_->set_state(std::move(state));
  }

  /// Arrays of state for each parameter.
  [[nodiscard]] std::size_t optimizer_state_count() const noexcept { return updater_.state_count(); }
  /// State array `which` of parameter i.
  [[nodiscard]] std::span<float> optimizer_state(std::size_t which, std::size_t i) { return updater_.state(which, i); }
  /// The same, to read.
  [[nodiscard]] std::span<const float> optimizer_state(std::size_t which, std::size_t i) const {
    return updater_.state(which, i);
  }
  /// Whether ranks share it out (ReductionOptions::share_state). Its arrays are then here from open or collect on, the
  /// second on rank 0 and called by all, until close, or until all ranks spread what rank 0 has.
  [[nodiscard]] bool shares_optimizer_state() const noexcept { return updater_.share() != nullptr; }
  void open_optimizer_state() { updater_.open_whole(); }             ///< room for all of it
  void collect_optimizer_state() { updater_.collect(); }             ///< all ranks': to rank 0
  void spread_optimizer_state() { updater_.spread(); }               ///< of rank 0: each gets its share
  void close_optimizer_state() noexcept { updater_.close_whole(); }  ///< gives the memory back
  /// Bytes of the optimizer's state on this rank.
  [[nodiscard]] std::size_t optimizer_bytes() const noexcept { return updater_.state_bytes(); }
  /// Factors of the learning rate by parameter.
  void set_multipliers(const ParameterMultipliers& multipliers) { updater_.set_multipliers(multipliers); }
  /// From now on every step is one of several ranks (run/reduction.hpp); null: of this one alone.
  /// Where it shares the optimizer's state out, this starts afresh.
  XSTITCH_INLINE void set_reduction(std::shared_ptr<Reduction> reduction) {
    updater_.share_out(reduction ? reduction->share() : nullptr);
    gradients_.set_reduction(std::move(reduction));
  }

  /// The optimizer and the weights of the heads start afresh, as after a step that was torn they must: load the
  /// parameters, too.
  XSTITCH_INLINE void reset() {
    updater_.reset();
    if (balancing_) balancing_->reset();
  }

  /// The network that is trained.
  [[nodiscard]] AnyNet& net() const noexcept { return net_; }
  /// Bytes of the network and of this training.
  [[nodiscard]] XSTITCH_INLINE std::size_t memory_bytes() const {
    return net_.memory_bytes() + gradients_.bytes() + updater_.bytes() + (balancing_ ? balancing_->bytes() : 0);
  }

 private:
  bool run(const Batch& batch, const StepOptions& options, GradientPolicy* policy, ThreadPool& threads) {
    return gradients_.run(batch, options.step, options.accumulate, {}, policy, balancing_.get(), threads);
  }
  const StepResult& refuse_gradient(std::size_t slot) {
    StepResult& result = gradients_.result();
    result.finite = false;
    result.location = "the gradient of '" + net_.parameters()[slot].name + "'";
    return result;
  }

  AnyNet& net_;
  BatchGradients gradients_;
  Updater updater_;
  std::unique_ptr<Balancing> balancing_;
  std::vector<double> parts_;
};

}  // namespace xstitch::inline XSTITCH_ISA
