#pragma once
/// \file
/// What a method gains on each class, against how frequent the class is (Figures 5 and 6 of the paper):
///
///     gain = value of the method - value of the baseline; frequency = share of the elements with a label, in percent
///
/// A class without elements, or where either value was not measured, is left out of the plot and has "-" in the table.

#include <xstitch/core/sort_stably.hpp>
#include <xstitch/metrics/metric.hpp>
#include <xstitch/report/report.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::report {

/// A metric of one class by two methods.
struct ClassGain {
  std::string name;              ///< of the class
  double count = 0.0;            ///< elements of this class: pixels, objects
  MetricValue baseline, method;  ///< of each method

  /// Whether the class occurs and both have a value for it.
  [[nodiscard]] bool measured() const { return count > 0.0 && baseline.measured && method.measured; }
  /// Method minus baseline.
  [[nodiscard]] double gain() const {
    return measured() ? method.value - baseline.value : std::numeric_limits<double>::quiet_NaN();
  }
};

/// The plot and the table, most frequent class first. `metric`: "IU (%)".
inline std::vector<Item> class_gains(std::vector<ClassGain> classes, const std::string& metric,
                                     const std::string& baseline, const std::string& method) {
  sort_stably(classes, [](const ClassGain& a, const ClassGain& b) { return a.count > b.count; });
  double all = 0.0;
  for (const ClassGain& one : classes) all += one.count;
  Plot plot{.title = "Gain of " + method + " over " + baseline + " by class",
            .x_title = "frequency of the class (%)",
            .y_title = "gain in " + metric,
            .curves = {},
            .marks = Marks::points,
            .log_x = true,
            .zero_line = true};
  Curve curve;
  Table table({"class", "frequency (%)", baseline, method, "gain"});
  for (const ClassGain& one : classes) {
    const double frequency = all > 0.0 ? 100.0 * one.count / all : 0.0;
    table.add_row({one.name, Table::number(frequency, 2), Table::number(one.baseline), Table::number(one.method),
                   Table::number(one.gain())});
    if (!one.measured()) continue;
    curve.x.push_back(frequency);
    curve.y.push_back(one.gain());
    curve.labels.push_back(one.name);
  }
  plot.curves.push_back(std::move(curve));
  std::vector<Item> items;
  items.emplace_back(std::move(plot));
  items.emplace_back(TitledTable{metric + " of each class", std::move(table)});
  return items;
}

}  // namespace xstitch::inline XSTITCH_ISA::report
