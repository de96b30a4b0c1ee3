#pragma once
/// \file
/// Metrics of classes and labels as tables, to print or to write as CSV:
///
///     confusion_table(matrix)         a row a class, a column a predicted class: counts
///     class_score_table(matrix)       precision, recall and counts of each class
///     curve_table(curves)             label, threshold, recall and precision of each point
///     average_precision_table(curves) average precision and counts of each label
///
///     xs::write_file_atomically("confusion.csv", xs::confusion_table(matrix).to_csv());

#include <xstitch/core/number_text.hpp>
#include <xstitch/metrics/confusion_matrix.hpp>
#include <xstitch/metrics/precision_recall.hpp>
#include <xstitch/report/table.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// Counts: a row for each true class, a column for each predicted one.
XSTITCH_INLINE Table confusion_table(const ConfusionMatrix& matrix) {
  std::vector<std::string> header{"truth \\ predicted"};
  for (std::size_t c = 0; c < matrix.classes(); ++c) header.push_back(matrix.name(c));
  Table table(std::move(header));
  for (std::size_t truth = 0; truth < matrix.classes(); ++truth) {
    std::vector<std::string> row{matrix.name(truth)};
    for (std::size_t c = 0; c < matrix.classes(); ++c) row.push_back(std::to_string(matrix.count(truth, c)));
    table.add_row(std::move(row));
  }
  return table;
}

/// A row a class: precision, recall.
XSTITCH_INLINE Table class_score_table(const ConfusionMatrix& matrix) {
  Table table({"class", "precision (%)", "recall (%)", "truth", "predicted"});
  for (const ConfusionMatrix::PerClass& c : matrix.per_class())
    table.add_row({c.name, Table::number(c.precision), Table::number(c.recall), std::to_string(c.truth),
                   std::to_string(c.predicted)});
  return table;
}

/// Points of precision and recall of each label.
XSTITCH_INLINE Table curve_table(const PrecisionRecall& metric) {
  Table table({"label", "threshold", "recall", "precision"});
  for (const PrecisionRecall::Curve& curve : metric.curves())
    for (const CurvePoint& point : curve.points)
      table.add_row(
          {curve.name, number_text(point.threshold, 9), number_text(point.recall, 9), number_text(point.precision, 9)});
  return table;
}

/// A row a label: average precision and counts.
XSTITCH_INLINE Table average_precision_table(const PrecisionRecall& metric) {
  Table table({"label", "average precision (%)", "positives", "labelled"});
  for (const PrecisionRecall::Curve& curve : metric.curves())
    table.add_row({curve.name, Table::number(curve.average_precision), std::to_string(curve.positives),
                   std::to_string(curve.valid)});
  return table;
}

}  // namespace xstitch::inline XSTITCH_ISA
