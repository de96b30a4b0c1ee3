#pragma once
/// \file
/// Finds the triangle of a spherical triangulation that a normal lies in: with [v_a v_b v_c] the codewords of a
/// triangle,
///
///     (w_a, w_b, w_c) = [v_a v_b v_c]^-1 n,   n is inside where no weight is negative
///
/// The inverses are made once; the search goes over all triangles, for `lanes` normals at a time. Does not allocate.

#include <xstitch/kernels/multiply_add.hpp>
#include <xstitch/kernels/simd.hpp>
#include <xstitch/losses/spherical_triangulation.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <span>

// g++ 12 takes the undefined operand of its own AVX-512 intrinsics for a variable used without a value (GCC bug
// 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace xstitch::inline XSTITCH_ISA {

/// `lanes` normals, a lane each.
struct NormalLanes {
  kernels::Vector x, y, z;
  [[nodiscard]] kernels::Vector dot(const std::array<float, 3>& v) const noexcept {
    using kernels::Vector;
    return kernels::dot(Vector(v[0]), x, Vector(v[1]), y, Vector(v[2]), z);
  }
};

/// Of at most 2 * Codewords triangles.
template <std::size_t Codewords>
class TriangleSearch {
 public:
  /// Triangles too thin to invert cover nothing and are dropped; returns the number of those that stay.
  std::size_t invert(std::span<const float, 3 * Codewords> codewords,
                     std::span<SphericalTriangle, 2 * Codewords> triangles, std::size_t count) {
    std::size_t kept = 0;
    for (std::size_t t = 0; t < count; ++t) {
      std::array<triangulation::Vector, 3> v{};
      for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t k = 0; k < 3; ++k)
          v[i][k] = static_cast<double>(codewords[3 * static_cast<std::size_t>(triangles[t][i]) + k]);
      if (triangulation::is_thin(v[0], v[1], v[2])) continue;
      const double determinant = triangulation::dot(v[0], triangulation::cross(v[1], v[2]));
      for (std::size_t i = 0; i < 3; ++i) {
        const auto row = triangulation::cross(v[(i + 1) % 3], v[(i + 2) % 3]);
        for (std::size_t k = 0; k < 3; ++k) inverse_[kept][i][k] = static_cast<float>(row[k] / determinant);
      }
      triangles[kept++] = triangles[t];
    }
    return count_ = kept;
  }

  /// Of each normal: the triangle whose least weight is the largest (the first of equals), and its weights. The least
  /// weight is not negative if the normal is in it. There must be a triangle.
  struct Found {
    kernels::Vector triangle, least;
    std::array<kernels::Vector, 3> weight;
  };
  [[nodiscard]] Found find(const NormalLanes& n) const noexcept {
    using kernels::Vector;
    Found best{Vector(0.0F), {}, weights(n, 0)};
    best.least = least_of(best.weight);
    for (std::size_t t = 1; t < count_; ++t) {
      const std::array<Vector, 3> weight = weights(n, t);
      const Vector least = least_of(weight);
      const auto wins = least > best.least;
      best.triangle = xsimd::select(wins, Vector(static_cast<float>(t)), best.triangle);
      best.least = xsimd::select(wins, least, best.least);
      for (std::size_t k = 0; k < 3; ++k) best.weight[k] = xsimd::select(wins, weight[k], best.weight[k]);
    }
    return best;
  }

 private:
  [[nodiscard]] std::array<kernels::Vector, 3> weights(const NormalLanes& n, std::size_t triangle) const noexcept {
    const auto& rows = inverse_[triangle];
    return {n.dot(rows[0]), n.dot(rows[1]), n.dot(rows[2])};
  }
  static kernels::Vector least_of(const std::array<kernels::Vector, 3>& weight) noexcept {
    return xsimd::min(xsimd::min(weight[0], weight[1]), weight[2]);
  }

  std::size_t count_ = 0;
  std::array<std::array<std::array<float, 3>, 3>, 2 * Codewords> inverse_{};  ///< [triangle][row][column]
};

}  // namespace xstitch::inline XSTITCH_ISA

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
