#pragma once
/// \file
/// The empty room: floor, walls, flat or slanted ceiling, windows with frames and curtains, doors, wall pillars.

#include <xstitch/rooms/builder.hpp>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

/// Faces 0..3 are the walls in the order of Builder::wall_frame, 4 the floor, 5 the ceiling, 6.. roof slopes.
XSTITCH_INLINE void raise_shell(Builder& b, Vec size, bool attic) {
  Dice& dice = b.dice;
  Scene& s = b.scene;
  const float height = size.y;
  s.width = size.x, s.height = height, s.depth = size.z;
  const std::uint16_t finish = b.material(wall_finish(dice, b.style));
  const std::uint16_t feature = dice.chance(0.25F) ? b.material(wall_finish(dice, b.style)) : finish;
  const int feature_wall = dice.below(4);
  for (int i = 0; i < 4; ++i) {
    const Place frame = b.wall_frame(i);
    s.faces.push_back({frame.origin, frame.axes.z, frame.axes.x, frame.axes.y, RoomClass::wall,
                       i == feature_wall ? feature : finish});
  }
  const bool turned = dice.chance(0.5F);  // boards run along or across the room
  const Vec u = turned ? Vec{0, 0, 1} : Vec{1, 0, 0}, v = turned ? Vec{1, 0, 0} : Vec{0, 0, 1};
  s.faces.push_back({{0, 0, 0}, {0, 1, 0}, u, v, RoomClass::floor, b.material(floor_finish(dice, b.style))});
  Material top = paint_of(dice, {0.12F, dice.uniform(0.0F, 0.08F), dice.uniform(0.82F, 0.98F)});
  top.gloss = 0.0F;
  if (dice.chance(attic ? 0.5F : 0.12F)) {
    top = wood(dice, b.style);
    top.pattern = Pattern::planks;
    top.scale = dice.uniform(0.09F, 0.16F);
  } else if (dice.chance(0.15F)) {
    top = wall_finish(dice, b.style);
  }
  const std::uint16_t ceiling = b.material(top);
  s.faces.push_back({{0, height, 0}, {0, -1, 0}, u, v, RoomClass::ceiling, ceiling});
  if (!attic) return;
  const int first = dice.below(4), slopes = dice.chance(0.4F) ? 2 : 1;
  for (int i = 0; i < slopes; ++i) {
    const Place frame = b.wall_frame((first + 2 * i) % 4);
    const float knee = dice.uniform(0.9F, 1.7F), angle = dice.uniform(0.5F, 0.95F);  // from the horizontal
    const Vec up = frame.axes.z * std::cos(angle) + frame.axes.y * std::sin(angle);
    const Vec normal = frame.axes.z * std::sin(angle) - frame.axes.y * std::cos(angle);
    s.faces.push_back({frame.origin + Vec{0, knee, 0}, normal, frame.axes.x, up, RoomClass::ceiling, ceiling});
  }
}

/// Things that a window can look out on.
XSTITCH_INLINE Material view(Dice& dice, float brightness) {
  Material m;
  m.pattern = Pattern::outside;
  m.a = colour({dice.uniform(0.53F, 0.63F), dice.uniform(0.1F, 0.65F), dice.uniform(0.75F, 1.0F)});
  m.b = dice.chance(0.6F) ? colour({dice.uniform(0.2F, 0.36F), 0.5F, dice.uniform(0.3F, 0.6F)})
                          : colour({dice.uniform(0.0F, 0.12F), 0.3F, dice.uniform(0.35F, 0.75F)});
  m.c = colour({dice.uniform(0.1F, 0.33F), 0.35F, dice.uniform(0.35F, 0.65F)});
  m.emission = brightness;
  m.seed = dice.bits();
  return m;
}

/// Hanging folds on both sides of a window, or drawn further.
XSTITCH_INLINE void curtains(Builder& b, const Place& middle, float width, float height, float sill) {
  Dice& dice = b.dice;
  const auto label = RoomClass::window;
  const std::uint16_t cloth = b.material(fabric(dice, b.style)), rod = b.material(metal(dice));
  const float top = 0.5F * height + 0.12F,
              bottom = dice.chance(0.6F) ? -(sill + 0.5F * height) + 0.03F : -0.5F * height - 0.12F;
  const float cover = dice.uniform(0.12F, 0.4F) * width + 0.12F, fold = dice.uniform(0.035F, 0.06F);
  for (const float side : {-1.0F, 1.0F}) {
    const int folds = static_cast<int>(cover / (1.5F * fold)) + 1;
    for (int i = 0; i < folds; ++i) {
      const float x = side * (0.5F * width + 0.16F - (static_cast<float>(i) + 0.5F) * 1.5F * fold);
      b.add(Solid::frustum, middle, {x, 0.5F * (top + bottom), 0.09F + ((i & 1) != 0 ? 0.015F : 0.0F)},
            {fold, 0.5F * (top - bottom), fold * 0.75F}, cloth, label, {}, 0.9F);
    }
  }
  b.cylinder(middle, {0, top + 0.02F, 0.09F}, 0.014F, 0.5F * width + 0.25F, rod, label, 1.0F, roll(1.5707963F));
}

