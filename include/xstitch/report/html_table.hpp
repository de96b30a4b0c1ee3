#pragma once
/// \file
/// A Table (table.hpp) as HTML. A cell with an interval is text: "28.1 ± 0.4".

#include <xstitch/report/markup.hpp>
#include <xstitch/report/table.hpp>

#include <cstddef>
#include <string>

namespace xstitch::inline XSTITCH_ISA::report {

/// A table with a heading.
struct TitledTable {
  std::string title;   ///< the heading
  Table table;         ///< what stands below it
  std::string note{};  ///< below: what an interval means
};

/// As a table of HTML.
XSTITCH_INLINE std::string html_table(const TitledTable& titled) {
  const Table& table = titled.table;
  const auto cell = [&](const char* tag, std::size_t column, const std::string& text, const char* scope) {
    const std::string classes = table.alignment(column) == Align::right ? " class=\"right\"" : "";
    return std::string("<") + tag + classes + scope + ">" + escaped(text) + "</" + tag + ">";
  };
  std::string html = "<h3>" + escaped(titled.title) + "</h3>\n<div class=\"wide\"><table aria-label=\"" +
                     escaped(titled.title) + "\">\n<thead><tr>";
  for (std::size_t c = 0; c < table.columns(); ++c) html += cell("th", c, table.header()[c], " scope=\"col\"");
  html += "</tr></thead>\n<tbody>\n";
  for (std::size_t r = 0; r < table.rows(); ++r) {
    html += "<tr>";
    for (std::size_t c = 0; c < table.columns(); ++c)
      html += c == 0 ? cell("th", c, table.row(r)[c], " scope=\"row\"") : cell("td", c, table.row(r)[c], "");
    html += "</tr>\n";
  }
  html += "</tbody></table></div>\n";
  return titled.note.empty() ? html : html + "<p class=\"note\">" + escaped(titled.note) + "</p>\n";
}

}  // namespace xstitch::inline XSTITCH_ISA::report
