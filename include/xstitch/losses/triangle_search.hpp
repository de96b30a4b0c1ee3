#pragma once
/// \file
/// Finds the triangle of a spherical triangulation that a normal lies in: with [v_a v_b v_c] the codewords of a
/// triangle,
///
///     (w_a, w_b, w_c) = [v_a v_b v_c]^-1 n,   n is inside where no weight is negative
///
/// The inverses are made once; the search goes over all triangles, a vector of them at a time. Does not allocate.

#include <xstitch/kernels/multiply_add.hpp>
#include <xstitch/kernels/simd.hpp>
#include <xstitch/losses/spherical_triangulation.hpp>

#include <algorithm>
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

/// Of at most 2 * Codewords triangles.
template <std::size_t Codewords>
class TriangleSearch {
 public:
  using Normal = std::array<float, 3>;

  /// Triangles too thin to invert cover nothing and are dropped; returns the number of those that stay. The unused
  /// columns repeat the first triangle, so that they never win.
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
        for (std::size_t k = 0; k < 3; ++k) inverse_[3 * i + k][kept] = static_cast<float>(row[k] / determinant);
      }
      triangles[kept++] = triangles[t];
    }
    for (auto& row : inverse_) std::fill(row.begin() + static_cast<std::ptrdiff_t>(kept), row.end(), row[0]);
    return kept;
  }

  /// The triangle whose least weight is the largest (the first of equals), and that weight: not negative if n is in it.
  [[nodiscard]] std::size_t find(const Normal& n, std::size_t count, float& least) const noexcept {
    using kernels::Vector;
    constexpr std::size_t step = Vector::size;
    const Vector x(n[0]), y(n[1]), z(n[2]);
    const auto weight = [&](std::size_t row, std::size_t t) {
      return kernels::dot(Vector::load_aligned(&inverse_[row][t]), x, Vector::load_aligned(&inverse_[row + 1][t]), y,
                          Vector::load_aligned(&inverse_[row + 2][t]), z);
    };
    Vector best = xsimd::min(xsimd::min(weight(0, 0), weight(3, 0)), weight(6, 0)), block(0.0F);
    for (std::size_t t = step; t < count; t += step) {
      const Vector here = xsimd::min(xsimd::min(weight(0, t), weight(3, t)), weight(6, t));
      block = xsimd::select(here > best, Vector(static_cast<float>(t)), block);
      best = xsimd::select(here > best, here, best);
    }
    alignas(64) float value[step], start[step];
    best.store_aligned(value);
    block.store_aligned(start);
    least = value[0];
    std::size_t found = static_cast<std::size_t>(start[0]);
    for (std::size_t lane = 1; lane < step; ++lane) {
      const std::size_t t = static_cast<std::size_t>(start[lane]) + lane;
      if (value[lane] < least || (value[lane] == least && t > found)) continue;
      least = value[lane];
      found = t;
    }
    return found;
  }

  [[nodiscard]] std::array<float, 3> weights(const Normal& n, std::size_t triangle) const noexcept {
    std::array<float, 3> weight{};
    for (std::size_t k = 0; k < 3; ++k)
      weight[k] = kernels::dot(inverse_[3 * k][triangle], n[0], inverse_[3 * k + 1][triangle], n[1],
                               inverse_[3 * k + 2][triangle], n[2]);
    return weight;
  }

 private:
  static constexpr std::size_t most = (2 * Codewords + 15) / 16 * 16;
  /// Rows of the inverse, one column a triangle.
  alignas(64) std::array<std::array<float, most>, 9> inverse_{};
};

}  // namespace xstitch::inline XSTITCH_ISA

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