/// Cuts a window into a wall; `day` is the brightness outside.
XSTITCH_INLINE bool add_window(Builder& b, float day) {
  Dice& dice = b.dice;
  const float widest = dice.chance(0.2F) ? 2.2F : 1.4F, width = dice.uniform(0.7F, widest);
  const float sill = dice.chance(0.15F) ? 0.25F : dice.uniform(0.75F, 1.05F);
  const float height = smaller(dice.uniform(0.9F, 1.5F) + (sill < 0.5F ? 0.5F : 0.0F), b.scene.height - sill - 0.25F);
  const auto place = b.on_wall(width, height, sill);
  if (!place) return false;
  b.patches.back().window = true;
  const Place corner = b.wall_frame(place->wall);
  const float u = dot(place->origin - corner.origin, corner.axes.x);
  Opening o;
  o.face = place->wall;
  o.u0 = u - 0.5F * width, o.u1 = u + 0.5F * width, o.v0 = sill, o.v1 = sill + height;
  o.depth = dice.uniform(0.08F, 0.25F);
  o.pane = b.material(view(dice, day));
  o.reveal =
      b.material(dice.chance(0.75F) ? paint_of(dice, {0.1F, 0.04F, dice.uniform(0.8F, 0.97F)}) : wood(dice, b.style));
  o.columns = width > 1.2F ? dice.between(2, 3) : dice.between(1, 2);
  o.rows = dice.between(1, 3);
  o.frame = dice.uniform(0.03F, 0.055F);
  b.scene.openings.push_back(o);
  const auto label = RoomClass::window;
  const float trim = dice.uniform(0.03F, 0.06F);
  for (const float s : {-1.0F, 1.0F}) {
    b.box(*place, {s * (0.5F * width + trim), 0, 0.01F}, {trim, 0.5F * height, 0.012F}, o.reveal, label);
    b.box(*place, {0, s * (0.5F * height + trim), 0.01F}, {0.5F * width + 2 * trim, trim, 0.012F}, o.reveal, label);
  }
  b.box(*place, {0, -0.5F * height - 0.015F, 0.05F}, {0.5F * width + 0.06F, 0.015F, 0.06F}, o.reveal, label);
  if (dice.chance(0.6F)) curtains(b, *place, width, height, sill);
  if (day > 0.0F) {
    Light light;
    light.kind = Light::Kind::window;
    light.position = place->origin - place->axes.z * (0.7F * o.depth);
    light.u = place->axes.x * (0.45F * width);
    light.v = place->axes.y * (0.45F * height);
    light.normal = place->axes.z;
    light.power = Vec{0.85F, 0.95F, 1.1F} * (day * width * height);
    b.scene.lights.push_back(light);
  }
  return true;
}

/// A roof window in the first slope, if there is one.
XSTITCH_INLINE void add_skylight(Builder& b, float day) {
  if (b.scene.faces.size() < 7) return;
  Dice& dice = b.dice;
  const float width = dice.uniform(0.6F, 0.9F), height = dice.uniform(0.7F, 1.0F);
  const Face& face = b.scene.faces[6];
  const float reach = (b.scene.height - face.origin.y) / face.v.y,
              run = std::fabs(face.u.x) > 0.5F ? b.scene.width : b.scene.depth;
  if (reach < height + 0.15F) return;
  Opening o;
  o.face = 6;
  o.u0 = dice.uniform(0.3F, run - 0.3F - width), o.u1 = o.u0 + width;
  o.v0 = 0.5F * (reach - height), o.v1 = o.v0 + height;
  o.depth = 0.15F;
  o.pane = b.material(view(dice, day));
  o.reveal = b.material(paint_of(dice, {0.1F, 0.05F, 0.9F}));
  o.frame = 0.04F;
  b.scene.openings.push_back(o);
  if (day <= 0.0F) return;
  Light light;
  light.kind = Light::Kind::window;
  light.position = face.origin + face.u * (o.u0 + 0.5F * width) + face.v * (o.v0 + 0.5F * height) - face.normal * 0.08F;
  light.u = face.u * (0.45F * width);
  light.v = face.v * (0.45F * height);
  light.normal = face.normal;
  light.power = Vec{0.85F, 0.95F, 1.1F} * (1.4F * day * width * height);
  b.scene.lights.push_back(light);
}

