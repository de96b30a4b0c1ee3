#pragma once
/// \file
/// A table of numbers as a data set: some columns are inputs, others are labels of tasks.
///
///     const xs::data::Table table = xs::data::read_csv("wine.csv");
///     auto [train, test] = xs::data::table_sets(table, {{.name = "input", .columns = {"acid", "sugar"}}},
///                                               {{.name = "quality", .columns = {"score"}},
///                                                {.name = "colour", .columns = {"colour"}, .classes = 2}});
///
/// Rows are dealt to train and test by a seed. Inputs and real labels are standardised, x -> (x - mean) / deviation,
/// by the training rows alone. A row whose label is missing (NaN) has no label for that task.
/// Errors: a column that is not there, a missing input value, a class that is no whole number below `classes`.

#include <xstitch/core/random.hpp>
#include <xstitch/data/data_set.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

struct Table {
  std::string path;                          ///< where it comes from, for messages
  std::vector<std::string> names;            ///< of the columns
  std::vector<std::vector<double>> columns;  ///< NaN: missing

  [[nodiscard]] std::size_t rows() const noexcept { return columns.empty() ? 0 : columns[0].size(); }
  [[nodiscard]] const std::vector<double>& column(const std::string& name) const {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end()) return columns[static_cast<std::size_t>(found - names.begin())];
    std::string there;
    for (std::size_t i = 0; i < names.size() && i < 12; ++i) there += (i == 0 ? "" : ", ") + names[i];
    fail("table ", path, ": found the columns [", there, names.size() > 12 ? ", ..." : "", "], expected '", name,
         "' among them");
  }
  /// Names that start with `prefix`, in order: the 100 channels of a spectrum by one word.
  [[nodiscard]] std::vector<std::string> names_starting_with(const std::string& prefix) const {
    std::vector<std::string> out;
    for (const std::string& name : names)
      if (name.starts_with(prefix)) out.push_back(name);
    return out;
  }
};

struct TableInput {
  std::string name = "input";
  std::vector<std::string> columns{};
  Dims shape{};  ///< {0, 0, 0}: one channel a column
};

struct TableLabel {
  std::string name{};
  std::vector<std::string> columns{};
  int classes = 0;  ///< 0: real numbers; else the (one) column holds 0 .. classes - 1
};

class TableSet {
 public:
  /// `rows` of the table, standardised by `reference` rows of it.
  TableSet(std::shared_ptr<const Table> table, std::vector<TableInput> inputs, std::vector<TableLabel> labels,
           std::vector<std::size_t> rows, const std::vector<std::size_t>& reference)
      : table_(std::move(table)), inputs_(std::move(inputs)), labels_(std::move(labels)), rows_(std::move(rows)) {
    for (TableInput& input : inputs_) {
      if (input.shape == Dims{}) input.shape = {1, 1, static_cast<int>(input.columns.size())};
      if (!input.shape.valid() || input.shape.size() != input.columns.size())
        fail("table ", table_->path, ", input '", input.name, "': found ", input.columns.size(), " columns, expected ",
             input.shape.size(), " for ", to_string(input.shape));
      for (const std::string& name : input.columns) {
        columns_.push_back(standardised(name, reference));
        for (const std::size_t row : rows_)
          if (!std::isfinite((*columns_.back().values)[row]))
            fail("table ", table_->path, ", column '", name, "': found no number in row ", row + 1,
                 ", expected one as it is an input");
      }
    }
    for (const TableLabel& label : labels_) {
      if (label.columns.empty() || (label.classes > 0 && label.columns.size() != 1))
        fail("table ", table_->path, ", label '", label.name, "': found ", label.columns.size(), " columns, expected ",
             label.classes > 0 ? "1" : "at least 1");
      for (const std::string& name : label.columns) {
        columns_.push_back(standardised(name, reference));
        if (label.classes == 0) continue;
        columns_.back().mean = 0, columns_.back().deviation = 1;
        for (const std::size_t row : rows_)
          if (const double x = (*columns_.back().values)[row];
              !std::isnan(x) && (!(x >= 0 && x < label.classes) || x != std::floor(x)))
            fail("table ", table_->path, ", column '", name, "': found class ", x, " in row ", row + 1,
                 ", expected a whole number from 0 to ", label.classes - 1);
      }
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }
  [[nodiscard]] std::vector<InputField> inputs() const {
    std::vector<InputField> fields;
    for (const TableInput& input : inputs_) fields.push_back({input.name, input.shape, false});
    return fields;
  }
  [[nodiscard]] std::vector<LabelField> labels() const {
    std::vector<LabelField> fields;
    for (const TableLabel& label : labels_) {
      const Dims shape{1, 1, static_cast<int>(label.columns.size())};
      fields.push_back({label.name, label.classes > 0 ? LabelSpec{LabelKind::class_index, shape, {}, label.classes}
                                                      : LabelSpec{LabelKind::real, shape, {}, 0}});
    }
    return fields;
  }
  void load(std::size_t index, Sample& sample) const {
    if (index >= size()) fail("table ", table_->path, ": sample ", index, " wanted, found ", size());
    const std::size_t row = rows_[index];
    std::size_t at = 0;
    sample.inputs.resize(inputs_.size());
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      sample.inputs[i].resize(inputs_[i].columns.size());
      for (float& value : sample.inputs[i]) value = columns_[at++].at(row);
    }
    sample.labels.assign(labels_.size(), {});
    for (std::size_t i = 0; i < labels_.size(); ++i)
      for (std::size_t k = 0; k < labels_[i].columns.size(); ++k) {
        const float value = columns_[at++].at(row);
        LabelValue& label = sample.labels[i];
        if (std::isnan(value)) label.present = false;
        if (labels_[i].classes > 0)
          label.indices.push_back(std::isnan(value) ? ignore_label : static_cast<std::int32_t>(value));
        else
          label.values.push_back(std::isnan(value) ? 0.0F : value);
      }
  }
  [[nodiscard]] std::string describe(std::size_t index) const {
    return "table " + table_->path + (index < size() ? ", row " + std::to_string(rows_[index] + 1) : ", no row");
  }
  /// The deviation that a column was divided by: an error in the column's own units is this times the error here.
  [[nodiscard]] double deviation(const std::string& column) const {
    for (const Column& c : columns_)
      if (c.name == column) return c.deviation;
    fail("table ", table_->path, ": found no column '", column, "' in use, expected one of the inputs and labels");
  }

