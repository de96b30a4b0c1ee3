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

enum class StopReason : std::uint8_t { finished, interrupted, not_finite };

struct TrainResult {
  struct Losses {
    std::uint64_t step = 0;
    std::vector<double> losses;  ///< [head], means since the point before (see mean_loss)
  };
  struct Evaluated {
    std::uint64_t step = 0;
    Evaluation evaluation;
    double score = 0.0;
  };

  std::uint64_t iterations = 0;  ///< done in all, those before a resume too
  StopReason reason = StopReason::finished;
  std::string message;          ///< why it stopped, in words
  std::vector<Losses> history;  ///< of this run, at the log's pace
  std::vector<Evaluated> evaluations;
  std::optional<std::uint64_t> best_step;
  double best_score = 0.0;
  std::uint64_t skipped = 0;           ///< samples that were replaced
  std::uint64_t steps_not_finite = 0;  ///< steps that changed nothing (NotFinite::skip)
  double seconds = 0.0;
  /// The averaged weights (TrainOptions::weight_average): for a Predictor, or for initialise_from(net, *average). Null
  /// without averaging, or where they are not finite.
  std::shared_ptr<Parameters> average;

  [[nodiscard]] bool finished() const { return reason == StopReason::finished; }
};

}  // namespace xstitch::inline XSTITCH_ISA