/// A door leaf in a shallow recess, and free floor before it.
XSTITCH_INLINE void add_door(Builder& b) {
  Dice& dice = b.dice;
  const float width = dice.uniform(0.75F, 0.95F), height = 2.02F;
  for (int attempt = 0; attempt < 10; ++attempt) {
    const int wall = dice.below(4);
    Place frame = b.wall_frame(wall);
    const float u0 = dice.uniform(0.15F, b.wall_length(wall) - width - 0.15F);
    const WallPatch patch{wall, u0 - 0.1F, u0 + width + 0.1F, 0.0F, height + 0.1F};
    const Place before = frame.at({u0 + 0.5F * width, 0, 0.43F});
    if (!b.wall_free(patch) || !b.take(before, width, 0.8F, height + 0.12F)) continue;
    b.patches.push_back(patch);
    Opening o;
    o.face = wall;
    o.u0 = u0, o.u1 = u0 + width, o.v0 = 0.0F, o.v1 = height;
    o.depth = dice.uniform(0.03F, 0.12F);
    o.label = RoomClass::wall;
    Material leaf = body(dice, b.style);
    if (leaf.pattern == Pattern::plain) leaf.pattern = Pattern::door;
    leaf.scale = dice.uniform();
    leaf.half_width = 0.5F * width;
    leaf.half_height = 0.5F * height;
    o.pane = b.material(leaf);
    o.reveal = b.material(paint_of(dice, {0.1F, 0.05F, dice.uniform(0.7F, 0.97F)}));
    b.scene.openings.push_back(o);
    const auto label = RoomClass::wall;
    for (const float s : {-1.0F, 1.0F})
      b.box(frame, {u0 + 0.5F * width + s * (0.5F * width + 0.04F), 0.5F * height, 0.008F},
            {0.04F, 0.5F * height, 0.01F}, o.reveal, label);
    b.box(frame, {u0 + 0.5F * width, height + 0.04F, 0.008F}, {0.5F * width + 0.08F, 0.04F, 0.01F}, o.reveal, label);
    const float knob = u0 + (dice.chance(0.5F) ? 0.08F : width - 0.08F);
    b.ball(frame, {knob, 1.02F, 0.03F - o.depth}, {0.03F, 0.03F, 0.03F}, b.material(metal(dice)), label);
    return;
  }
}

/// Chimney breast or pillar: a piece of wall that stands out.
XSTITCH_INLINE void add_pillar(Builder& b) {
  Dice& dice = b.dice;
  const float width = dice.uniform(0.35F, 1.2F), depth = dice.uniform(0.2F, 0.45F), height = b.scene.height;
  const auto place = b.against_wall(width, depth, height - 0.03F, 0.0F);
  if (!place) return;
  b.box(*place, {0, 0.5F * height, 0}, {0.5F * width, 0.5F * height, 0.5F * depth},
        b.scene.faces[static_cast<std::size_t>(place->wall)].material, RoomClass::wall);
}

/// Skirting boards; furniture stands in front of them.
XSTITCH_INLINE void add_skirting(Builder& b) {
  const std::uint16_t m =
      b.material(b.dice.chance(0.6F) ? paint_of(b.dice, {0.1F, 0.04F, 0.92F}) : wood(b.dice, b.style));
  const float half = b.dice.uniform(0.03F, 0.06F);
  for (int wall = 0; wall < 4; ++wall) {
    const Place frame = b.wall_frame(wall);
    float from = 0.0F;
    // Doors interrupt them.
    float gap0 = infinity, gap1 = infinity;
    for (const Opening& o : b.scene.openings)
      if (o.face == wall && o.v0 == 0.0F) gap0 = o.u0 - 0.08F, gap1 = o.u1 + 0.08F;
    const float end = b.wall_length(wall);
    for (const float to : {smaller(gap0, end), end}) {
      if (to - from > 0.02F)
        b.box(frame, {0.5F * (from + to), half, 0.004F}, {0.5F * (to - from), half, 0.005F}, m, RoomClass::wall);
      from = gap1;
    }
  }
}

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
