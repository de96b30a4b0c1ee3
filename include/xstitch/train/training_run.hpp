#pragma once
/// \file
/// One training from its first step to its last (train/trainer.hpp). The order after each step: log, last checkpoint,
/// evaluation (and the best checkpoint), so that an evaluation that throws loses nothing: a resume makes it again.

#include <xstitch/run/ordered_reduction.hpp>
#include <xstitch/train/checkpoint.hpp>
#include <xstitch/train/evaluate.hpp>
#include <xstitch/train/optimizer_state.hpp>
#include <xstitch/train/rank_agreement.hpp>
#include <xstitch/train/rank_checkpoints.hpp>
#include <xstitch/train/running_statistics.hpp>
#include <xstitch/train/train_options.hpp>
#include <xstitch/train/train_result.hpp>
#include <xstitch/train/trainer_messages.hpp>
#include <xstitch/train/training_checks.hpp>
#include <xstitch/train/training_record.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace trainer {

class Run {
 public:
  XSTITCH_INLINE Run(AnyNet& net, const DataSetRef& data, const OptimizerRef& optimizer, const TrainOptions& options)
      : net_(net),
        data_(data),
        optimizer_(optimizer),
        options_(options),
        ranks_(options.distributed.ranks.get()),
        training_(net, optimizer),
        average_(AveragedWeights::make(net, options.weight_average)),
        checkpoints_(ranks_, options.checkpoint_directory, options.metadata, options.checkpoint_every) {
    state_.total = check(net, data, optimizer, options);
    steps_per_epoch_ = batches_per_epoch(data.size(), options.batch, options.drop_last);
    training_.set_balance(options.balance, steps_per_epoch_);
    check_evaluation_samples(net, options);
    identity_ = identify(net, data, optimizer, options, state_.total);
    slices_ = slices(options);
    if (ranks_ != nullptr)
      training_.set_reduction(std::make_shared<OrderedReduction>(options.distributed.ranks, net, options.batch,
                                                                 options.distributed.reduction));
    training_.set_multipliers(multipliers(options));
    schedule_length_ = schedule_length(options, state_.total);
    state_.interval.assign(net.heads().size(), {});
    threads_.emplace(options.threads);  // a thread that is refused loses no older checkpoint
  }

  /// Continues from the checkpoint, if there is one. Of several ranks all fail alike.
  XSTITCH_INLINE void begin() {
    if (ranks_ != nullptr) rank_agreement::check(*ranks_, settings_of_rank(identity_, options_, state_.total));
    checkpoints_.agree();
    found_ = checkpoints_.restore(options_.resume, training_, identity_, wanted(options_, state_.total), average_.get(),
                                  lock_);
    if (!found_) return;
    found_->state.total = state_.total;
    state_ = found_->state;
    identity_.accumulate = slices_ = found_->accumulate;
  }

  XSTITCH_INLINE TrainResult run() {
    ThreadPool& threads = *threads_;
    const bool other_length = found_ && found_->schedule_iterations != identity_.schedule_iterations;
    std::vector<std::string_view> told_again;
    if (state_.evaluation_pending && options_.evaluation) told_again.emplace_back("evaluate");
    if (other_length) told_again.emplace_back("schedule");
    TrainingRecord record(net_, options_, state_, told_again);
    if (!lock_.note().empty()) record.say(lock_.note());
    found_ ? record.say(continues_text(state_)) : record.start(identity_, state_.total);
    if (ranks_ != nullptr) record.say(ranks_text(ranks_->gather_texts(ranks_->place()), slices_));
    if (training_.shares_optimizer_state())
      record.say(share_text(training_.optimizer_bytes(),
                            training_.optimizer_state_count() * net_.layout().floats() * sizeof(float)));
    if (other_length)
      record.schedule_changed(state_.step, found_->schedule_iterations, schedule_length_,
                              options_.schedule.factor(state_.step, found_->schedule_iterations), factor());
    if (options_.schedule.depends_on_length() && schedule_length_ < state_.total)
      record.say(schedule_end_text(schedule_length_, state_.total));
    if (std::exchange(state_.evaluation_pending, false) && options_.evaluation) evaluate(record, threads);
    if (state_.step < state_.total) train(record, threads);
    return finish(record);
  }

 private:
  [[nodiscard]] float factor() const { return options_.schedule.factor(state_.step, schedule_length_); }

  XSTITCH_INLINE void train(TrainingRecord& record, ThreadPool& threads) {
    Loader loader(data_, net_.inputs(), net_.heads(),
                  loader_options(options_, net_.seed(), state_.step, steps_per_epoch_, slices_));

    while (state_.step < state_.total) {
      const LoadedBatch& loaded = *loader.next();
      say_skipped(loaded.skipped, record);
      if (!step(loaded, record, threads)) break;
      const bool asked = options_.stop != nullptr && options_.stop->load();
      const bool interrupted = (ranks_ != nullptr ? ranks_->any(asked) : asked) && state_.step < state_.total;
      if (!check_points(record, threads, interrupted)) break;
      if (!interrupted) continue;
      result_.reason = StopReason::interrupted;
      result_.message = stopped_text(state_, checkpoints_.given());
      break;
    }
  }
  /// What this rank skipped, and the others.
  XSTITCH_INLINE void say_skipped(const std::vector<std::string>& own, TrainingRecord& record) {
    const bool tell = ranks_ != nullptr && options_.on_error == OnError::skip;
    for (const std::string& text : tell ? ranks_->gather_lines(own) : own) {
      record.say("skipped " + text);
      ++result_.skipped;
    }
  }

