#pragma once
/// \file
/// Detections and attributes as tables, to print or to write as CSV:
///
///     detection_table(precision)   a row a class: average precision by both rules, and counts; the mean last
///     attribute_table(precision)   a row an attribute: average precision beside what needs no picture; the mean last

#include <xstitch/metrics/attribute_precision.hpp>
#include <xstitch/metrics/detection.hpp>
#include <xstitch/report/table.hpp>

#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// A row a class: average precision and counts.
XSTITCH_INLINE Table detection_table(const DetectionPrecision& metric) {
  Table table({"class", "AP (%)", "AP 11 points (%)", "objects", "difficult", "found", "detections"});
  for (const DetectionPrecision::PerClass& c : metric.per_class())
    table.add_row({c.name, Table::number(c.all_points), Table::number(c.eleven_points), std::to_string(c.objects),
                   std::to_string(c.difficult), std::to_string(c.found), std::to_string(c.detections)});
  const std::vector<MetricValue> means = metric.values();
  table.add_row({"mean", Table::number(means[0]), Table::number(means[1]), "", "", "", ""});
  return table;
}

/// A row an attribute: average precision beside that of chance and of the class.
XSTITCH_INLINE Table attribute_table(const AttributePrecision& metric) {
  Table table({"attribute", "AP (%)", "prevalence (%)", "from class (%)", "within class (%)", "its prevalence (%)",
               "positives", "objects"});
  for (const AttributePrecision::PerAttribute& a : metric.per_attribute())
    table.add_row({a.name, Table::number(a.average_precision), Table::number(a.prevalence), Table::number(a.from_class),
                   Table::number(a.within_class), Table::number(a.within_class_prevalence), std::to_string(a.positives),
                   std::to_string(a.objects)});
  std::vector<std::string> row{"mean"};
  for (const MetricValue& mean : metric.values()) row.push_back(Table::number(mean));
  row.resize(8);
  table.add_row(row);
  return table;
}

}  // namespace xstitch::inline XSTITCH_ISA
