#pragma once
/// \file
/// Losses and gradients of one batch: normalisers from the labels of all of it, then forward and backward slice by
/// slice, from all heads or some. Each gradient goes to a policy (run/gradients.hpp) or into a block, over ranks where
/// there are several (run/reduction.hpp). Updates nothing.

#include <xstitch/run/any_net.hpp>
#include <xstitch/run/between_passes.hpp>
#include <xstitch/run/head_losses.hpp>
#include <xstitch/run/joint_gradients.hpp>
#include <xstitch/run/keeping_plan.hpp>
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

class BatchGradients {
 public:
  [[gnu::cold]] XSTITCH_INLINE explicit BatchGradients(AnyNet& net)
      : net_(net), pass_(net.execution(), net.model()), block_(net.layout()), heads_(net, result_) {}
  BatchGradients(const BatchGradients&) = delete;
  BatchGradients& operator=(const BatchGradients&) = delete;

  [[nodiscard]] StepResult& result() noexcept { return result_; }
  [[nodiscard]] HeadLosses& heads() noexcept { return heads_; }
  [[nodiscard]] const HeadLosses& heads() const noexcept { return heads_; }
  [[nodiscard]] GradientBlock& block() noexcept { return block_; }
  [[nodiscard]] const GradientBlock& block() const noexcept { return block_; }
  [[nodiscard]] TrainingPass& pass() noexcept { return pass_; }
  [[nodiscard]] Reduction* reduction() const noexcept { return reduction_.get(); }
  XSTITCH_INLINE void set_reduction(std::shared_ptr<Reduction> reduction) {
    reduction_ = std::move(reduction);
    joint_.reset();
    if (reduction_ && reduction_->batch_statistics() && JointPass::needed(net_.program()))
      joint_ = std::make_unique<JointGradients>(net_, pass_, heads_, result_);
  }
  /// Of a rank that updates its share alone (Reduction::share): whether the next run gives it the sums of that alone.
  void want_own_share(bool alone) noexcept { own_share_ = alone; }
  [[nodiscard]] bool own_share() const noexcept { return own_share_; }

  /// All slices; false where a loss is not finite. `policy` null: gradients are stored. Of several ranks each brings
  /// its part of the batch, and `slices` counts those of all (core/share.hpp).
  XSTITCH_INLINE bool run(const Batch& batch, std::uint64_t step, std::size_t slices,
                          std::span<const std::size_t> heads, GradientPolicy* policy, BetweenPasses* between,
                          ThreadPool& threads) {
    begin(batch, slices, threads);
    kept_ = nullptr;
    const std::span<const std::uint8_t> from = heads_.marks(heads);
    if (policy == nullptr) prepare(heads.empty());
    if (joint_) {
      if (between != nullptr) fail(refusal);
      const auto begin_round_k = [this](std::size_t k) { begin_round(k); };
      return joint_->run(batch, share_, samples_, step, from, block_, *reduction_, begin_round_k, threads);
    }
    StoreGradients store(block_);
    AddGradients add(block_);
    const bool keeps = between != nullptr && between->keeps();
    if (keeps) keeping_.make(net_.program());
    const PlanView& plan = keeps ? keeping_.view() : net_.program().training_plan;
    const std::size_t rounds = share_.rounds(samples_);
    if (between != nullptr) {
      between->begin(batch, rounds, threads);
      pass_.pending().begin();  // it may have run forward
    }
    for (std::size_t k = 0; k < rounds; ++k) {
      const Slice part = cut(batch, k);
      forward(part, step, plan, threads);
      if (!accept(part, threads)) return false;
      begin_round(k);
      if (between != nullptr) {
        const BetweenPasses::Next next = between->forward_done(part, k, k + 1 == rounds, threads);
        if (next == BetweenPasses::Next::refused) return false;
        if (next == BetweenPasses::Next::done) continue;
      }
      backward(part,
               policy != nullptr      ? *policy
               : k == 0 || reduction_ ? static_cast<GradientPolicy&>(store)
                                      : add,
               from, threads);
    }
    return true;
  }