  /// False when a loss is not finite.
  XSTITCH_INLINE bool step(const LoadedBatch& loaded, TrainingRecord& record, ThreadPool& threads) {
    StepOptions step;
    step.step = state_.step;
    step.learning_rate_factor = factor();
    step.clip_norm = options_.clip_norm;
    step.accumulate = std::min(slices_, loaded.samples);
    step.not_finite = options_.not_finite;
    std::optional<RunningStatistics> statistics;
    if (loaded.batch.size == 1 && !said_unmoved_) statistics.emplace(net_);
    const StepResult& losses = training_.step(loaded.batch, step, threads);
    if (!losses.finite && !losses.torn && options_.not_finite == NotFinite::skip) {
      record.say(skipped_step_text(++state_.step, losses));
      ++result_.steps_not_finite;
      return true;
    }
    if (!losses.finite) {
      stop_not_finite(record, not_finite_text(state_.step + 1, loaded, losses));
      return false;
    }
    ++state_.step;
    if (average_) average_->update(threads);
    add(state_.interval, losses.losses);
    const bool due = state_.step % options_.log_every == 0 || state_.step == state_.total;
    const auto learning_rate = static_cast<double>(optimizer_.learning_rate() * step.learning_rate_factor);
    std::vector<double> means =
        record.step(state_, loaded.samples, due, loaded.epoch, learning_rate, training_.balanced_weights());
    if (due) result_.history.push_back({state_.step, std::move(means)});
    if (statistics) say_unmoved(statistics->find_unmoved(), record);
    if (options_.after_step) options_.after_step(state_.step, losses);
    return true;
  }

  void say_unmoved(const std::string& name, TrainingRecord& record) {
    said_unmoved_ = !name.empty();
    if (said_unmoved_) record.say(unmoved_text(state_.step, name, options_.batch));
  }

  [[nodiscard]] bool due(std::uint64_t every) const {
    return state_.step % (every > 0 ? every : steps_per_epoch_) == 0 || state_.step == state_.total;
  }

  /// Checkpoints and evaluation where they are due. False when a parameter is not finite.
  XSTITCH_INLINE bool check_points(TrainingRecord& record, ThreadPool& threads, bool interrupted) {
    const bool evaluation_due = options_.evaluation && due(options_.evaluate_every);
    const bool checkpoint_due = checkpoints_.given() && (due(checkpoints_.every()) || interrupted);
    if (!evaluation_due && !checkpoint_due && state_.step < state_.total) return true;
    if (const std::string bad = net_.find_non_finite_parameter(); !bad.empty()) {
      stop_not_finite(record, bad_parameter_text(state_.step, bad));
      return false;
    }
    if (checkpoint_due) {
      state_.evaluation_pending = evaluation_due;
      record.flush();
      checkpoints_.write_last(training_, identity_, state_, average_.get());
      state_.evaluation_pending = false;
    }
    if (evaluation_due) evaluate(record, threads);
    return true;
  }

  XSTITCH_INLINE void evaluate(TrainingRecord& record, ThreadPool& threads) {
    const AveragedWeights::InNetwork averaged(average_.get());
    Evaluation evaluation = evaluation::run(net_, *options_.evaluation, evaluate_options(options_, slices_), threads);
    const double score = evaluation.score();
    record.evaluated(state_.step, evaluation, score);
    if (std::isfinite(score) && (!state_.has_best || score > state_.best_score)) {
      state_.has_best = true;
      state_.best_score = score;
      state_.best_step = state_.step;
      record.flush();
      checkpoints_.write_best(training_, identity_, state_, average_ != nullptr);
    }
    result_.evaluations.push_back({state_.step, std::move(evaluation), score});
  }

  XSTITCH_INLINE void stop_not_finite(TrainingRecord& record, const std::string& text) {
    result_.reason = StopReason::not_finite;
    result_.message = (options_.name.empty() ? "" : options_.name + ": ") + text;
    if (const auto last = checkpoints_.last())
      result_.message += "; the last good checkpoint stays in " + last->string();
    record.not_finite(state_.step, result_.message);
  }

  XSTITCH_INLINE TrainResult finish(TrainingRecord& record) {
    result_.iterations = state_.step;
    if (state_.has_best) result_.best_step = state_.best_step;
    result_.best_score = state_.best_score;
    result_.seconds = record.seconds();
    if (average_) result_.average = average_->copy();
    if (result_.message.empty()) result_.message = "all " + std::to_string(state_.total) + " iterations done";
    if (result_.reason == StopReason::not_finite && options_.output == nullptr && options_.distributed.leads())
      std::cerr << result_.message << std::endl;
    record.say(result_.message + (result_.finished() ? " in " + progress::duration(result_.seconds) : ""));
    record.flush();
    return std::move(result_);
  }

  AnyNet& net_;
  const DataSetRef& data_;
  const OptimizerRef& optimizer_;
  const TrainOptions& options_;
  Ranks* ranks_;  ///< null: this process alone
  Training training_;
  std::unique_ptr<AveragedWeights> average_;
  RankCheckpoints checkpoints_;
  FolderLock lock_;  ///< of the checkpoints' folder
  TrainingIdentity identity_;
  TrainingState state_;
  TrainResult result_;
  std::uint64_t steps_per_epoch_ = 1, schedule_length_ = 1;
  std::size_t slices_ = 1;  ///< of each batch
  std::optional<checkpoint::Found> found_;
  std::optional<ThreadPool> threads_;
  bool said_unmoved_ = false;
};

}  // namespace trainer
}  // namespace xstitch::inline XSTITCH_ISA
