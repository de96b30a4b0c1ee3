#pragma once
/// \file
/// What came of a training.

#include <xstitch/train/evaluate.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// Why a training ended.
enum class StopReason : std::uint8_t { finished, interrupted, not_finite };

struct TrainResult {
  /// A row of the history.
  struct Losses {
    std::uint64_t step = 0;      ///< of the training
    std::vector<double> losses;  ///< [head], means since the point before (see mean_loss)
  };
  /// An evaluation during the training.
  struct Evaluated {
    std::uint64_t step = 0;  ///< of the training
    Evaluation evaluation;   ///< losses and metrics
    double score = 0.0;      ///< what the best step is chosen by
  };

  std::uint64_t iterations = 0;              ///< done in all, those before a resume too
  StopReason reason = StopReason::finished;  ///< why it ended
  std::string message;                       ///< why it stopped, in words
  std::vector<Losses> history;               ///< of this run, at the log's pace
  std::vector<Evaluated> evaluations;        ///< in order
  std::optional<std::uint64_t> best_step;    ///< the step with the best score
  double best_score = 0.0;                   ///< its score
  std::uint64_t skipped = 0;                 ///< samples that were replaced
  std::uint64_t steps_not_finite = 0;        ///< steps that changed nothing (NotFinite::skip)
  double seconds = 0.0;                      ///< of this run
  /// The averaged weights (TrainOptions::weight_average): for a Predictor, or for initialise_from(net, *average). Null
  /// without averaging, or where they are not finite.
  std::shared_ptr<Parameters> average;

  /// Whether every step was done.
  [[nodiscard]] bool finished() const { return reason == StopReason::finished; }
};

}  // namespace xstitch::inline XSTITCH_ISA
