#pragma once
/// \file
/// Pieces that belong together: a table and its chairs, a sofa with its low table and rug, a bed between its night
/// tables, a desk and its chair, a kitchen. A piece that finds no room is left out.

#include <xstitch/rooms/single_pieces.hpp>

#include <cmath>
#include <cstdint>

namespace xstitch::inline XSTITCH_ISA::data::rooms {
namespace detail {

/// A table with chairs around it.
XSTITCH_INLINE void dining_group(Builder& b) {
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

XSTITCH_INLINE void sofa_group(Builder& b) {
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

XSTITCH_INLINE void bed_group(Builder& b) {
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

XSTITCH_INLINE void desk_group(Builder& b) {
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

XSTITCH_INLINE void kitchen_group(Builder& b) {
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

}  // namespace detail

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
