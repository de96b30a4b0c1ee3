#pragma once
/// \file
/// Chairs, stools, armchairs, sofas and beds.

#include <xstitch/rooms/small_things.hpp>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

/// Look of the chairs of one table: all of a set are alike.
struct ChairModel {
  std::uint16_t frame = 0, seat = 0;
  int back = 0;  ///< 0 board, 1 slats, 2 padded
  bool round_legs = false;
  float width = 0.44F, seat_height = 0.45F, back_height = 0.45F;
};

XSTITCH_INLINE ChairModel draw_chair(Builder& b) {
  Dice& dice = b.dice;
  ChairModel c;
  c.frame = b.material(dice.chance(0.8F) ? body(dice, b.style) : metal(dice));
  c.seat = dice.chance(0.5F) ? c.frame : b.material(dice.chance(0.7F) ? fabric(dice, b.style) : leather(dice));
  c.back = dice.below(3);
  c.round_legs = dice.chance(0.5F);
  c.width = dice.uniform(0.4F, 0.5F);
  c.seat_height = dice.uniform(0.42F, 0.48F);
  c.back_height = dice.uniform(0.35F, 0.6F);
  return c;
}

XSTITCH_INLINE void chair(Builder& b, const Place& place, const ChairModel& c) {
  const Builder::Part part(b, ThingClass::chair);
  const float half = 0.5F * c.width, top = c.seat_height + c.back_height, tilt = -0.14F;
  const auto label = RoomClass::chair;
  b.legs(place, half, half, c.seat_height - 0.02F, 0.02F, c.round_legs, c.frame, label);
  b.soft_box(place, {0, c.seat_height, 0}, {half, 0.03F, half}, 0.02F, c.seat, label);
  const Rotation turned = lean(tilt);
  const Vec middle{0, 0.5F * (c.seat_height + top), -half - 0.02F};
  if (c.back == 1) {
    for (const float x : {-1.0F, -0.33F, 0.33F, 1.0F})
      b.box(place, middle + Vec{x * (half - 0.02F), 0, 0}, {0.018F, 0.5F * c.back_height, 0.015F}, c.frame, label,
            turned);
    b.box(place, middle + turned.y * (0.45F * c.back_height), {half, 0.05F, 0.018F}, c.frame, label, turned);
  } else if (c.back == 0) {
    b.soft_box(place, middle + turned.y * 0.06F, {half, 0.42F * c.back_height, 0.018F}, 0.012F, c.frame, label, turned);
    for (const float x : {-1.0F, 1.0F})
      b.box(place, middle + Vec{x * (half - 0.04F), 0, 0} - turned.y * (0.35F * c.back_height),
            {0.018F, 0.15F * c.back_height, 0.012F}, c.frame, label, turned);
  } else {
    b.soft_box(place, middle, {half, 0.5F * c.back_height, 0.04F}, 0.035F, c.seat, label, turned);
  }
}

XSTITCH_INLINE void office_chair(Builder& b, const Place& place) {
  const Builder::Part part(b, ThingClass::chair);
  Dice& dice = b.dice;
  const std::uint16_t frame = b.material(metal(dice)),
                      cover = b.material(dice.chance(0.5F) ? fabric(dice, b.style) : leather(dice));
  const auto label = RoomClass::chair;
  const float seat = dice.uniform(0.44F, 0.52F), turned = dice.uniform(0.0F, 1.2F);
  for (int i = 0; i < 5; ++i) {
    const Rotation spoke = turn(turned + 1.2566F * static_cast<float>(i));
    b.box(place, spoke.z * 0.15F + Vec{0, 0.06F, 0}, {0.02F, 0.018F, 0.15F}, frame, label, spoke);
    b.ball(place, spoke.z * 0.29F + Vec{0, 0.028F, 0}, {0.027F, 0.027F, 0.027F}, frame, label);
  }
  b.cylinder(place, {0, 0.5F * seat, 0}, 0.03F, 0.5F * seat - 0.05F, frame, label);
  b.soft_box(place, {0, seat, 0}, {0.25F, 0.05F, 0.24F}, 0.045F, cover, label);
  const float back = dice.uniform(0.25F, 0.38F);
  b.soft_box(place, {0, seat + 0.12F + back, -0.25F}, {0.23F, back, 0.04F}, 0.038F, cover, label, lean(-0.12F));
  b.box(place, {0, seat + 0.08F, -0.24F}, {0.03F, 0.13F, 0.012F}, frame, label);
  if (dice.chance(0.6F))
    for (const float x : {-0.27F, 0.27F}) {
      b.box(place, {x, seat + 0.2F, 0}, {0.025F, 0.015F, 0.14F}, frame, label);
      b.box(place, {x, seat + 0.1F, -0.04F}, {0.015F, 0.09F, 0.02F}, frame, label);
    }
}

