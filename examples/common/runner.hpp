#pragma once
// Runs a plan: trainings in an order in which each comes after those that it starts from, some of them at a time, then
// the evaluation of every row. What is finished is kept in the output folder and never done again; a training that was
// stopped or killed continues from its last checkpoint.
//
//   OUTPUT/trainings/NAME/network.safetensors    the last iterate
//   OUTPUT/trainings/NAME/result.json            its settings, what it cost, or that it diverged
//   OUTPUT/trainings/NAME/training/log.jsonl     losses
//   OUTPUT/evaluations/NAME.json                 what the subject says of a row: metrics, and more of its own
#include <xstitch/io/json.hpp>
#include <xstitch/metrics/metric.hpp>

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "comparison.hpp"
#include "plan.hpp"
#include "subject.hpp"

namespace protocol {

class Together;

struct RunSettings {
  std::filesystem::path folder;
  std::size_t batch = 4;
  float learning_rate = 0.0F, weight_decay = 5e-4F, alpha_multiplier = 0.0F;
  std::size_t jobs = 1, threads = 1;  ///< trainings at a time, and threads of each
  std::uint64_t checkpoint_every = 500;
  std::shared_ptr<Together> together{};  ///< of several processes (together.hpp); null: this one alone
};

/// What became of a row.
struct EvaluatedRow {
  bool measured = false;                                        ///< false: a training diverged
  std::map<std::string, std::vector<xs::MetricValue>> metrics;  ///< by task
  xs::Json judged;                                              ///< what the subject said
  Cost cost;
};

class Runner {
 public:
  Runner(Subject& subject, RunSettings settings, const Plan& plan, const std::atomic<bool>& stop)
      : subject_(subject), settings_(std::move(settings)), plan_(plan), stop_(stop) {}

  /// False if it was stopped. An Error of one training ends all.
  bool run(const std::vector<Row>& rows);

  [[nodiscard]] const EvaluatedRow& evaluated(const Row& row) const;
  /// The row's values for the columns; not measured where a training diverged.
  [[nodiscard]] RowResult result(const Row& row, const std::vector<Column>& columns) const;
  [[nodiscard]] std::filesystem::path network_file(const std::string& training) const {
    return settings_.folder / "trainings" / training / "network.safetensors";
  }
  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] const RunSettings& settings() const { return settings_; }
  /// Forgets trainings and evaluations of a folder.
  static void forget(const std::filesystem::path& folder) {
    std::filesystem::remove_all(folder / "evaluations");
    std::filesystem::remove_all(folder / "trainings");
  }

 private:
  struct Done {
    Cost cost;
    bool diverged = false;
  };
  struct Work;  // what is to be done, and how far it is

  static std::string name_of(const Row& row);
  [[nodiscard]] xs::Json settings_of(const Training& training) const;
  /// False if it was stopped.
  bool train(const Training& training, Work& work);
  bool find_finished(const Training& training);
  void evaluate(const Row& row);
  bool find_evaluated(const Row& row);
  void remember(const Row& row, const xs::Json& json);
  [[nodiscard]] Done done(const std::string& training) const;

  Subject& subject_;
  RunSettings settings_;
  const Plan& plan_;
  const std::atomic<bool>& stop_;
  mutable std::mutex mutex_;
  std::map<std::string, Done> done_;
  std::map<std::string, EvaluatedRow> evaluated_;
};

}  // namespace protocol
