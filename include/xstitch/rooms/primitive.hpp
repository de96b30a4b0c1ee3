#pragma once
/// \file
/// The solids that furniture is made of, and where a ray meets them.
///
/// All live in a rotated frame around their centre with half extents (hx, hy, hz):
///     box           |x| <= hx, |y| <= hy, |z| <= hz
///     rounded box   the same with edges of radius `shape`: points within `shape` of the box of half - shape
///     ellipsoid     (x/hx)^2 + (y/hy)^2 + (z/hz)^2 <= 1
///     frustum       upright cone trunk, elliptic: radius 1 at the bottom (times hx, hz), `shape` at the top
/// Rays start outside the solid; a ray from inside is not stopped.

#include <xstitch/rooms/classes.hpp>
#include <xstitch/rooms/vector.hpp>

#include <cmath>
#include <cstdint>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

enum class Solid : std::uint8_t { box, rounded_box, ellipsoid, frustum };

struct Primitive {
  Rotation axes;
  Vec centre, half;
  float shape = 0.0F;
  Solid solid = Solid::box;
  RoomClass label = RoomClass::objects;
  std::uint16_t material = 0;
  std::uint16_t thing = 0;   ///< number of Scene::things from 1; 0: none
  bool casts_shadow = true;  ///< lamps do not: their light starts inside
};

/// Where two crossings of the slab |x| < h lie.
inline void clip_slab(float o, float d, float h, float& near, float& far) noexcept {
  const float inverse = 1.0F / d;
  const float a = (-h - o) * inverse, b = (h - o) * inverse;
  near = larger(near, smaller(a, b));
  far = smaller(far, larger(a, b));
}

/// First crossing with start < t < limit of the local ray o + t d, or infinity.
XSTITCH_INLINE float intersect_local(const Primitive& p, Vec o, Vec d, float limit) noexcept {
  constexpr float start = 1e-4F;
  switch (p.solid) {
    case Solid::box:
    case Solid::rounded_box: {
      float near = -infinity, far = limit;
      clip_slab(o.x, d.x, p.half.x, near, far);
      clip_slab(o.y, d.y, p.half.y, near, far);
      clip_slab(o.z, d.z, p.half.z, near, far);
      if (!(near < far) || far < start) return infinity;
      if (p.solid == Solid::box) return near > start ? near : infinity;
      // Sphere tracing from where the ray enters the sharp box.
      const Vec inner = p.half - Vec{p.shape, p.shape, p.shape};
      const float step = 1.0F / length(d);
      float t = larger(near, start);
      float distance = infinity;
      for (int i = 0; i < 64 && t < far; ++i) {
        const Vec q = absolute(o + d * t) - inner;
        const Vec outside = larger(q, Vec{});
        distance = length(outside) + smaller(larger(q.x, larger(q.y, q.z)), 0.0F) - p.shape;
        if (distance < 5e-5F) return i == 0 && near < start ? infinity : t;
        t += distance * step;
      }
      return t < far && distance < 1e-3F ? t : infinity;  // a ray along the surface creeps
    }
    case Solid::ellipsoid: {
      const Vec inverse{1.0F / p.half.x, 1.0F / p.half.y, 1.0F / p.half.z};
      const Vec so = o * inverse, sd = d * inverse;
      const float a = dot(sd, sd), b = dot(so, sd), c = dot(so, so) - 1.0F;
      const float discriminant = b * b - a * c;
      if (discriminant < 0.0F) return infinity;
      const float t = (-b - std::sqrt(discriminant)) / a;
      return t > start && t < limit ? t : infinity;
    }
    case Solid::frustum: {
      const Vec inverse{1.0F / p.half.x, 1.0F / p.half.y, 1.0F / p.half.z};
      const Vec so = o * inverse, sd = d * inverse;
      const float middle = 0.5F * (1.0F + p.shape), slope = 0.5F * (p.shape - 1.0F);
      float best = infinity;
      // Lids at y = -1 and 1; seen from one side only the nearer one can come first.
      if (sd.y != 0.0F) {
        const float side = sd.y > 0.0F ? -1.0F : 1.0F;
        const float t = (side - so.y) / sd.y;
        const float x = so.x + t * sd.x, z = so.z + t * sd.z, r = middle + slope * side;
        if (t > start && x * x + z * z <= r * r) best = t;
      }
      const float radius = middle + slope * so.y;
      const float a = sd.x * sd.x + sd.z * sd.z - slope * slope * sd.y * sd.y;
      const float b = so.x * sd.x + so.z * sd.z - slope * sd.y * radius;
      const float c = so.x * so.x + so.z * so.z - radius * radius;
      const float discriminant = b * b - a * c;
      if (discriminant >= 0.0F && a != 0.0F) {
        const float root = std::sqrt(discriminant);
        for (const float t : {(-b - root) / a, (-b + root) / a}) {
          const float y = so.y + t * sd.y;
          const float facing = a * t + b;  // half the derivative: negative where the ray enters
          if (t > start && t < best && y >= -1.0F && y <= 1.0F && facing <= 0.0F) best = t;
        }
      }
      return best < limit ? best : infinity;
    }
  }
  return infinity;
}

