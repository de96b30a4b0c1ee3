#pragma once
/// \file
/// Tables, desks, shelves, dressers, wardrobes, kitchen units.

#include <xstitch/rooms/seats.hpp>

#include <algorithm>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

XSTITCH_INLINE void table(Builder& b, const Place& place, float width, float depth, float height, bool round) {
  const Builder::Part part(b, ThingClass::table);
  Dice& dice = b.dice;
  const auto label = RoomClass::table;
  const std::uint16_t m = b.material(body(dice, b.style));
  Material plate = b.scene.materials[m];
  if (dice.chance(0.2F)) plate = any(dice);
  plate.gloss = dice.uniform(0.05F, 0.5F);
  const std::uint16_t top = b.material(plate);
  const float thick = dice.uniform(0.012F, 0.03F);
  if (round) {
    b.add(Solid::frustum, place, {0, height - thick, 0}, {0.5F * width, thick, 0.5F * depth}, top, label, {}, 1.0F);
    b.cylinder(place, {0, 0.5F * height, 0}, 0.05F, 0.5F * height - thick, m, label, 0.8F);
    b.cylinder(place, {0, 0.02F, 0}, 0.28F * width, 0.02F, m, label, 0.7F);
    return;
  }
  b.box(place, {0, height - thick, 0}, {0.5F * width, thick, 0.5F * depth}, top, label);
  const bool round_legs = dice.chance(0.4F);
  b.legs(place, 0.48F * width, 0.47F * depth, height - 2.0F * thick, dice.uniform(0.02F, 0.04F), round_legs, m, label);
  if (dice.chance(0.6F)) {
    const float apron = 0.035F;
    for (const float s : {-1.0F, 1.0F}) {
      b.box(place, {0, height - 2.0F * thick - apron, s * 0.43F * depth}, {0.44F * width, apron, 0.01F}, m, label);
      b.box(place, {s * 0.44F * width, height - 2.0F * thick - apron, 0}, {0.01F, apron, 0.43F * depth}, m, label);
    }
  }
}

/// Closed body with drawers or doors in front, on a plinth.
XSTITCH_INLINE void cabinet(Builder& b, const Place& place, float width, float depth, float height, int rows,
                            bool plinth = true, RoomClass label = RoomClass::furniture) {
  const Builder::Part part(b, label == RoomClass::table ? ThingClass::table : ThingClass::cabinet);
  Dice& dice = b.dice;
  Material m = body(dice, b.style);
  const std::uint16_t sides = b.material(m);
  if (m.pattern == Pattern::plain) m.b = m.a * 0.96F;
  m.pattern = Pattern::drawers;
  m.scale = static_cast<float>(rows);
  m.half_width = 0.5F * width - 0.02F;
  m.c = dice.chance(0.5F) ? m.a * 0.25F : Vec{0.5F, 0.48F, 0.45F};
  const float foot = plinth ? 0.06F : 0.0F;
  m.half_height = 0.5F * (height - foot) - 0.025F;
  b.box(place, {0, 0.5F * (height + foot), 0}, {0.5F * width, 0.5F * (height - foot), 0.5F * depth - 0.01F}, sides,
        label);
  b.box(place, {0, 0.5F * (height + foot), 0.5F * depth - 0.005F}, {m.half_width, m.half_height, 0.01F}, b.material(m),
        label);
  if (plinth) {
    if (dice.chance(0.5F))
      b.legs(place, 0.49F * width, 0.48F * depth, foot, 0.025F, false, sides, label);
    else
      b.box(place, {0, 0.03F, -0.01F}, {0.48F * width, 0.03F, 0.46F * depth}, sides, label);
  }
}

