#pragma once
/// \file
/// What the trainer says of single steps, in words.

#include <xstitch/data/loader.hpp>
#include <xstitch/run/step_result.hpp>
#include <xstitch/train/training_state.hpp>

#include <cmath>
#include <cstdint>
#include <string>

namespace xstitch::inline XSTITCH_ISA {
namespace trainer {

/// Iteration `step` (from 1) changed nothing, or tore the parameters.
XSTITCH_INLINE std::string not_finite_text(std::uint64_t step, const LoadedBatch& loaded, const StepResult& losses) {
  return "iteration " + std::to_string(step) + " (epoch " + std::to_string(loaded.epoch + 1) + ", samples from " +
         std::to_string(loaded.position) +
         " on): " + (std::isfinite(losses.total) ? "not finite: " : "the loss is not finite; first in ") +
         losses.location +
         (losses.torn ? "; some parameters had been changed before: they are not usable any more (not_finite = "
                        "NotFinite::skip would have changed nothing)"
                      : "");
}

inline std::string skipped_step_text(std::uint64_t step, const StepResult& losses) {
  return "iteration " + std::to_string(step) + " changed nothing: not finite, first in " + losses.location;
}
inline std::string bad_parameter_text(std::uint64_t step, const std::string& name) {
  return "iteration " + std::to_string(step) + ": parameter '" + name + "' is not finite after the update";
}
inline std::string schedule_end_text(std::uint64_t length, std::uint64_t total) {
  return "the schedule ends at iteration " + std::to_string(length) + " of " + std::to_string(total) +
         "; from there on the learning rate keeps its last factor";
}
inline std::string continues_text(const TrainingState& state) {
  return "continues after iteration " + std::to_string(state.step) + " of " + std::to_string(state.total);
}

/// A running statistic that a batch of one row left as it was.
XSTITCH_INLINE std::string unmoved_text(std::uint64_t step, const std::string& name, std::size_t batch) {
  return "iteration " + std::to_string(step) + ": a batch of one sample left '" + name +
         "' as it was, because statistics of one row do not enter running ones (said once)" +
         (batch > 1 ? "; drop_last leaves such batches out" : "");
}

/// "2 ranks, 8 slices a batch: rank 0 is process 4711 on node1, ...", so that one that is killed has a name.
XSTITCH_INLINE std::string ranks_text(const std::vector<std::string>& places, std::size_t slices) {
  std::string text = std::to_string(places.size()) + (places.size() == 1 ? " rank, " : " ranks, ") +
                     std::to_string(slices) + (slices == 1 ? " slice" : " slices") + " a batch";
  for (std::size_t r = 0; r < places.size(); ++r)
    text += (r == 0 ? ": rank " : ", rank ") + std::to_string(r) + " is " + places[r];
  if (slices < places.size()) text += "; the ranks from " + std::to_string(slices) + " on have no slice";
  return text;
}

inline std::string share_text(std::size_t own, std::size_t all) {
  return "the optimizer's state is shared out: rank 0 has " + mebibytes_text(own) + " of " + mebibytes_text(all);
}

inline std::string stopped_text(const TrainingState& state, bool checkpoint) {
  return "stopped after iteration " + std::to_string(state.step) + " of " + std::to_string(state.total) +
         (checkpoint ? "; a checkpoint is written" : "; no checkpoint directory was given");
}

}  // namespace trainer
}  // namespace xstitch::inline XSTITCH_ISA
