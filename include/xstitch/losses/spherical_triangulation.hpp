#pragma once
/// \file
/// Delaunay triangulation of directions: the faces of the convex hull of the codewords that turn their outer side away
/// from the origin (on a sphere the two are the same thing). Codewords that lie within a hemisphere leave the far side
/// open: the hull's other faces pass on the wrong side of the origin and are no triangles of the sphere.
///
/// Each triple of codewords is tried against all others, O(codewords^4) at worst, close to O(codewords^3) in practice:
/// 30 microseconds for 20 codewords, and nothing is allocated. Codewords are moved by about 1e-6 first, each by its own
/// fixed amount, so that four on a circle (a cube's corners) still give triangles that neither overlap nor leave holes.

#include <xstitch/core/random.hpp>
#include <xstitch/kernels/multiply_add.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <span>

namespace xstitch::inline XSTITCH_ISA {

/// Numbers of three codewords.
using SphericalTriangle = std::array<int, 3>;

namespace triangulation {

using Vector = std::array<double, 3>;

inline double dot(const Vector& a, const Vector& b) noexcept {
  return kernels::dot(a[0], b[0], a[1], b[1], a[2], b[2]);
}
inline Vector cross(const Vector& a, const Vector& b) noexcept {
  const auto minor = [&](std::size_t i, std::size_t k) { return kernels::multiply_add(a[i], b[k], -(a[k] * b[i])); };
  return {minor(1, 2), minor(2, 0), minor(0, 1)};
}
constexpr Vector minus(const Vector& a, const Vector& b) noexcept { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }

/// Whether the plane through a, b and c has all other points and the origin on one side.
inline bool is_face(std::span<const Vector> points, std::size_t a, std::size_t b, std::size_t c) {
  Vector normal = cross(minus(points[b], points[a]), minus(points[c], points[a]));
  double height = dot(normal, points[a]);
  if (height < 0.0) {
    height = -height;
    for (double& x : normal) x = -x;
  }
  if (height <= 1e-3 * std::sqrt(dot(normal, normal))) return false;  // passes (almost) through the origin
  for (std::size_t i = 0; i < points.size(); ++i)
    if (i != a && i != b && i != c && dot(normal, points[i]) > height) return false;
  return true;
}

/// Whether a triangle is too thin to invert: it covers nothing.
inline bool is_thin(const Vector& a, const Vector& b, const Vector& c) { return std::abs(dot(a, cross(b, c))) < 1e-5; }

/// Writes the triangles of the unit vectors `codewords` [points, 3]; `points` is scratch memory.
inline std::size_t triangulate(std::span<const float> codewords, std::span<Vector> points,
                               std::span<SphericalTriangle> triangles) {
  const RandomKey key = RandomKey(seed(20)).with("spherical triangulation");
  for (std::size_t i = 0; i < 3 * points.size(); ++i)
    points[i / 3][i % 3] =
        kernels::multiply_add(2e-6, static_cast<double>(key.uniform(i)) - 0.5, static_cast<double>(codewords[i]));
  std::size_t count = 0;
  for (std::size_t a = 0; a < points.size(); ++a)
    for (std::size_t b = a + 1; b < points.size(); ++b)
      for (std::size_t c = b + 1; c < points.size(); ++c)
        if (count < triangles.size() && is_face(points, a, b, c))
          triangles[count++] = {static_cast<int>(a), static_cast<int>(b), static_cast<int>(c)};
  return count;
}

}  // namespace triangulation

/// Writes the triangles of the unit vectors `codewords` [Codewords, 3] to `triangles`, returns their number. Up to 2
/// Codewords.
template <std::size_t Codewords>
std::size_t triangulate_sphere(std::span<const float, 3 * Codewords> codewords,
                               std::span<SphericalTriangle, 2 * Codewords> triangles) {
  std::array<triangulation::Vector, Codewords> points{};
  return triangulation::triangulate(codewords, points, triangles);
}

}  // namespace xstitch::inline XSTITCH_ISA
