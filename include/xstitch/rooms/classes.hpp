#pragma once
/// \file
/// The 13 classes of NYU Depth v2 in the order of its 13-class mapping, index 0..12. As there, doors count as wall,
/// rugs as floor, curtains as window, shelves, wardrobes and counters as furniture, lamps, pillows and plants as
/// objects.

#include <xstitch/core/isa.hpp>

#include <array>
#include <cstdint>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA::data {

/// Classes of pixels.
enum class RoomClass : std::uint8_t {
  bed,
  books,
  ceiling,
  chair,
  floor,
  furniture,
  objects,
  picture,
  sofa,
  table,
  tv,
  wall,
  window,
};

inline constexpr int room_classes = 13;  ///< how many there are
/// In the order of RoomClass.
inline constexpr std::array<std::string_view, room_classes> room_class_names = {
    "bed",     "books", "ceiling", "chair", "floor", "furniture", "objects",
    "picture", "sofa",  "table",   "tv",    "wall",  "window"};

}  // namespace xstitch::inline XSTITCH_ISA::data
