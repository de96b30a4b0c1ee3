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
inline std::string not_finite_text(std::uint64_t step, const LoadedBatch& loaded, const StepResult& losses) {
  return "iteration " + std::to_string(step) + " (epoch " + std::to_string(loaded.epoch + 1) + ", samples from " +
         std::to_string(loaded.position) +
         " on): " + (std::isfinite(losses.total) ? "not finite: " : "the loss is not finite; first in ") +
         losses.location +
         (losses.torn ? "; some parameters had been changed before: they are not usable any more (not_finite = "
                        "NotFinite::skip would have changed nothing)"
                      : "");
}

/// A running statistic that a batch of one row left as it was.
inline std::string unmoved_text(std::uint64_t step, const std::string& name, std::size_t batch) {
  return "iteration " + std::to_string(step) + ": a batch of one sample left '" + name +
         "' as it was, because statistics of one row do not enter running ones (said once)" +
         (batch > 1 ? "; drop_last leaves such batches out" : "");
}

inline std::string stopped_text(const TrainingState& state, bool checkpoint) {
  return "stopped after iteration " + std::to_string(state.step) + " of " + std::to_string(state.total) +
         (checkpoint ? "; a checkpoint is written" : "; no checkpoint directory was given");
}

}  // namespace trainer
}  // namespace xstitch::inline XSTITCH_ISA
