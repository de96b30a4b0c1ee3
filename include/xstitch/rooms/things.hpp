#pragma once
/// \file
/// What a detector looks for in rooms: nine classes of things, and sixteen attributes. Material, pattern, gloss and
/// shape of a thing are drawn whatever its class is (dress.hpp); legs, seats, screens and leaves follow from what it
/// is, and Occluded from the picture (objects.hpp).

#include <xstitch/rooms/classes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA::data {

/// Classes of objects.
enum class ThingClass : std::uint8_t { bed, chair, sofa, table, cabinet, shelf, screen, plant, lamp };

inline constexpr int thing_classes = 9;  ///< how many classes there are
/// In the order of ThingClass.
inline constexpr std::array<std::string_view, thing_classes> thing_class_names = {
    "bed", "chair", "sofa", "table", "cabinet", "shelf", "screen", "plant", "lamp"};

inline constexpr int thing_attributes = 16;  ///< how many attributes there are
/// In the order of the labels.
inline constexpr std::array<std::string_view, thing_attributes> thing_attribute_names = {
    "Wood",    "Metal", "Cloth",    "Plastic",  "Stone",     "Striped",    "Dotted", "Shiny",
    "3D Boxy", "Round", "Vert Cyl", "Occluded", "Furn. Leg", "Furn. Seat", "Screen", "Leaf"};

namespace rooms {

/// The names of the first seven attributes, in their order.
enum class ThingSurface : std::uint8_t { wood, metal, cloth, plastic, stone, striped, dotted };
inline constexpr int thing_surfaces = 7;
/// The attributes 3D Boxy, Round, Vert Cyl.
enum class ThingShape : std::uint8_t { boxy, round, cylindrical };
inline constexpr int thing_shapes = 3;

/// One thing in a scene; its solids carry its number.
struct Thing {
  ThingClass kind = ThingClass::chair;
  bool legs = false;
  ThingSurface surface = ThingSurface::wood;
  ThingShape shape = ThingShape::boxy;
  bool shiny = false;

  [[nodiscard]] std::array<std::uint8_t, thing_attributes> attributes(bool occluded) const noexcept {
    std::array<std::uint8_t, thing_attributes> all{};
    all[static_cast<std::size_t>(surface)] = 1;
    all[7] = shiny ? 1 : 0;
    all[8 + static_cast<std::size_t>(shape)] = 1;
    all[11] = occluded ? 1 : 0;
    all[12] = legs ? 1 : 0;
    all[13] = kind == ThingClass::chair || kind == ThingClass::sofa ? 1 : 0;
    all[14] = kind == ThingClass::screen ? 1 : 0;
    all[15] = kind == ThingClass::plant ? 1 : 0;
    return all;
  }
};

/// The class of the pixels of such a thing: what is built with it but has another class (a cushion of a sofa) is not
/// part of it.
constexpr RoomClass room_class(ThingClass kind) noexcept {
  switch (kind) {
    case ThingClass::bed:
      return RoomClass::bed;
    case ThingClass::chair:
      return RoomClass::chair;
    case ThingClass::sofa:
      return RoomClass::sofa;
    case ThingClass::table:
      return RoomClass::table;
    case ThingClass::cabinet:
    case ThingClass::shelf:
      return RoomClass::furniture;
    case ThingClass::screen:
      return RoomClass::tv;
    case ThingClass::plant:
    case ThingClass::lamp:
      return RoomClass::objects;
  }
  return RoomClass::objects;
}

}  // namespace rooms
}  // namespace xstitch::inline XSTITCH_ISA::data