/// The local, unit, outward normal at a local point of the surface that a ray of local direction d met.
XSTITCH_INLINE Vec normal_local(const Primitive& p, Vec at, Vec d) noexcept {
  switch (p.solid) {
    case Solid::box: {
      // Only the three faces that look against the ray can have been met.
      const Vec s{d.x > 0.0F ? -1.0F : 1.0F, d.y > 0.0F ? -1.0F : 1.0F, d.z > 0.0F ? -1.0F : 1.0F};
      const float x = at.x * s.x - p.half.x, y = at.y * s.y - p.half.y, z = at.z * s.z - p.half.z;
      if (x >= y && x >= z) return {s.x, 0.0F, 0.0F};
      if (y >= z) return {0.0F, s.y, 0.0F};
      return {0.0F, 0.0F, s.z};
    }
    case Solid::rounded_box: {
      const Vec q = absolute(at) - (p.half - Vec{p.shape, p.shape, p.shape});
      Vec n = larger(q, Vec{});
      if (dot(n, n) < 1e-12F) n = {0.0F, 1.0F, 0.0F};
      return normalize(Vec{std::copysign(n.x, at.x), std::copysign(n.y, at.y), std::copysign(n.z, at.z)});
    }
    case Solid::ellipsoid:
      return normalize(Vec{at.x / (p.half.x * p.half.x), at.y / (p.half.y * p.half.y), at.z / (p.half.z * p.half.z)});
    case Solid::frustum: {
      const Vec s{at.x / p.half.x, at.y / p.half.y, at.z / p.half.z};
      const float slope = 0.5F * (p.shape - 1.0F), radius = 0.5F * (1.0F + p.shape) + slope * s.y;
      const float to_side = std::fabs(std::sqrt(s.x * s.x + s.z * s.z) - radius);
      if (1.0F - std::fabs(s.y) < to_side) return {0.0F, s.y > 0.0F ? 1.0F : -1.0F, 0.0F};
      return normalize(Vec{s.x / p.half.x, -slope * radius / p.half.y, s.z / p.half.z});
    }
  }
  return {0.0F, 1.0F, 0.0F};
}

/// Half extents of the world's axis-aligned box around it.
XSTITCH_INLINE Vec world_half(const Primitive& p) noexcept {
  const Vec x = absolute(p.axes.x) * p.half.x, y = absolute(p.axes.y) * p.half.y, z = absolute(p.axes.z) * p.half.z;
  if (p.solid == Solid::ellipsoid)
    return {std::sqrt(x.x * x.x + y.x * y.x + z.x * z.x), std::sqrt(x.y * x.y + y.y * y.y + z.y * z.y),
            std::sqrt(x.z * x.z + y.z * y.z + z.z * z.z)};
  if (p.solid == Solid::frustum) return x * larger(1.0F, p.shape) + y + z * larger(1.0F, p.shape);
  return x + y + z;
}

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
