#pragma once
/// \file
/// Gives every thing of a scene a surface, a gloss and a shape that do not depend on its class: a table may be of cloth
/// and round, a bed of metal. So a detector's attributes say something that its classes do not. Screens, pictures and
/// rows of books stay what they are.

#include <xstitch/rooms/builder.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data::rooms {
namespace detail {

XSTITCH_INLINE Material surface_of(ThingSurface surface, Dice& dice) {
  Style style = draw_style(dice);
  Material m;
  switch (surface) {
    case ThingSurface::wood:
      return wood(dice, style);
    case ThingSurface::metal:
      return paint_of(dice, {0.6F, dice.uniform(0.0F, 0.06F), dice.uniform(0.45F, 0.8F)});
    case ThingSurface::cloth:
      m = paint_of(dice, {dice.uniform(), dice.uniform(0.1F, 0.5F), dice.uniform(0.3F, 0.8F)});
      m.pattern = Pattern::fabric;
      return m;
    case ThingSurface::plastic:
      return paint_of(dice, {dice.uniform(), dice.uniform(0.75F, 0.95F), dice.uniform(0.6F, 0.95F)});
    case ThingSurface::stone:
      m = paint_of(dice, {dice.uniform(0.0F, 0.15F), dice.uniform(0.0F, 0.12F), dice.uniform(0.7F, 0.95F)});
      m.pattern = Pattern::marble;
      m.b = m.a * dice.uniform(0.2F, 0.4F);
      m.scale = dice.uniform(0.06F, 0.15F);
      return m;
    case ThingSurface::striped:
    case ThingSurface::dotted:
      m = paint_of(dice, {dice.uniform(), dice.uniform(0.3F, 0.8F), dice.uniform(0.65F, 0.95F)});
      m.b = colour({dice.uniform(), dice.uniform(0.3F, 0.8F), dice.uniform(0.1F, 0.35F)});
      m.pattern = surface == ThingSurface::striped ? Pattern::stripes : Pattern::dots;
      m.scale = dice.uniform(0.06F, 0.12F);
      return m;
  }
  return m;
}

inline void reshape(Primitive& p, ThingShape shape) noexcept {
  p.solid = shape == ThingShape::boxy ? Solid::box : shape == ThingShape::round ? Solid::ellipsoid : Solid::frustum;
  p.shape = 1.0F;  // of a frustum: as wide at the top as at the bottom
}

}  // namespace detail

/// Draws, and changes the solids of things and their materials.
XSTITCH_INLINE void dress(Scene& scene, Dice& dice) {
  for (Thing& thing : scene.things) {
    thing.surface = static_cast<ThingSurface>(dice.below(thing_surfaces));
    thing.shape = static_cast<ThingShape>(dice.below(thing_shapes));
    thing.shiny = dice.chance(0.5F);
  }
  std::map<std::uint32_t, std::uint16_t> changed;  // (thing, its old material): the new one
  for (Primitive& p : scene.primitives) {
    if (p.thing == 0) continue;
    const Thing& thing = scene.things[p.thing - 1U];
    const Material old = scene.materials[p.material];
    const bool drawers = old.pattern == Pattern::drawers;
    if (is_front_only(old.pattern) && !drawers) continue;
    if (!drawers) detail::reshape(p, thing.shape);
    const auto [entry, first] = changed.try_emplace(std::uint32_t{p.thing} << 16U | p.material, std::uint16_t{0});
    if (first) {
      Material m = detail::surface_of(thing.surface, dice);
      m.gloss = thing.shiny ? dice.uniform(0.45F, 0.7F) : dice.uniform(0.0F, 0.05F);
      m.emission = old.emission;
      if (drawers) {
        Material front = old;
        front.a = m.a, front.b = m.b, front.c = m.a * 0.3F, front.gloss = m.gloss;
        m = front;
      }
      scene.materials.push_back(m);
      entry->second = static_cast<std::uint16_t>(scene.materials.size() - 1);
    }
    p.material = entry->second;
  }
}

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