 private:
  struct Column {
    std::string name;
    const std::vector<double>* values = nullptr;
    double mean = 0, deviation = 1;
    [[nodiscard]] float at(std::size_t row) const { return static_cast<float>(((*values)[row] - mean) / deviation); }
  };

  [[nodiscard]] Column standardised(const std::string& name, const std::vector<std::size_t>& reference) const {
    Column column{name, &table_->column(name), 0, 1};
    double count = 0, sum = 0, squares = 0;
    for (const std::size_t row : reference)
      if (const double x = (*column.values)[row]; !std::isnan(x)) sum += x, count += 1;
    if (count > 0) column.mean = sum / count;
    for (const std::size_t row : reference)
      if (const double x = (*column.values)[row]; !std::isnan(x)) squares += (x - column.mean) * (x - column.mean);
    if (count > 0 && squares > 0) column.deviation = std::sqrt(squares / count);  // a constant column becomes 0
    return column;
  }

  std::shared_ptr<const Table> table_;
  std::vector<TableInput> inputs_;
  std::vector<TableLabel> labels_;
  std::vector<std::size_t> rows_;
  std::vector<Column> columns_;  ///< of all inputs, then of all labels
};

struct TableSets {
  TableSet train;
  TableSet test;
};

/// Deals the rows by `seed`: round(test_share rows) of them to the test set.
inline TableSets table_sets(Table table, const std::vector<TableInput>& inputs, const std::vector<TableLabel>& labels,
                            double test_share = 0.25, Seed seed = {1}) {
  const std::size_t count = table.rows();
  const auto tests = static_cast<std::size_t>(std::lround(test_share * static_cast<double>(count)));
  if (!(test_share > 0 && test_share < 1) || tests == 0 || tests >= count)
    fail("table ", table.path, ": found ", count, " rows and a test share of ", test_share,
         ", expected a row for each set at least");
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const RandomKey key = RandomKey(seed).with("table_sets");
  for (std::size_t i = count - 1; i > 0; --i) std::swap(order[i], order[static_cast<std::size_t>(key.below(i, i + 1))]);
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(tests);
  const std::vector<std::size_t> test(order.begin(), middle), train(middle, order.end());
  const auto shared = std::make_shared<const Table>(std::move(table));
  return {{shared, inputs, labels, train, train}, {shared, inputs, labels, test, train}};
}

}  // namespace xstitch::inline XSTITCH_ISA::data
