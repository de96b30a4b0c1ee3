#pragma once
/// \file
/// What a plot shows, as plain data. An SVG of it: plot_svg.hpp.

#include <xstitch/core/isa.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::report {

/// Points (x[i], y[i]) in order. NaN in y is a gap: nothing was measured there.
struct Curve {
  std::string name;          ///< in the legend
  std::vector<double> x, y;  ///< points
  /// Of each point an interval, drawn as a band (lines) or a bar (points); empty: none.
  std::vector<double> low{}, high{};
  std::vector<std::string> labels{};  ///< names of single points; empty: none
};

/// Lines between points, or points alone.
enum class Marks : std::uint8_t { lines, points };

struct Plot {
  std::string title, x_title, y_title;  ///< of the plot and of its axes
  std::vector<Curve> curves;            ///< drawn one over the other
  Marks marks = Marks::lines;           ///< how curves are drawn
  bool log_x = false;                   ///< decades; what is not above 0 is left out
  bool log_y = false;                   ///< a logarithmic axis upwards
  bool zero_line = false;               ///< y = 0 is on the plot, and drawn
  bool from_zero = false;               ///< x begins at 0: iterations
};

}  // namespace xstitch::inline XSTITCH_ISA::report
