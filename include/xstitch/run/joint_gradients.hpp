#pragma once
/// \file
/// Losses and gradients of one batch whose statistics are over all slices of all ranks (run/joint_pass.hpp): forward of
/// everything, the losses, backward of everything, then the gradients round by round to the reduction,
///
///     one slice a rank        while backward runs on, as without
///     several                 each slice's into a block of its own, and after backward in the order of the slices
///
/// so that the sums of gradients, too, are those of any other number of ranks with the same slices.

#include <xstitch/run/head_losses.hpp>
#include <xstitch/run/joint_pass.hpp>
#include <xstitch/run/reduction.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// What is not finite where a forward pass made running statistics so.
inline std::string bad_buffer_text(const AnyNet& net, std::size_t slot) {
  return (all_finite(net.parameter(slot)) ? "the new value of parameter '" : "parameter '") +
         net.parameters()[slot].name + "'";
}

class JointGradients {
 public:
  JointGradients(AnyNet& net, TrainingPass& pass, HeadLosses& heads, StepResult& result)
      : net_(net), first_(pass), heads_(heads), result_(result), pass_(net, pass) {}

  /// The gradients are then in `block`; false where a loss is not finite. `begin_round(k)` tells the reduction.
  template <class BeginRound>
  bool run(const Batch& batch, const Share& share, std::size_t samples, std::uint64_t step,
           std::span<const std::uint8_t> heads, GradientBlock& block, Reduction& ranks, const BeginRound& begin_round,
           ThreadPool& threads) {
    pass_.forward(batch, share, samples, step, net_.program().training_plan, heads_, ranks, threads);
    if (!accept(ranks, threads)) return false;
    const bool one = pass_.rounds() == 1;
    StoreGradients store(block);
    ReduceGradients direct(store, block, ranks);
    if (one) begin_round(0);
    pass_.backward(block, one ? &direct : nullptr, heads, ranks, threads);
    for (std::size_t k = 0; k < pass_.rounds(); ++k) {
      if (!one) {
        begin_round(k);
        pass_.give(k, block, heads, ranks);
      }
      ranks.finish(threads);
    }
    return true;
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return pass_.bytes(); }

 private:
  XSTITCH_INLINE bool accept(Reduction& ranks, ThreadPool& threads) {
    const std::size_t bad = first_.pending().find_non_finite();
    bool refused = false;
    nothing_.assign(heads_.weights().size(), {});
    for (std::size_t k = 0; k < pass_.rounds(); ++k)
      refused = heads_.add(losses(k), bad != AnyNet::npos, &ranks) || refused;
    if (std::isfinite(result_.total) && !refused) return true;
    result_.finite = false;
    bool finite = true;  // if not, it may have come from another rank's statistics: then that one says where
    for (std::size_t k = 0; k < pass_.rounds() && result_.location.empty(); ++k) {
      if (heads_.finite(losses(k))) continue;
      finite = false;
      result_.location = pass_.locate_non_finite(k, threads);
    }
    if (finite && bad != AnyNet::npos) result_.location = bad_buffer_text(net_, bad);
    result_.location = ranks.first_text(result_.location);
    if (result_.location.empty()) result_.location = "the sum of the losses";
    return false;
  }
  [[nodiscard]] const std::vector<LossSum>& losses(std::size_t round) const {
    return pass_.slice(round) != nullptr ? pass_.losses(round) : nothing_;
  }

  AnyNet& net_;
  TrainingPass& first_;
  HeadLosses& heads_;
  StepResult& result_;
  JointPass pass_;
  std::vector<LossSum> nothing_;  ///< losses of an empty slice
};

}  // namespace xstitch::inline XSTITCH_ISA
