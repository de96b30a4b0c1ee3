#pragma once
/// \file
/// Puts solids into a scene, and finds free places for furniture on the floor and along the walls.

#include <xstitch/rooms/style.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

/// Frame of one piece: origin on the floor in the middle of its footprint, x along its width, z to its front.
struct Place {
  Vec origin;
  Rotation axes;
  int wall = -1;  ///< the wall at its back, if any

  [[nodiscard]] Place at(Vec local, Rotation turned = {}) const {
    return {origin + axes.to_world(local), axes * turned, -1};
  }
};

/// What a piece takes up: a turned rectangle of the floor, and a height.
struct Footprint {
  float x = 0.0F, z = 0.0F;
  Vec right, front;
  float half_width = 0.0F, half_depth = 0.0F, height = 0.0F;

  [[nodiscard]] bool holds(Vec at, float margin) const {
    const Vec from = at - Vec{x, at.y, z};
    return std::fabs(dot(from, right)) < half_width + margin && std::fabs(dot(from, front)) < half_depth + margin;
  }
  [[nodiscard]] XSTITCH_INLINE bool overlaps(const Footprint& o) const {
    const Vec between{o.x - x, 0.0F, o.z - z};
    for (const Vec axis : {right, front, o.right, o.front}) {
      const float reach = half_width * std::fabs(dot(right, axis)) + half_depth * std::fabs(dot(front, axis)) +
                          o.half_width * std::fabs(dot(o.right, axis)) + o.half_depth * std::fabs(dot(o.front, axis));
      if (std::fabs(dot(between, axis)) >= reach) return false;
    }
    return true;
  }
};

/// A taken rectangle of a wall: from the corner along the wall, and up.
struct WallPatch {
  int wall = 0;
  float u0 = 0.0F, u1 = 0.0F, v0 = 0.0F, v1 = 0.0F;
  bool window = false;
};

class Builder {
 public:
  Builder(Scene& built, Dice& draws) : scene(built), dice(draws), style(draw_style(draws)) {}

  Scene& scene;
  Dice& dice;
  Style style;
  std::vector<Footprint> footprints;
  std::vector<WallPatch> patches;
  int rugs = 0;

  /// While it lives, solids of a thing's class belong to the thing; one of the same class within it is part of it.
  class Part {
   public:
    Part(Builder& builder, ThingClass kind) : builder_(builder), outer_(builder.thing_) {
      std::vector<Thing>& things = builder.scene.things;
      if (outer_ != 0 && things[outer_ - 1U].kind == kind) return;
      things.push_back({kind});
      builder.thing_ = static_cast<std::uint16_t>(things.size());
    }
    ~Part() { builder_.thing_ = outer_; }
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;

   private:
    Builder& builder_;
    std::uint16_t outer_;
  };

  std::uint16_t material(const Material& m) {
    scene.materials.push_back(m);
    return static_cast<std::uint16_t>(scene.materials.size() - 1);
  }

  XSTITCH_INLINE Primitive& add(Solid solid, const Place& place, Vec centre, Vec half, std::uint16_t of,
                                RoomClass label, Rotation turned = {}, float shape = 0.0F) {
    Primitive p;
    p.solid = solid;
    p.axes = place.axes * turned;
    p.centre = place.origin + place.axes.to_world(centre);
    p.half = half;
    p.material = of;
    p.label = label;
    p.shape = shape;
    if (thing_ != 0 && room_class(scene.things[thing_ - 1U].kind) == label) p.thing = thing_;
    if (solid == Solid::rounded_box) p.shape = smaller(shape, 0.98F * smaller(half.x, smaller(half.y, half.z)));
    scene.primitives.push_back(p);
    return scene.primitives.back();
  }
  Primitive& box(const Place& place, Vec centre, Vec half, std::uint16_t of, RoomClass label, Rotation turned = {}) {
    return add(Solid::box, place, centre, half, of, label, turned);
  }
  Primitive& soft_box(const Place& place, Vec centre, Vec half, float radius, std::uint16_t of, RoomClass label,
                      Rotation turned = {}) {
    return add(Solid::rounded_box, place, centre, half, of, label, turned, radius);
  }
  /// Upright; `top` is the radius at the top relative to the bottom's.
  Primitive& cylinder(const Place& place, Vec centre, float radius, float half_height, std::uint16_t of,
                      RoomClass label, float top = 1.0F, Rotation turned = {}) {
    return add(Solid::frustum, place, centre, {radius, half_height, radius}, of, label, turned, top);
  }
  Primitive& ball(const Place& place, Vec centre, Vec half, std::uint16_t of, RoomClass label, Rotation turned = {}) {
    return add(Solid::ellipsoid, place, centre, half, of, label, turned);
  }
  /// Four legs of a rectangle, from the floor to `height`.
  XSTITCH_INLINE void legs(const Place& place, float half_x, float half_z, float height, float thick, bool round,
                           std::uint16_t of, RoomClass label) {
    if (thing_ != 0) scene.things[thing_ - 1U].legs = true;
    for (const float sx : {-1.0F, 1.0F})
      for (const float sz : {-1.0F, 1.0F}) {
        const Vec centre{sx * (half_x - thick), 0.5F * height, sz * (half_z - thick)};
        if (round)
          cylinder(place, centre, thick * 0.8F, 0.5F * height, of, label, 1.3F);
        else
          box(place, centre, {thick, 0.5F * height, thick}, of, label);
      }
  }