XSTITCH_INLINE void stool(Builder& b, const Place& place, float height) {
  const Builder::Part part(b, ThingClass::chair);
  const std::uint16_t m = b.material(body(b.dice, b.style));
  b.cylinder(place, {0, height - 0.03F, 0}, 0.17F, 0.03F, b.dice.chance(0.5F) ? m : b.material(leather(b.dice)),
             RoomClass::chair);
  b.legs(place, 0.14F, 0.14F, height - 0.05F, 0.018F, true, m, RoomClass::chair);
}

/// A flat pillow leaning against the back, somewhere about `centre`.
XSTITCH_INLINE void cushion(Builder& b, const Place& place, Vec centre, float size) {
  centre.x += b.dice.uniform(-0.12F, 0.12F);
  const Rotation turned = lean(-0.4F) * roll(b.dice.uniform(-0.5F, 0.5F));
  b.ball(place, centre, {size, size, size * 0.36F}, b.material(fabric(b.dice, b.style)), RoomClass::objects, turned);
}

/// Upholstered seat for `seats` people: an armchair (label chair) or a sofa. Depth 0.9, width from `sofa_width`.
inline float sofa_width(int seats, float arm) { return 0.64F * static_cast<float>(seats) + 2.0F * arm; }
XSTITCH_INLINE void sofa(Builder& b, const Place& place, int seats, float arm) {
  const Builder::Part part(b, seats > 1 ? ThingClass::sofa : ThingClass::chair);
  Dice& dice = b.dice;
  const RoomClass label = seats > 1 ? RoomClass::sofa : RoomClass::chair;
  const std::uint16_t cover = b.material(dice.chance(0.72F) ? fabric(dice, b.style) : leather(dice));
  const float half = 0.5F * sofa_width(seats, arm), seat = dice.uniform(0.38F, 0.46F), top = dice.uniform(0.75F, 0.95F);
  const float round = dice.uniform(0.03F, 0.08F), arm_top = dice.uniform(0.55F, 0.66F),
              foot = dice.uniform(0.02F, 0.1F);
  b.soft_box(place, {0, 0.5F * (foot + seat - 0.1F), 0.0F}, {half - 0.01F, 0.5F * (seat - 0.1F - foot), 0.44F}, 0.03F,
             cover, label);
  b.soft_box(place, {0, 0.5F * (foot + top), -0.35F}, {half - 0.01F, 0.5F * (top - foot), 0.1F}, round, cover, label);
  for (const float side : {-1.0F, 1.0F}) {
    const float x = side * (half - 0.5F * arm);
    b.soft_box(place, {x, 0.5F * (foot + arm_top), 0.0F}, {0.5F * arm, 0.5F * (arm_top - foot), 0.45F}, round, cover,
               label);
    if (round > 0.06F)
      b.add(Solid::frustum, place, {x, arm_top - 0.02F, 0.0F}, {0.55F * arm, 0.44F, 0.45F * arm}, cover, label,
            lean(1.5707963F), 1.0F);
  }
  for (int i = 0; i < seats; ++i) {
    const float x = 0.64F * (static_cast<float>(i) - 0.5F * static_cast<float>(seats - 1));
    b.soft_box(place, {x, seat - 0.05F, 0.1F}, {0.315F, 0.08F, 0.34F}, 0.06F, cover, label);
    b.soft_box(place, {x, 0.5F * (seat + top) + 0.03F, -0.2F}, {0.31F, 0.5F * (top - seat) - 0.02F, 0.1F}, 0.08F, cover,
               label, lean(-0.16F));
    if (dice.chance(0.4F)) cushion(b, place, {x, seat + 0.22F, -0.02F}, dice.uniform(0.16F, 0.22F));
  }
  const std::uint16_t feet = b.material(wood(dice, b.style));
  if (foot > 0.03F) b.legs(place, half - 0.03F, 0.4F, foot + 0.01F, 0.025F, false, feet, label);
}

