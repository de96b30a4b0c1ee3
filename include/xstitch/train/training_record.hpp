#pragma once
/// \file
/// What a training tells while it runs: lines of the log (JSON), progress for people, and the history in its result.
///
///     {"event": "start", "step": 0, "total", "settings",
///      "towers": {seam: names}, "alphas": as below}                       of a network that is stitched
///     {"event": "train", "step", "epoch", "learning_rate",
///      "losses": {head: mean since the last line, null without labels},
///      "weights": {head: weight of the last step},                        where a rule weighs the heads
///      "alphas": {seam: {"mean", "least", "most"}}}                       over channels: alpha_record.hpp
///     {"event": "evaluate", "step", "score", "tasks": {task: {"loss", metrics}}}
///     {"event": "schedule", "step", "from", "to"}              a resume changed the length of the schedule
///     {"event": "not finite", "step", "message"}

#include <xstitch/train/alpha_record.hpp>
#include <xstitch/train/event_record.hpp>
#include <xstitch/train/log.hpp>
#include <xstitch/train/mean_loss.hpp>
#include <xstitch/train/progress.hpp>
#include <xstitch/train/train_options.hpp>
#include <xstitch/train/train_result.hpp>
#include <xstitch/train/training_state.hpp>

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class TrainingRecord {
 public:
  /// `told_again`: events of the restored step that the log may hold already and that come once more.
  XSTITCH_INLINE TrainingRecord(AnyNet& net, const TrainOptions& options, const TrainingState& state,
                                const std::vector<std::string_view>& told_again)
      : net_(net),
        progress_(options.output, options.name, state.step, state.total, names(net.heads())),
        names_(names(net.heads())),
        shown_(net.heads().size()),
        events_(net, options.tensorboard, state.step) {
    if (!options.log_file.empty()) log_ = TrainingLog(options.log_file, state.step, told_again);
    if (!log_.damage().empty()) say(log_.damage());
  }

  void say(const std::string& line) { progress_.say(line); }
  /// What log and event files say so far is on the disk afterwards.
  void flush() {
    log_.flush();
    events_.flush();
  }
  [[nodiscard]] double seconds() const { return progress_.seconds(); }

  XSTITCH_INLINE void start(const TrainingIdentity& identity, std::uint64_t total) {
    TrainingIdentity settings = identity;
    settings.job.clear();  // at random: the same job again has the same log
    Json line = Json().set("event", "start").set("step", 0).set("total", total).set("settings", settings.to_json());
    if (Json seams = alphas::of(net_); !seams.object().empty())
      line.set("towers", alphas::towers(net_)).set("alphas", std::move(seams));
    log_.write(line);
  }

  /// A resume continues with a schedule of another length: the factor of the learning rate is said before and after.
  XSTITCH_INLINE void schedule_changed(std::uint64_t step, std::uint64_t from, std::uint64_t to, float then,
                                       float now) {
    say("the schedule's length changes from " + std::to_string(from) + " to " + std::to_string(to) +
        " iterations: the factor of the learning rate at iteration " + std::to_string(step + 1) + " is " +
        progress::short_number(static_cast<double>(now)) + ", it would have been " +
        progress::short_number(static_cast<double>(then)));
    log_.write(Json().set("event", "schedule").set("step", step).set("from", from).set("to", to));
  }

  /// After a step: shows the mean losses so far, or, when a line of the log is due, writes them, starts the next
  /// interval and returns them for the history.
  XSTITCH_INLINE std::vector<double> step(TrainingState& state, std::size_t samples, bool due, std::uint64_t epoch,
                                          double learning_rate, std::span<const float> weights) {
    for (std::size_t h = 0; h < shown_.size(); ++h)
      if (const double mean = mean_loss(state.interval[h]); due || !std::isnan(mean)) shown_[h] = mean;
    progress_.step(state.step, samples, shown_, due, weights);
    if (!due) return {};
    Json losses{Json::Object{}};
    for (std::size_t h = 0; h < shown_.size(); ++h) losses.set(names_[h], TrainingLog::number(shown_[h]));
    Json line = Json()
                    .set("event", "train")
                    .set("step", state.step)
                    .set("epoch", epoch + 1)
                    .set("learning_rate", TrainingLog::number(learning_rate))
                    .set("losses", std::move(losses));
    if (!weights.empty()) {
      Json of_heads{Json::Object{}};
      for (std::size_t h = 0; h < weights.size(); ++h) of_heads.set(names_[h], static_cast<double>(weights[h]));
      line.set("weights", std::move(of_heads));
    }
    if (Json seams = alphas::of(net_); !seams.object().empty()) line.set("alphas", std::move(seams));
    log_.write(line);
    events_.step(net_, state.step, learning_rate, names_, shown_, weights);
    state.interval.assign(shown_.size(), {});
    return shown_;
  }

  XSTITCH_INLINE void evaluated(std::uint64_t step, const Evaluation& evaluation, double score) {
    Json tasks{Json::Object{}};
    std::string text = "iteration " + std::to_string(step) + ":";
    for (const Evaluation::Row& row : evaluation.rows) {
      Json values = Json().set("loss", row.labelled ? TrainingLog::number(row.loss) : Json());
      for (const MetricValue& v : row.values) values.set(v.name, v.measured ? TrainingLog::number(v.value) : Json());
      tasks.set(row.name, std::move(values));
      text += " " + row.name + " loss " + (row.labelled ? progress::short_number(row.loss) : "-");
      if (row.main < row.values.size())
        text += ", " + row.values[row.main].name + " " + evaluation::to_text(row.values[row.main]) + ";";
    }
    if (text.back() == ';') text.pop_back();
    log_.write(Json()
                   .set("event", "evaluate")
                   .set("step", step)
                   .set("score", TrainingLog::number(score))
                   .set("tasks", std::move(tasks)));
    events_.evaluated(net_, step, evaluation);
    say(text);
  }

  XSTITCH_INLINE void not_finite(std::uint64_t step, const std::string& message) {
    log_.write(Json().set("event", "not finite").set("step", step).set("message", message));
  }

 private:
  /// "tower.head", and "#member" after it in an ensemble.
  XSTITCH_INLINE static std::vector<std::string> names(std::span<const HeadSlot> heads) {
    bool members = false;
    for (const HeadSlot& head : heads) members = members || head.member > 0;
    std::vector<std::string> list;
    for (const HeadSlot& head : heads) list.push_back(head.name() + (members ? "#" + std::to_string(head.member) : ""));
    return list;
  }

  AnyNet& net_;
  Progress progress_;
  TrainingLog log_;
  std::vector<std::string> names_;
  std::vector<double> shown_;  ///< [head]
  EventRecord events_;
};

}  // namespace xstitch::inline XSTITCH_ISA
