#pragma once
// The experiments: which rows each has, and what it prints and writes of them.
#include <xstitch/report/report.hpp>

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "alexnet_voc/gains.hpp"
#include "alexnet_voc/subject.hpp"
#include "choose.hpp"
#include "common/comparison.hpp"
#include "common/plan.hpp"
#include "common/runner.hpp"
#include "data.hpp"
#include "preset.hpp"
#include "scenes.hpp"

namespace paper {

/// A table of an experiment: rows against a baseline.
struct Part {
  std::string title;
  std::string baseline;
  std::vector<protocol::Column> columns;
  std::vector<protocol::Row> rows;  ///< of all seeds
};

/// What a further result (sorted alphas, gains a class) is made from. One of `dense` and `detection` is there.
struct Results {
  const protocol::Runner& runner;
  const protocol::Subject& subject;
  std::string preset;
  DataSets* dense = nullptr;
  int classes = 0;  ///< of segmentation
  const alexnet_voc::DetectionSubject* detection = nullptr;
  std::filesystem::path folder;  ///< of the results
  std::vector<std::uint64_t> seeds;
};

/// Counts of each scene of a row and of the baseline's row of the same seed.
struct ScenePair {
  SceneCounts method, baseline;
};
std::vector<ScenePair> scene_pairs(const Part& part, const protocol::Runner& runner, const std::string& method);

/// The same of the second pair; `judged` holds what the pairs point to.
std::vector<alexnet_voc::JudgedPair> judged_pairs(const Part& part, const protocol::Runner& runner,
                                                  const std::string& method, std::deque<alexnet_voc::Judged>& judged);

struct Experiment {
  std::string name, title;
  std::vector<Part> parts;
  /// Prints and writes what is no table of methods, and adds it to a page; gives it as JSON.
  std::function<xs::Json(const Experiment&, const Results&, std::vector<xs::report::Item>&)> further;
  bool detection = false;  ///< of the second pair: detection and attributes
};

struct ExperimentInfo {
  const char* name;
  const char* what;
  bool detection = false;
};
/// Names and one line each, in the paper's order.
const std::vector<ExperimentInfo>& experiment_list();

/// Adds the trainings of an experiment to the plan. Errors: an unknown name; chosen settings for one that has its own.
Experiment plan_experiment(const std::string& name, const Preset& preset, protocol::Plan& plan,
                           const std::vector<std::uint64_t>& seeds, const std::optional<Chosen>& chosen = {});

/// Tables to the terminal; NAME.txt, NAME.csv (every value), NAME.json (everything) to the folder of results. Gives the
/// section of the page. In tables.cpp.
xs::report::Section report(const Experiment& experiment, const Results& results);

// Further results, in further.cpp.
xs::Json report_alphas(const Experiment& experiment, const Results& results, std::vector<xs::report::Item>& items);
xs::Json report_class_gains(const Experiment& experiment, const Results& results, std::vector<xs::report::Item>& items);
xs::Json report_attribute_gains(const Experiment& experiment, const Results& results,
                                std::vector<xs::report::Item>& items);

}  // namespace paper
