#pragma once
// Runs a plan: trainings in an order in which each comes after those that it starts from, some of them at a time, then
// the evaluation of every row. What is finished is kept in the output folder and never done again; a training that was
// stopped or killed continues from its last checkpoint.
//
//   OUTPUT/trainings/NAME/network.safetensors    the last iterate
//   OUTPUT/trainings/NAME/result.json            its settings, what it cost, or that it diverged
//   OUTPUT/trainings/NAME/training/log.jsonl     losses
//   OUTPUT/evaluations/NAME.json                 metrics of a row, counts of each scene
#include <xstitch/metrics/metric.hpp>

#include <atomic>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/comparison.hpp"
#include "common/plan.hpp"
#include "data.hpp"
#include "scenes.hpp"

namespace paper {

struct RunSettings {
  std::filesystem::path folder;
  std::size_t batch = 4;
  float learning_rate = 0.0F, alpha_multiplier = 0.0F;
  std::size_t jobs = 1, threads = 1;  ///< trainings at a time, and threads of each
  std::uint64_t checkpoint_every = 500;
};

/// What became of a row.
struct EvaluatedRow {
  bool measured = false;                                        ///< false: a training diverged
  std::map<std::string, std::vector<xs::MetricValue>> metrics;  ///< by task
  SceneCounts scenes;
  protocol::Cost cost;
};

class Runner {
 public:
  Runner(const Preset& preset, RunSettings settings, DataSets& data, const protocol::Plan& plan,
         const std::atomic<bool>& stop)
      : preset_(preset), settings_(std::move(settings)), data_(data), plan_(plan), stop_(stop) {}

  /// False if it was stopped. An Error of one training ends all.
  bool run(const std::vector<protocol::Row>& rows);

  [[nodiscard]] const EvaluatedRow& evaluated(const protocol::Row& row) const;
  /// The row's values for the columns; not measured where a training diverged.
  [[nodiscard]] protocol::RowResult result(const protocol::Row& row,
                                           const std::vector<protocol::Column>& columns) const;
  [[nodiscard]] std::filesystem::path network_file(const std::string& training) const {
    return settings_.folder / "trainings" / training / "network.safetensors";
  }

 private:
  struct Done {
    protocol::Cost cost;
    bool diverged = false;
  };
  struct Work;  // what is to be done, and how far it is

  static std::string name_of(const protocol::Row& row);
  [[nodiscard]] xs::Json settings_of(const protocol::Training& training) const;
  /// False if it was stopped.
  bool train(const protocol::Training& training, Work& work);
  bool find_finished(const protocol::Training& training);
  void evaluate(const protocol::Row& row);
  bool find_evaluated(const protocol::Row& row);
  void remember(const protocol::Row& row, const xs::Json& json);
  [[nodiscard]] Done done(const std::string& training) const;

  const Preset& preset_;
  RunSettings settings_;
  DataSets& data_;
  const protocol::Plan& plan_;
  const std::atomic<bool>& stop_;
  mutable std::mutex mutex_;
  std::map<std::string, Done> done_;
  std::map<std::string, EvaluatedRow> evaluated_;
};

}  // namespace paper