/// Frame, mattress, cover and pillows; the head is at the back (-z). Sizes are those of the whole.
XSTITCH_INLINE void bed(Builder& b, const Place& place, float width, float length_of) {
  const Builder::Part part(b, ThingClass::bed);
  Dice& dice = b.dice;
  const auto label = RoomClass::bed;
  const float half = 0.5F * width, half_z = 0.5F * length_of, base = dice.uniform(0.2F, 0.34F),
              top = base + dice.uniform(0.18F, 0.26F);
  const std::uint16_t frame = b.material(dice.chance(0.75F) ? body(dice, b.style) : fabric(dice, b.style));
  b.box(place, {0, 0.5F * base + 0.04F, 0}, {half, 0.5F * base - 0.04F, half_z}, frame, label);
  const float head = dice.uniform(0.75F, 1.2F);
  if (dice.chance(0.5F))
    b.box(place, {0, 0.5F * head, -half_z + 0.025F}, {half, 0.5F * head, 0.025F}, frame, label);
  else
    b.soft_box(place, {0, 0.5F * head, -half_z + 0.05F}, {half, 0.5F * head, 0.05F}, 0.04F, frame, label);
  if (dice.chance(0.4F))
    b.box(place, {0, 0.5F * top + 0.06F, half_z - 0.02F}, {half, 0.5F * top + 0.06F, 0.02F}, frame, label);
  Material sheet = paint_of(dice, {0.1F, 0.05F, dice.uniform(0.8F, 0.97F)});
  b.soft_box(place, {0, 0.5F * (base + top), 0.04F}, {half - 0.03F, 0.5F * (top - base), half_z - 0.08F}, 0.06F,
             b.material(sheet), label);
  const std::uint16_t cover = b.material(fabric(dice, b.style));
  const float from = dice.uniform(-0.5F, 0.1F) * half_z;
  b.soft_box(place, {0, top - 0.05F, 0.5F * (from + half_z) - 0.01F},
             {half + 0.01F, 0.1F, 0.5F * (half_z - from) - 0.03F}, 0.07F, cover, label);
  b.soft_box(place, {0, top + 0.03F, from + 0.08F}, {half - 0.01F, 0.05F, 0.13F}, 0.045F,
             dice.chance(0.5F) ? cover : b.material(sheet), label);
  const std::uint16_t pillow = b.material(dice.chance(0.5F) ? sheet : fabric(dice, b.style));
  const int pillows = width > 1.25F ? 2 : 1;
  for (int i = 0; i < pillows; ++i) {
    const float x =
        (pillows == 1 ? 0.0F : (static_cast<float>(i) - 0.5F) * width * 0.48F) + dice.uniform(-0.04F, 0.04F);
    const Vec angles{dice.uniform(0.1F, 0.5F), dice.uniform(-0.15F, 0.15F), 0.0F};
    b.ball(place, {x, top + 0.09F, -half_z + 0.35F}, {0.34F, 0.1F, 0.22F}, pillow, RoomClass::objects,
           turn(angles.y) * lean(angles.x));
    if (dice.chance(0.35F)) cushion(b, place, {x * 0.8F, top + 0.17F, -half_z + 0.56F}, dice.uniform(0.16F, 0.22F));
  }
}

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
