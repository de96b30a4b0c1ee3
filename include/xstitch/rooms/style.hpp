#pragma once
/// \file
/// The palette of a room: which woods, paints and fabrics its things are made of. Walls, floors, curtains and
/// furniture draw from overlapping ranges on purpose, so that colour alone does not tell the class.

#include <xstitch/rooms/noise.hpp>
#include <xstitch/rooms/scene.hpp>

#include <array>
#include <cstdint>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

struct Style {
  float hue = 0.0F, second_hue = 0.0F;  ///< accents of fabrics and paint
  float wood_hue = 0.07F, wood_value = 0.5F;
  bool painted = false;  ///< white or coloured furniture rather than wood
};

inline Style draw_style(Dice& dice) {
  Style s;
  s.hue = dice.uniform();
  s.second_hue = dice.uniform();
  s.wood_hue = dice.uniform(0.05F, 0.1F);
  s.wood_value = dice.uniform(0.28F, 0.85F);
  s.painted = dice.chance(0.3F);
  return s;
}

XSTITCH_INLINE Material wood(Dice& dice, const Style& s) {
  Material m;
  m.pattern = Pattern::wood;
  const float value = clamp01(s.wood_value + dice.uniform(-0.08F, 0.08F)), saturation = dice.uniform(0.3F, 0.65F);
  m.a = colour({s.wood_hue, saturation, value});
  m.b = colour({s.wood_hue - 0.01F, saturation * 1.1F, value * 0.8F});
  m.c = m.a * 0.35F;
  m.gloss = dice.uniform(0.0F, 0.25F);
  m.seed = dice.bits();
  return m;
}

inline Material paint_of(Dice& dice, Shade shade) {
  Material m;
  m.a = colour(shade);
  m.b = m.a * 0.85F;
  m.c = m.a * 0.5F;
  m.gloss = dice.uniform(0.0F, 0.15F);
  m.seed = dice.bits();
  return m;
}

/// Bodies of furniture: wood, or paint in houses that paint.
inline Material body(Dice& dice, const Style& s) {
  if (dice.chance(s.painted ? 0.7F : 0.12F)) {
    if (dice.chance(0.65F)) return paint_of(dice, {0.1F, 0.06F, dice.uniform(0.75F, 0.97F)});
    return paint_of(dice,
                    {dice.chance(0.5F) ? s.hue : dice.uniform(), dice.uniform(0.1F, 0.5F), dice.uniform(0.25F, 0.8F)});
  }
  return wood(dice, s);
}

inline Material metal(Dice& dice) {
  Material m =
      paint_of(dice, {0.6F, 0.05F, dice.chance(0.5F) ? dice.uniform(0.15F, 0.35F) : dice.uniform(0.6F, 0.85F)});
  m.gloss = dice.uniform(0.3F, 0.7F);
  return m;
}

XSTITCH_INLINE Material fabric(Dice& dice, const Style& s) {
  Material m;
  const float kind = dice.uniform();
  const float hue = kind < 0.4F ? s.hue : kind < 0.65F ? s.second_hue : dice.uniform();
  const float saturation = dice.chance(0.45F) ? dice.uniform(0.02F, 0.15F) : dice.uniform(0.2F, 0.7F);
  m.a = colour({hue, saturation, dice.uniform(0.25F, 0.95F)});
  m.b = colour({dice.chance(0.5F) ? s.second_hue : hue, saturation, dice.uniform(0.3F, 0.95F)});
  m.c = colour({s.second_hue, 0.4F, dice.uniform(0.2F, 0.9F)});
  m.seed = dice.bits();
  const float pattern = dice.uniform();
  m.pattern = pattern < 0.62F   ? Pattern::fabric
              : pattern < 0.76F ? Pattern::stripes
              : pattern < 0.86F ? Pattern::plaid
              : pattern < 0.94F ? Pattern::dots
                                : Pattern::carpet;
  m.scale = dice.uniform(0.08F, 0.3F);
  return m;
}

inline Material leather(Dice& dice) {
  Material m = paint_of(dice, {dice.uniform(0.0F, 0.1F), dice.uniform(0.1F, 0.7F), dice.uniform(0.15F, 0.75F)});
  m.gloss = dice.uniform(0.1F, 0.35F);
  return m;
}

