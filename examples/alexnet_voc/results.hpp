#pragma once
// What comes out: the paper's Table 6 with what no training gives beside it, tables a class and an attribute, and
// results.json for whoever makes plots of it.
#include <xstitch/io/file.hpp>
#include <xstitch/io/json.hpp>
#include <xstitch/report/paired_difference.hpp>
#include <xstitch/report/table.hpp>
#include <xstitch/train/evaluate_detection.hpp>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace alexnet_voc {

namespace xs = xstitch;

/// One method trained with one seed.
struct Row {
  std::string method;
  std::uint64_t seed = 1;
  xs::DetectionEvaluation found;
  std::vector<std::string> trainings{};  ///< folders
  std::uint64_t samples = 0;           ///< images seen
  double seconds = 0.0;                ///< of its trainings in this run, 0 where they were loaded
  std::size_t parameters = 0;
};

inline xs::Json json(const xs::MetricValue& value) { return value.measured ? xs::Json(value.value) : xs::Json(); }

/// The numbers of a table's row.
struct Figures {
  xs::MetricValue detection, detection_11, attributes, within_class;
};
inline Figures figures(const Row& row) {
  const auto detection = row.found.detections.values(), attribute = row.found.attributes.values();
  return {detection.at(0), detection.at(1), attribute.at(0), attribute.at(3)};
}

/// Classes that have objects.
inline xs::Table class_table(const std::vector<Row>& rows) {
  std::vector<std::string> header{"AP (%) of class", "objects", "difficult", "random scores"};
  for (const Row& row : rows) header.push_back(row.method + ", seed " + std::to_string(row.seed));
  xs::Table table(header);
  const auto random = rows.at(0).found.random.per_class();
  for (std::size_t k = 0; k < random.size(); ++k) {
    if (random[k].objects == 0) continue;
    std::vector<std::string> cells{random[k].name, std::to_string(random[k].objects),
                                   std::to_string(random[k].difficult), xs::Table::number(random[k].all_points)};
    for (const Row& row : rows) cells.push_back(xs::Table::number(row.found.detections.per_class()[k].all_points));
    table.add_row(cells);
  }
  return table;
}

/// Attributes that have positives, the rarest of the training set first.
inline xs::Table attribute_table(const std::vector<Row>& rows, const std::vector<std::size_t>& training_positives) {
  std::vector<std::string> header{"AP (%) of attribute", "in training", "in test", "prevalence", "from class"};
  for (const Row& row : rows) header.push_back(row.method + ", seed " + std::to_string(row.seed));
  xs::Table table(header);
  const auto first = rows.at(0).found.attributes.per_attribute();
  std::vector<std::size_t> order;
  for (std::size_t a = 0; a < first.size(); ++a)
    if (first[a].positives > 0) order.push_back(a);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return training_positives[a] < training_positives[b]; });
  std::vector<std::vector<xs::AttributePrecision::PerAttribute>> each;
  for (const Row& row : rows) each.push_back(row.found.attributes.per_attribute());
  for (const std::size_t a : order) {
    std::vector<std::string> cells{first[a].name, std::to_string(training_positives[a]),
                                   std::to_string(first[a].positives), xs::Table::number(first[a].prevalence),
                                   xs::Table::number(first[a].from_class)};
    for (const auto& one : each) cells.push_back(xs::Table::number(one[a].average_precision));
    table.add_row(cells);
  }
  return table;
}

/// The methods in the order in which they first come.
inline std::vector<std::string> methods(const std::vector<Row>& rows) {
  std::vector<std::string> all;
  for (const Row& row : rows)
    if (std::find(all.begin(), all.end(), row.method) == all.end()) all.push_back(row.method);
  return all;
}

