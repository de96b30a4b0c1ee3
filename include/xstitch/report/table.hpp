#pragma once
/// \file
/// Tables as plain text, Markdown or CSV: the first row names the columns, the first column the rows.
///
///     Table table({"task", "pixel accuracy", "mean IU"});
///     table.add_row({"segmentation", Table::number(47.2), Table::number(19.3)});
///     std::cout << table;
///
///     task           pixel accuracy   mean IU
///     ------------   --------------   -------
///     segmentation             47.2      19.3
///
/// Text is UTF-8; widths are counted in characters as a terminal shows them. Rows may be shorter than the header
/// (the rest is empty); longer ones are an Error.

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
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// Of a column.
enum class Align : std::uint8_t { left, right };

/// Columns that a terminal needs for UTF-8 text: none for combining marks, two for East Asian wide characters and
/// emoji, one for other characters and for each byte that is not UTF-8.
XSTITCH_INLINE std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 1;
    char32_t code = length == 1 ? lead : lead & (0x7FU >> length);
    bool whole = i + length <= text.size();
    for (std::size_t k = 1; whole && k < length; ++k) {
      const auto byte = static_cast<unsigned char>(text[i + k]);
      whole = (byte & 0xC0U) == 0x80U;
      code = code << 6 | (byte & 0x3FU);
    }
    i += whole ? length : 1;
    const auto within = [&](char32_t first, char32_t last) { return whole && code >= first && code <= last; };
    if (within(0x300, 0x36F) || within(0x200B, 0x200D) || within(0xFE00, 0xFE0F)) continue;
    const bool wide = within(0x1100, 0x115F) || within(0x2E80, 0xA4CF) || within(0xAC00, 0xD7A3) ||
                      within(0xF900, 0xFAFF) || within(0xFE30, 0xFE6F) || within(0xFF00, 0xFF60) ||
                      within(0xFFE0, 0xFFE6) || within(0x1F300, 0x1FAFF) || within(0x20000, 0x3FFFD);
    width += wide ? 2 : 1;
  }
  return width;
}

class Table {
 public:
  /// The first column is left-aligned, the others right (numbers); `align` says otherwise.
  XSTITCH_INLINE explicit Table(std::vector<std::string> header)
      : header_(std::move(header)), aligns_(header_.size(), Align::right) {
    if (header_.empty()) fail("table: a header without columns");
    aligns_[0] = Align::left;
  }

  /// Aligns a column.
  Table& align(std::size_t column, Align to) {
    if (column >= aligns_.size()) fail("table: column ", column, " of ", aligns_.size());
    aligns_[column] = to;
    return *this;
  }
  /// Adds a row, of as many cells as there are columns.
  XSTITCH_INLINE Table& add_row(std::vector<std::string> cells) {
    if (cells.size() > header_.size())
      fail("table: a row of ", cells.size(), " cells for ", header_.size(), " columns; it starts with '", cells[0],
           "'");
    cells.resize(header_.size());
    rows_.push_back(std::move(cells));
    return *this;
  }
  /// Without the header.
  [[nodiscard]] std::size_t rows() const noexcept { return rows_.size(); }
  /// Of the header and each row.
  [[nodiscard]] std::size_t columns() const noexcept { return header_.size(); }
  /// Names of the columns.
  [[nodiscard]] const std::vector<std::string>& header() const noexcept { return header_; }
  /// Cells, one a column.
  [[nodiscard]] const std::vector<std::string>& row(std::size_t r) const { return rows_.at(r); }
  /// Of a column.
  [[nodiscard]] Align alignment(std::size_t column) const { return aligns_.at(column); }

  /// A number with so many digits after the point; "-" for one that is not finite.
  [[nodiscard]] XSTITCH_INLINE static std::string number(double value, int digits = 1) {
    if (!std::isfinite(value)) return "-";
    std::string result = fixed_text(value, std::clamp(digits, 0, 60));
    // "-0.0" is 0
    if (result[0] == '-' && result.find_first_not_of("-0.") == std::string::npos) result.erase(0, 1);
    return result;
  }
  /// A metric's value without its unit; "-" where nothing was measured.
  [[nodiscard]] static std::string number(const MetricValue& value, int digits = 1) {
    return value.measured ? number(value.value, digits) : "-";
  }
  /// A column's title: "mean IU (%)".
  [[nodiscard]] static std::string title(const MetricValue& value) {
    return value.unit.empty() ? value.name : value.name + " (" + value.unit + ")";
  }

