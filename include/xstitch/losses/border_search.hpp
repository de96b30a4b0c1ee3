#pragma once
/// \file
/// Finds the point of a spherical triangulation's border that is nearest to a normal outside all triangles: a codeword,
/// or a point of an edge that belongs to one triangle only. The projection of n on the plane of an edge's codewords is
///
///     a v_a + b v_b,   a = (n.v_a - c n.v_b) / (1 - c^2),   b = (n.v_b - c n.v_a) / (1 - c^2),   c = v_a.v_b
///
/// and its length is the cosine of the angle to that plane. For `lanes` normals at a time. Does not allocate.

#include <xstitch/losses/triangle_search.hpp>

#include <array>
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

template <std::size_t Codewords>
class BorderSearch {
 public:
  using Coordinates = std::span<const float, 3 * Codewords>;

  /// Edges that belong to one triangle only.
  void find_edges(Coordinates codewords, std::span<const SphericalTriangle> triangles) noexcept {
    for (const SphericalTriangle& t : triangles)
      for (std::size_t i = 0; i < 3; ++i) {
        const int a = t[i], b = t[(i + 1) % 3];
        int owners = 0;
        for (const SphericalTriangle& other : triangles) {
          const auto has = [&](int w) { return other[0] == w || other[1] == w || other[2] == w; };
          owners += has(a) && has(b) ? 1 : 0;
        }
        if (owners != 1 || count_ == edges_.size()) continue;
        const auto u = at(codewords, a), v = at(codewords, b);
        const float cosine = kernels::dot(u[0], v[0], u[1], v[1], u[2], v[2]),
                    square = kernels::negative_multiply_add(cosine, cosine, 1.0F);
        if (square >= 1e-9F) edges_[count_++] = {a, b, cosine, square};
      }
  }

  /// Codewords and weights (of any sum) of the nearest point of each normal; a codeword alone is there twice, the
  /// second time with weight 0.
  struct Found {
    std::array<kernels::Vector, 2> codeword, weight;
  };
  [[nodiscard]] Found find(const NormalLanes& n, Coordinates codewords) const noexcept {
    using kernels::Vector;
    const Vector zero(0.0F), one(1.0F);
    Vector best(-2.0F), nearest(0.0F);
    for (int w = 0; w < static_cast<int>(Codewords); ++w) {
      const Vector cosine = n.dot(at(codewords, w));
      nearest = xsimd::select(cosine > best, Vector(static_cast<float>(w)), nearest);
      best = xsimd::select(cosine > best, cosine, best);
    }
    Found found{{nearest, nearest}, {one, zero}};
    for (std::size_t i = 0; i < count_; ++i) {
      const Edge& edge = edges_[i];
      const Vector da = n.dot(at(codewords, edge.a)), db = n.dot(at(codewords, edge.b)), c(edge.cosine),
                   square(edge.square);
      const Vector a = kernels::negative_multiply_add(c, db, da) / square,
                   b = kernels::negative_multiply_add(c, da, db) / square;
      const Vector cosine = xsimd::sqrt(xsimd::max(zero, kernels::multiply_add(a, da, b * db)));
      // Beyond an end the codeword itself is nearer, which was tried above.
      const auto wins = (a > zero) & (b > zero) & (cosine > best);
      best = xsimd::select(wins, cosine, best);
      found.codeword[0] = xsimd::select(wins, Vector(static_cast<float>(edge.a)), found.codeword[0]);
      found.codeword[1] = xsimd::select(wins, Vector(static_cast<float>(edge.b)), found.codeword[1]);
      found.weight[0] = xsimd::select(wins, a, found.weight[0]);
      found.weight[1] = xsimd::select(wins, b, found.weight[1]);
    }
    return found;
  }

 private:
  struct Edge {
    int a, b;
    float cosine, square;  ///< c, 1 - c^2
  };
  static std::array<float, 3> at(Coordinates codewords, int w) noexcept {
    const auto first = 3 * static_cast<std::size_t>(w);
    return {codewords[first], codewords[first + 1], codewords[first + 2]};
  }

  std::array<Edge, 3 * Codewords> edges_{};
  std::size_t count_ = 0;
};

}  // namespace xstitch::inline XSTITCH_ISA

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
