#pragma once
/// \file
/// Composes a furnished room: living room, bedroom, dining room, kitchen or study, in a house or under a roof.

#include <xstitch/rooms/groups.hpp>
#include <xstitch/rooms/shell.hpp>
#include <xstitch/rooms/single_pieces.hpp>

#include <cstdint>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

enum class RoomKind : std::uint8_t { living, bedroom, dining, kitchen, study };

/// Fills an empty scene. Everything is drawn from `dice`.
XSTITCH_INLINE Builder furnish(Scene& scene, Dice& dice) {
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
