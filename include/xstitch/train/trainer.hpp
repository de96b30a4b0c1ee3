#pragma once
/// \file
/// Trains a network on a data set.
///
///     auto result = xs::train(net, data, xs::Sgd{.learning_rate = 0.01f, .momentum = 0.9f}, {.epochs = 5, .batch =
///     64});
///
/// The order after each step: log, evaluation (and the best checkpoint), last checkpoint. A training that was stopped
/// or killed and goes on with `.resume = true` ends with the same bits as one that ran through. It stops with a
/// message, and without touching the last good checkpoint, when a loss or parameter is not finite.

#include <xstitch/train/checkpoint.hpp>
#include <xstitch/train/evaluate.hpp>
#include <xstitch/train/log.hpp>
#include <xstitch/train/progress.hpp>
#include <xstitch/train/schedule.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

struct TrainOptions {
  std::uint64_t epochs = 0;      ///< how long: epochs ...
  std::uint64_t iterations = 0;  ///< ... or steps; one of the two
  std::size_t batch = 32;
  Schedule schedule{};
  std::optional<Seed> seed{};  ///< of data order and augmentation; the network's if not given
  std::size_t threads = 0;     ///< 0: as many as the machine has
  Augment augment{};
  float clip_norm = 0.0F;  ///< largest norm of the whole gradient; 0: off

  std::optional<DataSetRef> evaluation{};
  std::uint64_t evaluate_every = 0;              ///< steps; 0: with each epoch. And always at the end
  std::filesystem::path checkpoint_directory{};  ///< empty: no checkpoints; else last.safetensors and best.safetensors
  std::uint64_t checkpoint_every = 0;            ///< steps; 0: with each epoch. And always at the end
  /// Go on from last.safetensors if there is one. Else start anew; an older training's checkpoints are removed.
  bool resume = false;
  std::filesystem::path log_file{};  ///< JSON lines; empty: none
  std::uint64_t log_every = 20;      ///< steps; a line holds the means since the last one
  std::string name{};                ///< shown in front of progress lines

  const std::atomic<bool>* stop = nullptr;  ///< ends after the step in which it becomes true (see Interrupt)
  std::ostream* output = &std::cerr;        ///< progress; null: silence
  std::function<void(std::uint64_t step, const StepResult&)> after_step{};

  std::size_t loader_threads = 1;
  bool cache = false;                ///< keep all samples in memory
  OnError on_error = OnError::stop;  ///< for samples that do not load
};

enum class StopReason : std::uint8_t { finished, interrupted, not_finite };

struct TrainResult {
  struct Losses {
    std::uint64_t step = 0;
    std::vector<double> losses;  ///< [head], means since the point before
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
  std::uint64_t skipped = 0;  ///< samples that were replaced
  double seconds = 0.0;

  [[nodiscard]] bool finished() const { return reason == StopReason::finished; }
};

namespace trainer {

inline std::uint64_t count_steps(const TrainOptions& options, std::uint64_t steps_per_epoch) {
  if ((options.epochs == 0) == (options.iterations == 0))
    fail("train: found epochs = ", options.epochs, " and iterations = ", options.iterations,
         ", expected one of them above 0");
  return options.iterations > 0 ? options.iterations : options.epochs * steps_per_epoch;
}

inline TrainingIdentity identify(const AnyNet& net, const DataSetRef& data, const OptimizerRef& optimizer,
                                 const TrainOptions& options) {
  TrainingIdentity id;
  id.network = net.signature();
  id.precision = net.precision();
  id.network_seed = net.seed().value;
  id.optimizer = optimizer.describe();
  id.schedule = options.schedule.describe();
  id.augment = options.augment.describe();
  id.seed = options.seed.value_or(net.seed()).value;
  id.batch = options.batch;
  id.samples = data.size();
  id.clip_norm = options.clip_norm;
  return id;
}

/// One training from its first step to its last.
class Run {
 public:
  Run(AnyNet& net, const DataSetRef& data, const OptimizerRef& optimizer, const TrainOptions& options)
      : net_(net),
        data_(data),
        optimizer_(optimizer),
        options_(options),
        identity_(identify(net, data, optimizer, options)) {
    if (data.size() == 0) fail("train: the data set has no samples");
    if (options.batch == 0) fail("train: the batch size is 0, expected at least 1");
    if (options.log_every == 0) fail("train: log_every is 0, expected at least 1");
    if (options.resume && options.checkpoint_directory.empty()) fail("train: resume needs a checkpoint_directory");
    if (!(options.clip_norm >= 0.0F)) fail("train: clip_norm is ", options.clip_norm, ", expected 0 (off) or more");
    steps_per_epoch_ = (data.size() + options.batch - 1) / options.batch;
    state_.total = count_steps(options, steps_per_epoch_);
    state_.interval_losses.assign(net.heads().size(), 0.0);
  }

