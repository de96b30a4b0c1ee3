#pragma once
/// \file
/// Pinhole cameras inside a room, and the choice of one that sees something.

#include <xstitch/rooms/builder.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

/// Axes of camera coordinates: x right, y up, z towards the viewer.
struct Camera {
  Vec position;
  Rotation axes;
  float tangent_x = 0.6F, tangent_y = 0.45F;  ///< of half the fields of view

  /// A ray whose parameter is the depth along the optical axis; x and y run over -1..1, y upwards.
  [[nodiscard]] Vec ray(float x, float y) const noexcept {
    return axes.x * (x * tangent_x) + axes.y * (y * tangent_y) - axes.z;
  }
};

/// Class seen along a ray, and how far.
inline RoomClass look(const Scene& scene, Vec o, Vec d, float& distance) noexcept {
  const ShellHit shell = scene.leave(o, d);
  distance = shell.t;
  const int found = scene.tree.closest(scene.primitives, o, d, distance);
  if (found >= 0) return scene.primitives[static_cast<std::size_t>(found)].label;
  if (shell.opening >= 0) return scene.openings[static_cast<std::size_t>(shell.opening)].label;
  return scene.faces[static_cast<std::size_t>(shell.face)].label;
}

/// The best of a few cameras: near nothing, several kinds of things in view, not all wall. 1.2 to 1.9 m high, pitch
/// -25 to 10 degrees, field of view 54 to 70 degrees along the longer side.
XSTITCH_INLINE Camera choose_camera(const Builder& b, float aspect) {
  Dice& dice = b.dice;
  const Scene& scene = b.scene;
  Camera best;
  float best_score = -infinity;
  for (int attempt = 0, scored = 0; attempt < 60 && scored < 10; ++attempt) {
    Camera camera;
    const float x = dice.uniform(0.25F, scene.width - 0.25F), z = dice.uniform(0.25F, scene.depth - 0.25F);
    camera.position = {x, dice.uniform(1.2F, 1.9F), z};
    // Towards some point of the inner room.
    const float target_x = scene.width * dice.uniform(0.2F, 0.8F), target_z = scene.depth * dice.uniform(0.2F, 0.8F);
    const float yaw = std::atan2(-(target_x - x), -(target_z - z));
    const float steep = dice.chance(0.7F) ? 0.75F : 1.0F, pitch = dice.uniform(-0.43F, 0.12F) * steep,
                tilt = dice.uniform(-0.04F, 0.04F);
    camera.axes = turn(yaw) * lean(pitch) * roll(tilt);
    const float tangent = std::tan(0.5F * dice.uniform(0.94F, 1.22F));
    camera.tangent_x = tangent * smaller(1.0F, aspect);
    camera.tangent_y = tangent / larger(1.0F, aspect);
    bool inside = scene.clear_height(x, z) < camera.position.y + 0.15F;
    for (const Footprint& f : b.footprints) inside = inside || (f.holds(camera.position, 0.25F) && f.height > 0.3F);
    for (const Primitive& p : scene.primitives) {
      const Vec gap = absolute(camera.position - p.centre) - world_half(p);
      inside = inside || larger(gap.x, larger(gap.y, gap.z)) < 0.2F;
    }
    if (inside && scored + 60 - attempt > 1) continue;
    ++scored;
    std::array<int, room_classes> seen{};
    float nearest = infinity;
    constexpr int columns = 12, rows = 9;
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < columns; ++j) {
        float distance = 0.0F;
        const Vec d = camera.ray((static_cast<float>(j) + 0.5F) / (0.5F * columns) - 1.0F,
                                 1.0F - (static_cast<float>(i) + 0.5F) / (0.5F * rows));
        ++seen[static_cast<std::size_t>(look(scene, camera.position, d, distance))];
        nearest = smaller(nearest, distance);
      }
    int kinds = 0;
    for (std::size_t i = 0; i < seen.size(); ++i)
      if (i != static_cast<std::size_t>(RoomClass::wall) && i != static_cast<std::size_t>(RoomClass::floor) &&
          i != static_cast<std::size_t>(RoomClass::ceiling))
        kinds += static_cast<int>(seen[i] > 0);
    const auto share = [&](RoomClass c) {
      return static_cast<float>(seen[static_cast<std::size_t>(c)]) / (rows * columns);
    };
    const float walls = share(RoomClass::wall);
    const float things = 1.0F - walls - share(RoomClass::floor) - share(RoomClass::ceiling) - share(RoomClass::window);
    const float score = static_cast<float>(kinds < 5 ? kinds : 5) + 8.0F * smaller(0.4F, things) -
                        6.0F * larger(0.0F, walls - 0.4F) - (nearest < 0.6F ? 4.0F : 0.0F) - (inside ? 100.0F : 0.0F);
    if (score > best_score) {
      best_score = score;
      best = camera;
    }
    if (score >= 6.2F) break;
  }
  return best;
}

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
