#pragma once
// What comes out: the paper's Table 6 with what no training gives beside it, tables a class and an attribute, and
// results.json for whoever makes plots of it.
#include <xstitch/io/file.hpp>
#include <xstitch/io/json.hpp>
#include <xstitch/report/table.hpp>
#include <xstitch/train/evaluate_detection.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "common/comparison.hpp"

namespace alexnet_voc {

namespace xs = xstitch;

/// One method trained with one seed.
struct Row {
  std::string method;
  std::uint64_t seed = 1;
  xs::DetectionEvaluation found;
  std::vector<std::string> trainings{};  ///< folders
  protocol::Cost cost{};                 ///< of them
  std::size_t parameters = 0;            ///< of the networks that are judged
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

/// Means over the seeds beside what no training gives: the paper's Table 6.
inline protocol::Comparison compare(const std::vector<Row>& rows) {
  protocol::Comparison comparison({{"detection", "mean average precision", "detection mAP", true},
                                   {"detection", "mean average precision (11 points)", "11 points"},
                                   {"attributes", "mean average precision", "attribute mAP", true},
                                   {"attributes", "mean within class", "within class"}},
                                  "one-task");
  const xs::DetectionEvaluation& any = rows.at(0).found;
  const auto attribute = any.attributes.values();
  const auto random = any.random.values();
  xs::MetricValue nothing;
  nothing.measured = false;
  comparison.add_reference("random scores, prevalence", {random.at(0), random.at(1), attribute.at(1), attribute.at(4)});
  comparison.add_reference("the true class alone", {nothing, nothing, attribute.at(2), attribute.at(4)});
  for (const Row& row : rows) {
    const Figures f = figures(row);
    comparison.add({row.method, row.seed, {f.detection, f.detection_11, f.attributes, f.within_class}, row.cost});
  }
  return comparison;
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
      .set("samples", row.cost.samples)
      .set("flops", row.cost.flops)
      .set("seconds", row.cost.seconds)
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
