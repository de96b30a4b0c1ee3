#pragma once
/// \file
/// Tables from text: one row a line, the names of the columns in the first.
///
///     const xs::data::Table table = xs::data::read_csv("prices.csv");
///
/// Fields are separated by one character and may be in double quotes (doubled inside), line ends included. An empty
/// field, NA and nan are missing values. A column with a field that is no number is one of names: `column` refuses it
/// and says where that field is, a label of classes takes it.
/// Errors: no such file, no header, a column named twice, a line with another number of fields, a quote without end.

#include <xstitch/core/text_number.hpp>
#include <xstitch/data/table.hpp>
#include <xstitch/io/limits.hpp>
#include <xstitch/io/regular_file.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

namespace detail {

/// The records of a file of separated fields.
class CsvReader {
 public:
  CsvReader(std::string path, char separator)
      : path_(std::move(path)),
        separator_(separator),
        budget_("file " + path_, file::regular_size(path_, "a table")),
        in_(path_) {
    if (!in_) fail("file ", path_, ": found that it cannot be opened, expected a table");
  }
  /// The next record that is not empty; false at the end of the file.
  bool next() {
    fields_.clear();
    bool quoted = false;
    std::string line;
    while (std::getline(in_, line)) {
      ++lines_;
      if (!line.empty() && line.back() == '\r') line.pop_back();
      if (lines_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);  // byte order mark
      if (quoted)
        fields_.back() += '\n', blank_ = false;
      else if (line.empty())
        continue;
      else
        first_line_ = lines_, begin_field();
      quoted = append(line, quoted);
      if (quoted) continue;
      for (std::string& field : fields_) field = trimmed(field);
      return true;
    }
    if (in_.bad()) fail("file ", path_, ": found that it cannot be read to its end");
    if (quoted) fail("file ", path_, ", line ", first_line_, ": found a quote without an end, expected one");
    return false;
  }
  [[nodiscard]] const std::vector<std::string>& fields() const noexcept { return fields_; }
  [[nodiscard]] std::size_t line() const noexcept { return first_line_; }

 private:
  void begin_field() {
    constexpr std::uint64_t column = 256;  // here, its name, and its own memory
    if (fields_.size() == columns_) ++columns_, budget_.take(column);
    fields_.emplace_back();
    blank_ = true;
  }
  /// Adds a line to the record; whether it ends inside quotes. A quote opens at the beginning of a field only.
  bool append(std::string_view line, bool quoted) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      const char c = line[i];
      if (!quoted && c == separator_) {
        begin_field();
        continue;
      }
      if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
        ++i;
      } else if (c == '"' && (quoted || blank_)) {
        quoted = !quoted;
        continue;
      }
      blank_ = blank_ && (c == ' ' || c == '\t');
      fields_.back() += c;
    }
    return quoted;
  }
  static std::string trimmed(const std::string& field) {
    const std::size_t first = field.find_first_not_of(" \t"), last = field.find_last_not_of(" \t");
    return first == std::string::npos ? std::string{} : field.substr(first, last - first + 1);
  }

  std::string path_;
  char separator_;
  limits::Budget budget_;
  std::ifstream in_;
  std::vector<std::string> fields_;
  std::size_t columns_ = 0;  ///< of the longest record
  bool blank_ = true;        ///< the last field is, so far
  std::size_t lines_ = 0, first_line_ = 0;
};

inline bool csv_missing(const std::string& field) {
  return field.empty() || field == "NA" || field == "nan" || field == "NaN";
}

/// A finite number, or NaN where the field is none.
inline double csv_number(const std::string& field) {
  std::string_view text = field;
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  return number_of_text(text).value_or(std::numeric_limits<double>::quiet_NaN());
}

/// Reads the columns of text again: their distinct texts, sorted, and for each element the index of its own.
inline void read_csv_texts(Table& table, char separator) {
  std::vector<std::map<std::string, std::size_t>> seen(table.names.size());  // text: how many others came before it
  std::vector<bool> holds_text;
  for (const std::string& name : table.names) holds_text.push_back(table.texts.contains(name));
  CsvReader reader(table.path, separator);
  reader.next();
  std::size_t row = 0;
  for (; row < table.rows() && reader.next() && reader.fields().size() == seen.size(); ++row)
    for (std::size_t i = 0; i < seen.size(); ++i)
      if (const std::string& field = reader.fields()[i]; holds_text[i] && !csv_missing(field))
        table.columns[i][row] = static_cast<double>(seen[i].emplace(field, seen[i].size()).first->second);
  if (row < table.rows()) fail("file ", table.path, ": found that it changed while it was read");
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (seen[i].empty()) continue;
    std::vector<std::string>& classes = table.texts.at(table.names[i]).classes;
    classes.reserve(classes.size() + seen[i].size());
    std::vector<double> sorted(seen[i].size());
    for (const auto& [text, before] : seen[i]) {
      sorted[before] = static_cast<double>(classes.size());
      classes.push_back(text);
    }
    for (double& x : table.columns[i])
      if (!std::isnan(x)) x = sorted.at(static_cast<std::size_t>(x));
  }
}

inline Table read_csv(const std::string& path, char separator) {
  CsvReader reader(path, separator);
  Table table;
  table.path = path;
  if (reader.next()) table.names = reader.fields();
  std::set<std::string_view> seen;
  for (const std::string& name : table.names)
    if (!name.empty() && !seen.insert(name).second)
      fail("file ", path, ", line ", reader.line(), ": found two columns named '", limits::excerpt(name),
           "', expected one");
  std::vector<bool> holds_text(table.names.size(), false);
  table.columns.resize(table.names.size());
  while (reader.next()) {
    const std::vector<std::string>& fields = reader.fields();
    if (fields.size() != table.names.size())
      fail("file ", path, ", line ", reader.line(), ": found ", fields.size(), " fields, expected ",
           table.names.size());
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const double value = csv_number(fields[i]);
      table.columns[i].push_back(value);
      if (!std::isnan(value) || holds_text[i] || csv_missing(fields[i])) continue;
      holds_text[i] = true;
      table.texts.try_emplace(
          table.names[i],
          ColumnNames{{}, "line " + std::to_string(reader.line()) + ": found '" + limits::excerpt(fields[i]) + "'"});
    }
  }
  if (table.rows() == 0) fail("file ", path, ": found no rows, expected a line of names and lines of numbers");
  if (!table.texts.empty()) read_csv_texts(table, separator);
  return table;
}

}  // namespace detail

/// Reads a file whose first line is the names of the columns; an Error says which line is wrong.
inline Table read_csv(const std::string& path, char separator = ',') {
  return limits::guard(path, [&] { return detail::read_csv(path, separator); });
}

}  // namespace xstitch::inline XSTITCH_ISA::data
