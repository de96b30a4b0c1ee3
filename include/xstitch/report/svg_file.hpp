#pragma once
/// \file
/// A plot or a grid of pictures as an SVG file of its own, with its legend: for documentation that shows it by a link.
/// As on a page, nothing is fetched, and colours follow the reader's light or dark setting.

#include <xstitch/report/html_pictures.hpp>
#include <xstitch/report/page_style.hpp>
#include <xstitch/report/plot_svg.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::report {
namespace svg_files {

inline constexpr double line_height = 16.0, letter_width = 6.2;  // of texts of 11 pixels, about

XSTITCH_INLINE std::string text(double x, double y, std::string_view words) {
  return "<text x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) + "\">" + escaped(words) + "</text>\n";
}
/// Most characters that fit, at least the "..." of a text that is shortened.
inline std::string fitted(std::string_view words, double width) {
  return shortened(words, static_cast<std::size_t>(std::max(1.0, width / letter_width)));
}
XSTITCH_INLINE std::string translated(double x, double y, const std::string& content) {
  return "<g transform=\"translate(" + coordinate(x) + " " + coordinate(y) + ")\">" + content + "</g>\n";
}

/// Keys of 20 x 10 with names, in as many lines as they need.
class Legend {
 public:
  Legend(double top, double width) : top_(top), width_(width) {}

  XSTITCH_INLINE void add(const std::string& key, std::string_view name) {
    const std::string words = fitted(name, width_ - 2.0 * margin - 26.0);
    const double needed = 26.0 + letter_width * static_cast<double>(words.size()) + 12.0;
    if (x_ > margin && x_ + needed > width_ - margin) {
      x_ = margin;
      top_ += line_height;
    }
    out_ += translated(x_, top_, key + text(26.0, 9.0, words));
    x_ += needed;
    below_ = line_height;
  }
  /// Where the line below it begins.
  [[nodiscard]] double bottom() const { return top_ + below_; }
  [[nodiscard]] const std::string& content() const { return out_; }

 private:
  static constexpr double margin = 10.0;
  double top_, width_, x_ = margin, below_ = 0.0;
  std::string out_;
};

XSTITCH_INLINE std::string file(double width, double height, const std::string& title, const std::string& content) {
  const std::string w = coordinate(width), h = coordinate(height);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + w + "\" height=\"" + h + "\" viewBox=\"0 0 " + w + " " +
         h + "\" role=\"img\"><title>" + escaped(title) + "</title>\n<style>" + std::string(colour_style) +
         std::string(plot_style) +
         "text{font-family:system-ui,sans-serif}.backdrop{fill:var(--paper)}.sharp{image-rendering:pixelated}" +
         "</style>\n<rect class=\"backdrop\" width=\"100%\" height=\"100%\"/>\n<g class=\"plot\">\n" + content +
         "</g>\n</svg>\n";
}

}  // namespace svg_files

/// The plot, its legend below.
XSTITCH_INLINE std::string svg_file(const Plot& plot) {
  svg_files::Legend legend(plots::height + 4.0, plots::width);
  if (plots::has_legend(plot))
    for (std::size_t c = 0; c < plot.curves.size(); ++c) legend.add(plots::key(c), plot.curves[c].name);
  return svg_files::file(plots::width, legend.bottom() + 4.0, plot.title,
                         plots::Writer(plot).content() + legend.content());
}

/// Pictures 200 wide in columns with names; below each its caption and the attributes of its boxes.
XSTITCH_INLINE std::string svg_file(const PictureGrid& grid) {
  constexpr double gap = 10.0, cell = 200.0;
  std::size_t columns = grid.columns.size();
  for (const auto& row : grid.rows) columns = std::max(columns, row.size());
  const double width = gap + static_cast<double>(std::max<std::size_t>(1, columns)) * (cell + gap);
  const auto left_of = [](std::size_t column) { return gap + static_cast<double>(column) * (cell + gap); };
  double y = gap;
  std::string out;
  for (std::size_t c = 0; c < grid.columns.size(); ++c)
    out += svg_files::text(left_of(c), y + 9.0, svg_files::fitted(grid.columns[c], cell));
  y += svg_files::line_height;
  for (const auto& row : grid.rows) {
    double lowest = y;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const Picture& p = row[c];
      const double height = p.width > 0 ? cell * p.height / p.width : 0.0;
      out += "<svg x=\"" + coordinate(left_of(c)) + "\" y=\"" + coordinate(y) + "\" width=\"" + coordinate(cell) +
             "\" height=\"" + coordinate(height) + "\" viewBox=\"0 0 " + std::to_string(p.width) + " " +
             std::to_string(p.height) + "\">" + pictures::content(p) + "</svg>\n";
      double below = y + height;
      std::vector<std::string> lines;
      if (!p.caption.empty()) lines.push_back(p.caption);
      for (const MarkedBox& marked : p.boxes)
        if (std::string words = pictures::attributes_of(marked); !words.empty()) lines.push_back(std::move(words));
      for (const std::string& line : lines) {
        below += svg_files::line_height;
        out += svg_files::text(left_of(c), below - 3.0, svg_files::fitted(line, cell));
      }
      lowest = std::max(lowest, below);
    }
    y = lowest + gap;
  }
  svg_files::Legend legend(y, width);
  for (const LegendEntry& entry : grid.legend)
    legend.add("<rect width=\"20\" height=\"10\" rx=\"2\" fill=\"" + pictures::css(entry.colour) + "\"/>", entry.name);
  return svg_files::file(width, legend.bottom() + 4.0, grid.title, out + legend.content());
}

}  // namespace xstitch::inline XSTITCH_ISA::report
