#pragma once
/// \file
/// What is checked before the first step, and before anything on the disk is touched: options, optimizer, schedule,
/// and that both data sets fit the network. And what makes two trainings the same.

#include <xstitch/core/optimizer.hpp>
#include <xstitch/core/threads.hpp>
#include <xstitch/data/binding.hpp>
#include <xstitch/kernels/tiles/unit_or.hpp>
#include <xstitch/run/parameter_file.hpp>
#include <xstitch/run/training.hpp>
#include <xstitch/train/checkpoint.hpp>
#include <xstitch/train/evaluate.hpp>
#include <xstitch/train/fingerprint.hpp>
#include <xstitch/train/rank_agreement.hpp>
#include <xstitch/train/train_options.hpp>
#include <xstitch/train/training_state.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace xstitch::inline XSTITCH_ISA {
namespace trainer {

/// Steps that a number in a checkpoint or log can count: whole numbers of a double.
constexpr std::uint64_t most_steps = std::uint64_t{1} << 53;

/// Steps in all.
XSTITCH_INLINE std::uint64_t count_steps(const TrainOptions& options, std::size_t samples) {
  if ((options.epochs == 0) == (options.iterations == 0))
    fail("train: found epochs = ", options.epochs, " and iterations = ", options.iterations,
         ", expected one of them above 0");
  if (samples == 0) fail("train: the data set has no samples");
  if (options.batch == 0) fail("train: found batch = 0, the batch size is at least 1");
  const std::uint64_t steps_per_epoch = batches_per_epoch(samples, options.batch, options.drop_last);
  if (steps_per_epoch == 0)
    fail("train: found drop_last with batch = ", options.batch, " and ", samples,
         " samples, which leaves nothing; expected a batch of at most ", samples);
  if (options.iterations > most_steps)
    fail("train: found iterations = ", options.iterations, ", expected at most 2^53");
  if (options.epochs > most_steps / steps_per_epoch)
    fail("train: found epochs = ", options.epochs, " of ", steps_per_epoch,
         " iterations, expected at most 2^53 iterations in all");
  return options.iterations > 0 ? options.iterations : options.epochs * steps_per_epoch;
}

/// The total that the schedule gets to see.
inline std::uint64_t schedule_length(const TrainOptions& options, std::uint64_t total) {
  return options.schedule_iterations > 0 ? options.schedule_iterations : total;
}

XSTITCH_INLINE void check_distributed(const TrainOptions& options) {
  const std::size_t ranks = options.distributed.ranks->ranks();
  if (options.batch < ranks)
    fail("train: found batch = ", options.batch, " with ", ranks,
         " ranks, which share it out; expected at least a sample for each");
  const ReductionOptions& reduction = options.distributed.reduction;
  if (reduction.batch_statistics && options.balance.given())
    fail("train: found batch_statistics with ", options.balance.name(),
         ", which weighs losses between forward and backward of a slice; expected one of them");
  for (const std::size_t bytes : {reduction.first_bucket, reduction.bucket})
    if (bytes < 64 || bytes > (std::size_t{1} << 30))
      fail("train: found a bucket of ", bytes, " bytes, expected 64 to 2^30");
}

/// Slices of a batch: what one process accumulates, and at least one for each rank.
inline std::size_t slices(const TrainOptions& options) {
  return options.distributed.ranks ? std::max(options.accumulate, options.distributed.ranks->ranks())
                                   : options.accumulate;
}

/// Settings that contradict each other, or that nothing would read.
XSTITCH_INLINE void check_options(const TrainOptions& options) {
  parameter_file::check_metadata("train", options.metadata);
  check_threads("train", options.threads);
  check_threads("train: loader", options.loader_threads);
  if (options.log_every == 0) fail("train: found log_every = 0, expected at least 1");
  if (options.accumulate == 0 || options.accumulate > options.batch)
    fail("train: found accumulate = ", options.accumulate, ", expected 1 to the batch size, ", options.batch);
  if (!(options.clip_norm >= 0.0F) || !std::isfinite(options.clip_norm))
    fail("train: found clip_norm = ", options.clip_norm, ", expected 0 (off) or a finite number above");
  if (options.distributed.ranks) check_distributed(options);
  if (options.resume && options.checkpoint_directory.empty())
    fail("train: found resume without a checkpoint_directory, expected the folder to continue from");
  if (options.checkpoint_every > 0 && options.checkpoint_directory.empty())
    fail("train: found checkpoint_every = ", options.checkpoint_every,
         " without a checkpoint_directory, expected a folder");
  if (options.evaluate_every > 0 && !options.evaluation)
    fail("train: found evaluate_every = ", options.evaluate_every, " without evaluation, expected a data set");
  if (!options.metrics.empty() && !options.evaluation)
    fail("train: found metrics without evaluation, expected a data set");
  if (options.tensorboard.images && (options.tensorboard.folder.empty() || !options.evaluation))
    fail("train: found tensorboard.images without ", options.tensorboard.folder.empty() ? "a folder" : "evaluation",
         ", expected both");
  if (options.schedule.depends_on_length()) return;
  if (options.schedule_iterations > 0)
    fail("train: found schedule_iterations = ", options.schedule_iterations, " with the schedule ",
         options.schedule.describe(), ", which has no length; expected 0");
  if (options.extend_schedule)
    fail("train: found extend_schedule with the schedule ", options.schedule.describe(),
         ", which has no length; expected false");
}

/// Of several ranks each evaluates as many samples at once as it trains on.
inline EvaluateOptions evaluate_options(const TrainOptions& options, std::size_t slices) {
  return {.batch = options.distributed.ranks ? (options.batch + slices - 1) / slices : options.batch,
          .loader_threads = options.loader_threads,
          .on_error = options.on_error,
          .metrics = options.metrics,
          .ranks = options.distributed.ranks};
}

inline ParameterMultipliers multipliers(const TrainOptions& options) {
  return {options.learning_rate_multipliers, options.weight_decay_multipliers};
}

inline checkpoint::Wanted wanted(const TrainOptions& options, std::uint64_t total) {
  return {.total = total,
          .other_length = options.extend_schedule,
          .other_bits = options.accept_other_bits,
          .other_slices = options.distributed.ranks != nullptr};
}

/// An Error about a set, with its name in front.
template <class Check>
void check_set(const char* name, const Check& check) {
  try {
    check();
  } catch (const Error& error) {
    fail("train: ", name, ": ", error.what());
  }
}

/// Everything but the evaluation set's samples. Cheap; returns the number of steps.
XSTITCH_INLINE std::uint64_t check(const AnyNet& net, const DataSetRef& data, const OptimizerRef& optimizer,
                                   const TrainOptions& options) {
  const std::uint64_t total = count_steps(options, data.size());
  check_options(options);
  options.augment.check();
  optimizer.check_settings();
  const float last = options.schedule.factor(total - 1, schedule_length(options, total));
  if (const float rate = optimizer.learning_rate() * last; !std::isfinite(rate))
    fail("train: found a learning rate of ", rate, " at iteration ", total, " with the schedule ",
         options.schedule.describe(), ", expected a finite number");
  if (options.weight_average) options.weight_average->check_settings();
  parameter_multipliers::check(multipliers(options), net.model());
  head_metrics::begin(options.metrics, net.heads());
  (void)bind(data, net.inputs(), net.heads());
  if (options.evaluation)
    check_set("evaluation set", [&] {
      if (options.evaluation->size() == 0) fail("the data set has no samples");
      (void)bind(*options.evaluation, net.inputs(), net.heads());
    });
  return total;
}

/// Loads the evaluation set's samples, or, where broken ones are replaced or it is not wanted, the first batch.
inline void check_evaluation_samples(const AnyNet& net, const TrainOptions& options) {
  if (!options.evaluation) return;
  check_set("evaluation set", [&] {
    Loader loader(*options.evaluation, net.inputs(), net.heads(),
                  evaluation::loader_options(evaluate_options(options, slices(options))));
    const bool all = options.check_evaluation && options.on_error == OnError::stop;
    const auto stopped = [&] { return options.stop != nullptr && options.stop->load(); };
    while (loader.next() != nullptr && all && !stopped()) {
    }
  });
}

XSTITCH_INLINE TrainingIdentity identify(const AnyNet& net, const DataSetRef& data, const OptimizerRef& optimizer,
                                         const TrainOptions& options, std::uint64_t total) {
  TrainingIdentity id;
  id.network = net.signature();
  for (std::size_t i = 0; i < net.parameters().size(); ++i)
    if (net.parameters()[i].spec.group != ParameterGroup::buffer && !net.model().trained(i))
      id.frozen += (id.frozen.empty() ? "" : " ") + net.parameters()[i].name;
  id.precision = net.precision();
  if (id.precision == Precision::bf16) id.products = kernels::bf16_products();
  id.network_seed = net.seed().value;
  id.optimizer = optimizer.describe();
  id.schedule = options.schedule.describe();
  id.schedule_iterations = options.schedule.depends_on_length() ? schedule_length(options, total) : 0;
  id.augment = options.augment.describe();
  id.seed = options.seed.value_or(net.seed()).value;
  id.batch = options.batch;
  id.drop_last = options.drop_last;
  id.samples = data.size();
  id.data = fingerprint::of(data, options.on_error);
  id.initial = fingerprint::of(net);
  id.learning_rate_multipliers = parameter_multipliers::to_text(options.learning_rate_multipliers);
  id.weight_decay_multipliers = parameter_multipliers::to_text(options.weight_decay_multipliers);
  if (options.weight_average) id.weight_average = options.weight_average->describe();
  id.clip_norm = options.clip_norm;
  id.accumulate = slices(options);
  id.reduction = options.distributed.describe();
  id.not_finite = options.not_finite;
  id.balance = options.balance.describe();
  id.job = options.job;
  return id;
}

/// What all ranks must have alike, or they would wait for each other for ever.
XSTITCH_INLINE Json settings_of_rank(const TrainingIdentity& identity, const TrainOptions& options,
                                     std::uint64_t total) {
  Json json = rank_agreement::build();
  const Json of_training = identity.to_json();
  for (const auto& [key, value] : of_training.object()) json.set(key, value);
  json.set("total", total)
      .set("evaluate_every", options.evaluate_every)
      .set("evaluation", options.evaluation ? std::to_string(options.evaluation->size()) + " samples; " +
                                                  fingerprint::of(*options.evaluation, options.on_error)
                                            : std::string("none"))
      .set("metrics", options.metrics.size())
      .set("on_error", options.on_error == OnError::skip ? "skip" : "stop")
      .set("buckets", std::to_string(options.distributed.reduction.first_bucket) + " " +
                          std::to_string(options.distributed.reduction.bucket))
      .set("optimizer's state", options.distributed.reduction.share_state ? "shared out" : "on every rank");
  return json;
}

}  // namespace trainer
}  // namespace xstitch::inline XSTITCH_ISA
