#pragma once
/// \file
/// Tables of numbers from text: one row a line, the names of the columns in the first.
///
///     const xs::data::Table table = xs::data::read_csv("prices.csv");
///
/// Fields are separated by one character and may stand in double quotes (doubled inside). An empty field, NA and nan
/// are missing values. Errors: no such file, no header, a line with another number of fields, a field that is no
/// number.

#include <xstitch/data/table.hpp>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

namespace detail {

/// The fields of one line.
inline std::vector<std::string> csv_fields(std::string_view line, char separator) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"')
      fields.back() += line[++i];
    else if (c == '"')
      quoted = !quoted;
    else if (c == separator && !quoted)
      fields.emplace_back();
    else
      fields.back() += c;
  }
  for (std::string& field : fields) {
    const std::size_t first = field.find_first_not_of(" \t"), last = field.find_last_not_of(" \t");
    field = first == std::string::npos ? std::string{} : field.substr(first, last - first + 1);
  }
  return fields;
}

}  // namespace detail

inline Table read_csv(const std::string& path, char separator = ',') {
  std::ifstream in(path);
  if (!in) fail("file ", path, ": found no such file, expected a table");
  Table table;
  table.path = path;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (number == 1 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);  // byte order mark
    if (line.empty()) continue;
    const std::vector<std::string> fields = detail::csv_fields(line, separator);
    if (table.names.empty()) {
      table.names = fields;
      table.columns.resize(fields.size());
      continue;
    }
    if (fields.size() != table.names.size())
      fail("file ", path, ", line ", number, ": found ", fields.size(), " fields, expected ", table.names.size());
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const std::string& field = fields[i];
      double value = std::numeric_limits<double>::quiet_NaN();
      if (!field.empty() && field != "NA" && field != "nan" && field != "NaN") {
        const char* const begin = field.data() + (field[0] == '+' ? 1 : 0);
        const auto [end, error] = std::from_chars(begin, field.data() + field.size(), value);
        if (error != std::errc{} || end != field.data() + field.size() || !std::isfinite(value))
          fail("file ", path, ", line ", number, ", column '", table.names[i], "': found '", field,
               "', expected a number");
      }
      table.columns[i].push_back(value);
    }
  }
  if (in.bad()) fail("file ", path, ": found that it cannot be read to its end");
  if (table.rows() == 0) fail("file ", path, ": found no rows, expected a line of names and lines of numbers");
  return table;
}

}  // namespace xstitch::inline XSTITCH_ISA::data
