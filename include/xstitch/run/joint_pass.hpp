#pragma once
/// \file
/// Forward and backward of all slices that the ranks have of a batch, operation by operation, so that sums over the
/// batch are those of all slices (JointSums): statistics of BatchNorm over the whole batch. For such an operation,
///
///     each slice's own sums  ->  every rank  ->  joined in the order of the slices  ->  the work of each slice
///
/// forward (mean, variance) and backward (what flows through them). What is exchanged waits until the gradients that
/// were started before have been sent: every rank makes the same calls in the same order. A rank holds all its slices
/// at once, each with memory of its own; gradients go to the reduction slice by slice, as without.

#include <xstitch/kernels/batch_norm.hpp>
#include <xstitch/run/any_net.hpp>
#include <xstitch/run/head_losses.hpp>
#include <xstitch/run/reduction.hpp>
#include <xstitch/run/slices.hpp>
#include <xstitch/run/training_pass.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class JointPass {
 public:
  /// `pass`: of the network's own execution, for the first slice.
  XSTITCH_INLINE JointPass(AnyNet& net, TrainingPass& pass) : net_(net) {
    slices_.emplace_back();
    slices_[0].pass = &pass;
    std::size_t all = 0;
    for (const Op& op : program().ops) {
      at_.push_back(all);
      if (op.record->joint_channels == 0) continue;
      size_ = std::max(size_, size(op));
      all += size(op);
    }
    joint_.resize(all);
    backward_.resize(size_);
  }
  JointPass(const JointPass&) = delete;
  JointPass& operator=(const JointPass&) = delete;

  /// Whether a network has operations with such sums.
  [[nodiscard]] static bool needed(const Program& program) {
    return std::ranges::any_of(program.ops, [](const Op& op) { return op.record->joint_channels > 0; });
  }

  /// Forward of the slices of all rounds.
  XSTITCH_INLINE void forward(const Batch& batch, const Share& share, std::size_t samples, std::uint64_t step,
                              const PlanView& plan, const HeadLosses& heads, Reduction& ranks, ThreadPool& threads) {
    const FlushDenormals flush;
    begin(batch, share, samples);
    for (Part& part : parts())
      if (part.slice) part.pass->begin_forward(*part.slice, step, plan, heads.weights(), heads.normalisers());
    for (std::size_t i = 0; i < program().ops.size(); ++i) {
      if (joint(i)) {
        const auto own = [&](Part& part, const JointSums& sums) { part.pass->forward(i, *part.slice, threads, &sums); };
        join(std::span(joint_).subspan(at_[i], size(program().ops[i])), ranks, own,
             [](double* to, const double* more, std::size_t channels) { kernels::join_moments(to, more, channels); });
      }
      for (Part& part : parts()) {
        if (!part.slice) continue;
        const JointSums sums{nullptr, joint_.data() + at_[i]};
        part.pass->forward(i, *part.slice, threads, joint(i) ? &sums : nullptr, !joint(i) || &part == &slices_[0]);
      }
    }
  }
  /// Of a round, the slice and its losses; none: this rank has no slice in it.
  [[nodiscard]] const Slice* slice(std::size_t round) const {
    return slices_[round].slice ? &*slices_[round].slice : nullptr;
  }
  [[nodiscard]] const std::vector<LossSum>& losses(std::size_t round) const { return slices_[round].pass->losses(); }

  /// Where the first value that is not finite appeared in a round; empty where it came from another slice's statistics.
  std::string locate_non_finite(std::size_t round, ThreadPool& threads) {
    Part& part = slices_[round];
    bool elsewhere = false;
    const std::string text = part.pass->locate_non_finite(*part.slice, [&](std::size_t i) {
      JointSums sums{own_.data(), nullptr};
      if (joint(i)) {
        part.pass->forward(i, *part.slice, threads, &sums);
        sums.joint = joint_.data() + at_[i];
        const auto finite = [&](const double* from) {
          return std::all_of(from, from + size(program().ops[i]), [](double value) { return std::isfinite(value); });
        };
        elsewhere = elsewhere || (finite(sums.own) && !finite(sums.joint));
      }
      part.pass->forward(i, *part.slice, threads, joint(i) ? &sums : nullptr, false);
    });
    return elsewhere ? std::string() : text;
  }

  /// Backward of the last forward. Where each rank has one slice its gradients go to `direct` as they are made; else
  /// into blocks, `last` that of the last round, for give().
  XSTITCH_INLINE void backward(GradientBlock& last, GradientPolicy* direct, std::span<const std::uint8_t> heads,
                               Reduction& ranks, ThreadPool& threads) {
    const FlushDenormals flush;
    for (Part& part : parts()) part.pass->flow().begin();
    for (std::size_t k = 0; k + 1 < rounds_; ++k) {
      if (!slices_[k].block) slices_[k].block.emplace(net_.layout());
      slices_[k].block->allocate();
    }
    std::vector<std::unique_ptr<StoreGradients>> stores;
    for (std::size_t k = 0; k < rounds_; ++k) stores.push_back(std::make_unique<StoreGradients>(block(k, last)));
    const auto policy = [&](const Part& part) -> GradientPolicy& {
      return direct != nullptr ? *direct : *stores[static_cast<std::size_t>(&part - slices_.data())];
    };
    GradientFlow& flow = slices_[0].pass->flow();
    for (std::size_t i = program().ops.size(); i-- > 0;) {
      if (!flow.reaches(i, heads)) continue;
      const std::size_t each = joint(i) ? size(program().ops[i]) : 0;
      if (joint(i)) {
        const auto own = [&](Part& part, const JointSums& sums) {
          part.pass->backward(i, *part.slice, policy(part), threads, &sums);
        };
        join(std::span(backward_).first(each), ranks, own, [](double* to, const double* more, std::size_t c) {
          for (std::size_t e = 0; e < 1 + 2 * c; ++e) to[e] += more[e];
        });
      }
      for (std::size_t k = 0; k < rounds_; ++k) {
        Part& part = slices_[k];
        const JointSums sums{own_.data() + k * each, backward_.data()};
        if (part.slice)
          part.pass->backward(i, *part.slice, policy(part), threads, joint(i) ? &sums : nullptr);
        else
          skip(part, i, direct);
      }
    }
  }
  /// The gradients of a round, complete, in backward order.
  XSTITCH_INLINE void give(std::size_t round, GradientBlock& last, std::span<const std::uint8_t> heads,
                           Reduction& ranks) {
    GradientBlock& from = block(round, last);
    slices_[0].pass->flow().for_each_reached(heads, [&](std::size_t slot) { ranks.start(slot, from.of(slot)); });
  }
  [[nodiscard]] std::size_t rounds() const noexcept { return rounds_; }
  /// Beside the first slice's pass.
  [[nodiscard]] std::size_t bytes() const noexcept {
    std::size_t bytes = 0;
    for (const Part& part : slices_) {
      if (part.execution) bytes += part.execution->bytes() + part.pass->bytes();
      if (part.block) bytes += part.block->bytes();
    }
    return bytes;
  }

 private:
  struct Part {
    TrainingPass* pass = nullptr;
    Slices cutter;
    std::optional<Slice> slice;
    std::optional<GradientBlock> block;
    std::shared_ptr<Execution> execution;  ///< of those after the first
    std::unique_ptr<TrainingPass> own;
  };

  [[nodiscard]] const Program& program() const { return net_.program(); }
  [[nodiscard]] bool joint(std::size_t i) const { return program().ops[i].record->joint_channels > 0; }
  static std::size_t size(const Op& op) { return 1 + 2 * op.record->joint_channels; }
  [[nodiscard]] std::span<Part> parts() { return std::span(slices_).first(rounds_); }
  GradientBlock& block(std::size_t round, GradientBlock& last) {
    return round + 1 == rounds_ ? last : *slices_[round].block;
  }

  XSTITCH_INLINE void begin(const Batch& batch, const Share& share, std::size_t samples) {
    rounds_ = share.rounds(samples);
    while (slices_.size() < rounds_) {
      Part part;
      part.execution = std::make_shared<Execution>(net_.model().shared_layout());
      for (std::size_t slot = 0; slot < net_.parameters().size(); ++slot)
        part.execution->bind(slot, net_.model().values(slot).data());
      part.own = std::make_unique<TrainingPass>(*part.execution, net_.model(), &slices_[0].pass->pending());
      part.pass = part.own.get();
      slices_.push_back(std::move(part));
    }
    for (std::size_t k = 0; k < rounds_; ++k) {
      const Slice slice = slices_[k].cutter.cut(net_.layout(), batch, share, samples, k);
      slices_[k].slice = slice.size > 0 ? std::optional(slice) : std::nullopt;
    }
    own_.resize(rounds_ * size_);
  }
  /// `own(part, sums)` writes the sums of a slice; `add` joins those of all slices, in their order.
  template <class Own, class Add>
  void join(std::span<double> to, Reduction& ranks, const Own& own, const Add& add) {
    const std::size_t each = to.size(), of_rank = rounds_ * each;
    const std::span<double> mine = std::span(own_).first(of_rank);
    std::ranges::fill(mine, 0.0);
    for (std::size_t k = 0; k < rounds_; ++k)
      if (slices_[k].slice) own(slices_[k], JointSums{mine.data() + k * each, nullptr});
    all_.resize(ranks.ranks() * of_rank);
    ranks.gather(mine, all_);
    std::ranges::fill(to, 0.0);
    for (std::size_t k = 0; k < rounds_; ++k)
      for (std::size_t r = 0; r < ranks.ranks(); ++r) add(to.data(), all_.data() + r * of_rank + k * each, each / 2);
  }
  /// In place of an operation's backward pass, on a rank without a slice in a round.
  void skip(const Part& part, std::size_t i, GradientPolicy* direct) const {
    part.pass->flow().pass(i);
    const std::size_t first = net_.layout().first_parameter(i);
    for (std::size_t slot = first; direct != nullptr && slot < first + net_.layout().parameter_count(i); ++slot)
      if (net_.model().trained(slot)) direct->complete(slot);
  }

  AnyNet& net_;
  std::vector<Part> slices_;  ///< [round]
  std::size_t rounds_ = 1;
  std::vector<std::size_t> at_;  ///< [operation]: where its sums are in joint_
  std::size_t size_ = 0;         ///< of the largest operation's sums
  std::vector<double> own_, all_, joint_, backward_;
};

}  // namespace xstitch::inline XSTITCH_ISA
