#pragma once
// Methods side by side: a row of metrics for each method and seed, what training it cost, and how it differs from the
// baseline. With one value a seed and seeds in pairs,
//
//   difference  mean over seeds of (method - baseline), 95 % t-interval, Holm's correction over the methods
//   delta_m     relative change against the baseline, mean over a task's metrics, then over tasks (percent)
//   rank        mean over all metrics of the place among the methods
//
// Claims need five seeds and a primary outcome; one seed makes none.
#include <xstitch/core/number_text.hpp>
#include <xstitch/io/json.hpp>
#include <xstitch/report/paired_difference.hpp>
#include <xstitch/report/ranks.hpp>
#include <xstitch/report/table.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace protocol {

namespace xs = xstitch;

/// A metric that is shown.
struct Column {
  std::string task, metric, title;
  bool primary = false;  ///< an outcome that was named beforehand
};

/// Of a row: what training all its networks took.
struct Cost {
  double samples = 0.0;  ///< seen by a task's networks: iterations x batch
  double flops = 0.0;    ///< forward and backward: three times the forward pass
  double seconds = 0.0;
};

struct RowResult {
  std::string method;
  std::uint64_t seed = 1;
  std::vector<xs::MetricValue> values;  ///< one a column
  Cost cost;
};

class Comparison {
 public:
  static constexpr std::size_t seeds_of_a_claim = 5;

  Comparison(std::vector<Column> columns, std::string baseline)
      : columns_(std::move(columns)), baseline_(std::move(baseline)) {}

  /// An answer that nothing was trained for; on top of the table.
  void add_reference(const std::string& method, std::vector<xs::MetricValue> values) {
    references_.push_back({method, 0, std::move(values), {}});
  }
  void add(RowResult row) {
    if (row.values.size() != columns_.size())
      xs::fail("comparison: row \"", row.method, "\" has ", row.values.size(), " values for ", columns_.size(),
               " columns");
    if (std::find(methods_.begin(), methods_.end(), row.method) == methods_.end()) methods_.push_back(row.method);
    rows_.push_back(std::move(row));
  }

  [[nodiscard]] const std::vector<Column>& columns() const noexcept { return columns_; }
  [[nodiscard]] const std::vector<std::string>& methods() const noexcept { return methods_; }
  [[nodiscard]] const std::vector<RowResult>& rows() const noexcept { return rows_; }
  [[nodiscard]] const std::string& baseline() const noexcept { return baseline_; }
  [[nodiscard]] std::vector<const RowResult*> of(const std::string& method) const {
    std::vector<const RowResult*> found;
    for (const RowResult& row : rows_)
      if (row.method == method) found.push_back(&row);
    return found;
  }

  /// Means over seeds. Without costs it does not hang on the machine's speed.
  [[nodiscard]] xs::Table table(bool costs = true) const {
    std::vector<std::string> header{"method"};
    for (const Column& column : columns_) header.push_back(column.title);
    header.insert(header.end(), {"delta_m", "rank"});
    if (costs) header.insert(header.end(), {"samples", "TFLOP", "seconds"});
    xs::Table table(header);
    for (const RowResult& row : references_) {
      std::vector<std::string> cells{row.method};
      for (const xs::MetricValue& v : row.values) cells.push_back(xs::Table::number(v));
      table.add_row(std::move(cells));
    }
    const std::vector<std::optional<double>> places = ranks();
    for (std::size_t m = 0; m < methods_.size(); ++m) {
      std::vector<std::string> cells{methods_[m]};
      for (const xs::MetricValue& v : means(methods_[m])) cells.push_back(xs::Table::number(v));
      cells.push_back(number(delta(methods_[m])));
      cells.push_back(number(places[m]));
      if (costs) {
        const Cost cost = mean_cost(methods_[m]);
        cells.push_back(xs::Table::number(cost.samples, 0));
        cells.push_back(xs::Table::number(cost.flops * 1e-12));
        cells.push_back(xs::Table::number(cost.seconds, 0));
      }
      table.add_row(std::move(cells));
    }
    return table;
  }

  /// Of a column, each method against the baseline over the seeds that both have, with Holm's correction.
  struct Difference {
    std::string method;
    xs::PairedDifference value;
    double p_holm = 1.0;
    /// Whether a claim may be made, and the two differ.
    [[nodiscard]] bool significant() const { return value.pairs >= seeds_of_a_claim && p_holm < 0.05; }
  };
  [[nodiscard]] std::vector<Difference> differences(std::size_t column) const {
    std::vector<Difference> found;
    for (const std::string& method : methods_) {
      if (method == baseline_) continue;
      std::vector<double> mine, theirs;
      for (const RowResult* row : of(method))
        for (const RowResult* base : of(baseline_))
          if (row->seed == base->seed && row->values[column].measured && base->values[column].measured) {
            mine.push_back(row->values[column].value);
            theirs.push_back(base->values[column].value);
          }
      if (!mine.empty()) found.push_back({method, xs::paired_difference(mine, theirs), 1.0});
    }
    std::vector<double> p;
    for (const Difference& d : found) p.push_back(d.value.p);
    const std::vector<double> adjusted = xs::holm(p);
    for (std::size_t i = 0; i < found.size(); ++i) found[i].p_holm = adjusted[i];
    return found;
  }

