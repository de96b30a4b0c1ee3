#pragma once
/// \file
/// A picture of a network, from its type alone:
///
///     xs::write_file_atomically("pair.svg", xs::draw<Net>());
///
/// An SVG: a column a tower, its layers with their settings and output shapes (height x width x channels) from top to
/// bottom, at each stitched seam the unit between the towers with the extents of its parameters. It needs no other
/// file, follows the reader's light or dark colours, and has the same bytes with every compiler. No weights are
/// allocated, and no kernel is compiled for it.

#include <xstitch/report/markup.hpp>
#include <xstitch/report/network_layout_maker.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

using report::DrawOptions;

namespace report::drawing {

using Layout = NetworkLayout;
using xstitch::detail::at;

inline std::string number(int value) { return std::to_string(value); }

XSTITCH_INLINE std::string text_at(int x, int y, std::string_view classes, std::string_view text) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" class=\"" + std::string(classes) + "\">" +
         escaped(text) + "</text>";
}
XSTITCH_INLINE std::string line(int x1, int y1, int x2, int y2, std::string_view classes) {
  return "<path class=\"" + std::string(classes) + "\" d=\"M" + number(x1) + " " + number(y1) + "L" + number(x2) + " " +
         number(y2) + "\"/>\n";
}

inline constexpr std::string_view style =
    "<style>"
    ".xs-net text{font:12px system-ui,sans-serif;fill:#1f2933}"
    ".xs-net .name{font-weight:600}.xs-net .small{font-size:11px;fill:#52606d}"
    ".xs-net .title{font-size:14px;font-weight:600;text-anchor:middle;paint-order:stroke;stroke:#fff;stroke-width:5px}"
    ".xs-net .right{text-anchor:end}.xs-net .middle{text-anchor:middle}"
    ".xs-net rect{stroke-width:1}"
    ".xs-net .paper{fill:#fff}.xs-net .input{fill:#f1f3f5;stroke:#9aa5b1}"
    ".xs-net .layers{fill:#e7f0fa;stroke:#3a6ea5}.xs-net .block{fill:#e6f4ee;stroke:#2f855a}"
    ".xs-net .loss{fill:#fbeee2;stroke:#b7651c}.xs-net .unit{fill:#fff;stroke:#a3375f}"
    ".xs-net path{fill:none;stroke:#7b8794;stroke-width:1.5}"
    ".xs-net .own{stroke:#a3375f;stroke-width:2.5}.xs-net .other{stroke:#c76b8d;stroke-width:1.5}"
    "@media (prefers-color-scheme:dark){"
    ".xs-net text{fill:#e4e7eb}.xs-net .title{stroke:#14181d}.xs-net .small{fill:#b3bdc7}"
    ".xs-net .paper{fill:#14181d}.xs-net .input{fill:#252b32;stroke:#6b7682}"
    ".xs-net .layers{fill:#1b2c3f;stroke:#6ba3d9}.xs-net .block{fill:#19322a;stroke:#5bb98c}"
    ".xs-net .loss{fill:#3a2818;stroke:#dd9a54}.xs-net .unit{fill:#14181d;stroke:#e07a9f}"
    ".xs-net .own{stroke:#e07a9f}.xs-net .other{stroke:#a85a78}.xs-net path{stroke:#8593a1}"
    "}</style>\n";

inline std::string class_of(Layout::Kind kind) {
  switch (kind) {
    case Layout::Kind::input:
      return "input";
    case Layout::Kind::block:
      return "block";
    case Layout::Kind::loss:
      return "loss";
    default:
      return "layers";
  }
}

XSTITCH_INLINE std::string box(const Layout& layout, const Layout::Box& b) {
  const int left = layout.x[at(b.chain)] - Layout::column_width / 2;
  std::string text = "<g><rect class=\"" + class_of(b.kind) + "\" x=\"" + number(left) + "\" y=\"" + number(b.y) +
                     "\" width=\"" + number(Layout::column_width) + "\" height=\"" + number(b.height) + "\" rx=\"" +
                     number(b.kind == Layout::Kind::loss || b.kind == Layout::Kind::input ? 10 : 4) + "\"/>";
  std::string full;
  int y = b.y + 16;
  for (std::size_t i = 0; i < b.lines.size(); ++i, y += Layout::line_height) {
    const Layout::Line& line = b.lines[i];
    // Some 6.3 units a letter; what does not fit is in the title, which a pointer shows.
    const std::size_t room = (i == 0 ? 33 : 38) - std::min<std::size_t>(line.right.size(), 24);
    text += text_at(left + 9, y, i == 0 ? "name" : "small", shortened(line.left, room));
    if (!line.right.empty())
      text += text_at(left + Layout::column_width - 9, y, "small right", shortened(line.right, 24));
    full += (full.empty() ? "" : "\n") + line.full;
  }
  return text + "<title>" + escaped(full) + "</title></g>\n";
}

