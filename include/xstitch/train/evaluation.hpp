#pragma once
/// \file
/// What an evaluation gives (train/evaluate.hpp): a row a head, and how it is printed.

#include <xstitch/core/error.hpp>
#include <xstitch/core/number_text.hpp>
#include <xstitch/metrics/metric.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

struct Evaluation {
  /// What was measured of a head.
  struct Row {
    std::string name;                 ///< "tower" or "tower.head"
    double loss = 0.0;                ///< sum over the set / normaliser over the set
    float weight = 1.0F;              ///< of the loss in the total
    std::vector<MetricValue> values;  ///< of the head's metric
    std::size_t main = 0;             ///< index into values of the one that decides which checkpoint is best
    bool labelled = true;             ///< false: no sample had a label, and the loss of 0 says nothing
  };
  std::vector<Row> rows;      ///< one a head
  std::size_t samples = 0;    ///< judged
  std::uint64_t skipped = 0;  ///< replaced or left out

  /// Sum of the heads' losses, with their weights.
  [[nodiscard]] double total_loss() const {
    double total = 0.0;
    for (const Row& row : rows) total += static_cast<double>(row.weight) * row.loss;
    return total;
  }
  /// Value of a metric, for programs: evaluation.value("upper", "accuracy").
  [[nodiscard]] XSTITCH_INLINE double value(std::string_view name, std::string_view metric) const {
    for (const Row& row : rows)
      if (row.name == name)
        for (const MetricValue& v : row.values)
          if (v.name == metric) return v.value;
    fail("evaluation: no metric \"", metric, "\" of \"", name, "\"");
  }
  /// One number for "best": the mean over heads of the main metric, larger is better, each on a scale of about 1:
  /// percent / 100, degrees / -90, other values v as v / (1 + |v|), or 1 / (1 + |v|) where smaller is better. A head
  /// where nothing was measured does not count.
  [[nodiscard]] XSTITCH_INLINE double score() const {
    double sum = 0.0;
    std::size_t count = 0;
    for (const Row& row : rows) {
      if (row.main >= row.values.size() || !row.values[row.main].measured) continue;
      const MetricValue& v = row.values[row.main];
      const double sign = v.larger_is_better ? 1.0 : -1.0;
      if (v.unit == "%")
        sum += sign * v.value / 100.0;
      else if (v.unit == "deg")
        sum += sign * v.value / 90.0;
      else
        sum += (v.larger_is_better ? v.value : 1.0) / (1.0 + std::abs(v.value));
      ++count;
    }
    return count == 0 ? 0.0 : sum / static_cast<double>(count);
  }
};

namespace evaluation {

inline std::string to_text(const MetricValue& v) {
  if (!v.measured) return "-";
  return fixed_text(v.value, v.unit.empty() ? 4 : 2) + (v.unit.empty() ? "" : " " + v.unit);
}

}  // namespace evaluation

/// A table: one row a head. With the metrics as columns where all heads have the same ones, else name by name.
XSTITCH_INLINE std::ostream& operator<<(std::ostream& out, const Evaluation& evaluation) {
  std::vector<std::vector<std::string>> cells{{"task", "loss"}};
  const auto names = [](const Evaluation::Row& row) {
    std::vector<std::string> list;
    for (const MetricValue& v : row.values) list.push_back(v.name);
    return list;
  };
  const bool same = std::all_of(evaluation.rows.begin(), evaluation.rows.end(),
                                [&](const auto& row) { return names(row) == names(evaluation.rows[0]); });
  if (same && !evaluation.rows.empty())
    for (const std::string& name : names(evaluation.rows[0])) cells[0].push_back(name);
  for (const Evaluation::Row& row : evaluation.rows) {
    std::vector<std::string> line{row.name, row.labelled ? fixed_text(row.loss, 4) : "-"};
    for (const MetricValue& v : row.values) line.push_back((same ? "" : v.name + " ") + evaluation::to_text(v));
    cells.push_back(std::move(line));
  }
  std::vector<std::size_t> widths;
  for (const auto& line : cells)
    for (std::size_t c = 0; c < line.size(); ++c) {
      if (c == widths.size()) widths.push_back(0);
      widths[c] = std::max(widths[c], line[c].size());
    }
  for (const auto& line : cells) {
    std::string text;
    for (std::size_t c = 0; c < line.size(); ++c) {
      const std::string gap(widths[c] - line[c].size(), ' ');
      text += (c == 0 ? "" : "   ") + (c == 0 || !same ? line[c] + gap : gap + line[c]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out << text << '\n';
  }
  return out;
}

}  // namespace xstitch::inline XSTITCH_ISA
