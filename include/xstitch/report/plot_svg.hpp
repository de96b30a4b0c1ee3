#pragma once
/// \file
/// A plot as SVG: axes with ticks, a legend below, bands for intervals. Colours are variables of the page that holds it
/// (page_style.hpp), so it follows light and dark; curves beyond the eighth repeat the colours with dashes.
///
/// A curve of more than a thousand points keeps the least and the largest of each five hundredth part: what sticks out
/// stays.

#include <xstitch/report/axis.hpp>
#include <xstitch/report/markup.hpp>
#include <xstitch/report/plot.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::report {
namespace plots {

inline constexpr double width = 420.0, height = 260.0, left = 56.0, right = 20.0, top = 10.0, bottom = 42.0;
inline constexpr std::size_t colours = 8;

/// Which points are drawn.
XSTITCH_INLINE std::vector<std::size_t> chosen(const Curve& curve) {
  const std::size_t points = std::min(curve.x.size(), curve.y.size());
  constexpr std::size_t most = 1000, parts = 500;
  std::vector<std::size_t> all;
  if (points <= most) {
    for (std::size_t i = 0; i < points; ++i) all.push_back(i);
    return all;
  }
  const auto below = [&](std::size_t a, std::size_t b) {
    return !std::isnan(curve.y[a]) && (std::isnan(curve.y[b]) || curve.y[a] < curve.y[b]);
  };
  for (std::size_t p = 0; p < parts; ++p) {
    const std::size_t begin = p * points / parts, end = (p + 1) * points / parts;
    std::size_t least = begin, largest = begin;
    for (std::size_t i = begin; i < end; ++i) {
      if (below(i, least)) least = i;
      if (below(largest, i) || std::isnan(curve.y[largest])) largest = i;
    }
    all.push_back(std::min(least, largest));
    if (least != largest) all.push_back(std::max(least, largest));
  }
  return all;
}

inline std::string style_of(std::size_t curve) {
  return "s" + std::to_string(curve % colours) + (curve >= colours ? " dashed" : "");
}

inline bool has_legend(const Plot& plot) {
  return plot.curves.size() > 1 || (!plot.curves.empty() && !plot.curves[0].name.empty());
}
/// A curve's line in the legend, 20 x 10.
inline std::string key(std::size_t curve) { return "<path class=\"curve " + style_of(curve) + "\" d=\"M0 5L20 5\"/>"; }

class Writer {
 public:
  XSTITCH_INLINE explicit Writer(const Plot& plot)
      : plot_(plot),
        x_(values(plot, true), plot.log_x, left, width - right),
        y_(values(plot, false), plot.log_y, height - bottom, top) {
    y_.round_out();
    if (plot.marks == Marks::points) x_.round_out();
  }

  /// Without the element <svg> that holds it.
  [[nodiscard]] std::string content() {
    out_ = "<title>" + escaped(plot_.title) + "</title>\n";
    axes();
    for (std::size_t c = 0; c < plot_.curves.size(); ++c) {
      if (plot_.marks == Marks::lines) {
        band(c);
        lines(c);
      } else {
        points(c);
      }
    }
    return out_;
  }

 private:
  static std::vector<double> values(const Plot& plot, bool x) {
    std::vector<double> all;
    for (const Curve& curve : plot.curves) {
      if (x) {
        all.insert(all.end(), curve.x.begin(), curve.x.end());
      } else {
        for (const auto* list : {&curve.y, &curve.low, &curve.high}) all.insert(all.end(), list->begin(), list->end());
      }
    }
    if (x ? plot.from_zero : plot.zero_line) all.push_back(0.0);
    return all;
  }
  [[nodiscard]] bool shows(const Curve& curve, std::size_t i) const {
    return x_.shows(curve.x[i]) && y_.shows(curve.y[i]);
  }
  [[nodiscard]] std::string place(double x, double y) const {
    return coordinate(x_.at(x)) + " " + coordinate(y_.at(y));
  }
  XSTITCH_INLINE void text(double x, double y, std::string_view classes, std::string_view words) {
    out_ += "<text x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) + "\" class=\"" + std::string(classes) + "\">" +
            escaped(words) + "</text>\n";
  }
  XSTITCH_INLINE void segment(double x1, double y1, double x2, double y2, std::string_view classes) {
    out_ += "<path class=\"" + std::string(classes) + "\" d=\"M" + coordinate(x1) + " " + coordinate(y1) + "L" +
            coordinate(x2) + " " + coordinate(y2) + "\"/>\n";
  }

  XSTITCH_INLINE void axes() {
    for (const double tick : y_.ticks()) {
      const double y = y_.at(tick);
      segment(left, y, width - right, y, plot_.zero_line && tick == 0.0 ? "zero" : "grid");
      text(left - 6.0, y + 4.0, "end", tick_text(tick));
    }
    double free = 0.0;  // ticks' texts must not touch each other
    for (const double tick : x_.ticks()) {
      const double x = x_.at(tick);
      segment(x, height - bottom, x, height - bottom + 4.0, "tick");
      const std::string words = tick_text(tick);
      const double half = 3.5 * static_cast<double>(words.size());
      if (x - half < free || x + half > width) continue;
      text(x, height - bottom + 17.0, "middle", words);
      free = x + half + 4.0;
    }
    segment(left, height - bottom, width - right, height - bottom, "tick");
    text((left + width - right) / 2.0, height - 6.0, "middle title", plot_.x_title);
    out_ += "<text transform=\"translate(13 " + coordinate((top + height - bottom) / 2.0) +
            ") rotate(-90)\" class=\"middle title\">" + escaped(shortened(plot_.y_title, 34)) + "</text>\n";
  }

