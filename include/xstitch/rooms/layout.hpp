#pragma once
/// \file
/// Composes a furnished room: living room, bedroom, dining room, kitchen or study, in a house or under a roof.

#include <xstitch/rooms/shell.hpp>
#include <xstitch/rooms/storage.hpp>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

enum class RoomKind : std::uint8_t { living, bedroom, dining, kitchen, study };

namespace detail {

inline void hang_picture(Builder& b) {
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

inline void lay_rug(Builder& b, Vec at, float angle, float half_x, float half_z) {
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

inline void shelves_with_books(Builder& b, float chance, float fullness) {
  if (!b.dice.chance(chance)) return;
  const float width = b.dice.uniform(0.6F, 1.8F), depth = b.dice.uniform(0.24F, 0.34F);
  const float height = b.dice.chance(0.3F) ? b.dice.uniform(0.8F, 1.2F) : b.dice.uniform(1.6F, 2.15F);
  const auto place = b.against_wall(width, depth, height);
  if (!place) return;
  bookcase(b, *place, width, depth, height, fullness);
  if (height < 1.3F) clutter(b, *place, 0.45F * width, 0.4F * depth, height + 0.01F, b.dice.between(1, 4));
}

inline void wall_shelf(Builder& b) {
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

inline void dresser(Builder& b, float chance) {
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

inline void tv_corner(Builder& b, float chance) {
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
inline void floor_things(Builder& b, int count) {
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

/// A table with chairs around it.
inline void dining_group(Builder& b) {
  Dice& dice = b.dice;
  const bool round = dice.chance(0.3F);
  const float depth = round ? dice.uniform(0.9F, 1.25F) : dice.uniform(0.75F, 0.95F),
              width = round ? depth : dice.uniform(1.1F, 2.0F);
  const float height = dice.uniform(0.72F, 0.78F);
  auto place = b.in_the_open(width + 0.5F, depth + 0.7F, height, dice.chance(0.5F), 0.02F);
  if (!place) return;
  b.footprints.back().height = 1.1F;
  table(b, *place, width, depth, height, round);
  clutter(b, *place, 0.35F * width, 0.25F * depth, height, dice.between(1, 5));
  const ChairModel model = draw_chair(b);
  if (round) {
    const int seats = dice.between(3, 4);
    for (int i = 0; i < seats; ++i)
      if (dice.chance(0.9F)) {
        const float angle = 6.2832F * (static_cast<float>(i) + dice.uniform(-0.1F, 0.1F)) / static_cast<float>(seats);
        chair(b, place->at(turn(angle).z * (0.5F * depth + dice.uniform(0.02F, 0.16F)), turn(angle + 3.14159F)), model);
      }
  } else {
    const int seats = width > 1.4F ? 2 : 1;
    for (const float side : {-1.0F, 1.0F})
      for (int i = 0; i < seats; ++i)
        if (dice.chance(0.9F)) {
          const float x =
              0.6F * (static_cast<float>(i) - 0.5F * static_cast<float>(seats - 1)) + dice.uniform(-0.04F, 0.04F);
          const float z = side * (0.5F * depth + dice.uniform(-0.02F, 0.16F)), aside = dice.uniform(-0.25F, 0.25F);
          chair(b, place->at({x, 0, z}, turn((side > 0 ? 3.14159F : 0.0F) + aside)), model);
        }
  }
  if (dice.chance(0.3F))
    lay_rug(b, place->origin, std::atan2(place->axes.z.x, place->axes.z.z), 0.5F * width + 0.5F, 0.5F * depth + 0.6F);
}

inline void sofa_group(Builder& b) {
  Dice& dice = b.dice;
  const int seats = dice.between(2, 3);
  const float arm = dice.uniform(0.12F, 0.24F), width = sofa_width(seats, arm);
  auto place =
      dice.chance(0.75F) ? b.against_wall(width, 0.95F, 0.95F, 0.03F, true) : b.in_the_open(width, 0.95F, 0.95F, false);
  if (!place) return;
  sofa(b, *place, seats, arm);
  const float before = dice.uniform(1.0F, 1.2F), askew = dice.uniform(-0.1F, 0.1F);
  const Place front = place->at({0, 0, before}, turn(askew));
  const float length_of = dice.uniform(0.7F, 1.2F), depth = dice.uniform(0.45F, 0.65F),
              height = dice.uniform(0.35F, 0.48F);
  if (dice.chance(0.75F) && b.take(front, length_of, depth, height)) {
    table(b, front, length_of, depth, height, dice.chance(0.25F));
    clutter(b, front, 0.4F * length_of, 0.3F * depth, height, dice.between(0, 4));
  }
  if (dice.chance(0.55F)) {
    const float half_x = 0.5F * width + dice.uniform(-0.2F, 0.3F), half_z = dice.uniform(0.7F, 1.0F);
    lay_rug(b, front.origin, std::atan2(front.axes.z.x, front.axes.z.z), half_x, half_z);
  }
  for (const float side : {-1.0F, 1.0F})
    if (dice.chance(0.4F)) {
      const float ahead = dice.uniform(0.6F, 1.4F), angle = -side * dice.uniform(0.5F, 1.5F);
      const Place beside = place->at({side * (0.5F * width + 0.55F), 0, ahead}, turn(angle));
      if (b.take(beside, sofa_width(1, 0.14F), 0.92F, 0.95F)) sofa(b, beside, 1, 0.14F);
    }
}

inline void bed_group(Builder& b) {
  Dice& dice = b.dice;
  const float width = dice.chance(0.35F) ? dice.uniform(0.9F, 1.1F) : dice.uniform(1.4F, 1.8F),
              length_of = dice.uniform(2.0F, 2.15F);
  const auto place = b.against_wall(width, length_of, 0.75F, 0.02F, dice.chance(0.7F));
  if (!place) return;
  bed(b, *place, width, length_of);
  for (const float side : {-1.0F, 1.0F}) {
    const Place beside = place->at({side * (0.5F * width + 0.3F), 0, -0.5F * length_of + 0.23F});
    const float height = dice.uniform(0.42F, 0.62F);
    if (!dice.chance(0.75F) || !b.take(beside, 0.46F, 0.42F, height + 0.5F)) continue;
    cabinet(b, beside, 0.45F, 0.4F, height, dice.between(1, 3));
    if (dice.chance(0.6F))
      lamp(b, beside.at({0, height, -0.03F}), draw_table_lamp(dice));
    else
      clutter(b, beside, 0.18F, 0.15F, height, dice.between(1, 2));
  }
  if (dice.chance(0.35F))
    lay_rug(b, place->origin + place->axes.z * 0.7F, std::atan2(place->axes.z.x, place->axes.z.z), 0.5F * width + 0.5F,
            0.8F);
}

inline void desk_group(Builder& b) {
  Dice& dice = b.dice;
  const float width = dice.uniform(1.1F, 1.7F), depth = dice.uniform(0.6F, 0.8F);
  const auto place = b.against_wall(width, depth, 0.8F, 0.02F);
  if (!place) return;
  desk(b, *place, width, depth);
  const Vec seat{dice.uniform(-0.2F, 0.2F), 0, 0.5F * depth + dice.uniform(0.22F, 0.5F)};
  const Place before = place->at(seat, turn(3.14159F + dice.uniform(-0.7F, 0.7F)));
  const Footprint f = Builder::footprint(before, 0.5F, 0.5F, 0.95F);
  b.reserve(f);
  if (dice.chance(0.6F))
    office_chair(b, before);
  else
    chair(b, before, draw_chair(b));
}

inline void kitchen_group(Builder& b) {
  Dice& dice = b.dice;
  const float width = dice.uniform(1.6F, 3.0F);
  const bool upper = dice.chance(0.65F);
  if (const auto place = b.against_wall(width, 0.62F, upper ? 2.1F : 0.95F)) kitchen(b, *place, width, 0.62F, upper);
  if (dice.chance(0.7F)) {  // refrigerator
    const float height = dice.uniform(1.5F, 1.9F);
    if (const auto place = b.against_wall(0.65F, 0.65F, height)) {
      const std::uint16_t m = b.material(dice.chance(0.6F) ? paint_of(dice, {0.6F, 0.03F, 0.93F}) : metal(dice));
      b.soft_box(*place, {0, 0.5F * height, -0.02F}, {0.31F, 0.5F * height, 0.29F}, 0.015F, m, RoomClass::furniture);
      b.box(*place, {0, 0.62F * height, 0.28F}, {0.31F, 0.006F, 0.003F}, b.material(metal(dice)), RoomClass::furniture);
      b.box(*place, {0.25F, 0.75F * height, 0.29F}, {0.012F, 0.15F, 0.02F}, b.material(metal(dice)),
            RoomClass::furniture);
    }
  }
}

inline void ceiling_light(Builder& b, bool lit) {
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

/// Fills an empty scene. Everything is drawn from `dice`.
inline Builder furnish(Scene& scene, Dice& dice) {
  using namespace detail;  // NOLINT(google-build-using-namespace): the parts above
  Builder b(scene, dice);
  const auto kind = static_cast<RoomKind>(dice.below(6) % 5);  // living rooms twice as often
  const bool attic = dice.chance(0.18F);
  const Vec size{dice.uniform(3.1F, 5.4F), attic ? dice.uniform(2.5F, 3.2F) : dice.uniform(2.35F, 2.9F),
                 dice.uniform(3.1F, 5.4F)};
  raise_shell(b, size, attic);
  const float day = dice.chance(0.72F) ? dice.uniform(0.9F, 2.6F) : 0.03F;
  add_door(b);
  if (dice.chance(0.25F)) add_door(b);
  const int windows = dice.between(1, 2);
  for (int i = 0; i < windows; ++i) add_window(b, day);
  if (attic && dice.chance(0.7F)) add_skylight(b, day);
  if (dice.chance(0.2F)) add_pillar(b);
  const bool evening = day < 0.1F;
  ceiling_light(b, evening ? true : dice.chance(0.45F));

  const bool lamps = evening || dice.chance(0.4F);
  switch (kind) {
    case RoomKind::living:
      sofa_group(b);
      tv_corner(b, 0.9F);
      shelves_with_books(b, 0.9F, 0.85F);
      if (dice.chance(0.4F)) sofa_group(b);
      if (dice.chance(0.35F)) dining_group(b);
      dresser(b, 0.4F);
      break;
    case RoomKind::bedroom:
      bed_group(b);
      wardrobe(b, 0.7F);
      dresser(b, 0.6F);
      if (dice.chance(0.35F)) desk_group(b);
      tv_corner(b, 0.4F);
      shelves_with_books(b, 0.4F, 0.6F);
      break;
    case RoomKind::dining:
      dining_group(b);
      dresser(b, 0.8F);
      shelves_with_books(b, 0.5F, 0.5F);
      if (dice.chance(0.5F)) sofa_group(b);
      tv_corner(b, 0.3F);
      break;
    case RoomKind::kitchen:
      kitchen_group(b);
      dining_group(b);
      dresser(b, 0.5F);
      if (dice.chance(0.3F)) sofa_group(b);
      break;
    case RoomKind::study:
      desk_group(b);
      shelves_with_books(b, 0.95F, 0.9F);
      shelves_with_books(b, 0.6F, 0.9F);
      if (dice.chance(0.4F)) sofa_group(b);
      if (dice.chance(0.25F)) bed_group(b);
      dresser(b, 0.4F);
      break;
  }
  // Free stretches of wall get something too.
  for (int i = dice.between(0, 3); i > 0; --i) {
    const float which = dice.uniform();
    if (which < 0.4F)
      shelves_with_books(b, 1.0F, 0.75F);
    else if (which < 0.75F)
      dresser(b, 1.0F);
    else
      wardrobe(b, 1.0F);
  }
  standing_lamp(b, 0.4F, lamps);
  floor_plant(b, 0.4F);
  if (dice.chance(0.3F))
    if (const auto place = b.against_wall(0.55F, 0.55F, 0.95F, 0.05F)) chair(b, *place, draw_chair(b));
  if (dice.chance(0.15F))
    if (const auto place = b.in_the_open(0.36F, 0.36F, 0.5F, true)) stool(b, *place, dice.uniform(0.42F, 0.5F));
  const int pictures = dice.between(1, 5);
  for (int i = 0; i < pictures; ++i) hang_picture(b);
  if (dice.chance(0.35F)) wall_shelf(b);
  floor_things(b, dice.between(0, 5));
  if (dice.chance(0.2F)) {
    const Vec how{dice.uniform(0.5F, 1.2F), dice.uniform(0.0F, 3.0F), dice.uniform(0.5F, 0.9F)};
    lay_rug(b, {0.5F * scene.width, 0, 0.5F * scene.depth}, how.y, how.x, how.z);
  }
  if (dice.chance(0.7F)) add_skirting(b);
  return b;
}

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