/// Small things: anything goes.
inline Material any(Dice& dice) {
  Material m = paint_of(dice, {dice.uniform(), dice.uniform(0.0F, 0.8F), dice.uniform(0.15F, 0.97F)});
  if (dice.chance(0.3F)) {
    m.pattern = dice.chance(0.5F) ? Pattern::stripes : Pattern::marble;
    m.b = colour({dice.uniform(), dice.uniform(0.0F, 0.6F), dice.uniform(0.2F, 0.95F)});
    m.scale = dice.uniform(0.03F, 0.15F);
  }
  m.gloss = dice.uniform(0.0F, 0.5F);
  return m;
}

XSTITCH_INLINE Material wall_finish(Dice& dice, const Style& s) {
  Material m;
  const float kind = dice.uniform();
  const bool neutral = kind < 0.55F;
  const float hue = neutral ? dice.uniform(0.05F, 0.18F) : dice.chance(0.6F) ? s.hue : dice.uniform();
  const float saturation = neutral ? dice.uniform(0.0F, 0.18F) : dice.uniform(0.12F, 0.5F);
  const float value = neutral ? dice.uniform(0.68F, 0.97F) : dice.uniform(0.42F, 0.92F);
  m = paint_of(dice, {hue, saturation, value});
  m.gloss = 0.0F;
  m.scale = dice.uniform(0.08F, 0.35F);
  const float pattern = dice.uniform();
  if (pattern < 0.58F) return m;
  m.b = colour(
      {dice.chance(0.7F) ? hue : s.second_hue, saturation + 0.08F, clamp01(value + dice.uniform(-0.25F, 0.15F))});
  if (pattern < 0.7F) {
    m.pattern = Pattern::stripes;
  } else if (pattern < 0.8F) {
    m.pattern = Pattern::dots;
  } else if (pattern < 0.87F) {
    m.pattern = Pattern::brick;
    m.a = colour({dice.uniform(0.0F, 0.06F), dice.uniform(0.1F, 0.6F), dice.uniform(0.4F, 0.9F)});
    m.b = m.a * dice.uniform(0.55F, 0.85F);
    m.c = colour({0.1F, 0.05F, dice.uniform(0.5F, 0.85F)});
    m.scale = dice.uniform(0.2F, 0.28F);
  } else if (pattern < 0.93F) {
    m = wood(dice, s);
    m.pattern = Pattern::planks;
    m.scale = dice.uniform(0.1F, 0.18F);
  } else {
    m.pattern = Pattern::tiles;
    m.c = m.a * 0.7F;
    m.scale = dice.uniform(0.12F, 0.3F);
    m.gloss = 0.2F;
  }
  return m;
}

XSTITCH_INLINE Material floor_finish(Dice& dice, const Style& s) {
  Style floor_style = s;
  floor_style.wood_value = dice.uniform(0.28F, 0.85F);
  const float kind = dice.uniform();
  Material m;
  if (kind < 0.5F) {
    m = wood(dice, floor_style);
    m.pattern = Pattern::planks;
    m.scale = dice.uniform(0.07F, 0.2F);
    m.gloss = dice.uniform(0.05F, 0.4F);
  } else if (kind < 0.72F) {
    m = paint_of(dice,
                 {dice.chance(0.6F) ? 0.09F : s.second_hue, dice.uniform(0.03F, 0.45F), dice.uniform(0.35F, 0.85F)});
    m.b = m.a * dice.uniform(0.5F, 0.8F);
    m.pattern = Pattern::carpet;
    m.gloss = 0.0F;
  } else {
    m = paint_of(dice, {dice.uniform(0.0F, 0.15F), dice.uniform(0.0F, 0.3F), dice.uniform(0.4F, 0.92F)});
    m.b = kind < 0.92F ? m.a * dice.uniform(0.75F, 0.95F) : colour({0.1F, 0.1F, dice.uniform(0.12F, 0.5F)});
    m.c = m.a * dice.uniform(0.45F, 0.8F);
    m.pattern = kind < 0.92F ? Pattern::tiles : Pattern::checker;
    m.scale = dice.uniform(0.2F, 0.5F);
    m.gloss = dice.uniform(0.15F, 0.5F);
  }
  return m;
}

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
