#pragma once
/// \file
/// How the columns of a table become what a network sees, and back:
///
///     z = (x - mean) / standard_deviation        x = mean + z standard_deviation
///
/// mean and standard deviation (divided by n) are those of the rows it is made from. A column that does not vary
/// there, up to rounding (a standard deviation below 64 units in the last place of its largest value), has nothing to
/// be divided by: it is 0 in all those rows, and its standard_deviation is max(1, |mean|), so that a new row near the
/// constant stays near 0.
///
///     xs::save(net, "wine.safetensors", train.scaling().to_metadata());
///     const auto scaling = xs::data::TableScaling::from_metadata(xs::read_metadata("wine.safetensors"));
///
/// Names of classes belong to it, because another table may hold fewer of them.
/// Errors: a column it does not know, a number it cannot scale, metadata without a scaling or with a broken one.

#include <xstitch/data/table_columns.hpp>
#include <xstitch/io/json.hpp>
#include <xstitch/io/safetensors.hpp>
#include <xstitch/io/utf8.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

/// Z = (x - mean) / standard deviation, of a column.
struct ColumnScaling {
  double mean = 0;                ///< of the training rows
  double standard_deviation = 1;  ///< of the training rows

  /// From the column's unit to standard scores.
  [[nodiscard]] double apply(double x) const noexcept { return (x - mean) / standard_deviation; }
  /// From standard scores to the column's unit.
  [[nodiscard]] double restore(double z) const noexcept { return mean + z * standard_deviation; }
  bool operator==(const ColumnScaling&) const = default;

  /// Of `rows` of a column; missing values (NaN) are left out. `where` names the column in messages.
  static ColumnScaling of(const std::vector<double>& column, const std::vector<std::size_t>& rows,
                          const std::string& where) {
    // Differences to the first value are small and exact where the column hardly varies; the sum of the values is not.
    double first = std::numeric_limits<double>::quiet_NaN(), count = 0, sum = 0, largest = 0, widest = 0;
    for (const std::size_t row : rows) {
      if (row >= column.size()) fail(where, ": found ", column.size(), " rows, row ", row + 1, " wanted");
      const double x = column[row];
      if (std::isnan(x)) continue;
      if (!std::isfinite(x)) fail(where, ": found ", x, " in row ", row + 1, ", expected finite numbers");
      if (count == 0) first = x;
      sum += x - first;
      count += 1;
      largest = std::max(largest, std::abs(x));
    }
    if (count == 0) return {};
    const double mean = first + sum / count;
    for (const std::size_t row : rows)
      if (!std::isnan(column[row])) widest = std::max(widest, std::abs(column[row] - mean));
    double squares = 0;  // of deviations in units of the widest: no overflow, no underflow
    for (const std::size_t row : rows)
      if (const double d = (column[row] - mean) / widest; !std::isnan(column[row]) && widest > 0) squares += d * d;
    const double deviation = widest * std::sqrt(squares / count);
    if (!std::isfinite(mean) || !std::isfinite(deviation))
      fail(where, ": found numbers up to ", largest, ", too large for a mean and a standard deviation");
    const bool constant = deviation <= 64 * std::numeric_limits<double>::epsilon() * largest;
    return {mean, constant ? std::max(1.0, std::abs(mean)) : deviation};
  }
};

class TableScaling {
 public:
  TableScaling() = default;

  /// Gives a column this scaling.
  void set(const std::string& column, ColumnScaling scaling) { columns_[column] = scaling; }
  /// Gives a column of texts the order of its classes.
  void set_class_names(const std::string& column, std::vector<std::string> names) {
    class_names_[column] = std::move(names);
  }
  /// Whether the column has a scaling.
  [[nodiscard]] bool contains(const std::string& column) const { return columns_.contains(column); }
  /// The column's scaling; an Error if it has none.
  [[nodiscard]] const ColumnScaling& at(const std::string& column) const {
    if (const auto found = columns_.find(column); found != columns_.end()) return found->second;
    std::vector<std::string> there;
    for (const auto& [name, scaling] : columns_) there.push_back(name);
    fail("table scaling: found the columns [", Table::some(there), "], expected '", column, "' among them");
  }
  /// Names of the classes that a column of text holds; none for other columns.
  [[nodiscard]] std::vector<std::string> class_names(const std::string& column) const {
    const auto found = class_names_.find(column);
    return found == class_names_.end() ? std::vector<std::string>{} : found->second;
  }
  bool operator==(const TableScaling&) const = default;

  /// The scaling as one text of a file's metadata. Numbers keep their bits.
  [[nodiscard]] TextMap to_metadata() const {
    Json::Array columns, classes;
    for (const auto& [name, scaling] : columns_) {
      require_utf8(name);
      columns.push_back(
          Json().set("column", name).set("mean", scaling.mean).set("standard_deviation", scaling.standard_deviation));
    }
    for (const auto& [name, names] : class_names_) {
      Json::Array list;
      require_utf8(name);
      for (const std::string& each : names) {
        require_utf8(each);
        list.emplace_back(each);
      }
      classes.push_back(Json().set("column", name).set("names", std::move(list)));
    }
    Json json;
    json.set("version", 1).set("columns", std::move(columns)).set("classes", std::move(classes));
    return {{key, json.text()}};
  }
  /// From what `save` wrote into a file of parameters.
  static TableScaling from_metadata(const TextMap& metadata) {
    const auto found = metadata.find(key);
    if (found == metadata.end()) {
      std::vector<std::string> there;
      for (const auto& [name, text] : metadata) there.push_back(name);
      fail("metadata: found [", Table::some(there), "], expected '", key,
           "' among them: was the file saved with TableScaling::to_metadata()?");
    }
    TableScaling scaling;
    try {
      const Json json = Json::parse(found->second);
      if (json.at("version").whole() != 1) fail("found version ", json.at("version").whole(), ", expected 1");
      for (const Json& each : json.at("columns").array()) {
        const ColumnScaling column{each.at("mean").number(), each.at("standard_deviation").number()};
        if (!(column.standard_deviation > 0))
          fail("column '", each.at("column").string(), "': found the standard deviation ", column.standard_deviation,
               ", expected a positive one");
        scaling.set(each.at("column").string(), column);
      }
      for (const Json& each : json.at("classes").array()) {
        std::vector<std::string> names;
        for (const Json& name : each.at("names").array()) names.push_back(name.string());
        scaling.set_class_names(each.at("column").string(), std::move(names));
      }
    } catch (const Error& error) {
      fail("metadata '", key, "': ", error.what());
    }
    return scaling;
  }

 private:
  /// JSON would write another name than the one that is looked for later.
  static void require_utf8(const std::string& name) {
    for (std::size_t i = 0, length = 0; i < name.size(); i += length)
      if (length = utf8::character_length(name, i); length == 0)
        fail("table scaling: found the name '", name, "', expected UTF-8 to write it to metadata");
  }

  static constexpr const char* key = "table_scaling";
  std::map<std::string, ColumnScaling> columns_;
  std::map<std::string, std::vector<std::string>> class_names_;
};

}  // namespace xstitch::inline XSTITCH_ISA::data