  TrainResult run() {
    const bool resumed = restore();
    std::vector<std::string> tasks;
    for (const HeadSlot& head : net_.heads())
      tasks.push_back(head.name() + (net_.members() > 1 ? "#" + std::to_string(head.member) : ""));
    Progress progress(options_.output, options_.name, state_.step, state_.total, tasks);
    log_ = options_.log_file.empty() ? TrainingLog() : TrainingLog(options_.log_file, state_.step);
    if (resumed)
      progress.say("goes on after iteration " + std::to_string(state_.step) + " of " + std::to_string(state_.total));
    else
      log_.write(
          Json().set("event", "start").set("step", 0).set("total", state_.total).set("settings", identity_.to_json()));
    if (state_.step < state_.total) train(progress);
    result_.iterations = state_.step;
    if (state_.has_best) result_.best_step = state_.best_step;
    result_.best_score = state_.best_score;
    result_.seconds = progress.seconds();
    if (result_.message.empty()) result_.message = "all " + std::to_string(state_.total) + " iterations done";
    if (!result_.finished() || options_.output == nullptr) return stopped(progress);
    progress.say(result_.message + " in " + progress::duration(result_.seconds));
    return std::move(result_);
  }

 private:
  TrainResult stopped(Progress& progress) {
    if (result_.reason == StopReason::not_finite && options_.output == nullptr)
      std::cerr << result_.message << std::endl;
    if (!result_.finished()) progress.say(result_.message);
    return std::move(result_);
  }

  [[nodiscard]] std::filesystem::path file(const char* name) const { return options_.checkpoint_directory / name; }

  bool restore() {
    if (options_.checkpoint_directory.empty()) return false;
    make_folder(options_.checkpoint_directory);
    remove_partial_files(options_.checkpoint_directory);
    std::error_code ignored;
    if (!options_.resume) {  // what an older training left must not be gone on with after a crash of this one
      std::filesystem::remove(file("last.safetensors"), ignored);
      std::filesystem::remove(file("best.safetensors"), ignored);
    }
    if (!std::filesystem::exists(file("last.safetensors"), ignored)) return false;
    const std::uint64_t total = state_.total;
    state_ = checkpoint::read(file("last.safetensors"), net_, identity_, optimizer_.state_count());
    if (state_.interval_losses.empty()) state_.interval_losses.assign(net_.heads().size(), 0.0);
    state_.total = total;
    if (state_.step > total)
      fail(file("last.safetensors").string(), ": has done ", state_.step, " iterations, but ", total,
           " are wanted in all");
    return state_.step > 0;
  }

  void train(Progress& progress) {
    ThreadPool threads(options_.threads);
    LoaderOptions loading;
    loading.batch = options_.batch;
    loading.shuffle = true;
    loading.seed = options_.seed.value_or(net_.seed());
    loading.augment = options_.augment;
    loading.first_epoch = state_.step / steps_per_epoch_;
    loading.first_position = static_cast<std::size_t>(state_.step % steps_per_epoch_) * options_.batch;
    loading.threads = options_.loader_threads;
    loading.on_error = options_.on_error;
    loading.cache = options_.cache;
    Loader loader(data_, net_.inputs(), net_.heads(), loading);
    std::vector<double> shown(net_.heads().size());

    while (state_.step < state_.total) {
      const LoadedBatch& loaded = *loader.next();
      for (const std::string& text : loaded.skipped) progress.say("skipped " + text);
      StepOptions step;
      step.step = state_.step;
      step.learning_rate_factor = options_.schedule.factor(state_.step, state_.total);
      step.clip_norm = options_.clip_norm;
      const StepResult& losses = net_.train_step(loaded.batch, optimizer_, step, threads);
      if (!losses.finite) {
        stop_not_finite("iteration " + std::to_string(state_.step + 1) + " (epoch " + std::to_string(loaded.epoch + 1) +
                        ", samples from " + std::to_string(loaded.position) +
                        " on): the loss is not finite; first in " + losses.location);
        break;
      }
      ++state_.step;
      for (std::size_t h = 0; h < shown.size(); ++h) {
        shown[h] = losses.losses[h].value();
        state_.interval_losses[h] += shown[h];
      }
      ++state_.interval_steps;
      const bool log_due = state_.step % options_.log_every == 0 || state_.step == state_.total;
      if (log_due) shown = write_losses(loaded.epoch, step.learning_rate_factor);
      progress.step(state_.step, loaded.batch.size, shown, log_due);
      if (options_.after_step) options_.after_step(state_.step, losses);

      const bool interrupted = options_.stop != nullptr && options_.stop->load() && state_.step < state_.total;
      if (!check_points(progress, threads, interrupted)) break;
      if (!interrupted) continue;
      result_.reason = StopReason::interrupted;
      result_.message =
          "stopped after iteration " + std::to_string(state_.step) + " of " + std::to_string(state_.total) +
          (options_.checkpoint_directory.empty() ? "; no checkpoint directory was given" : "; a checkpoint is written");
      break;
    }
    result_.skipped = loader.skipped();
  }

