#pragma once
/// \file
/// Pieces that stand, hang or lie alone, each where the Builder finds room for it, else nowhere: shelves, dresser,
/// wardrobe, television, lamps, plants, pictures, rugs, things on the floor.

#include <xstitch/rooms/shell.hpp>
#include <xstitch/rooms/storage.hpp>

#include <cmath>
#include <cstdint>

namespace xstitch::inline XSTITCH_ISA::data::rooms {
namespace detail {

XSTITCH_INLINE void hang_picture(Builder& b) {
  Dice& dice = b.dice;
  const float width = dice.uniform(0.25F, 1.1F),
              height = dice.chance(0.5F) ? width * dice.uniform(0.6F, 0.8F) : smaller(width * 1.35F, 0.9F);
  const auto place = b.on_wall(width, height, dice.uniform(1.55F, 1.7F) - 0.5F * height);
  if (!place) return;
  Material m = any(dice);
  m.pattern = Pattern::picture;
  m.b = colour({dice.uniform(), dice.uniform(0.1F, 0.8F), dice.uniform(0.2F, 0.9F)});
  m.half_width = 0.5F * width - 0.03F;
  m.half_height = 0.5F * height - 0.03F;
  m.c = colour({0.12F, 0.05F, dice.uniform(0.7F, 0.97F)});
  m.gloss = dice.uniform(0.0F, 0.3F);
  const std::uint16_t frame = b.material(dice.chance(0.5F) ? wood(dice, b.style) : any(dice));
  b.box(*place, {0, 0, 0.014F}, {0.5F * width, 0.5F * height, 0.013F}, frame, RoomClass::picture);
  b.box(*place, {0, 0, 0.025F}, {m.half_width, m.half_height, 0.006F}, b.material(m), RoomClass::picture);
}

XSTITCH_INLINE void lay_rug(Builder& b, Vec at, float angle, float half_x, float half_z) {
  Material m = fabric(b.dice, b.style);
  m.pattern = b.dice.chance(0.6F) ? Pattern::rug : b.dice.chance(0.5F) ? Pattern::carpet : Pattern::stripes;
  m.half_width = half_x;
  m.half_height = half_z;
  m.scale = m.pattern == Pattern::rug ? b.dice.uniform(3.0F, 9.0F) : b.dice.uniform(0.1F, 0.3F);
  // A rug must not leave the room.
  const float reach_x = half_x * std::fabs(std::cos(angle)) + half_z * std::fabs(std::sin(angle));
  const float reach_z = half_x * std::fabs(std::sin(angle)) + half_z * std::fabs(std::cos(angle));
  if (2 * reach_x > b.scene.width - 0.1F || 2 * reach_z > b.scene.depth - 0.1F) return;
  at.x = larger(reach_x + 0.03F, smaller(b.scene.width - reach_x - 0.03F, at.x));
  at.z = larger(reach_z + 0.03F, smaller(b.scene.depth - reach_z - 0.03F, at.z));
  const float half_y = 0.004F + 0.002F * static_cast<float>(b.rugs++);  // one may lie on another
  b.box({{at.x, 0, at.z}, turn(angle), -1}, {0, half_y, 0}, {half_x, half_y, half_z}, b.material(m), RoomClass::floor);
}

XSTITCH_INLINE void shelves_with_books(Builder& b, float chance, float fullness) {
  if (!b.dice.chance(chance)) return;
  const float width = b.dice.uniform(0.6F, 1.8F), depth = b.dice.uniform(0.24F, 0.34F);
  const float height = b.dice.chance(0.3F) ? b.dice.uniform(0.8F, 1.2F) : b.dice.uniform(1.6F, 2.15F);
  const auto place = b.against_wall(width, depth, height);
  if (!place) return;
  bookcase(b, *place, width, depth, height, fullness);
  if (height < 1.3F) clutter(b, *place, 0.45F * width, 0.4F * depth, height + 0.01F, b.dice.between(1, 4));
}

XSTITCH_INLINE void wall_shelf(Builder& b) {
  const float width = b.dice.uniform(0.5F, 1.1F);
  const auto place = b.on_wall(width, 0.35F, b.dice.uniform(1.2F, 1.5F));
  if (!place) return;
  const std::uint16_t m = b.material(body(b.dice, b.style));
  b.box(*place, {0, -0.17F, 0.1F}, {0.5F * width, 0.012F, 0.1F}, m, RoomClass::furniture);
  const Place top = place->at({0, -0.157F, 0.1F});
  if (b.dice.chance(0.6F))
    book_row(b, top.at({-0.1F, 0, 0}), 0.5F * width - 0.14F, 0.17F, 0.3F);
  else
    clutter(b, top, 0.45F * width, 0.08F, 0.0F, b.dice.between(2, 4));
}

XSTITCH_INLINE void dresser(Builder& b, float chance) {
  if (!b.dice.chance(chance)) return;
  const float width = b.dice.uniform(0.7F, 1.5F), depth = b.dice.uniform(0.4F, 0.5F),
              height = b.dice.uniform(0.7F, 1.15F);
  const auto place = b.against_wall(width, depth, height);
  if (!place) return;
  cabinet(b, *place, width, depth, height, b.dice.between(2, 5));
  if (b.dice.chance(0.3F))
    lamp(b, place->at({-0.3F * width, height, 0}), draw_table_lamp(b.dice));
  else
    clutter(b, *place, 0.45F * width, 0.35F * depth, height, b.dice.between(1, 4));
}

inline void wardrobe(Builder& b, float chance) {
  if (!b.dice.chance(chance)) return;
  const float width = b.dice.uniform(0.8F, 2.0F), height = b.dice.uniform(1.8F, 2.2F);
  if (const auto place = b.against_wall(width, 0.6F, height)) cabinet(b, *place, width, 0.6F, height, 1);
}

XSTITCH_INLINE void tv_corner(Builder& b, float chance) {
  if (!b.dice.chance(chance)) return;
  Dice& dice = b.dice;
  const float width = dice.uniform(1.0F, 1.9F), height = dice.uniform(0.4F, 0.65F), size = dice.uniform(0.75F, 1.25F);
  const auto place = b.against_wall(width, 0.45F, height + 0.75F, 0.01F, true);
  if (!place) return;
  cabinet(b, *place, width, 0.45F, height, dice.between(1, 2));
  screen(b, place->at({dice.uniform(-0.1F, 0.1F), height, 0}), smaller(size, width), true);
}

inline void standing_lamp(Builder& b, float chance, bool lit) {
  if (!b.dice.chance(chance)) return;
  const float height = b.dice.uniform(1.35F, 1.75F);
  if (const auto place = b.against_wall(0.4F, 0.4F, height, 0.05F))
    lamp(b, *place, {height, b.dice.uniform(0.14F, 0.2F), lit});
}

inline void floor_plant(Builder& b, float chance) {
  if (!b.dice.chance(chance)) return;
  const float height = b.dice.uniform(0.6F, 1.6F), room = smaller(0.9F, 0.55F * height);
  if (const auto place = b.against_wall(room, room, height)) plant(b, *place, height);
}

/// Toys, baskets, bins and parcels on the floor.
XSTITCH_INLINE void floor_things(Builder& b, int count) {
  Dice& dice = b.dice;
  for (int i = 0; i < count; ++i) {
    const float size = dice.uniform(0.15F, 0.4F);
    const auto place =
        dice.chance(0.5F) ? b.in_the_open(size, size, size, true, 0.02F) : b.against_wall(size, size, size, 0.05F);
    if (!place) continue;
    const std::uint16_t m = b.material(dice.chance(0.3F) ? fabric(dice, b.style) : any(dice));
    const auto label = RoomClass::objects;
    const float half = 0.48F * size;
    switch (dice.below(4)) {
      case 0:
        b.box(*place, {0, 0.7F * half, 0}, {half, 0.7F * half, 0.8F * half}, m, label);
        break;
      case 1:
        b.cylinder(*place, {0, half, 0}, 0.75F * half, half, m, label, 1.25F);
        break;
      case 2:
        b.ball(*place, {0, 0.7F * half, 0}, {0.7F * half, 0.7F * half, 0.7F * half}, m, label);
        break;
      default:
        b.soft_box(*place, {0, 0.5F * half, 0}, {half, 0.5F * half, half}, 0.4F * half, m, label);
    }
  }
}

XSTITCH_INLINE void ceiling_light(Builder& b, bool lit) {
  Dice& dice = b.dice;
  Light light;
  light.position = {b.scene.width * dice.uniform(0.4F, 0.6F), b.scene.height, b.scene.depth * dice.uniform(0.4F, 0.6F)};
  if (b.scene.clear_height(light.position.x, light.position.z) < b.scene.height) return;
  const Place place{light.position, {}, -1};
  Material m = paint_of(dice, {0.11F, 0.1F, 0.95F});
  m.emission = lit ? 3.0F : 0.0F;
  const std::uint16_t shade = b.material(m);
  const float drop = dice.chance(0.5F) ? 0.09F : dice.uniform(0.3F, 0.6F), radius = dice.uniform(0.12F, 0.25F);
  if (drop > 0.1F)
    b.cylinder(place, {0, -0.5F * drop, 0}, 0.006F, 0.5F * drop, b.material(metal(dice)), RoomClass::objects);
  if (dice.chance(0.5F))
    b.ball(place, {0, -drop, 0}, {radius, drop > 0.1F ? radius : 0.07F, radius}, shade, RoomClass::objects)
        .casts_shadow = !lit;
  else
    b.cylinder(place, {0, -drop, 0}, radius, 0.08F, shade, RoomClass::objects, 0.6F).casts_shadow = !lit;
  if (!lit) return;
  light.position.y -= drop + 0.05F;
  light.u.x = larger(0.1F, radius);
  light.power = mix({1.0F, 0.82F, 0.6F}, {1.0F, 0.97F, 0.92F}, dice.uniform());
  light.power *= dice.uniform(2.2F, 4.0F);
  b.scene.lights.push_back(light);
}

}  // namespace detail

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
