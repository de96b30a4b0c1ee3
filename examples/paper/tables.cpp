// What an experiment prints and writes: its tables, with two intervals of each difference, and its section of the page.
#include <xstitch/io/file.hpp>
#include <xstitch/report/bootstrap.hpp>

#include <algorithm>
#include <deque>
#include <iostream>
#include <map>
#include <set>

#include "alexnet_voc/results.hpp"
#include "experiments.hpp"

namespace paper {
namespace {

namespace report_of = xs::report;
using protocol::Row;

std::string text_of(const xs::Interval& interval) {
  return xs::Table::number(interval.low, 2) + " to " + xs::Table::number(interval.high, 2);
}

/// The difference of two rows' mean over seeds, drawn over the test set's scenes: what another test set could give.
std::string scene_interval(const std::vector<ScenePair>& pairs, bool angle) {
  if (pairs.empty()) return "-";
  const auto& counts = angle ? pairs[0].method.normals : pairs[0].method.segmentation;
  if (counts.empty()) return "-";
  const auto difference = [&](std::span<const std::size_t> scenes) {
    double sum = 0.0;
    for (const auto& [mine, theirs] : pairs)
      sum +=
          angle ? mine.mean_angle(scenes) - theirs.mean_angle(scenes) : mine.mean_iu(scenes) - theirs.mean_iu(scenes);
    return sum / static_cast<double>(pairs.size());
  };
  return text_of(xs::bootstrap(counts.size(), difference, {.resamples = 1000}));
}

/// Of a method, in the order of `names`.
struct DrawnIntervals {
  std::string method;
  std::vector<std::string> of;
};
struct DrawnTable {
  std::string what;                ///< that is drawn
  std::vector<std::string> names;  ///< of outcomes, for JSON and the header
  std::vector<DrawnIntervals> rows;
};

DrawnTable scene_intervals(const Part& part, const protocol::Comparison& comparison, const protocol::Runner& runner) {
  DrawnTable drawn{"scenes", {"mean angle", "mean IU"}, {}};
  for (const std::string& method : comparison.methods()) {
    if (method == part.baseline) continue;
    const std::vector<ScenePair> pairs = scene_pairs(part, runner, method);
    drawn.rows.push_back({method, {scene_interval(pairs, true), scene_interval(pairs, false)}});
  }
  return drawn;
}

DrawnTable image_intervals(const Part& part, const protocol::Comparison& comparison, const Results& results) {
  DrawnTable drawn{"images", {"detection mAP", "attribute mAP"}, {}};
  const std::vector<std::size_t> positives = results.detection->training_positives(results.seeds[0]);
  for (const std::string& method : comparison.methods()) {
    if (method == part.baseline) continue;
    std::deque<alexnet_voc::Judged> judged;
    std::vector<alexnet_voc::JudgedPair> pairs = judged_pairs(part, results.runner, method, judged);
    if (pairs.empty()) {
      drawn.rows.push_back({method, {"-", "-"}});
      continue;
    }
    const std::string detection = text_of(alexnet_voc::detection_interval(pairs));
    const alexnet_voc::AttributeGains gains(std::move(pairs), positives);
    drawn.rows.push_back({method, {detection, text_of(gains.mean_interval())}});
  }
  return drawn;
}

std::string seeds_of(const Results& results) {
  std::string text = std::to_string(results.seeds.size()) + (results.seeds.size() == 1 ? " seed (" : " seeds (");
  for (std::size_t s = 0; s < results.seeds.size(); ++s)
    text += (s == 0 ? "" : ", ") + std::to_string(results.seeds[s]);
  return text + ")";
}

/// Figure 2: what sharing up to a layer changes, late splits on the right as in the paper.
void add_split_plots(const Part& part, const protocol::Comparison& comparison, std::vector<report_of::Item>& items) {
  std::vector<std::string> order;  // early splits first
  for (const std::string& method : comparison.methods())
    if (method != part.baseline) order.insert(order.begin(), method);
  for (std::size_t c = 0; c < part.columns.size(); ++c) {
    if (!part.columns[c].primary) continue;
    const auto differences = comparison.differences(c);
    report_of::Curve curve;
    for (std::size_t i = 0; i < order.size(); ++i)
      for (const auto& one : differences) {
        if (one.method != order[i]) continue;
        curve.x.push_back(static_cast<double>(i + 1));
        curve.y.push_back(one.value.mean);
        if (one.value.has_interval()) {
          curve.low.push_back(one.value.low);
          curve.high.push_back(one.value.high);
        }
        curve.labels.push_back(one.method);
      }
    if (curve.low.size() != curve.x.size()) curve.low.clear(), curve.high.clear();
    items.emplace_back(report_of::Plot{
        .title = part.columns[c].task + ": " + part.columns[c].metric + ", change against " + part.baseline,
        .x_title = "split points, the earliest on the left",
        .y_title = "change",
        .curves = {std::move(curve)},
        .marks = report_of::Marks::points,
        .zero_line = true});
  }
}

/// On which processors and by which commits the trainings of these rows were made.
std::map<std::string, std::size_t> makers(const Experiment& experiment, const Results& results) {
  std::map<std::string, std::size_t> count;
  std::set<std::string> seen;
  for (const Part& part : experiment.parts)
    for (const Row& row : part.rows)
      for (const std::string& name : results.runner.plan().needed(row)) {
        if (!seen.insert(name).second) continue;
        const xs::Json result = results.runner.training_result(name);
        const xs::Json* made = result.find("made");
        ++count[made == nullptr ? "not noted"
                                : made->at("processor").string() + ", commit " + made->at("commit").string()];
      }
  return count;
}

}  // namespace

std::vector<ScenePair> scene_pairs(const Part& part, const protocol::Runner& runner, const std::string& method) {
  std::vector<ScenePair> pairs;
  for (const Row& row : part.rows)
    for (const Row& base : part.rows) {
      if (row.method != method || base.method != part.baseline || row.seed != base.seed) continue;
      const protocol::EvaluatedRow &mine = runner.evaluated(row), &theirs = runner.evaluated(base);
      if (mine.measured && theirs.measured)
        pairs.push_back({SceneCounts::from(mine.judged.at("scenes")), SceneCounts::from(theirs.judged.at("scenes"))});
    }
  return pairs;
}

std::vector<alexnet_voc::JudgedPair> judged_pairs(const Part& part, const protocol::Runner& runner,
                                                  const std::string& method, std::deque<alexnet_voc::Judged>& judged) {
  std::vector<alexnet_voc::JudgedPair> pairs;
  for (const Row& row : part.rows)
    for (const Row& base : part.rows) {
      if (row.method != method || base.method != part.baseline || row.seed != base.seed) continue;
      const protocol::EvaluatedRow &mine = runner.evaluated(row), &theirs = runner.evaluated(base);
      if (!mine.measured || !theirs.measured) continue;
      judged.push_back(alexnet_voc::judged_from(mine.judged));
      judged.push_back(alexnet_voc::judged_from(theirs.judged));
      pairs.emplace_back(&judged[judged.size() - 2], &judged.back());
    }
  return pairs;
}

report_of::Section report(const Experiment& experiment, const Results& results) {
  report_of::Section section{.title = experiment.title, .items = {}};
  std::string text = experiment.title + "\n";
  std::string csv;
  xs::Json::Array parts;
  for (const Part& part : experiment.parts) {
    protocol::Comparison comparison(part.columns, part.baseline);
    for (const Row& row : part.rows) comparison.add(results.runner.result(row, part.columns));
    std::string test;
    if (experiment.detection)
      for (const Row& row : part.rows) {
        const protocol::EvaluatedRow& of = results.runner.evaluated(row);
        if (!of.measured) continue;
        const alexnet_voc::Judged judged = alexnet_voc::judged_from(of.judged);
        add_references(comparison, judged);
        test = "Test set: " + test_sentence(judged);
        text += "\n" + test + "\n";
        break;
      }
    const std::string title = part.title + ": means over " + seeds_of(results);
    text += "\n" + title + "\n\n" + comparison.table().to_text();
    section.items.emplace_back(report_of::TitledTable{title, comparison.table(), test});
    if (results.seeds.size() > 1) {
      text += "\nAgainst " + part.baseline + ":\n\n" + comparison.difference_table().to_text();
      section.items.emplace_back(report_of::TitledTable{
          part.title + ", against " + part.baseline + ": 95 % intervals over seeds", comparison.difference_table()});
    }
    if (experiment.name == "fig2") add_split_plots(part, comparison, section.items);
    const DrawnTable drawn = experiment.detection ? image_intervals(part, comparison, results)
                                                  : scene_intervals(part, comparison, results.runner);
    std::vector<std::string> header{"method - " + part.baseline};
    for (const std::string& name : drawn.names) header.push_back(name + ", " + drawn.what + " drawn");
    xs::Table table(header);
    xs::Json::Array intervals;
    for (const DrawnIntervals& row : drawn.rows) {
      std::vector<std::string> cells{row.method};
      xs::Json line = xs::Json().set("method", row.method);
      for (std::size_t i = 0; i < drawn.names.size(); ++i) {
        cells.push_back(row.of[i]);
        std::string key = drawn.names[i];
        std::replace(key.begin(), key.end(), ' ', '_');
        line.set(key, row.of[i]);
      }
      table.add_row(std::move(cells));
      intervals.push_back(std::move(line));
    }
    const std::string drawn_title = "95 % intervals of the means' differences, by drawing the test set's " + drawn.what;
    text += "\n" + drawn_title + ":\n\n" + table.to_text() + "\n";
    std::string sentences;
    for (const std::string& method : comparison.methods())
      if (method != part.baseline) {
        text += comparison.sentence(method) + "\n";
        sentences += (sentences.empty() ? "" : " ") + comparison.sentence(method);
      }
    section.items.emplace_back(report_of::TitledTable{drawn_title, table, sentences});
    parts.push_back(xs::Json()
                        .set("title", part.title)
                        .set("comparison", comparison.json())
                        .set(drawn.what == "scenes" ? "scene_intervals" : "image_intervals", std::move(intervals)));
    csv += "# " + part.title + "\n" + comparison.values_table().to_csv();
  }
  std::cout << "\n" << text << std::flush;
  xs::Json further = experiment.further ? experiment.further(experiment, results, section.items) : xs::Json();
  xs::Json::Array seeds;
  for (const std::uint64_t seed : results.seeds) seeds.emplace_back(seed);
  xs::Json made{xs::Json::Object{}};
  report_of::Settings by{.title = "Trainings, by processor and commit", .values = {}};
  for (const auto& [maker, count] : makers(experiment, results)) {
    made.set(maker, count);
    by.values.emplace_back(maker, std::to_string(count));
  }
  section.items.emplace_back(std::move(by));
  const std::filesystem::path base = results.folder / experiment.name;
  xs::write_file_atomically(base.string() + ".txt", text);
  xs::write_file_atomically(base.string() + ".csv", csv);
  xs::write_file_atomically(base.string() + ".json", xs::Json()
                                                             .set("experiment", experiment.name)
                                                             .set("title", experiment.title)
                                                             .set("preset", results.preset)
                                                             .set("training", results.subject.describe_training())
                                                             .set("test", results.subject.describe_test())
                                                             .set("seeds", std::move(seeds))
                                                             .set("parts", std::move(parts))
                                                             .set("further", std::move(further))
                                                             .set("trainings_made_by", std::move(made))
                                                             .text(2) +
                                                         "\n");
  return section;
}

}  // namespace paper
