#pragma once
// What comes out: the paper's Table 6 with what no training gives beside it, and tables a class and an attribute.
#include <xstitch/core/sort_stably.hpp>
#include <xstitch/report/table.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "common/comparison.hpp"
#include "judged.hpp"

namespace alexnet_voc {

/// One method trained with one seed.
struct JudgedRow {
  std::string method;
  std::uint64_t seed = 1;
  Judged judged;
};

/// The paper's Table 6. Primary: both means of average precisions.
inline std::vector<protocol::Column> pair_columns() {
  return {{"detection", "mean average precision", "detection mAP", true},
          {"detection", "mean average precision (11 points)", "11 points"},
          {"attributes", "mean average precision", "attribute mAP", true},
          {"attributes", "mean within class", "within class"}};
}

/// What needs no training, of any row.
inline void add_references(protocol::Comparison& comparison, const Judged& any) {
  xs::MetricValue nothing;
  nothing.measured = false;
  const auto& attribute = any.of_attributes;
  comparison.add_reference("random scores, prevalence",
                           {any.random.at(0), any.random.at(1), attribute.at(1), attribute.at(4)});
  comparison.add_reference("the true class alone", {nothing, nothing, attribute.at(2), attribute.at(4)});
}
inline xs::Json baselines(const Judged& any) {
  const auto value = [](const xs::MetricValue& v) { return v.measured ? xs::Json(v.value) : xs::Json(); };
  return xs::Json()
      .set("proposal_recall", value(any.recall))
      .set("proposals_an_image", any.proposals_an_image)
      .set("random_scores", value(any.random.at(0)))
      .set("random_scores_11_points", value(any.random.at(1)))
      .set("attribute_prevalence", value(any.of_attributes.at(1)))
      .set("attributes_from_class", value(any.of_attributes.at(2)))
      .set("within_class_prevalence", value(any.of_attributes.at(4)));
}
/// What the test set is, in a sentence.
inline std::string test_sentence(const Judged& any) {
  return std::to_string(any.images) + " images, " + std::to_string(any.objects) + " objects; a proposal overlaps " +
         xs::Table::number(any.recall) + " % of them by half (" + xs::Table::number(any.proposals_an_image, 0) +
         " proposals an image)";
}

/// Classes that have objects.
inline xs::Table class_table(const std::vector<JudgedRow>& rows) {
  std::vector<std::string> header{"AP (%) of class", "objects", "difficult", "random scores"};
  for (const JudgedRow& row : rows) header.push_back(row.method + ", seed " + std::to_string(row.seed));
  xs::Table table(header);
  const Judged& first = rows.at(0).judged;
  for (std::size_t k = 0; k < first.classes.size(); ++k) {
    const auto& c = first.classes[k];
    std::vector<std::string> cells{c.name, std::to_string(c.objects), std::to_string(c.difficult),
                                   xs::Table::number(first.random_of_class[k])};
    for (const JudgedRow& row : rows) cells.push_back(xs::Table::number(row.judged.classes.at(k).all_points));
    table.add_row(cells);
  }
  return table;
}

/// Of the attributes that have positives, those that are rarest in training first.
inline std::vector<std::size_t> rarest_first(const Judged& any, const std::vector<std::size_t>& training_positives) {
  std::vector<std::size_t> order(any.attributes.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  xs::sort_stably(order, [&](std::size_t a, std::size_t b) {
    return training_positives[any.attribute_index[a]] < training_positives[any.attribute_index[b]];
  });
  return order;
}

inline xs::Table attribute_table(const std::vector<JudgedRow>& rows,
                                 const std::vector<std::size_t>& training_positives) {
  std::vector<std::string> header{"AP (%) of attribute", "in training", "in test", "prevalence", "from class"};
  for (const JudgedRow& row : rows) header.push_back(row.method + ", seed " + std::to_string(row.seed));
  xs::Table table(header);
  const Judged& first = rows.at(0).judged;
  for (const std::size_t a : rarest_first(first, training_positives)) {
    const auto& one = first.attributes[a];
    std::vector<std::string> cells{one.name, std::to_string(training_positives[first.attribute_index[a]]),
                                   std::to_string(one.positives), xs::Table::number(one.prevalence),
                                   xs::Table::number(one.from_class)};
    for (const JudgedRow& row : rows) cells.push_back(xs::Table::number(row.judged.attributes.at(a).average_precision));
    table.add_row(cells);
  }
  return table;
}

}  // namespace alexnet_voc