/// Means over the seeds, and the difference from one-task with its 95 % interval where there are several seeds.
inline xs::Table summary(const std::vector<Row>& rows) {
  xs::Table table({"method", "detection mAP", "11 points", "attribute mAP", "within class", "seeds", "images seen",
                   "seconds", "det. - one-task", "attr. - one-task"});
  const auto number = [](const xs::MetricValue& v) { return xs::Table::number(v); };
  const xs::DetectionEvaluation& any = rows.at(0).found;
  const auto attribute = any.attributes.values();
  const auto random = any.random.values();
  table.add_row({"random scores, prevalence", number(random[0]), number(random[1]), number(attribute.at(1)),
                 number(attribute.at(4))});
  table.add_row({"the true class alone", "", "", number(attribute.at(2)), number(attribute.at(4))});
  using Member = xs::MetricValue Figures::*;
  const auto values = [&](const std::string& method, Member member) {
    std::vector<double> all;
    for (const Row& row : rows)
      if (row.method == method) all.push_back((figures(row).*member).value);
    return all;
  };
  const auto mean = [](const std::vector<double>& all) {
    double sum = 0.0;
    for (const double v : all) sum += v;
    return sum / static_cast<double>(all.size());
  };
  for (const std::string& method : methods(rows)) {
    std::vector<std::string> cells{method};
    for (const Member member :
         {&Figures::detection, &Figures::detection_11, &Figures::attributes, &Figures::within_class})
      cells.push_back(xs::Table::number(mean(values(method, member))));
    double seconds = 0.0;
    std::size_t count = 0;
    std::uint64_t samples = 0;
    for (const Row& row : rows)
      if (row.method == method) seconds += row.seconds, ++count, samples = row.samples;
    cells.push_back(std::to_string(count));
    cells.push_back(std::to_string(samples));
    cells.push_back(seconds > 0.0 ? xs::Table::number(seconds / static_cast<double>(count), 0) : "-");
    for (const Member member : {&Figures::detection, &Figures::attributes}) {
      const std::vector<double> own = values(method, member), base = values("one-task", member);
      if (method == "one-task" || own.size() != base.size()) {
        cells.emplace_back();
        continue;
      }
      const xs::PairedDifference d = xs::paired_difference(own, base);
      cells.push_back(xs::Table::number(d.mean) +
                      (d.has_interval() ? " [" + xs::Table::number(d.low) + ", " + xs::Table::number(d.high) + "]" : ""));
    }
    table.add_row(cells);
  }
  return table;
}

inline xs::Json json(const Row& row) {
  xs::Json::Array of_classes, of_attributes, trainings;
  for (const auto& c : row.found.detections.per_class())
    if (c.objects > 0)
      of_classes.push_back(xs::Json()
                               .set("name", c.name)
                               .set("average_precision", json(c.all_points))
                               .set("average_precision_11_points", json(c.eleven_points))
                               .set("objects", c.objects)
                               .set("difficult", c.difficult)
                               .set("found", c.found)
                               .set("detections", c.detections));
  for (const auto& a : row.found.attributes.per_attribute())
    if (a.positives > 0)
      of_attributes.push_back(xs::Json()
                                  .set("name", a.name)
                                  .set("average_precision", json(a.average_precision))
                                  .set("prevalence", json(a.prevalence))
                                  .set("from_class", json(a.from_class))
                                  .set("within_class", json(a.within_class))
                                  .set("within_class_prevalence", json(a.within_class_prevalence))
                                  .set("positives", a.positives)
                                  .set("objects", a.objects));
  for (const std::string& name : row.trainings) trainings.emplace_back(name);
  const Figures f = figures(row);
  return xs::Json()
      .set("method", row.method)
      .set("seed", row.seed)
      .set("detection", xs::Json()
                            .set("mean_average_precision", json(f.detection))
                            .set("mean_average_precision_11_points", json(f.detection_11))
                            .set("classes", of_classes))
      .set("attributes", xs::Json()
                             .set("mean_average_precision", json(f.attributes))
                             .set("within_class", json(f.within_class))
                             .set("each", of_attributes))
      .set("samples", row.samples)
      .set("seconds", row.seconds > 0.0 ? xs::Json(row.seconds) : xs::Json())
      .set("parameters", row.parameters)
      .set("trainings", trainings);
}

/// What needs no training.
inline xs::Json baselines(const xs::DetectionEvaluation& any) {
  const auto attribute = any.attributes.values();
  const auto random = any.random.values();
  return xs::Json()
      .set("proposal_recall", json(any.recall.at(0.5)))
      .set("proposals_an_image", any.recall.proposals_an_image())
      .set("random_scores", json(random.at(0)))
      .set("random_scores_11_points", json(random.at(1)))
      .set("attribute_prevalence", json(attribute.at(1)))
      .set("attributes_from_class", json(attribute.at(2)))
      .set("within_class_prevalence", json(attribute.at(4)));
}

}  // namespace alexnet_voc