  /// The means since the last line go to the log and the history.
  std::vector<double> write_losses(std::uint64_t epoch, float factor) {
    std::vector<double> means;
    Json losses{Json::Object{}};
    for (std::size_t h = 0; h < state_.interval_losses.size(); ++h) {
      means.push_back(state_.interval_losses[h] / static_cast<double>(state_.interval_steps));
      const HeadSlot& head = net_.heads()[h];
      losses.set(head.name() + (head.member > 0 ? "#" + std::to_string(head.member) : ""),
                 TrainingLog::number(means.back()));
      state_.interval_losses[h] = 0.0;
    }
    state_.interval_steps = 0;
    log_.write(Json()
                   .set("event", "train")
                   .set("step", state_.step)
                   .set("epoch", epoch + 1)
                   .set("rate", TrainingLog::number(static_cast<double>(optimizer_.learning_rate() * factor)))
                   .set("losses", std::move(losses)));
    result_.history.push_back({state_.step, means});
    return means;
  }

  [[nodiscard]] bool due(std::uint64_t every) const {
    return state_.step % (every > 0 ? every : steps_per_epoch_) == 0 || state_.step == state_.total;
  }

  /// Evaluation and checkpoints where they are due. False when a parameter is not finite.
  bool check_points(Progress& progress, ThreadPool& threads, bool interrupted) {
    const bool evaluation_due = options_.evaluation && due(options_.evaluate_every);
    const bool checkpoint_due =
        !options_.checkpoint_directory.empty() && (due(options_.checkpoint_every) || interrupted);
    if (!evaluation_due && !checkpoint_due && state_.step < state_.total) return true;
    if (const std::string bad = net_.find_non_finite_parameter(); !bad.empty()) {
      stop_not_finite("iteration " + std::to_string(state_.step) + ": parameter '" + bad +
                      "' is not finite after the update");
      return false;
    }
    if (evaluation_due) evaluate(progress, threads);
    if (checkpoint_due) checkpoint::write(file("last.safetensors"), net_, identity_, state_);
    return true;
  }

  void evaluate(Progress& progress, ThreadPool& threads) {
    EvaluateOptions options;
    options.batch = options_.batch;
    options.loader_threads = options_.loader_threads;
    options.on_error = options_.on_error;
    Evaluation evaluation = evaluation::run(net_, *options_.evaluation, options, threads);
    const double score = evaluation.score();
    Json tasks{Json::Object{}};
    std::string text = "iteration " + std::to_string(state_.step) + ":";
    for (const Evaluation::Row& row : evaluation.rows) {
      Json values = Json().set("loss", TrainingLog::number(row.loss));
      for (const MetricValue& v : row.values) values.set(v.name, v.measured ? TrainingLog::number(v.value) : Json());
      tasks.set(row.name, std::move(values));
      text += " " + row.name + " loss " + progress::short_number(row.loss);
      if (row.main < row.values.size())
        text += ", " + row.values[row.main].name + " " + evaluation::to_text(row.values[row.main]) + ";";
    }
    if (text.back() == ';') text.pop_back();
    log_.write(Json()
                   .set("event", "evaluate")
                   .set("step", state_.step)
                   .set("score", TrainingLog::number(score))
                   .set("tasks", std::move(tasks)));
    progress.say(text);
    if (std::isfinite(score) && (!state_.has_best || score > state_.best_score)) {
      state_.has_best = true;
      state_.best_score = score;
      state_.best_step = state_.step;
      if (!options_.checkpoint_directory.empty()) checkpoint::write(file("best.safetensors"), net_, identity_, state_);
    }
    result_.evaluations.push_back({state_.step, std::move(evaluation), score});
  }

  void stop_not_finite(const std::string& text) {
    result_.reason = StopReason::not_finite;
    result_.message = (options_.name.empty() ? "" : options_.name + ": ") + text;
    std::error_code ignored;
    if (!options_.checkpoint_directory.empty() && std::filesystem::exists(file("last.safetensors"), ignored))
      result_.message += "; the last good checkpoint stays in " + file("last.safetensors").string();
    log_.write(Json().set("event", "not finite").set("step", state_.step).set("message", result_.message));
  }

  AnyNet& net_;
  const DataSetRef& data_;
  const OptimizerRef& optimizer_;
  const TrainOptions& options_;
  TrainingIdentity identity_;
  TrainingState state_;
  TrainingLog log_;
  TrainResult result_;
  std::uint64_t steps_per_epoch_ = 1;
};

}  // namespace trainer

inline TrainResult train(AnyNet& net, const DataSetRef& data, const OptimizerRef& optimizer,
                         const TrainOptions& options) {
  return trainer::Run(net, data, optimizer, options).run();
}

}  // namespace xstitch::inline XSTITCH_ISA
