#pragma once
/// \file
/// A room as data: its shell (floor, ceiling, walls, slanted roof, with openings for windows and doors), the solids
/// in it, materials and lights.

#include <xstitch/rooms/material.hpp>
#include <xstitch/rooms/things.hpp>
#include <xstitch/rooms/tree.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

/// A plane of the shell; the room is where all normals point.
struct Face {
  Vec origin, normal, u, v;
  RoomClass label = RoomClass::wall;
  std::uint16_t material = 0;
};

/// A rectangle of a face behind which the wall is recessed.
struct Opening {
  int face = 0;
  float u0 = 0.0F, v0 = 0.0F, u1 = 0.0F, v1 = 0.0F;
  float depth = 0.1F;
  RoomClass label = RoomClass::window;
  std::uint16_t pane = 0, reveal = 0;
  int columns = 1, rows = 1;  ///< of glass; the bars between them have the reveal's material
  float frame = 0.0F;         ///< width of the bars; 0 for a door
};

struct ShellHit {
  float t = infinity;
  int face = 0;
  int opening = -1;  ///< -1: the face itself
  int side = 0;      ///< within an opening: 0 the pane, 1..4 its reveals
  Vec normal;
};

struct Light {
  enum class Kind : std::uint8_t { lamp, window, sun };
  Kind kind = Kind::lamp;
  Vec position;      ///< of its middle; for the sun: the direction to it
  Vec u, v, normal;  ///< half extents and direction of a window; a lamp's radius is u.x
  Vec power;
};

struct Scene {
  float width = 4.0F, depth = 4.0F, height = 2.6F;
  std::vector<Face> faces;
  std::vector<Opening> openings;
  std::vector<Primitive> primitives;
  std::vector<Thing> things;
  std::vector<Material> materials;
  std::vector<Light> lights;
  Vec ambient{0.3F, 0.3F, 0.3F};
  Tree tree;

  /// Where a ray from inside leaves the room.
  [[nodiscard]] XSTITCH_INLINE ShellHit leave(Vec o, Vec d) const noexcept {
    ShellHit hit;
    for (std::size_t i = 0; i < faces.size(); ++i) {
      const float speed = dot(d, faces[i].normal);
      if (speed >= 0.0F) continue;
      const float t = dot(faces[i].origin - o, faces[i].normal) / speed;
      if (t < hit.t) {
        hit.t = t;
        hit.face = static_cast<int>(i);
      }
    }
    const Face& face = faces[static_cast<std::size_t>(hit.face)];
    hit.normal = face.normal;
    if (openings.empty()) return hit;
    const Vec at = o + d * hit.t - face.origin;
    const float u = dot(at, face.u), v = dot(at, face.v);
    for (std::size_t i = 0; i < openings.size(); ++i) {
      const Opening& opening = openings[i];
      if (opening.face != hit.face || u <= opening.u0 || u >= opening.u1 || v <= opening.v0 || v >= opening.v1)
        continue;
      const float du = dot(d, face.u), dv = dot(d, face.v);
      float further = opening.depth / -dot(d, face.normal);
      hit.opening = static_cast<int>(i);
      hit.side = 0;
      if (du != 0.0F) {
        const float t = ((du > 0.0F ? opening.u1 : opening.u0) - u) / du;
        if (t < further) further = t, hit.side = du > 0.0F ? 1 : 2;
      }
      if (dv != 0.0F) {
        const float t = ((dv > 0.0F ? opening.v1 : opening.v0) - v) / dv;
        if (t < further) further = t, hit.side = dv > 0.0F ? 3 : 4;
      }
      hit.t += further;
      if (hit.side == 1 || hit.side == 2) hit.normal = hit.side == 1 ? -face.u : face.u;
      if (hit.side == 3 || hit.side == 4) hit.normal = hit.side == 3 ? -face.v : face.v;
      break;
    }
    return hit;
  }

  /// The same without openings: how far the planes are.
  [[nodiscard]] float shell_distance(Vec o, Vec d) const noexcept {
    float nearest = infinity;
    for (const Face& face : faces) {
      const float speed = dot(d, face.normal);
      if (speed < 0.0F) nearest = smaller(nearest, dot(face.origin - o, face.normal) / speed);
    }
    return nearest;
  }

  /// Height of the ceiling over a point of the floor.
  [[nodiscard]] float clear_height(float x, float z) const noexcept {
    float clear = height;
    for (const Face& face : faces)
      if (face.label == RoomClass::ceiling && face.normal.y < 0.0F) {
        const float y = face.origin.y + (dot(face.origin, {face.normal.x, 0.0F, face.normal.z}) - x * face.normal.x -
                                         z * face.normal.z) /
                                            face.normal.y;
        clear = smaller(clear, y);
      }
    return clear;
  }
};

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
