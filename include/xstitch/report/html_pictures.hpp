#pragma once
/// \file
/// A grid of pictures as HTML: each is a PNG in a data URI, boxes are drawn over it, every picture has the name of its
/// column.

#include <xstitch/report/axis.hpp>
#include <xstitch/report/base64.hpp>
#include <xstitch/report/markup.hpp>
#include <xstitch/report/picture.hpp>

#include <algorithm>
#include <cstddef>
#include <string>

namespace xstitch::inline XSTITCH_ISA::report {
namespace pictures {

XSTITCH_INLINE std::string css(const Colour& c) {
  return "rgb(" + std::to_string(c[0]) + "," + std::to_string(c[1]) + "," + std::to_string(c[2]) + ")";
}
/// Black or white, whichever reads better on a colour (by its luminance).
inline const char* ink_on(const Colour& c) { return 299 * c[0] + 587 * c[1] + 114 * c[2] > 140'000 ? "#000" : "#fff"; }

XSTITCH_INLINE std::string box(const MarkedBox& marked, const Picture& picture) {
  const auto x = [](float value) { return coordinate(static_cast<double>(value)); };
  const double unit = static_cast<double>(std::max(picture.width, picture.height)) / 200.0;  // a line's width
  const std::string colour = css(marked.colour);
  std::string svg = "<rect x=\"" + x(marked.box.x0) + "\" y=\"" + x(marked.box.y0) + "\" width=\"" +
                    x(std::max(0.0F, marked.box.width())) + "\" height=\"" + x(std::max(0.0F, marked.box.height())) +
                    "\" fill=\"none\" stroke=\"" + colour + "\" stroke-width=\"" + coordinate(1.5 * unit) + "\"/>";
  if (marked.label.empty()) return svg;
  const std::string words = shortened(marked.label, 24);
  const double size = 9.0 * unit, length = 0.58 * size * static_cast<double>(words.size()) + 4.0 * unit;
  // Inside of the picture, whatever the box says.
  const double left = std::clamp(static_cast<double>(marked.box.x0), 0.0, std::max(0.0, picture.width - length));
  const double top = std::clamp(static_cast<double>(marked.box.y0) - size - 2.0 * unit, 0.0,
                                std::max(0.0, picture.height - size - 2.0 * unit));
  return svg + "<rect x=\"" + coordinate(left) + "\" y=\"" + coordinate(top) + "\" width=\"" + coordinate(length) +
         "\" height=\"" + coordinate(size + 2.0 * unit) + "\" fill=\"" + colour + "\"/><text x=\"" +
         coordinate(left + 2.0 * unit) + "\" y=\"" + coordinate(top + size) + "\" font-size=\"" + coordinate(size) +
         "\" fill=\"" + ink_on(marked.colour) + "\">" + escaped(words) + "</text>";
}

/// What is inside of the element <svg> of a picture; an enlarged class map keeps its edges by the class "sharp".
XSTITCH_INLINE std::string content(const Picture& p) {
  std::string svg = "<image width=\"" + std::to_string(p.width) + "\" height=\"" + std::to_string(p.height) + "\"" +
                    (p.sharp ? " class=\"sharp\"" : "") + " href=\"data:image/png;base64," + base64(p.png) + "\"/>";
  for (const MarkedBox& marked : p.boxes) svg += box(marked, p);
  return svg;
}
/// "chair: wooden, with legs" of a box that has attributes, else nothing.
XSTITCH_INLINE std::string attributes_of(const MarkedBox& marked) {
  std::string text;
  for (const std::string& attribute : marked.attributes) text += (text.empty() ? ": " : ", ") + attribute;
  return text.empty() ? text : marked.label + text;
}

XSTITCH_INLINE std::string picture(const Picture& p, const std::string& column) {
  std::string html = "<figure><svg viewBox=\"0 0 " + std::to_string(p.width) + " " + std::to_string(p.height) +
                     "\" role=\"img\" class=\"picture\"><title>" + escaped(column) + "</title>" + content(p) +
                     "</svg><figcaption><b>" + escaped(column) + "</b>" +
                     (p.caption.empty() ? "" : " " + escaped(p.caption));
  for (const MarkedBox& marked : p.boxes)
    if (const std::string text = attributes_of(marked); !text.empty()) html += "<br>" + escaped(text);
  return html + "</figcaption></figure>\n";
}

}  // namespace pictures

XSTITCH_INLINE std::string html_pictures(const PictureGrid& grid) {
  std::string html = "<h3>" + escaped(grid.title) + "</h3>\n";
  if (!grid.legend.empty()) {
    html += "<ul class=\"legend\">";
    for (const LegendEntry& entry : grid.legend)
      html += "<li><span class=\"swatch\" style=\"background:" + pictures::css(entry.colour) + "\"></span>" +
              escaped(entry.name) + "</li>";
    html += "</ul>\n";
  }
  for (const auto& row : grid.rows) {
    html += "<div class=\"pictures\">\n";
    for (std::size_t c = 0; c < row.size(); ++c)
      html += pictures::picture(row[c], c < grid.columns.size() ? grid.columns[c] : "");
    html += "</div>\n";
  }
  return html;
}

}  // namespace xstitch::inline XSTITCH_ISA::report
