#pragma once
/// \file
/// A table in memory: named columns of numbers, and of names (text), which are kept as indices of classes.
///
///     table.column("acid")          the numbers; an Error for a column of text
///     table.class_indices("kind")   text "red", "white", "red": 0, 1, 0
///     table.class_names("kind")     "red", "white": sorted, as scikit-learn's LabelEncoder has them
///
/// Errors: a column that is not there, one that is named twice, numbers asked of text.

#include <xstitch/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

/// What a column of names holds besides the indices.
struct ColumnNames {
  std::vector<std::string> classes;  ///< the distinct texts
  /// Where the first text that is no number is, and what it says ("line 2: found 'red'"); empty where the indices
  /// may well be used as numbers (the levels of an R factor).
  std::string first{};
};

/// Named columns of equal length, of numbers or texts.
struct Table {
  std::string path;                            ///< where it comes from, for messages
  std::vector<std::string> names;              ///< of the columns
  std::vector<std::vector<double>> columns;    ///< NaN: missing
  std::map<std::string, ColumnNames> texts{};  ///< of the columns that hold names: theirs are indices of classes

  /// Rows without that of the names.
  [[nodiscard]] std::size_t rows() const noexcept { return columns.empty() ? 0 : columns[0].size(); }
  /// The numbers of a column.
  [[nodiscard]] const std::vector<double>& column(const std::string& name) const {
    const std::vector<double>& found = class_indices(name);
    if (const auto text = texts.find(name); text != texts.end() && !text->second.first.empty())
      fail("table ", path, ", column '", name, "', ", text->second.first,
           ", expected numbers (text can be the label of classes)");
    return found;
  }
  /// The same, and of a column of names the index of each element's class.
  [[nodiscard]] const std::vector<double>& class_indices(const std::string& name) const {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
      fail("table ", path, ": found the columns [", some(names), "], expected '", name, "' among them");
    if (std::find(found + 1, names.end(), name) != names.end())
      fail("table ", path, ": found two columns named '", name, "', expected one");
    const auto position = static_cast<std::size_t>(found - names.begin());
    if (columns.size() != names.size() || columns[position].size() != rows())
      fail("table ", path, ": found columns of unequal length or without a name, expected one name and ", rows(),
           " rows for each");
    return columns[position];
  }
  /// The classes of a column of names; none for a column of numbers.
  [[nodiscard]] std::vector<std::string> class_names(const std::string& name) const {
    const auto text = texts.find(name);
    return text == texts.end() ? std::vector<std::string>{} : text->second.classes;
  }
  /// Names that start with `prefix`, in order: the 100 channels of a spectrum by one word.
  [[nodiscard]] std::vector<std::string> names_starting_with(const std::string& prefix) const {
    std::vector<std::string> out;
    for (const std::string& name : names)
      if (name.starts_with(prefix)) out.push_back(name);
    return out;
  }

  /// The first of a list of names, for messages.
  [[nodiscard]] static std::string some(const std::vector<std::string>& list) {
    std::string text;
    for (std::size_t i = 0; i < list.size() && i < 12; ++i) text += (i == 0 ? "" : ", ") + list[i];
    return list.size() > 12 ? text + ", ..." : text;
  }
};

}  // namespace xstitch::inline XSTITCH_ISA::data
