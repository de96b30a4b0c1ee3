#pragma once
/// \file
/// What a pixel shows: the point, normal and colour of the surface that its central ray meets.

#include <xstitch/rooms/lights.hpp>
#include <xstitch/rooms/texture.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

struct Surface {
  Vec position, normal, colour, emission;
  float gloss = 0.0F;
  std::array<float, most_lights + 1> seen{};  ///< share of each light, then of the surroundings
};

namespace detail {

inline void apply(const Material& m, float u, float v, float footprint, Surface& s) noexcept {
  s.colour = paint(m, u, v, footprint);
  s.emission = s.colour * m.emission;
  s.gloss = m.gloss;
}

/// The part of the shell that ray d leaves by: surface and class. footprint: width of the pixel there.
XSTITCH_INLINE std::uint8_t shell_material(const Scene& scene, const ShellHit& hit, Vec d, float footprint,
                                           Surface& s) noexcept {
  const Face& face = scene.faces[static_cast<std::size_t>(hit.face)];
  const Vec at = s.position - face.origin;
  const float u = dot(at, face.u), v = dot(at, face.v);
  footprint *= smaller(6.0F, length(d) / larger(0.05F, -dot(d, hit.normal) / length(d)));
  if (hit.opening < 0) {
    apply(scene.materials[face.material], u, v, footprint, s);
    return static_cast<std::uint8_t>(face.label);
  }
  const Opening& o = scene.openings[static_cast<std::size_t>(hit.opening)];
  const auto label = static_cast<std::uint8_t>(o.label);
  bool glass = hit.side == 0;
  if (glass && o.frame > 0.0F) {
    const auto bar = [&](float x, float size, int panes) {
      const float pitch = (size - o.frame) / static_cast<float>(panes), f = x / pitch;
      return x - std::floor(f) * pitch < o.frame;
    };
    glass = !bar(u - o.u0, o.u1 - o.u0, o.columns) && !bar(v - o.v0, o.v1 - o.v0, o.rows);
  }
  if (!glass) {
    apply(scene.materials[o.reveal], u, v, footprint, s);
  } else if (scene.materials[o.pane].pattern == Pattern::outside) {
    const Vec to = normalize(d);
    apply(scene.materials[o.pane], std::atan2(to.x, to.z) * 2.0F, to.y * 1.4F, footprint, s);
    s.colour = s.colour * 0.1F;
    s.gloss = 0.3F;
  } else {
    apply(scene.materials[o.pane], u - 0.5F * (o.u0 + o.u1), v - 0.5F * (o.v0 + o.v1), footprint, s);
  }
  return label;
}

/// A solid that ray d meets: normal and colour of the surface, whose position is known.
XSTITCH_INLINE void solid_material(const Scene& scene, const Primitive& p, Vec d, float footprint,
                                   Surface& s) noexcept {
  const Vec at = p.axes.to_local(s.position - p.centre), ray = p.axes.to_local(d);
  const Vec n = normal_local(p, at, ray);
  s.normal = p.axes.to_world(n);
  footprint *= smaller(6.0F, length(d) / larger(0.05F, -dot(ray, n) / length(d)));
  const Material& m = scene.materials[p.material];
  const Vec a = absolute(n);
  float u = 0.0F, v = 0.0F;
  if (p.solid == Solid::frustum && a.y < 0.9F) {
    u = std::atan2(at.x, at.z) * p.half.x, v = at.y;
  } else if (a.z >= a.x && a.z >= a.y) {
    u = at.x, v = at.y;
    if (m.pattern == Pattern::wood && p.half.x > p.half.y) std::swap(u, v);
  } else if (a.y >= a.x) {
    u = at.x, v = at.z;
    if (m.pattern == Pattern::wood && p.half.x > p.half.z) std::swap(u, v);
  } else {
    u = at.z, v = at.y;
    if (m.pattern == Pattern::wood && p.half.z > p.half.y) std::swap(u, v);
  }
  if ((is_front_only(m.pattern) && n.z < 0.5F) || (m.pattern == Pattern::rug && n.y < 0.5F)) {
    s.colour = m.c;
    s.emission = {};
    s.gloss = m.gloss;
    return;
  }
  apply(m, u, v, footprint, s);
}

}  // namespace detail

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
