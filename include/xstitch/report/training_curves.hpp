#pragma once
/// \file
/// A training's log (train/training_record.hpp) as curves over iterations: losses and metrics of each task, learning
/// rate, weights of the heads, alphas of each seam with the spread over its channels.
///
/// A line that cannot be read is left out, and `notes` says how many there are; a value that is null is a gap.

#include <xstitch/io/file.hpp>
#include <xstitch/io/json.hpp>
#include <xstitch/report/plot.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::report {

struct TrainingCurves {
  /// A metric of a task.
  struct Metric {
    std::string task, name;  ///< "loss", "mean IU"
    Curve curve;             ///< over steps
  };
  /// The alphas of a seam.
  struct Seam {
    std::string name;                 ///< of the seam
    std::vector<std::string> towers;  ///< of rows and columns; empty: not known
    std::size_t columns = 0;          ///< alphas of a tower: 1, or one a channel
    std::vector<Curve> alphas;        ///< row after row: what tower t gets of each
  };
  std::vector<Curve> losses, weights;  ///< by heads
  Curve learning_rate;                 ///< over steps
  std::vector<Metric> metrics;         ///< of evaluations
  std::vector<Seam> seams;             ///< with their alphas
  Json settings;                       ///< of the training
  std::uint64_t step = 0, total = 0;   ///< reached, and planned
  std::vector<std::string> notes;      ///< what happened, in sentences
};

namespace training_curves {

/// "upper from lower": an entry of a seam's matrix.
inline std::string entry_name(const std::vector<std::string>& towers, std::size_t row, std::size_t column) {
  const auto name = [&](std::size_t i) { return i < towers.size() ? towers[i] : std::to_string(i + 1); };
  return name(row) + " from " + name(column);
}

class Reader {
 public:
  XSTITCH_INLINE void add(const Json& line) {
    const Json* event = line.find("event");
    const std::string_view name = event != nullptr && event->is_string() ? event->string() : std::string_view{};
    const std::uint64_t step = line.at("step").whole();
    const auto x = static_cast<double>(step);
    if (name == "start") {
      curves_ = {};  // a training that began again in the same file
      curves_.total = line.at("total").whole();
      curves_.settings = line.at("settings");
      if (const Json* towers = line.find("towers")) add_towers(*towers);
    } else if (name == "train") {
      add_to(curves_.losses, line.at("losses"), x);
      if (const Json* weights = line.find("weights")) add_to(curves_.weights, *weights, x);
      append(curves_.learning_rate, x, line.at("learning_rate"));
    } else if (name == "evaluate") {
      for (const auto& [task, values] : line.at("tasks").object())
        for (const auto& [metric, value] : values.object()) append(metric_of(task, metric), x, value);
    } else if (name == "schedule") {
      curves_.notes.push_back("At iteration " + std::to_string(step) + " the schedule's length changed from " +
                              std::to_string(line.at("from").whole()) + " to " + std::to_string(line.at("to").whole()) +
                              ".");
    } else if (name == "not finite") {
      curves_.notes.push_back(line.at("message").string());
    }
    if (const Json* alphas = line.find("alphas"))
      for (const auto& [seam, values] : alphas->object()) add_alphas(seam_of(seam), values, x);
    curves_.step = std::max(curves_.step, step);
  }
  [[nodiscard]] XSTITCH_INLINE TrainingCurves take() { return std::move(curves_); }

 private:
  static double number(const Json& value) {
    return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.number();
  }
  static void append(Curve& curve, double x, const Json& y) {
    curve.y.push_back(number(y));
    curve.x.push_back(x);
  }
  XSTITCH_INLINE static void add_to(std::vector<Curve>& list, const Json& values, double x) {
    for (const auto& [name, value] : values.object()) {
      const auto is_it = [&, &key = name](const Curve& c) { return c.name == key; };
      auto found = std::find_if(list.begin(), list.end(), is_it);
      if (found == list.end()) found = list.insert(list.end(), Curve{.name = name, .x = {}, .y = {}});
      append(*found, x, value);
    }
  }
  XSTITCH_INLINE Curve& metric_of(const std::string& task, const std::string& name) {
    for (TrainingCurves::Metric& metric : curves_.metrics)
      if (metric.task == task && metric.name == name) return metric.curve;
    curves_.metrics.push_back({task, name, {.name = task, .x = {}, .y = {}}});
    return curves_.metrics.back().curve;
  }
  XSTITCH_INLINE TrainingCurves::Seam& seam_of(const std::string& name) {
    for (TrainingCurves::Seam& seam : curves_.seams)
      if (seam.name == name) return seam;
    curves_.seams.push_back({.name = name, .towers = {}, .columns = 0, .alphas = {}});
    return curves_.seams.back();
  }
  XSTITCH_INLINE void add_towers(const Json& towers) {
    for (const auto& [seam, names] : towers.object())
      for (const Json& name : names.array()) seam_of(seam).towers.push_back(name.string());
  }
  XSTITCH_INLINE void add_alphas(TrainingCurves::Seam& seam, const Json& values, double x) {
    const Json::Array &mean = values.at("mean").array(), &least = values.at("least").array(),
                      &most = values.at("most").array();
    if (seam.alphas.empty()) start_seam(seam, mean);
    std::size_t k = 0;
    for (std::size_t row = 0; row < mean.size(); ++row)
      for (std::size_t column = 0; column < mean[row].array().size(); ++column, ++k) {
        const bool fits = k < seam.alphas.size() && row < least.size() && row < most.size() &&
                          column < least[row].array().size() && column < most[row].array().size();
        if (!fits) fail("the alphas of seam \"", seam.name, "\" have another size than before");
        seam.alphas[k].low.push_back(number(least[row].array()[column]));
        seam.alphas[k].high.push_back(number(most[row].array()[column]));
        append(seam.alphas[k], x, mean[row].array()[column]);
      }
  }
  XSTITCH_INLINE static void start_seam(TrainingCurves::Seam& seam, const Json::Array& mean) {
    if (seam.towers.size() != mean.size()) seam.towers.clear();  // a matrix between parts of towers
    for (std::size_t row = 0; row < mean.size(); ++row) {
      seam.columns = mean[row].array().size();
      for (std::size_t column = 0; column < seam.columns; ++column)
        seam.alphas.push_back({.name = entry_name(seam.towers, row, column), .x = {}, .y = {}});
    }
  }

  TrainingCurves curves_;
};

}  // namespace training_curves

/// Reads a log; an Error if there is none.
XSTITCH_INLINE TrainingCurves read_training_log(const std::filesystem::path& path) {
  const std::string text = read_file(path);
  training_curves::Reader reader;
  std::size_t damaged = 0, number = 0, first = 0;
  std::string reason;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    ++number;
    try {
      reader.add(Json::parse(line, "log"));
    } catch (const Error& error) {
      if (damaged++ == 0) first = number, reason = error.what();
    }
  }
  TrainingCurves curves = reader.take();
  if (damaged > 0)
    curves.notes.push_back(path.filename().string() + ", line " + std::to_string(first) + ": " + reason + " (" +
                           std::to_string(damaged) + (damaged == 1 ? " line is" : " lines are") + " left out)");
  return curves;
}

}  // namespace xstitch::inline XSTITCH_ISA::report