  [[nodiscard]] float wall_length(int wall) const { return (wall & 1) != 0 ? scene.depth : scene.width; }
  /// Frame of a wall: origin in its lower left corner as seen from inside, x along it, z into the room.
  [[nodiscard]] Place wall_frame(int wall) const {
    constexpr std::array<Vec, 4> inward{Vec{0, 0, 1}, Vec{-1, 0, 0}, Vec{0, 0, -1}, Vec{1, 0, 0}};
    const std::array<Vec, 4> corner{Vec{0, 0, 0}, Vec{scene.width, 0, 0}, Vec{scene.width, 0, scene.depth},
                                    Vec{0, 0, scene.depth}};
    const Vec z = inward[static_cast<std::size_t>(wall)];
    return {corner[static_cast<std::size_t>(wall)], {cross({0, 1, 0}, z), {0, 1, 0}, z}, wall};
  }

  [[nodiscard]] bool wall_free(const WallPatch& patch) const {
    for (const WallPatch& other : patches)
      if (other.wall == patch.wall && patch.u0 < other.u1 && other.u0 < patch.u1 && patch.v0 < other.v1 &&
          other.v0 < patch.v1)
        return false;
    return true;
  }

  [[nodiscard]] XSTITCH_INLINE bool floor_free(const Footprint& f) const {
    for (const float sx : {-1.0F, 1.0F})
      for (const float sz : {-1.0F, 1.0F}) {
        const Vec at = Vec{f.x, 0, f.z} + f.right * (sx * f.half_width) + f.front * (sz * f.half_depth);
        if (at.x < -1e-3F || at.z < -1e-3F || at.x > scene.width + 1e-3F || at.z > scene.depth + 1e-3F) return false;
        if (scene.clear_height(at.x, at.z) < f.height + 0.02F) return false;
      }
    for (const Footprint& other : footprints)
      if (f.overlaps(other)) return false;
    return true;
  }

  void reserve(const Footprint& f) { footprints.push_back(f); }

  static Footprint footprint(const Place& place, float width, float depth, float height) {
    return {place.origin.x, place.origin.z, place.axes.x, place.axes.z, 0.5F * width, 0.5F * depth, height};
  }

  /// A place with its back to some wall, or nothing. `centred` draws nearer to the middle of the wall.
  XSTITCH_INLINE std::optional<Place> against_wall(float width, float depth, float height, float gap = 0.01F,
                                                   bool centred = false) {
    for (int attempt = 0; attempt < 14; ++attempt) {
      const int wall = dice.below(4);
      const float room = wall_length(wall) - width - 0.04F;
      float along = dice.uniform();
      if (centred)
        along = 0.35F + 0.3F * along;
      else if (along < 0.2F)
        along = 0.0F;  // corners attract furniture
      else if (along > 0.8F)
        along = 1.0F;
      if (room < 0.0F) continue;
      const float u = 0.02F + along * room;
      const WallPatch patch{wall, u, u + width, 0.0F, height};
      if (!wall_free(patch)) continue;
      Place place = wall_frame(wall);
      place.origin = place.origin + place.axes.to_world({u + 0.5F * width, 0.0F, gap + 0.5F * depth});
      const Footprint f = footprint(place, width, depth, height);
      if (!floor_free(f)) continue;
      reserve(f);
      patches.push_back(patch);
      return place;
    }
    return std::nullopt;
  }

  /// A place away from the walls; `free_turn`: at any angle, else square to the room.
  XSTITCH_INLINE std::optional<Place> in_the_open(float width, float depth, float height, bool free_turn,
                                                  float margin = 0.1F) {
    for (int attempt = 0; attempt < 14; ++attempt) {
      float angle = dice.uniform(-0.06F, 0.06F);
      angle = free_turn ? dice.uniform(0.0F, 6.2832F) : angle + static_cast<float>(dice.below(4)) * 1.5707963F;
      const Place place{
          {dice.uniform(0.4F, scene.width - 0.4F), 0.0F, dice.uniform(0.4F, scene.depth - 0.4F)}, turn(angle), -1};
      Footprint f = footprint(place, width + 2 * margin, depth + 2 * margin, height);
      if (!floor_free(f)) continue;
      f.half_width -= margin, f.half_depth -= margin;
      reserve(f);
      return place;
    }
    return std::nullopt;
  }

  /// Takes exactly this place if it is free.
  bool take(const Place& place, float width, float depth, float height) {
    const Footprint f = footprint(place, width, depth, height);
    if (!floor_free(f)) return false;
    reserve(f);
    return true;
  }

  /// A free rectangle of a wall with its lower edge at v0; the frame's origin is its middle, on the wall.
  XSTITCH_INLINE std::optional<Place> on_wall(float width, float height, float v0) {
    for (int attempt = 0; attempt < 10; ++attempt) {
      const int wall = dice.below(4);
      const float room = wall_length(wall) - width - 0.2F;
      const float u = 0.1F + dice.uniform() * room;
      if (room < 0.0F) continue;
      const WallPatch patch{wall, u - 0.05F, u + width + 0.05F, v0 - 0.05F, v0 + height + 0.05F};
      if (!wall_free(patch)) continue;
      Place place = wall_frame(wall);
      const Vec left = place.origin + place.axes.x * u, right = left + place.axes.x * width;
      if (smaller(scene.clear_height(left.x, left.z), scene.clear_height(right.x, right.z)) < v0 + height + 0.1F)
        continue;
      place.origin = place.origin + place.axes.to_world({u + 0.5F * width, v0 + 0.5F * height, 0.0F});
      patches.push_back(patch);
      return place;
    }
    return std::nullopt;
  }

 private:
  std::uint16_t thing_ = 0;  ///< number of the thing that is being built
};

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
