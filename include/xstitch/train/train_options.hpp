#pragma once
/// \file
/// What a training is told: how long, in which batches and with which schedule, and what it writes and shows.

#include <xstitch/data/loader.hpp>
#include <xstitch/io/safetensors.hpp>
#include <xstitch/run/training.hpp>
#include <xstitch/train/distributed.hpp>
#include <xstitch/train/event_record.hpp>
#include <xstitch/train/head_metrics.hpp>
#include <xstitch/train/schedule.hpp>
#include <xstitch/train/weight_average.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

struct TrainOptions {
  std::uint64_t epochs = 0;      ///< how long: epochs ...
  std::uint64_t iterations = 0;  ///< ... or steps; one of the two
  std::size_t batch = 32;        ///< more than the data set has: all of it
  bool drop_last = false;        ///< leave out the last batch of an epoch where it is smaller than the others
  Schedule schedule{};           ///< factor of the learning rate by step
  /// Length in steps of a schedule that depends on it (polynomial, cosine); 0: the training's. Later steps keep the
  /// factor of its end. Give the final length where a training is meant to be resumed to more iterations.
  std::uint64_t schedule_iterations = 0;
  /// A resume may change the length of the schedule: the learning rate jumps, and the bits are not those of a training
  /// that went through. Without it another length is refused.
  bool extend_schedule = false;
  std::optional<Seed> seed{};  ///< of data order and augmentation; the network's if not given
  std::size_t threads = 0;     ///< 0: as many as the process may use processors
  Augment augment{};           ///< what is done to samples
  /// Of parameters by name, {{"upper.*", 0.1F}}; of several patterns that match, the last counts. The first kind comes
  /// on top of the group's multiplier, the second in place of the group's and the layer's
  /// (run/parameter_multipliers.hpp).
  NameMultipliers learning_rate_multipliers{}, weight_decay_multipliers{};
  float clip_norm = 0.0F;  ///< largest norm of the whole gradient; 0: off
  /// Slices in which a batch is worked off: the memory of a slice, the gradient of the batch (BatchNorm uses each
  /// slice's statistics; of several ranks see ReductionOptions::batch_statistics).
  std::size_t accumulate = 1;
  /// A rule that weighs the heads (train/balance/): xs::GradNorm{.alpha = 1.5F}.
  LossBalance balance{};
  NotFinite not_finite = NotFinite::stop;  ///< skip: a step with a loss or gradient that is not finite changes nothing

  /// Average the weights along the way; evaluations and best.safetensors are of the average (train/weight_average.hpp).
  std::optional<WeightAverage> weight_average{};

  std::optional<DataSetRef> evaluation{};  ///< a data set to judge by
  std::uint64_t evaluate_every = 0;        ///< steps; 0: with each epoch. And always at the end
  /// Load every evaluation sample once before the first step, so that a broken one is not found hours later. Without
  /// it (and with OnError::skip) only the first batch is loaded.
  bool check_evaluation = true;
  std::vector<HeadMetric> metrics{};  ///< of evaluations, beside those of the losses (train/head_metrics.hpp)
  std::filesystem::path checkpoint_directory{};  ///< empty: no checkpoints; else last.safetensors and best.safetensors
  std::uint64_t checkpoint_every = 0;            ///< steps; 0: with each epoch. And always at the end
  TextMap metadata{};  ///< texts of one's own in every checkpoint, as data::TableScaling::to_metadata()
  /// Continue from last.safetensors if there is one. Else start again; an older training's checkpoints are removed.
  bool resume = false;
  /// Resume a training in bf16 although it was begun where bf16 is multiplied in another way (on a matrix unit or not):
  /// it continues, with other bits than there.
  bool accept_other_bits = false;
  std::string job{};                 ///< which job the checkpoints belong to; TrainingJob sets it
  std::filesystem::path log_file{};  ///< JSON lines; empty: none
  std::uint64_t log_every = 20;      ///< steps; a line holds the means since the last one
  TensorBoard tensorboard{};         ///< event files (train/event_record.hpp)
  std::string name{};                ///< shown in front of progress lines

  const std::atomic<bool>* stop = nullptr;  ///< ends after the step in which it becomes true (see Interrupt)
  std::ostream* output = &std::cerr;        ///< progress; null: silence
  std::function<void(std::uint64_t step, const StepResult&)> after_step{};  ///< called after each update

  /// Several ranks as one training (train/distributed.hpp). `batch` is that of all of them together, and `accumulate`
  /// at least their number. Rank 0 shows progress, and writes checkpoints and log.
  Distributed distributed{};

  std::size_t loader_threads = 1;    ///< that load samples
  bool cache = false;                ///< keep all samples in memory
  OnError on_error = OnError::stop;  ///< for samples that do not load
};

namespace trainer {

/// How the training's loader goes through its data from iteration `step` on. `seed`: unless the options give one.
/// `slices`: of each batch.
inline LoaderOptions loader_options(const TrainOptions& options, Seed seed, std::uint64_t step,
                                    std::uint64_t steps_per_epoch, std::size_t slices) {
  LoaderOptions loading;
  loading.batch = options.batch;
  loading.drop_last = options.drop_last;
  loading.shuffle = true;
  loading.seed = options.seed.value_or(seed);
  loading.augment = options.augment;
  loading.first_epoch = step / steps_per_epoch;
  loading.first_position = static_cast<std::size_t>(step % steps_per_epoch) * options.batch;
  loading.threads = options.loader_threads;
  loading.on_error = options.on_error;
  loading.cache = options.cache;
  if (options.distributed.ranks) loading.share = options.distributed.share(slices);
  return loading;
}

}  // namespace trainer

}  // namespace xstitch::inline XSTITCH_ISA