  /// Columns padded with spaces, a line under the header, no spaces at the ends of lines.
  [[nodiscard]] XSTITCH_INLINE std::string to_text() const {
    const std::vector<std::size_t> widths = column_widths(header_, rows_);
    std::string text = text_line(header_, widths);
    std::vector<std::string> rule;
    for (const std::size_t width : widths) rule.emplace_back(width, '-');
    text += text_line(rule, widths);
    for (const auto& row : rows_) text += text_line(row, widths);
    return text;
  }
  /// GitHub's tables; | and \ are escaped, line ends become <br>.
  [[nodiscard]] XSTITCH_INLINE std::string to_markdown() const {
    std::vector<std::string> header = escaped(header_);
    std::vector<std::vector<std::string>> rows;
    for (const auto& row : rows_) rows.push_back(escaped(row));
    std::vector<std::size_t> widths = column_widths(header, rows);
    for (std::size_t& width : widths) width = std::max<std::size_t>(width, 3);  // room for ---
    std::string text = markdown_line(header, widths) + "|";
    for (std::size_t c = 0; c < widths.size(); ++c)
      (text += ' ').append(widths[c] - 1, '-') += aligns_[c] == Align::right ? ": |" : "- |";
    text += "\n";
    for (const auto& row : rows) text += markdown_line(row, widths);
    return text;
  }
  /// RFC 4180, with plain line ends: cells with commas, quotes or line ends are quoted.
  [[nodiscard]] std::string to_csv() const {
    std::string text = csv_line(header_);
    for (const auto& row : rows_) text += csv_line(row);
    return text;
  }
  friend std::ostream& operator<<(std::ostream& out, const Table& table) { return out << table.to_text(); }

 private:
  using Cells = std::vector<std::string>;

  XSTITCH_INLINE static std::vector<std::size_t> column_widths(const Cells& header, const std::vector<Cells>& rows) {
    std::vector<std::size_t> widths;
    for (const std::string& cell : header) widths.push_back(display_width(cell));
    for (const Cells& row : rows)
      for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], display_width(row[c]));
    return widths;
  }
  [[nodiscard]] std::string padded(const std::string& cell, std::size_t c, std::size_t width) const {
    const std::string space(width - std::min(width, display_width(cell)), ' ');
    return aligns_[c] == Align::right ? space + cell : cell + space;
  }
  [[nodiscard]] XSTITCH_INLINE std::string text_line(const Cells& cells, const std::vector<std::size_t>& widths) const {
    std::string line;
    for (std::size_t c = 0; c < cells.size(); ++c) (line += c == 0 ? "" : "   ") += padded(cells[c], c, widths[c]);
    line.erase(line.find_last_not_of(' ') + 1);
    return line + "\n";
  }
  [[nodiscard]] XSTITCH_INLINE std::string markdown_line(const Cells& cells,
                                                         const std::vector<std::size_t>& widths) const {
    std::string line = "|";
    for (std::size_t c = 0; c < cells.size(); ++c) ((line += ' ') += padded(cells[c], c, widths[c])) += " |";
    return line + "\n";
  }
  XSTITCH_INLINE static Cells escaped(const Cells& cells) {
    Cells result;
    for (const std::string& cell : cells) {
      std::string text;
      for (const char letter : cell) {
        if (letter == '\n')
          text += "<br>";
        else if (letter == '|' || letter == '\\')
          (text += '\\') += letter;
        else if (letter != '\r')
          text += letter;
      }
      result.push_back(std::move(text));
    }
    return result;
  }
  XSTITCH_INLINE static std::string csv_line(const Cells& cells) {
    std::string line;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      if (c > 0) line += ',';
      if (cells[c].find_first_of(",\"\r\n") == std::string::npos) {
        line += cells[c];
        continue;
      }
      line += '"';
      for (const char letter : cells[c]) line += letter == '"' ? std::string("\"\"") : std::string(1, letter);
      line += '"';
    }
    return line + "\n";
  }

  Cells header_;
  std::vector<Align> aligns_;
  std::vector<Cells> rows_;
};

}  // namespace xstitch::inline XSTITCH_ISA
