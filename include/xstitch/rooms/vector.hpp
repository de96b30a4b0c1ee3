#pragma once
/// \file
/// Vectors and rotations of the ray caster. World axes: x and z along the floor, y up, lengths in metres.

#include <xstitch/core/isa.hpp>

#include <cmath>
#include <limits>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

inline constexpr float infinity = std::numeric_limits<float>::infinity();

struct Vec {
  float x = 0.0F, y = 0.0F, z = 0.0F;

  constexpr Vec& operator+=(Vec b) noexcept { return x += b.x, y += b.y, z += b.z, *this; }
  constexpr Vec& operator*=(float s) noexcept { return x *= s, y *= s, z *= s, *this; }
};

constexpr Vec operator+(Vec a, Vec b) noexcept { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
constexpr Vec operator-(Vec a, Vec b) noexcept { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
constexpr Vec operator-(Vec a) noexcept { return {-a.x, -a.y, -a.z}; }
constexpr Vec operator*(Vec a, Vec b) noexcept { return {a.x * b.x, a.y * b.y, a.z * b.z}; }
constexpr Vec operator*(Vec a, float s) noexcept { return {a.x * s, a.y * s, a.z * s}; }
constexpr Vec operator*(float s, Vec a) noexcept { return a * s; }
constexpr float dot(Vec a, Vec b) noexcept { return a.x * b.x + a.y * b.y + a.z * b.z; }
constexpr Vec cross(Vec a, Vec b) noexcept {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
inline float length(Vec a) noexcept { return std::sqrt(dot(a, a)); }
inline Vec normalize(Vec a) noexcept { return a * (1.0F / length(a)); }
inline Vec absolute(Vec a) noexcept { return {std::fabs(a.x), std::fabs(a.y), std::fabs(a.z)}; }
constexpr float smaller(float a, float b) noexcept { return a < b ? a : b; }
constexpr float larger(float a, float b) noexcept { return a > b ? a : b; }
constexpr Vec smaller(Vec a, Vec b) noexcept { return {smaller(a.x, b.x), smaller(a.y, b.y), smaller(a.z, b.z)}; }
constexpr Vec larger(Vec a, Vec b) noexcept { return {larger(a.x, b.x), larger(a.y, b.y), larger(a.z, b.z)}; }
constexpr float clamp01(float a) noexcept { return a < 0.0F ? 0.0F : a > 1.0F ? 1.0F : a; }
constexpr float mix(float a, float b, float t) noexcept { return a + (b - a) * t; }
constexpr Vec mix(Vec a, Vec b, float t) noexcept { return a + (b - a) * t; }
constexpr float smooth_step(float low, float high, float x) noexcept {
  const float t = clamp01((x - low) / (high - low));
  return t * t * (3.0F - 2.0F * t);
}

/// Three orthonormal axes of a local frame, in world coordinates.
struct Rotation {
  Vec x{1.0F, 0.0F, 0.0F}, y{0.0F, 1.0F, 0.0F}, z{0.0F, 0.0F, 1.0F};

  [[nodiscard]] constexpr Vec to_world(Vec a) const noexcept { return x * a.x + y * a.y + z * a.z; }
  [[nodiscard]] constexpr Vec to_local(Vec a) const noexcept { return {dot(x, a), dot(y, a), dot(z, a)}; }
  /// First `inner`, then this one.
  [[nodiscard]] constexpr Rotation operator*(const Rotation& inner) const noexcept {
    return {to_world(inner.x), to_world(inner.y), to_world(inner.z)};
  }
};

/// About y: the local z axis turns from +z towards +x.
inline Rotation turn(float angle) noexcept {
  const float c = std::cos(angle), s = std::sin(angle);
  return {{c, 0.0F, -s}, {0.0F, 1.0F, 0.0F}, {s, 0.0F, c}};
}
/// About x: the local y axis leans towards +z.
inline Rotation lean(float angle) noexcept {
  const float c = std::cos(angle), s = std::sin(angle);
  return {{1.0F, 0.0F, 0.0F}, {0.0F, c, s}, {0.0F, -s, c}};
}
/// About z: the local x axis rises towards +y.
inline Rotation roll(float angle) noexcept {
  const float c = std::cos(angle), s = std::sin(angle);
  return {{c, s, 0.0F}, {-s, c, 0.0F}, {0.0F, 0.0F, 1.0F}};
}

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
