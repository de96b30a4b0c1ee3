#pragma once
/// \file
/// Trains a network on a data set.
///
///     auto result = xs::train(net, data, xs::Sgd{.learning_rate = 0.01f, .momentum = 0.9f},
///                             {.epochs = 5, .batch = 64});
///
/// Before the first step everything is checked that can be (training_checks.hpp). A training that was stopped or killed
/// and continues with `.resume = true` ends with the same bits as one that ran through. It stops with a message, and
/// without touching the last good checkpoint, when a loss or parameter is not finite. A training that does not resume
/// starts from fresh optimizer state. Several ranks make one training of it (train/distributed.hpp).

#include <xstitch/train/training_run.hpp>

#include <exception>
#include <optional>

namespace xstitch::inline XSTITCH_ISA {
namespace trainer {

/// Rank 0 speaks and writes for all.
XSTITCH_INLINE TrainOptions options_of_rank(const TrainOptions& options) {
  TrainOptions own = options;
  if (options.distributed.leads()) return own;
  own.output = nullptr;
  own.log_file.clear();
  own.tensorboard = {};
  own.checkpoint_directory.clear();
  own.checkpoint_every = 0;
  own.resume = false;
  return own;
}

/// What goes wrong before the first step is an Error on all ranks; later, one that fails ends all, because the others
/// wait for it.
XSTITCH_INLINE TrainResult train_together(AnyNet& net, const DataSetRef& data, const OptimizerRef& optimizer,
                                          const TrainOptions& options) {
  Ranks& ranks = *options.distributed.ranks;
  const TrainOptions own = options_of_rank(options);
  std::optional<Run> run;
  ranks.together([&] {
    check_options(options);
    run.emplace(net, data, optimizer, own);
  });
  run->begin();
  try {
    return run->run();
  } catch (const std::exception& error) {
    ranks.abort(error.what());
    throw;
  }
}

}  // namespace trainer

/// Trains a network on a data set until the options say that it is done.
inline TrainResult train(AnyNet& net, const DataSetRef& data, const OptimizerRef& optimizer,
                         const TrainOptions& options) {
  if (options.distributed.ranks) return trainer::train_together(net, data, optimizer, options);
  trainer::Run run(net, data, optimizer, options);
  run.begin();
  return run.run();
}

}  // namespace xstitch::inline XSTITCH_ISA