  /// The sums of the losses of the last run's batch as it would train now, over slices and ranks, divided by what they
  /// were then. Changes neither the result nor running statistics.
  XSTITCH_INLINE void measure(const Batch& batch, std::uint64_t step, std::vector<double>& losses,
                              ThreadPool& threads) {
    losses.assign(heads_.weights().size(), 0.0);
    pass_.pending().begin();
    for (std::size_t k = 0; k < share_.rounds(samples_); ++k) {
      const Slice part = cut(batch, k);
      heads_.add_sums(forward(part, step, net_.program().training_plan, threads), losses, reduction_.get());
    }
    for (std::size_t h = 0; h < losses.size(); ++h) losses[h] = heads_.share(h, losses[h]);
  }

  /// Forward with everything kept, and backward from some of the heads, as often as wanted.
  XSTITCH_INLINE void forward_keeping(const Batch& batch, std::uint64_t step, ThreadPool& threads) {
    if (joint_) fail(refusal);
    keeping_.make(net_.program());
    begin(batch, 1, threads);
    const Slice slice = cut(batch, 0);
    forward(slice, step, keeping_.view(), threads);
    kept_ = &batch;
    kept_use_ = net_.execution().uses();
    kept_version_ = net_.parameter_version();
    accept(slice, threads);
  }
  XSTITCH_INLINE void backward_from(std::span<const std::size_t> heads, ThreadPool& threads) {
    if (kept_ == nullptr) fail("training: backward_from() follows forward_keeping()");
    if (kept_use_ != net_.execution().uses() || kept_version_ != net_.parameter_version())
      fail(
          "training: what forward_keeping() kept is gone: the network was evaluated, trained or changed since; call "
          "forward_keeping() again");
    prepare(false);
    StoreGradients store(block_);
    begin_round(0);
    backward(cut(*kept_, 0), store, heads_.marks(heads), threads);
  }
  /// Bytes a sample of the plan that keeps everything.
  [[nodiscard]] std::size_t keeping_bytes_per_sample() {
    keeping_.make(net_.program());
    return keeping_.view().bytes_per_sample;
  }
  [[nodiscard]] std::size_t bytes() const noexcept {
    return pass_.bytes() + block_.bytes() + (joint_ ? joint_->bytes() : 0);
  }

 private:
  static constexpr const char* refusal =
      "training: statistics over all ranks (ReductionOptions::batch_statistics) do not go with gradients of single "
      "heads, nor with a rule that weighs losses";

