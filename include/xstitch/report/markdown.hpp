#pragma once
/// \file
/// A report as GitHub's Markdown, for the documentation of a project: its tables are text there, and its plots and
/// pictures are SVG files in a folder beside it, named by their titles.
///
///     xs::report::write_markdown(report, "docs/results.md");  // and docs/results/loss.svg ...

#include <xstitch/io/file.hpp>
#include <xstitch/io/folder.hpp>
#include <xstitch/io/utf8.hpp>
#include <xstitch/report/report.hpp>
#include <xstitch/report/svg_file.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::report {
namespace markdown {

/// A letter or a digit of ASCII, small; 0 for anything else.
inline char letter_or_digit(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) return c;
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : '\0';
}

/// Text that Markdown shows as it is: what has a meaning there is escaped, lines stay lines. What is not UTF-8, and
/// control characters, become U+FFFD.
XSTITCH_INLINE std::string plain(std::string_view text) {
  const auto in_word = [&](std::size_t i) {
    return i < text.size() && (static_cast<unsigned char>(text[i]) >= 0x80 || letter_or_digit(text[i]) != '\0');
  };
  std::string out;
  std::size_t line = 0;     // where it begins
  bool only_digits = true;  // since then: "1." would begin a list
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const std::size_t length = utf8::character_length(text, i);
    if (c == '\n') {
      if (i + 1 < text.size()) out += "\\\n";
      line = ++i;
      only_digits = true;
      continue;
    }
    const bool begins_block =
        only_digits && (i == line ? std::string_view("#+-=~").find(c) != std::string_view::npos : c == '.' || c == ')');
    only_digits = only_digits && c >= '0' && c <= '9';
    const bool special = c == '_' ? i == 0 || !in_word(i - 1) || !in_word(i + 1)
                                  : std::string_view("\\`*[]<>&|").find(c) != std::string_view::npos;
    if (begins_block || special) out += '\\';
    if (length == 0 || static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      out += "\xEF\xBF\xBD";
    else
      out.append(text, i, length);
    i += std::max<std::size_t>(1, length);
  }
  return out;
}

/// Of a table, whose own text escapes what separates its cells.
XSTITCH_INLINE std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("<>&*`[").find(c) == std::string_view::npos)
      out += c;
    else
      out += "&#" + std::to_string(static_cast<int>(c)) + ";";
  }
  return out;
}
XSTITCH_INLINE Table with_plain_cells(const Table& table) {
  const auto plain_row = [](const std::vector<std::string>& row) {
    std::vector<std::string> cells;
    for (const std::string& text : row) cells.push_back(cell(text));
    return cells;
  };
  Table made(plain_row(table.header()));
  for (std::size_t c = 0; c < table.columns(); ++c) made.align(c, table.alignment(c));
  for (std::size_t r = 0; r < table.rows(); ++r) made.add_row(plain_row(table.row(r)));
  return made;
}

/// "Split points: mean IU (%)" becomes "split-points-mean-iu".
inline std::string file_name(std::string_view title) {
  std::string name;
  for (const char c : title) {
    if (const char shown = letter_or_digit(c); shown != '\0')
      name += shown;
    else if (!name.empty() && name.back() != '-')
      name += '-';
    if (name.size() == 60) break;
  }
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name.empty() ? "figure" : name;
}

class Writer {
 public:
  explicit Writer(std::string folder) : folder_(std::move(folder)) {}

  void operator()(const std::string& text) { text_ += plain(text) + "\n\n"; }
  void operator()(const TitledTable& table) {
    text_ += "**" + plain(table.title) + "**\n\n" + with_plain_cells(table.table).to_markdown() + "\n";
    if (!table.note.empty()) text_ += plain(table.note) + "\n\n";
  }
  void operator()(const Settings& settings) {
    text_ += "<details><summary>" + escaped(settings.title) + "</summary>\n\n";
    for (const auto& [name, value] : settings.values) text_ += "- " + plain(name) + ": " + plain(value) + "\n";
    text_ += "\n</details>\n\n";
  }
  void operator()(const Plot& plot) { figure(plot.title, svg_file(plot)); }
  void operator()(const PictureGrid& grid) { figure(grid.title, svg_file(grid)); }
  void operator()(const Drawing& drawing) { figure(drawing.title, drawing.svg); }

  void title(std::string_view marks, const std::string& words) {
    text_ += std::string(marks) + " " + plain(words) + "\n\n";
  }
  /// Ends with one line end.
  [[nodiscard]] std::string text() const { return text_.substr(0, text_.empty() ? 0 : text_.size() - 1); }
  /// By their names.
  [[nodiscard]] const std::map<std::string, std::string>& figures() const { return figures_; }

 private:
  XSTITCH_INLINE void figure(const std::string& title, const std::string& svg) {
    const std::string name = file_name(title);
    std::string file = name + ".svg";
    for (int again = 2; figures_.contains(file); ++again) file = name + "-" + std::to_string(again) + ".svg";
    figures_[file] = svg;
    text_ += "![" + plain(title) + "](<" + folder_ + "/" + file + ">)\n\n";
  }

  std::string folder_, text_;
  std::map<std::string, std::string> figures_;
};

}  // namespace markdown

/// Writes `path`, and figures to the folder of its name without its ending. Files of the folder that have other names
/// stay. Errors: a path without an ending, or whose name Markdown's links cannot hold (< > and line ends).
XSTITCH_INLINE void write_markdown(const Report& report, const std::filesystem::path& path) {
  const std::string folder = path.stem().string();
  if (!path.has_extension() || folder.find_first_of("<>\n") != std::string::npos)
    fail("report ", path.string(), ": expected a name as results.md");
  markdown::Writer writer(folder);
  writer.title("#", report.title);
  if (!report.subtitle.empty()) writer(report.subtitle);
  for (const Section& section : report.sections) {
    writer.title("##", section.title);
    for (const Item& item : section.items) std::visit(writer, item);
  }
  if (!writer.figures().empty()) make_folder(path.parent_path() / folder);
  for (const auto& [name, svg] : writer.figures()) write_file_atomically(path.parent_path() / folder / name, svg);
  write_file_atomically(path, writer.text());
}

}  // namespace xstitch::inline XSTITCH_ISA::report
