#pragma once
// Runs a plan: trainings in an order in which each comes after those that it starts from, some of them at a time, then
// the evaluation of every row. What is finished is kept in the output folder and never done again; a training that was
// stopped or killed continues from its last checkpoint.
//
//   OUTPUT/trainings/NAME/network.safetensors    the last iterate
//   OUTPUT/trainings/NAME/result.json            its settings, what it cost, or that it diverged
//   OUTPUT/trainings/NAME/training/log.jsonl     losses
//   OUTPUT/evaluations/NAME.json                 what the subject says of a row: metrics, and more of its own
//
// What a record (record.hpp) of other machines has is not done again either. It has no networks: a training whose
// network a row still wants is made again.
//
// Work is in the order of seeds, and in it in that of rows, so that a run that ends early leaves whole seeds.
#include <xstitch/io/folder.hpp>
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
#include "record.hpp"
#include "subject.hpp"

namespace protocol {

class Together;

struct RunSettings {
  std::filesystem::path folder;
  std::size_t batch = 4;
  float learning_rate = 0.0F, weight_decay = 5e-4F, alpha_multiplier = 0.0F;
  std::size_t jobs = 1, threads = 1;  ///< trainings at a time, and threads of each
  std::uint64_t checkpoint_every = 500;
  std::filesystem::path record{};  ///< folder of a record; empty: none
  /// No training is begun that will not end in so many seconds, by what others took; what runs then is stopped. 0: no
  /// end.
  double stop_after = 0.0;
  std::shared_ptr<Together> together{};  ///< of several processes (together.hpp); null: this one alone
};

/// How a run ended: by itself, by the stop flag, or by its time.
enum class RunEnd : std::uint8_t { finished, stopped, out_of_time };

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
      : subject_(subject), settings_(std::move(settings)), plan_(plan), stop_(stop), record_(settings_.record) {}

  /// Trains and judges these rows of the plan. An Error of one training ends all. Whatever the end, what is finished
  /// is in the record, too.
  RunEnd run(const std::vector<Row>& rows);
  /// Whether a row was judged, now or before: by the folder or the record.
  bool find(const Row& row);

  [[nodiscard]] const EvaluatedRow& evaluated(const Row& row) const;
  /// The row's values for the columns; not measured where a training diverged.
  [[nodiscard]] RowResult result(const Row& row, const std::vector<Column>& columns) const;
  [[nodiscard]] std::filesystem::path network_file(const std::string& training) const {
    return settings_.folder / "trainings" / training / "network.safetensors";
  }
  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] const RunSettings& settings() const { return settings_; }
  /// result.json of a training that is finished here or in the record; of the record with its curves.
  [[nodiscard]] xs::Json training_result(const std::string& training) const;
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
  /// What is left to do for the rows, in order.
  void fill(const std::vector<Row>& rows, Work& work);
  void work_on(Work& work);
  [[nodiscard]] bool fits(const Work& work, double operations) const;
  [[nodiscard]] bool has_network(const std::string& training) const { return xs::file_exists(network_file(training)); }
  void remember(const Row& row, const xs::Json& json);
  [[nodiscard]] Done done(const std::string& training) const;

  Subject& subject_;
  RunSettings settings_;
  const Plan& plan_;
  const std::atomic<bool>& stop_;
  Record record_;
  std::atomic<bool> halt_{false};  // by stop_ or by time
  double known_speed_ = 0.0;       // operations a second of a training here, by what is known of others
  mutable std::mutex mutex_;
  std::map<std::string, Done> done_;
  std::map<std::string, EvaluatedRow> evaluated_;
};

}  // namespace protocol