/// Lines from every tower to every tower, and in the middle which seam it is.
XSTITCH_INLINE std::string unit(const Layout& layout, int number_of_box, const Layout::Box& b) {
  std::vector<int> columns;
  for (const Layout::Edge& edge : layout.edges)
    if (edge.to == number_of_box) columns.push_back(edge.to_x);
  const auto [least, most] = std::minmax_element(columns.begin(), columns.end());
  std::string text = "<g>";
  for (const bool own : {false, true})
    for (const int from : columns)
      for (const int to : columns)
        if ((from == to) == own) text += line(from, b.y, to, b.y + b.height, own ? "own" : "other");
  const std::string label = shortened(b.lines[0].left, 24) + "  " + b.lines[0].right;
  const int width = 26 + 7 * static_cast<int>(label.size()), middle = (*least + *most) / 2, y = b.y + b.height / 2;
  text += "<rect class=\"unit\" x=\"" + number(middle - width / 2) + "\" y=\"" + number(y - 11) + "\" width=\"" +
          number(width) + "\" height=\"22\" rx=\"11\"/>" + text_at(middle, y + 4, "middle", label);
  return text + "<title>" + escaped(b.lines[0].full) + "</title></g>\n";
}

XSTITCH_INLINE std::string edge(const Layout& layout, const Layout::Edge& e) {
  const Layout::Box &from = layout.boxes[at(e.from)], &to = layout.boxes[at(e.to)];
  const int y1 = from.y + from.height, y2 = to.y;
  if (e.from_x == e.to_x && !e.skips) return line(e.from_x, y1, e.to_x, y2, "flow");
  std::string path;
  if (e.from_x == e.to_x) {  // past the boxes between, on their right
    const int side = e.from_x + Layout::column_width / 2, bulge = side + 12, start = y1 - 8, end = y2 + 8;
    path = "M" + number(side) + " " + number(start) + "C" + number(bulge + 8) + " " + number(start) + " " +
           number(bulge) + " " + number(start + 12) + " " + number(bulge) + " " + number(start + 24) + "L" +
           number(bulge) + " " + number(end - 24) + "C" + number(bulge) + " " + number(end - 12) + " " +
           number(bulge + 8) + " " + number(end) + " " + number(side) + " " + number(end);
  } else {
    const int half = (y1 + y2) / 2;
    path = "M" + number(e.from_x) + " " + number(y1) + "C" + number(e.from_x) + " " + number(half) + " " +
           number(e.to_x) + " " + number(half) + " " + number(e.to_x) + " " + number(y2);
  }
  return "<path class=\"flow\" d=\"" + path + "\"/>\n";
}

/// "CrossStitch: 84,000 parameters": what the picture says below.
XSTITCH_INLINE std::string summary(const Program& program) {
  std::size_t parameters = 0;
  for (const Op& op : program.ops)
    for (const ParameterSpec& spec : op.record->parameters)
      if (spec.group != ParameterGroup::buffer) parameters += spec.extents.count();
  return std::string(program.kind) + ": " + network_layout::with_commas(parameters) + " parameters";
}

}  // namespace report::drawing

/// The picture of a program: `net.program()` of a network chosen at run time.
XSTITCH_INLINE std::string draw(const Program& program, const DrawOptions& options = {}) {
  namespace drawing = report::drawing;
  using drawing::at, drawing::number;
  const report::NetworkLayout layout = report::network_layout::Maker(program, options).take();
  const std::string summary = drawing::summary(program);
  const int width = std::max(layout.width, 2 * report::NetworkLayout::margin + 7 * static_cast<int>(summary.size()));
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"xs-net\" width=\"" + number(width) +
                    "\" height=\"" + number(layout.height) + "\" viewBox=\"0 0 " + number(width) + " " +
                    number(layout.height) + "\" role=\"img\">\n<title>" + report::escaped(summary) + "</title>\n" +
                    std::string(drawing::style) + "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n";
  for (const report::NetworkLayout::Edge& edge : layout.edges) svg += drawing::edge(layout, edge);
  for (std::size_t i = 0; i < layout.boxes.size(); ++i)
    if (layout.boxes[i].kind == report::NetworkLayout::Kind::unit)
      svg += drawing::unit(layout, static_cast<int>(i), layout.boxes[i]);
  for (const report::NetworkLayout::Box& box : layout.boxes)
    if (box.kind != report::NetworkLayout::Kind::unit) svg += drawing::box(layout, box);
  for (std::size_t c = 0; c < program.chains.size(); ++c) {
    const ChainView& chain = program.chains[c];
    int top = layout.height;
    for (const report::NetworkLayout::Box& box : layout.boxes)
      if (box.chain == static_cast<int>(c)) top = std::min(top, box.y);
    const std::string member = program.members > 1 ? ", member " + std::to_string(chain.member + 1) : "";
    svg += drawing::text_at(layout.x[c], top - 9, "title", report::shortened(chain.tower, 28) + member) + "\n";
  }
  svg += drawing::text_at(report::NetworkLayout::margin, layout.height - 12, "small", summary) + "\n";
  return svg + "</svg>\n";
}

/// The picture of a network from its type alone.
template <class Net>
std::string draw(const DrawOptions& options = {}) {
  return draw(Net::structure_of_type, options);
}

}  // namespace xstitch::inline XSTITCH_ISA
