#pragma once
/// \file
/// Things that stand on tables, shelves and floors: books, vases, cups, boxes, balls, lamps, plants, screens.

#include <xstitch/rooms/builder.hpp>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

/// A row of standing books of total width 2 half_width, its front towards z.
XSTITCH_INLINE void book_row(Builder& b, const Place& place, float half_width, float depth, float tallest) {
  Dice& dice = b.dice;
  float x = -half_width;
  while (x < half_width - 0.02F) {
    Material m = any(dice);
    m.pattern = Pattern::books;
    m.scale = dice.uniform(0.022F, 0.045F);
    m.gloss = 0.05F;
    m.c = m.a * 0.8F;
    const float width = smaller(dice.uniform(0.06F, 0.3F), half_width - x),
                height = tallest * dice.uniform(0.62F, 0.95F);
    m.half_width = 0.5F * width;
    m.half_height = 0.5F * height;
    const float deep = depth * dice.uniform(0.7F, 0.95F);
    const float forward = 0.5F * (depth - deep) * dice.uniform();
    const bool leaning = width < 0.1F && dice.chance(0.25F);
    b.box(place, {x + 0.5F * width, 0.5F * height, forward}, {0.5F * width, 0.5F * height, 0.5F * deep}, b.material(m),
          RoomClass::books, leaning ? roll(dice.uniform(-0.12F, 0.12F)) : Rotation{});
    x += width + (leaning ? 0.03F : 0.002F);
    if (dice.chance(0.12F)) x += dice.uniform(0.05F, 0.2F);
  }
}

/// A few lying books.
XSTITCH_INLINE void book_stack(Builder& b, const Place& place, int count) {
  float y = 0.0F;
  for (int i = 0; i < count; ++i) {
    const Vec half{b.dice.uniform(0.08F, 0.13F), b.dice.uniform(0.01F, 0.025F), b.dice.uniform(0.1F, 0.17F)};
    const float turned = b.dice.uniform(-0.4F, 0.4F);
    b.box(place, {0.0F, y + half.y, 0.0F}, half, b.material(any(b.dice)), RoomClass::books, turn(turned));
    y += 2.0F * half.y;
  }
}

/// Pot or vase with leaves; `height` in all.
XSTITCH_INLINE void plant(Builder& b, const Place& place, float height) {
  const Builder::Part part(b, ThingClass::plant);
  Dice& dice = b.dice;
  const float pot = height * dice.uniform(0.12F, 0.2F);
  b.cylinder(place, {0, pot, 0}, pot * 0.75F, pot, b.material(any(dice)), RoomClass::objects, 1.3F);
  Material leaf = paint_of(dice, {dice.uniform(0.2F, 0.36F), dice.uniform(0.4F, 0.75F), dice.uniform(0.28F, 0.6F)});
  leaf.gloss = 0.15F;
  const std::uint16_t green = b.material(leaf);
  const int leaves = dice.between(9, 18);
  const float crown = height - 2.0F * pot, broad = dice.uniform(0.2F, 0.45F);
  for (int i = 0; i < leaves; ++i) {
    const float around = static_cast<float>(i) * 2.4F + dice.uniform(0.0F, 0.5F), rise = dice.uniform(0.2F, 1.3F);
    const float size = crown * dice.uniform(0.2F, 0.34F);
    const Rotation direction = turn(around) * lean(1.5707963F - rise);
    const Vec base{0, 2.0F * pot + crown * dice.uniform(0.0F, 0.45F), 0};
    b.ball(place, base + direction.y * size * 1.05F, {size * broad, size, size * 0.12F}, green, RoomClass::objects,
           direction);
  }
  b.cylinder(place, {0, 2.0F * pot + 0.3F * crown, 0}, 0.012F, 0.3F * crown, green, RoomClass::objects);
}

struct LampModel {
  float height = 1.5F, radius = 0.15F;  ///< in all; of the shade
  bool lit = false;
};
inline LampModel draw_table_lamp(Dice& dice) {
  return {dice.uniform(0.38F, 0.58F), dice.uniform(0.1F, 0.15F), dice.chance(0.5F)};
}

/// Stand and shade; adds its light when it is switched on.
XSTITCH_INLINE void lamp(Builder& b, const Place& place, LampModel model) {
  const Builder::Part part(b, ThingClass::lamp);
  Dice& dice = b.dice;
  const auto [height, radius, lit] = model;
  const std::uint16_t stand = b.material(dice.chance(0.6F) ? metal(dice) : any(dice));
  const float shade = radius * dice.uniform(0.55F, 0.9F);
  b.cylinder(place, {0, 0.015F, 0}, radius * 0.6F, 0.015F, stand, RoomClass::objects);
  if (height < 0.8F && dice.chance(0.6F))
    b.ball(place, {0, 0.4F * height, 0}, {radius * 0.5F, 0.38F * height, radius * 0.5F}, stand, RoomClass::objects);
  b.cylinder(place, {0, 0.5F * height, 0}, 0.015F, 0.5F * height - shade, stand, RoomClass::objects);
  Material cloth = paint_of(dice, {dice.uniform(0.05F, 0.14F), dice.uniform(0.05F, 0.4F), dice.uniform(0.7F, 0.97F)});
  cloth.emission = lit ? dice.uniform(1.2F, 2.5F) : 0.0F;
  b.cylinder(place, {0, height - shade, 0}, radius, shade, b.material(cloth), RoomClass::objects,
             dice.uniform(0.5F, 1.0F))
      .casts_shadow = !lit;
  if (!lit) return;
  Light light;
  light.position = place.origin + Vec{0, height - shade, 0};
  light.u.x = 0.5F * radius;
  light.power = Vec{1.0F, 0.78F, 0.52F} * dice.uniform(0.5F, 1.2F);
  b.scene.lights.push_back(light);
}