  /// Who has which samples, and the normalisers.
  XSTITCH_INLINE void begin(const Batch& batch, std::size_t slices, ThreadPool& threads) {
    share_ = {.slices = slices};
    samples_ = batch.size;
    sizes_.assign(1, batch.size);
    if (reduction_) share_out(batch);
    if (samples_ == 0) fail(net_.program().kind, ": a batch without samples");
    if (slices == 0 || slices > samples_)
      fail("accumulate: found ", slices, " slices of a batch of ", samples_, ", expected 1 to ", samples_);
    pass_.pending().begin();
    heads_.begin(pass_, batch, slices_, share_, samples_, reduction_.get(), threads);
  }
  XSTITCH_INLINE void share_out(const Batch& batch) {
    share_.rank = reduction_->rank();
    share_.ranks = reduction_->ranks();
    const auto own = static_cast<double>(batch.size);
    std::vector<double> sizes(share_.ranks);
    reduction_->gather({&own, 1}, sizes);
    samples_ = 0;
    for (const double size : sizes) samples_ += static_cast<std::size_t>(size);
    for (std::size_t r = 0; r < sizes.size(); ++r)
      if (static_cast<std::size_t>(sizes[r]) != share_.size(samples_, r))
        fail("training: found ", sizes[r], " samples on rank ", r, " of ", sizes.size(), ", expected ",
             share_.size(samples_, r), " of ", samples_, " in ", share_.slices, " slices (core/share.hpp)");
  }
  [[nodiscard]] Slice cut(const Batch& batch, std::size_t round) {
    return slices_.cut(net_.layout(), batch, share_, samples_, round);
  }
  /// The losses of a slice; zero of an empty one.
  const std::vector<LossSum>& forward(const Slice& part, std::uint64_t step, const PlanView& plan,
                                      ThreadPool& threads) {
    if (part.size == 0) {
      nothing_.assign(heads_.weights().size(), {});
      return nothing_;
    }
    pass_.forward(part, step, plan, heads_.weights(), heads_.normalisers(), threads);
    return pass_.losses();
  }
  XSTITCH_INLINE void begin_round(std::size_t k) {
    if (!reduction_) return;
    ReductionRound round{share_.at_work(samples_, k), k == 0, k + 1 == share_.rounds(samples_)};
    sizes_.resize(share_.ranks);
    round.begin = share_.range(samples_, k, 0).begin;
    for (std::size_t r = 0; r < share_.ranks; ++r) round.size += sizes_[r] = share_.range(samples_, k, r).size;
    round.samples = {sizes_.data(), sizes_.size()};
    round.own_share = own_share_;
    reduction_->begin(round);
  }
  /// Adds the losses of a slice; false where they, or what forward made of running statistics, are not finite: known
  /// before backward changes the first parameter, and by all ranks.
  XSTITCH_INLINE bool accept(const Slice& part, ThreadPool& threads) {
    const std::vector<LossSum>& losses = part.size == 0 ? nothing_ : pass_.losses();
    const std::size_t bad = pass_.pending().find_non_finite();
    const bool refused = heads_.add(losses, bad != AnyNet::npos, reduction_.get());
    if (std::isfinite(result_.total) && !refused) return true;
    result_.finite = false;
    if (!heads_.finite(losses))
      result_.location = pass_.locate_non_finite(part, threads);
    else if (bad != AnyNet::npos)
      result_.location = bad_buffer_text(net_, bad);
    if (reduction_) result_.location = reduction_->first_text(result_.location);
    if (result_.location.empty()) result_.location = "the sum of the losses";
    return false;
  }
  void backward(const Slice& slice, GradientPolicy& policy, std::span<const std::uint8_t> heads, ThreadPool& threads) {
    if (!reduction_) return pass_.backward(slice, policy, heads, threads);
    ReduceGradients reduce(policy, block_, *reduction_);
    if (slice.size > 0)
      pass_.backward(slice, reduce, heads, threads);
    else
      pass_.skip_backward(reduce, heads);
    reduction_->finish(threads);
  }
  /// What backward does not reach is zero: cleared where that may have changed since the last step that stored.
  void prepare(bool all_heads) {
    block_.allocate();
    const std::uint64_t trained = net_.model().trained_version();
    if (!all_heads || !stored_all_heads_ || trained != stored_trained_)
      std::memset(block_.all().data(), 0, block_.all().size_bytes());
    stored_all_heads_ = all_heads;
    stored_trained_ = trained;
  }

  AnyNet& net_;
  TrainingPass pass_;
  GradientBlock block_;
  StepResult result_;
  HeadLosses heads_;
  Slices slices_;
  Share share_;
  std::size_t samples_ = 0;         ///< of the whole batch
  std::vector<std::size_t> sizes_;  ///< [rank], of a round
  std::vector<LossSum> nothing_;    ///< losses of an empty slice
  std::shared_ptr<Reduction> reduction_;
  std::unique_ptr<JointGradients> joint_;  ///< where statistics are over all ranks
  KeepingPlan keeping_;
  const Batch* kept_ = nullptr;
  std::uint64_t kept_use_ = 0, kept_version_ = 0;  ///< Execution::uses() and parameter_version() then
  bool stored_all_heads_ = true, own_share_ = false;
  std::uint64_t stored_trained_ = 0;
};

}  // namespace xstitch::inline XSTITCH_ISA