  XSTITCH_INLINE void band(std::size_t c) {
    const Curve& curve = plot_.curves[c];
    const std::size_t count = std::min({curve.x.size(), curve.y.size(), curve.low.size(), curve.high.size()});
    std::string forth, back;
    for (const std::size_t i : chosen(curve)) {
      if (i >= count || !x_.shows(curve.x[i]) || !y_.shows(curve.low[i]) || !y_.shows(curve.high[i])) continue;
      forth += (forth.empty() ? "M" : "L") + place(curve.x[i], curve.high[i]);
      back.insert(0, "L" + place(curve.x[i], curve.low[i]));
    }
    if (!forth.empty()) out_ += "<path class=\"band " + style_of(c) + "\" d=\"" + forth + back + "Z\"/>\n";
  }
  XSTITCH_INLINE void lines(std::size_t c) {
    const Curve& curve = plot_.curves[c];
    std::string path;
    bool pen_down = false;
    std::size_t alone = 0;  // points of the present piece
    double last_x = 0.0, last_y = 0.0;
    const auto end_piece = [&] {
      if (alone == 1) dot(c, last_x, last_y, "");
      alone = 0;
      pen_down = false;
    };
    for (const std::size_t i : chosen(curve)) {
      if (!shows(curve, i)) {
        end_piece();
        continue;
      }
      path += (pen_down ? "L" : "M") + place(curve.x[i], curve.y[i]);
      pen_down = true;
      ++alone;
      last_x = curve.x[i], last_y = curve.y[i];
    }
    end_piece();
    if (!path.empty())
      out_ += "<path class=\"curve " + style_of(c) + "\" d=\"" + path + "\"><title>" + escaped(curve.name) +
              "</title></path>\n";
  }

  XSTITCH_INLINE void dot(std::size_t c, double x, double y, std::string_view words) {
    out_ += "<circle class=\"dot " + style_of(c) + "\" cx=\"" + coordinate(x_.at(x)) + "\" cy=\"" +
            coordinate(y_.at(y)) + "\" r=\"3.5\">" + (words.empty() ? "" : "<title>" + escaped(words) + "</title>") +
            "</circle>\n";
  }
  XSTITCH_INLINE void points(std::size_t c) {
    const Curve& curve = plot_.curves[c];
    const std::size_t count = std::min(curve.x.size(), curve.y.size());
    for (std::size_t i = 0; i < count; ++i) {
      if (!shows(curve, i)) continue;
      if (i < curve.low.size() && i < curve.high.size() && y_.shows(curve.low[i]) && y_.shows(curve.high[i]))
        segment(x_.at(curve.x[i]), y_.at(curve.low[i]), x_.at(curve.x[i]), y_.at(curve.high[i]), "bar " + style_of(c));
      const std::string name = i < curve.labels.size() ? curve.labels[i] : curve.name;
      dot(c, curve.x[i], curve.y[i], name + ": " + tick_text(curve.x[i]) + ", " + tick_text(curve.y[i]));
      if (i < curve.labels.size()) label(shortened(name, 16), x_.at(curve.x[i]), y_.at(curve.y[i]));
    }
  }
  /// A point's name beside it, where there is room: right of it, else left, above, below; else in its title alone.
  XSTITCH_INLINE void label(const std::string& words, double x, double y) {
    const double length = 5.6 * static_cast<double>(words.size());
    const double places[][2] = {
        {x + 6.0, y + 3.5}, {x - 6.0 - length, y + 3.5}, {x - length / 2, y - 7.0}, {x - length / 2, y + 14.0}};
    for (const auto& at : places) {
      const Space space{at[0], at[1] - 9.0, at[0] + length, at[1] + 2.0};
      if (space.x0 < left || space.x1 > width || space.y0 < 0.0 || space.y1 > height - bottom) continue;
      if (std::any_of(taken_.begin(), taken_.end(), [&](const Space& s) { return s.meets(space); })) continue;
      taken_.push_back(space);
      text(at[0], at[1], "label", words);
      return;
    }
  }

  struct Space {
    double x0, y0, x1, y1;
    [[nodiscard]] bool meets(const Space& o) const { return x0 < o.x1 && o.x0 < x1 && y0 < o.y1 && o.y0 < y1; }
  };

  const Plot& plot_;
  Axis x_, y_;
  std::string out_;
  std::vector<Space> taken_;
};

}  // namespace plots

inline std::string plot_svg(const Plot& plot) {
  return "<svg viewBox=\"0 0 420 260\" role=\"img\" class=\"plot\">" + plots::Writer(plot).content() + "</svg>\n";
}

}  // namespace xstitch::inline XSTITCH_ISA::report