/// A flat screen with its front towards z, standing on a foot, or hanging (no foot).
XSTITCH_INLINE void screen(Builder& b, const Place& place, float width, bool foot) {
  const Builder::Part part(b, ThingClass::screen);
  Dice& dice = b.dice;
  const float height = width * dice.uniform(0.54F, 0.62F), up = foot ? 0.06F + 0.1F * dice.uniform() : 0.0F;
  Material m = paint_of(dice, {0.6F, 0.1F, dice.uniform(0.05F, 0.16F)});
  m.gloss = 0.5F;
  const std::uint16_t frame = b.material(m);
  m.pattern = Pattern::screen;
  m.c = m.a;
  m.scale = dice.chance(0.4F) ? dice.uniform(0.5F, 0.9F) : 0.0F;
  m.emission = m.scale > 0.0F ? 0.9F : 0.0F;
  m.half_width = 0.5F * width;
  m.half_height = 0.5F * height;
  b.box(place, {0, up + 0.5F * height, -0.012F}, {0.5F * width + 0.015F, 0.5F * height + 0.015F, 0.02F}, frame,
        RoomClass::tv);
  b.box(place, {0, up + 0.5F * height, 0.01F}, {0.5F * width, 0.5F * height, 0.004F}, b.material(m), RoomClass::tv);
  if (foot) {
    b.box(place, {0, 0.5F * up, -0.02F}, {0.03F, 0.5F * up, 0.015F}, frame, RoomClass::tv);
    b.box(place, {0, 0.008F, 0}, {0.25F * width, 0.008F, 0.09F}, frame, RoomClass::tv);
  }
}

/// Something small on top of something: at most `size` wide.
XSTITCH_INLINE void trinket(Builder& b, const Place& place, float size) {
  Dice& dice = b.dice;
  const std::uint16_t m = b.material(any(dice));
  const float s = size * dice.uniform(0.5F, 1.0F);
  const auto label = RoomClass::objects;
  switch (dice.below(8)) {
    case 0:  // cup
      b.cylinder(place, {0, 0.05F, 0}, 0.04F, 0.05F, m, label, 1.1F);
      b.ball(place, {0.05F, 0.055F, 0}, {0.022F, 0.03F, 0.008F}, m, label);
      break;
    case 1:  // vase
      b.ball(place, {0, 0.6F * s, 0}, {0.4F * s, 0.6F * s, 0.4F * s}, m, label);
      b.cylinder(place, {0, 1.2F * s, 0}, 0.14F * s, 0.2F * s, m, label, 1.6F);
      break;
    case 2:
      b.ball(place, {0, 0.4F * s, 0}, {0.4F * s, 0.4F * s, 0.4F * s}, m, label);
      break;
    case 3:
      b.box(place, {0, 0.3F * s, 0}, {dice.uniform(0.3F, 0.5F) * s, 0.3F * s, 0.4F * s}, m, label);
      break;
    case 4:  // bottle
      b.cylinder(place, {0, 0.09F, 0}, 0.038F, 0.09F, m, label);
      b.cylinder(place, {0, 0.22F, 0}, 0.03F, 0.04F, m, label, 0.4F);
      break;
    case 5:  // bowl
      b.cylinder(place, {0, 0.25F * s, 0}, 0.35F * s, 0.25F * s, m, label, 1.5F);
      break;
    case 6:
      book_stack(b, place, dice.between(1, 4));
      break;
    default:
      plant(b, place, smaller(2.6F * s, 0.5F));
  }
}

/// Several small things on a surface of the given half extents at the given height.
XSTITCH_INLINE void clutter(Builder& b, const Place& place, float half_x, float half_z, float height, int count) {
  if (half_x < 0.08F || half_z < 0.06F) return;
  for (int i = 0; i < count; ++i) {
    // Slots along x keep them apart.
    const float slot = 2.0F * half_x / static_cast<float>(count),
                size = smaller(0.2F, 0.8F * smaller(slot, 2.0F * half_z));
    if (size < 0.07F) return;
    const float x = -half_x + slot * (static_cast<float>(i) + 0.5F);
    const float reach = larger(0.0F, half_z - 0.6F * size);
    const float z = b.dice.uniform(-reach, reach), turned = b.dice.uniform(-0.7F, 0.7F);
    trinket(b, place.at({x, height, z}, turn(turned)), size);
  }
}

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