  /// A row a method and column: difference, interval, p with Holm's correction.
  [[nodiscard]] xs::Table difference_table() const {
    xs::Table table({"method - " + baseline_, "outcome", "seeds", "difference", "95 % from", "to", "p (Holm)"});
    table.align(1, xs::Align::left);
    for (std::size_t c = 0; c < columns_.size(); ++c)
      for (const Difference& d : differences(c)) {
        const bool interval = d.value.has_interval();
        table.add_row(
            {d.method, columns_[c].title + (columns_[c].primary ? " (primary)" : ""), std::to_string(d.value.pairs),
             xs::Table::number(d.value.mean, 2), interval ? xs::Table::number(d.value.low, 2) : "-",
             interval ? xs::Table::number(d.value.high, 2) : "-", interval ? xs::Table::number(d.p_holm, 3) : "-"});
      }
    return table;
  }

  /// What the primary outcomes say of a method, in words that follow from the numbers.
  [[nodiscard]] std::string sentence(const std::string& method) const {
    std::string text = method + " against " + baseline_ + ", both trained in two stages:";
    std::size_t seeds = 0;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (!columns_[c].primary) continue;
      for (const Difference& d : differences(c)) {
        if (d.method != method) continue;
        const bool percent = rows_.front().values[c].unit == "%";
        const std::string unit = percent ? " points" : rows_.front().values[c].unit == "deg" ? " degrees" : "";
        text += (seeds > 0 ? ", " : " ") + columns_[c].task + " " + columns_[c].metric + " " +
                xs::Table::number(std::abs(d.value.mean), 2) + unit + (d.value.mean < 0 ? " lower" : " higher");
        seeds = d.value.pairs;
        if (d.value.has_interval())
          text += " (95 % interval of the difference " + xs::Table::number(d.value.low, 2) + " to " +
                  xs::Table::number(d.value.high, 2) +
                  (seeds < seeds_of_a_claim ? ")"
                   : d.significant()        ? ", significant)"
                                            : ", not significant)");
      }
    }
    if (seeds == 0) return text + " nothing to compare.";
    if (seeds == 1) return text + ". One seed: no claim.";
    if (seeds < seeds_of_a_claim)
      return text + ". " + std::to_string(seeds) + " seeds, fewer than " + std::to_string(seeds_of_a_claim) +
             ": no claim.";
    return text + ". " + std::to_string(seeds) + " seeds, Holm's correction over " +
           std::to_string(methods_.size() - 1) + (methods_.size() == 2 ? " row." : " rows.");
  }

  /// All values, one row a method, seed and metric; without seconds.
  [[nodiscard]] xs::Table values_table() const {
    xs::Table table({"method", "seed", "task", "metric", "value", "unit", "larger_is_better"});
    for (const RowResult& row : rows_)
      for (std::size_t c = 0; c < columns_.size(); ++c)
        table.add_row({row.method, std::to_string(row.seed), columns_[c].task, columns_[c].metric,
                       row.values[c].measured ? xs::number_text(row.values[c].value, 9) : "", row.values[c].unit,
                       row.values[c].larger_is_better ? "1" : "0"});
    return table;
  }

  /// Everything, for a report: columns, rows (with costs), differences, sentences.
  [[nodiscard]] xs::Json json() const {
    xs::Json::Array columns, rows, compared, sentences;
    for (const Column& column : columns_)
      columns.push_back(xs::Json()
                            .set("task", column.task)
                            .set("metric", column.metric)
                            .set("title", column.title)
                            .set("primary", column.primary));
    const auto add_rows = [&](const std::vector<RowResult>& from, bool trained) {
      for (const RowResult& row : from) {
        xs::Json::Array values;
        for (const xs::MetricValue& v : row.values)
          values.push_back(v.measured && std::isfinite(v.value) ? xs::Json(v.value) : xs::Json());
        xs::Json line = xs::Json().set("method", row.method).set("values", std::move(values));
        if (trained)
          line.set("seed", row.seed)
              .set("samples", row.cost.samples)
              .set("flops", row.cost.flops)
              .set("seconds", row.cost.seconds);
        rows.push_back(std::move(line));
      }
    };
    add_rows(references_, false);
    add_rows(rows_, true);
    for (std::size_t c = 0; c < columns_.size(); ++c)
      for (const Difference& d : differences(c))
        compared.push_back(xs::Json()
                               .set("method", d.method)
                               .set("column", c)
                               .set("seeds", d.value.pairs)
                               .set("mean", d.value.mean)
                               .set("low", d.value.low)
                               .set("high", d.value.high)
                               .set("p", d.value.p)
                               .set("p_holm", d.p_holm));
    for (const std::string& method : methods_)
      if (method != baseline_) sentences.push_back(sentence(method));
    return xs::Json()
        .set("baseline", baseline_)
        .set("columns", std::move(columns))
        .set("rows", std::move(rows))
        .set("differences", std::move(compared))
        .set("sentences", std::move(sentences));
  }

  /// Means over a method's seeds; not measured where one of them is not.
  [[nodiscard]] std::vector<xs::MetricValue> means(const std::string& method) const {
    const std::vector<const RowResult*> rows = of(method);
    std::vector<xs::MetricValue> mean = rows.front()->values;
    for (std::size_t c = 0; c < mean.size(); ++c) {
      double sum = 0.0;
      for (const RowResult* row : rows) {
        sum += row->values[c].value;
        mean[c].measured = mean[c].measured && row->values[c].measured;
      }
      mean[c].value = mean[c].measured ? sum / static_cast<double>(rows.size()) : 0.0;
    }
    return mean;
  }

 private:
  static std::string number(const std::optional<double>& value) { return value ? xs::Table::number(*value) : "-"; }

  [[nodiscard]] std::optional<xs::TaskMetrics> by_task(const std::vector<xs::MetricValue>& values) const {
    xs::TaskMetrics tasks;
    std::vector<std::string> names;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (!values[c].measured || !std::isfinite(values[c].value)) return std::nullopt;
      if (names.empty() || names.back() != columns_[c].task) {
        names.push_back(columns_[c].task);
        tasks.emplace_back();
      }
      tasks.back().push_back(values[c]);
    }
    return tasks;
  }
  /// Mean over seeds of delta_m against the baseline of the same seed.
  [[nodiscard]] std::optional<double> delta(const std::string& method) const {
    double sum = 0.0, count = 0.0;
    for (const RowResult* row : of(method))
      for (const RowResult* base : of(baseline_)) {
        if (row->seed != base->seed) continue;
        const auto mine = by_task(row->values), theirs = by_task(base->values);
        if (!mine || !theirs) return std::nullopt;
        for (const auto& task : *theirs)
          for (const xs::MetricValue& v : task)
            if (v.value == 0.0) return std::nullopt;
        sum += xs::relative_change(*mine, *theirs);
        count += 1.0;
      }
    if (count == 0.0) return std::nullopt;
    return sum / count;
  }
  [[nodiscard]] std::vector<std::optional<double>> ranks() const {
    std::vector<xs::TaskMetrics> measured;
    std::vector<std::size_t> whose;
    for (std::size_t m = 0; m < methods_.size(); ++m)
      if (auto tasks = by_task(means(methods_[m]))) {
        measured.push_back(std::move(*tasks));
        whose.push_back(m);
      }
    std::vector<std::optional<double>> result(methods_.size());
    const std::vector<double> places = xs::mean_ranks(measured);
    for (std::size_t i = 0; i < whose.size(); ++i) result[whose[i]] = places[i];
    return result;
  }
  [[nodiscard]] Cost mean_cost(const std::string& method) const {
    const std::vector<const RowResult*> rows = of(method);
    Cost mean;
    for (const RowResult* row : rows) {
      mean.samples += row->cost.samples / static_cast<double>(rows.size());
      mean.flops += row->cost.flops / static_cast<double>(rows.size());
      mean.seconds += row->cost.seconds / static_cast<double>(rows.size());
    }
    return mean;
  }

  std::vector<Column> columns_;
  std::string baseline_;
  std::vector<std::string> methods_;
  std::vector<RowResult> rows_, references_;
};

/// The columns of the paper's Table 5. Primary: mean angle and mean IU.
inline std::vector<Column> pair_columns() {
  return {{"normals", "mean", "mean", true},        {"normals", "median", "median"},
          {"normals", "within 11.25", "11.25"},     {"normals", "within 22.5", "22.5"},
          {"normals", "within 30", "30"},           {"segmentation", "pixel accuracy", "pixacc"},
          {"segmentation", "mean IU", "mIU", true}, {"segmentation", "frequency-weighted IU", "fwIU"}};
}

}  // namespace protocol