/// Open shelves with books and things.
XSTITCH_INLINE void bookcase(Builder& b, const Place& place, float width, float depth, float height, float fullness) {
  const Builder::Part part(b, ThingClass::shelf);
  Dice& dice = b.dice;
  const auto label = RoomClass::furniture;
  const std::uint16_t m = b.material(body(dice, b.style));
  const float board = 0.012F, half = 0.5F * width;
  for (const float s : {-1.0F, 1.0F})
    b.box(place, {s * (half - board), 0.5F * height, 0}, {board, 0.5F * height, 0.5F * depth}, m, label);
  b.box(place, {0, 0.5F * height, -0.5F * depth + 0.006F}, {half, 0.5F * height, 0.006F}, m, label);
  const int shelves = std::max(2, static_cast<int>(height / dice.uniform(0.3F, 0.42F)));
  const float pitch = (height - 2.0F * board - 0.05F) / static_cast<float>(shelves);
  for (int i = 0; i <= shelves; ++i) {
    const float y = 0.05F + board + pitch * static_cast<float>(i);
    b.box(place, {0, y, 0}, {half - 2.0F * board, board, 0.5F * depth - 0.003F}, m, label);
    if (i == shelves) break;
    const Place shelf = place.at({0, y + board, 0.01F});
    if (dice.chance(fullness)) {
      const float share = dice.uniform(0.45F, 1.0F), free = (half - 2.0F * board) * (1.0F - share);
      const float side = dice.sign();
      book_row(b, shelf.at({side * free, 0, 0}), (half - 2.0F * board - 0.005F) * share, depth - 0.05F,
               pitch - 2.0F * board - 0.02F);
      if (free > 0.14F && pitch > 0.25F)
        trinket(b, shelf.at({-side * (half - 2.0F * board - free), 0, 0}), smaller(1.4F * free, 0.6F * pitch));
    } else if (pitch > 0.25F) {
      clutter(b, shelf, half - 0.05F, 0.35F * depth, 0.0F, dice.between(1, 3));
    }
  }
}

XSTITCH_INLINE void desk(Builder& b, const Place& place, float width, float depth) {
  const Builder::Part part(b, ThingClass::table);
  Dice& dice = b.dice;
  const float height = dice.uniform(0.7F, 0.77F);
  table(b, place, width, depth, height, false);
  if (dice.chance(0.6F))
    cabinet(b, place.at({dice.sign() * (0.5F * width - 0.28F), 0, 0}), 0.36F, depth - 0.1F, height - 0.08F, 3, true,
            RoomClass::table);
  if (dice.chance(0.75F)) {
    const float aside = dice.uniform(-0.15F, 0.15F), turned = dice.uniform(-0.2F, 0.2F);
    screen(b, place.at({aside, height, -0.12F}, turn(turned)), dice.uniform(0.45F, 0.62F), true);
  }
  Material keys = paint_of(dice, {0.6F, 0.05F, dice.chance(0.5F) ? 0.2F : 0.9F});
  b.box(place, {0, height + 0.01F, 0.5F * depth - 0.2F}, {0.21F, 0.01F, 0.07F}, b.material(keys), RoomClass::objects);
  if (dice.chance(0.5F))
    lamp(b, place.at({-0.5F * width + 0.16F, height, -0.5F * depth + 0.17F}), draw_table_lamp(dice));
  if (dice.chance(0.6F)) book_stack(b, place.at({0.5F * width - 0.18F, height, 0.05F}), dice.between(1, 5));
  if (dice.chance(0.5F)) trinket(b, place.at({0.5F * width - 0.42F, height, 0.5F * depth - 0.14F}), 0.12F);
}

/// Base units with a worktop, and wall units over them.
XSTITCH_INLINE void kitchen(Builder& b, const Place& place, float width, float depth, bool upper) {
  const Builder::Part part(b, ThingClass::cabinet);
  Dice& dice = b.dice;
  const auto label = RoomClass::furniture;
  Material front = body(dice, b.style);
  const std::uint16_t sides = b.material(front);
  Material doors = front;
  doors.pattern = Pattern::drawers;
  doors.scale = 1.0F;
  doors.seed = 2 + 3 * dice.bits() % 1000;
  doors.c = {0.4F, 0.4F, 0.4F};
  doors.half_width = 0.5F * width;
  doors.half_height = 0.38F;
  b.box(place, {0, 0.45F, -0.02F}, {0.5F * width, 0.43F, 0.5F * depth - 0.03F}, sides, label);
  b.box(place, {0, 0.48F, 0.5F * depth - 0.04F}, {0.5F * width, 0.38F, 0.01F}, b.material(doors), label);
  Material top = dice.chance(0.5F) ? wood(dice, b.style) : any(dice);
  top.gloss = 0.4F;
  b.box(place, {0, 0.9F, 0}, {0.5F * width, 0.02F, 0.5F * depth}, b.material(top), label);
  clutter(b, place, 0.45F * width, 0.35F * depth, 0.92F, dice.between(2, 5));
  if (!upper) return;
  doors.half_height = 0.33F;
  b.box(place, {0, 1.75F, -0.5F * depth + 0.16F}, {0.5F * width, 0.35F, 0.15F}, sides, label);
  b.box(place, {0, 1.75F, -0.5F * depth + 0.32F}, {0.5F * width - 0.01F, 0.33F, 0.01F}, b.material(doors), label);
}

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
