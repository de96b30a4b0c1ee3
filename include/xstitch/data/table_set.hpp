#pragma once
/// \file
/// Rows of a table as samples: inputs and real labels standardised, labels of classes as indices (table.hpp).
///
/// A label of several columns has an element mask if some row of the table has values in some of them only: that row
/// trains the columns it has. Then the loss must look at the mask: ElementMasked<L2> for L2.

#include <xstitch/data/data_set.hpp>
#include <xstitch/data/table_columns.hpp>
#include <xstitch/data/table_scaling.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

/// Columns that a tower reads as one vector.
struct TableInput {
  std::string name = "input";          ///< of the tower, or "input" for all
  std::vector<std::string> columns{};  ///< in the order of the vector
  Dims shape{};                        ///< {0, 0, 0}: one channel a column
};

/// Columns that are a label.
struct TableLabel {
  std::string name{};                  ///< of the tower, or "tower.head"
  std::vector<std::string> columns{};  ///< one of texts is a class; numbers are a vector
  int classes = 0;  ///< 0: real numbers; else the (one) column holds 0 .. classes - 1, or as many names
};

class TableSet {
 public:
  /// `rows` of the table, standardised by `reference` rows of it.
  TableSet(std::shared_ptr<const Table> table, std::vector<TableInput> inputs, std::vector<TableLabel> labels,
           std::vector<std::size_t> rows, const std::vector<std::size_t>& reference)
      : TableSet(table, inputs, labels, std::move(rows), scaling_by(*table, inputs, labels, reference)) {}
  /// `rows` of the table, standardised as another table was.
  TableSet(std::shared_ptr<const Table> table, std::vector<TableInput> inputs, std::vector<TableLabel> labels,
           std::vector<std::size_t> rows, TableScaling scaling)
      : table_(std::move(table)),
        inputs_(std::move(inputs)),
        labels_(std::move(labels)),
        rows_(std::move(rows)),
        scaling_(std::move(scaling)) {
    check_rows(*table_, rows_);
    for (TableInput& input : inputs_) {
      if (input.shape == Dims{}) input.shape = {1, 1, static_cast<int>(input.columns.size())};
      if (!input.shape.valid() || input.shape.size() != input.columns.size())
        fail("table ", table_->path, ", input '", input.name, "': found ", input.columns.size(), " columns, expected ",
             input.shape.size(), " for ", to_string(input.shape));
      for (const std::string& name : input.columns) add_real(name, "an input");
    }
    for (const TableLabel& label : labels_) {
      check(*table_, label);
      partial_.push_back(label.classes == 0 && partly_missing(label));
      for (const std::string& name : label.columns)
        if (label.classes > 0)
          add_classes(label, name);
        else
          add_real(name, nullptr);
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
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      const TableLabel& label = labels_[i];
      const Dims shape{1, 1, static_cast<int>(label.columns.size())};
      fields.push_back({label.name, label.classes > 0
                                        ? LabelSpec{LabelKind::class_index, shape, {}, label.classes}
                                        : LabelSpec{LabelKind::real, shape, partial_[i] ? shape : Dims{}, 0}});
    }
    return fields;
  }
  void load(std::size_t index, Sample& sample) const {
    if (index >= size()) fail("table ", table_->path, ": sample ", index, " wanted, found ", size());
    std::size_t at = 0;
    sample.inputs.resize(inputs_.size());
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      sample.inputs[i].resize(inputs_[i].columns.size());
      for (float& value : sample.inputs[i]) value = columns_[at++][index];
    }
    sample.labels.assign(labels_.size(), {});
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      LabelValue& label = sample.labels[i];
      label.present = false;
      for (std::size_t k = 0; k < labels_[i].columns.size(); ++k) {
        const float value = columns_[at++][index];
        const bool known = !std::isnan(value);
        label.present = label.present || known;
        if (partial_[i]) label.mask.push_back(known ? 1 : 0);
        if (labels_[i].classes > 0)
          label.indices.push_back(known ? static_cast<std::int32_t>(value) : ignore_label);
        else
          label.values.push_back(known ? value : 0.0F);
      }
    }
  }
  [[nodiscard]] std::string describe(std::size_t index) const {
    return "table " + table_->path + (index < size() ? ", row " + std::to_string(rows_[index] + 1) : ", no row");
  }

  /// What standardised the columns: for another table, or to be saved with a network.
  [[nodiscard]] const TableScaling& scaling() const noexcept { return scaling_; }
  /// The mean of a column in the training rows.
  [[nodiscard]] double mean(const std::string& column) const { return scaling_.at(column).mean; }
  /// What a column was divided by: an error in the column's own units is this times the error here.
  [[nodiscard]] double standard_deviation(const std::string& column) const {
    return scaling_.at(column).standard_deviation;
  }

 private:
  static void check_rows(const Table& table, const std::vector<std::size_t>& rows) {
    for (const std::size_t row : rows)
      if (row >= table.rows()) fail("table ", table.path, ": found ", table.rows(), " rows, row ", row + 1, " wanted");
  }
  static void check(const Table& table, const TableLabel& label) {
    if (label.columns.empty() || (label.classes > 0 && label.columns.size() != 1))
      fail("table ", table.path, ", label '", label.name, "': found ", label.columns.size(), " columns, expected ",
           label.classes > 0 ? "1" : "at least 1");
  }
  static std::string where(const Table& table, const std::string& column) {
    return "table " + table.path + ", column '" + column + "'";
  }
  static TableScaling scaling_by(const Table& table, const std::vector<TableInput>& inputs,
                                 const std::vector<TableLabel>& labels, const std::vector<std::size_t>& reference) {
    TableScaling scaling;
    const auto add = [&](const std::string& name) {
      if (!scaling.contains(name))
        scaling.set(name, ColumnScaling::of(table.column(name), reference, where(table, name)));
    };
    check_rows(table, reference);
    for (const TableInput& input : inputs)
      for (const std::string& name : input.columns) add(name);
    for (const TableLabel& label : labels) {
      check(table, label);
      for (const std::string& name : label.columns)
        if (label.classes == 0)
          add(name);
        else if (const std::vector<std::string> names = table.class_names(name); !names.empty())
          scaling.set_class_names(name, names);
    }
    return scaling;
  }

  /// Whether some row of the whole table (so that all sets of it agree) has some of the label's columns, but not all.
  [[nodiscard]] bool partly_missing(const TableLabel& label) const {
    std::vector<const std::vector<double>*> columns;
    for (const std::string& name : label.columns) columns.push_back(&table_->column(name));
    for (std::size_t row = 0; row < table_->rows(); ++row) {
      std::size_t missing = 0;
      for (const std::vector<double>* column : columns) missing += std::isnan((*column)[row]) ? 1U : 0U;
      if (missing > 0 && missing < columns.size()) return true;
    }
    return false;
  }

  /// `needed`: what a missing value cannot be, or null.
  void add_real(const std::string& name, const char* needed) {
    const std::vector<double>& values = table_->column(name);
    const ColumnScaling scaling = scaling_.at(name);
    std::vector<float>& out = columns_.emplace_back();
    for (const std::size_t row : rows_) {
      const double x = values[row];
      if (needed != nullptr && !std::isfinite(x))
        fail(where(*table_, name), ": found no number in row ", row + 1, ", expected one as it is ", needed);
      out.push_back(static_cast<float>(scaling.apply(x)));
      if (std::isinf(out.back()))
        fail(where(*table_, name), ": found ", x, " in row ", row + 1, ", expected a number near the mean ",
             scaling.mean, ", in units of ", scaling.standard_deviation);
    }
  }

  void add_classes(const TableLabel& label, const std::string& name) {
    const std::vector<double>& values = table_->class_indices(name);
    const std::vector<std::string> here = table_->class_names(name), wanted = scaling_.class_names(name);
    const auto classes = static_cast<std::size_t>(label.classes);
    if (!wanted.empty() && wanted.size() != classes)
      fail(where(*table_, name), ": found ", wanted.size(), " classes [", Table::some(wanted), "], expected ", classes);
    if (wanted.empty() && !here.empty())
      fail(where(*table_, name), ": found names [", Table::some(here), "], expected numbers as in the scaling");
    std::vector<float>& out = columns_.emplace_back();
    for (const std::size_t row : rows_) {
      double x = values[row];
      if (!std::isnan(x) && !wanted.empty()) {
        const bool named = x >= 0 && x < static_cast<double>(here.size());
        const std::string text = named ? here[static_cast<std::size_t>(x)] : std::to_string(x);
        const auto found = named ? std::find(wanted.begin(), wanted.end(), text) : wanted.end();
        if (found == wanted.end())
          fail(where(*table_, name), ": found '", text, "' in row ", row + 1, ", expected one of the classes [",
               Table::some(wanted), "]");
        x = static_cast<double>(found - wanted.begin());
      }
      if (!std::isnan(x) && (!(x >= 0 && x < label.classes) || x != std::floor(x)))
        fail(where(*table_, name), ": found class ", x, " in row ", row + 1, ", expected a whole number from 0 to ",
             label.classes - 1);
      out.push_back(static_cast<float>(x));
    }
  }

  std::shared_ptr<const Table> table_;
  std::vector<TableInput> inputs_;
  std::vector<TableLabel> labels_;
  std::vector<std::size_t> rows_;
  TableScaling scaling_;
  std::vector<bool> partial_;                ///< of each label: its element mask is needed
  std::vector<std::vector<float>> columns_;  ///< of all inputs, then of all labels: [column][sample]
};

}  // namespace xstitch::inline XSTITCH_ISA::data
