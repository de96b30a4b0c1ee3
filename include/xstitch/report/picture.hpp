#pragma once
/// \file
/// Pictures of a report, as plain data: PNG files in memory, with boxes on them, in named columns.

#include <xstitch/core/boxes.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::report {

using Colour = std::array<std::uint8_t, 3>;  ///< red, green, blue

/// A box on a picture, in its pixels (core/boxes.hpp).
struct MarkedBox {
  Box box;                                ///< in pixels of the picture
  std::string label;                      ///< "chair 0.93"
  std::vector<std::string> attributes{};  ///< listed below the picture
  Colour colour{255, 255, 255};           ///< of the lines
};

struct Picture {
  std::string png;                 ///< the bytes of a PNG file
  int height = 0, width = 0;       ///< in pixels
  std::vector<MarkedBox> boxes{};  ///< marked in it
  std::string caption{};           ///< below it
  bool sharp = false;              ///< enlarged without smoothing: for maps of classes
};

/// What a colour means.
struct LegendEntry {
  Colour colour{};   ///< the colour
  std::string name;  ///< what it means
};

/// A row a sample, a column a kind of picture.
struct PictureGrid {
  std::string title;                       ///< above the pictures
  std::vector<std::string> columns;        ///< headings
  std::vector<std::vector<Picture>> rows;  ///< each as long as columns
  std::vector<LegendEntry> legend{};       ///< of the colours
};

}  // namespace xstitch::inline XSTITCH_ISA::report
