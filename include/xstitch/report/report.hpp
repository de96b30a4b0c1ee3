#pragma once
/// \file
/// What a report holds, as plain data, and the one call that writes it:
///
///     xs::report::Report report{.title = "A pair of tasks", .sections = xs::report::job_sections("out")};
///     report.sections.push_back({"Results", {xs::report::TitledTable{"Five seeds", table}}});
///     xs::report::write(report, "out/report.html");
///
/// One HTML file that needs no other: pictures and plots are in it, nothing is fetched, no script runs. It follows the
/// reader's light or dark colours and reads on a telephone.

#include <xstitch/io/file.hpp>
#include <xstitch/report/html_pictures.hpp>
#include <xstitch/report/html_table.hpp>
#include <xstitch/report/page_style.hpp>
#include <xstitch/report/plot_svg.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::report {

/// An SVG of ours (draw.hpp): it goes into the page as it is.
struct Drawing {
  std::string title, svg;  ///< heading and picture
};
/// Names and values: what produced a result.
struct Settings {
  std::string title;                                        ///< the heading
  std::vector<std::pair<std::string, std::string>> values;  ///< names and values
};

/// A text is a paragraph.
using Item = std::variant<std::string, Plot, TitledTable, PictureGrid, Drawing, Settings>;

/// A part of the page.
struct Section {
  std::string title;        ///< the heading
  std::vector<Item> items;  ///< in order
};

struct Report {
  std::string title;                ///< of the page
  std::string subtitle{};           ///< below the title
  std::vector<Section> sections{};  ///< in order
};

namespace page {

XSTITCH_INLINE std::string legend(const Plot& plot) {
  if (!plots::has_legend(plot)) return {};
  std::string html = "<ul class=\"legend\">";
  for (std::size_t c = 0; c < plot.curves.size(); ++c)
    html += "<li><svg viewBox=\"0 0 20 10\" class=\"key\" aria-hidden=\"true\">" + plots::key(c) + "</svg>" +
            escaped(plot.curves[c].name) + "</li>";
  return html + "</ul>";
}

struct ItemWriter {
  std::string& out;

  void operator()(const std::string& text) const { out += "<p>" + escaped(text) + "</p>\n"; }
  void operator()(const Plot& plot) const {
    out += "<figure class=\"card\"><figcaption>" + escaped(plot.title) + "</figcaption>\n" + plot_svg(plot) +
           legend(plot) + "</figure>\n";
  }
  void operator()(const TitledTable& table) const { out += html_table(table); }
  void operator()(const PictureGrid& grid) const { out += html_pictures(grid); }
  void operator()(const Drawing& drawing) const {
    out += "<figure class=\"card drawing\"><figcaption>" + escaped(drawing.title) +
           "</figcaption><div class=\"wide\">" + drawing.svg + "</div></figure>\n";
  }
  void operator()(const Settings& settings) const {
    out += "<details><summary>" + escaped(settings.title) + "</summary><dl>";
    for (const auto& [name, value] : settings.values)
      out += "<dt>" + escaped(name) + "</dt><dd>" + (value.empty() ? "\xE2\x80\x93" : escaped(value)) + "</dd>\n";
    out += "</dl></details>\n";
  }
};

XSTITCH_INLINE std::string section(const Section& section, std::size_t number) {
  std::string html = "<section id=\"s" + std::to_string(number) + "\"><h2>" + escaped(section.title) + "</h2>\n";
  bool plots = false;  // neighbouring plots share a grid
  for (const Item& item : section.items) {
    const bool plot = std::holds_alternative<Plot>(item);
    if (plot != plots) html += plot ? "<div class=\"plots\">\n" : "</div>\n";
    plots = plot;
    std::visit(ItemWriter{html}, item);
  }
  return html + (plots ? "</div>\n" : "") + "</section>\n";
}

}  // namespace page

/// The page as one file of HTML that needs no other.
XSTITCH_INLINE std::string html(const Report& report) {
  const std::string title = escaped(report.title);
  std::string text =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      // Whatever a name may hold: the page fetches nothing and runs nothing.
      "<meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n<title>" +
      title + "</title>\n<style>" + std::string(colour_style) + std::string(plot_style) + std::string(page_style) +
      "</style>\n</head>\n<body>\n<header><h1>" + title + "</h1>\n";
  if (!report.subtitle.empty()) text += "<p>" + escaped(report.subtitle) + "</p>\n";
  if (report.sections.size() > 1) {
    text += "<nav>";
    for (std::size_t i = 0; i < report.sections.size(); ++i)
      text += "<a href=\"#s" + std::to_string(i) + "\">" + escaped(report.sections[i].title) + "</a> ";
    text += "</nav>\n";
  }
  text += "</header>\n<main>\n";
  for (std::size_t i = 0; i < report.sections.size(); ++i) text += page::section(report.sections[i], i);
  return text + "</main>\n</body>\n</html>\n";
}

/// Writes the file whole, or leaves the old one.
inline void write(const Report& report, const std::filesystem::path& path) {
  write_file_atomically(path, html(report));
}

}  // namespace xstitch::inline XSTITCH_ISA::report
