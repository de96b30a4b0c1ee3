#pragma once
/// \file
/// Coding of surface normals by a codebook (Ladicky et al. 2014; Wang, Fouhey, Gupta 2015): codewords on the unit
/// sphere and their Delaunay triangulation. A normal inside a triangle is a sum of its three codewords,
///
///     n ~ w_a v_a + w_b v_b + w_c v_c,   w >= 0,   w_a + w_b + w_c = 1   (up to length),
///
/// so that encode and decode give it back. A normal outside all triangles takes the nearest point of the border (an
/// edge between two codewords, or a codeword). A codeword's own code is weight 1 on itself.
///
/// A distribution over all codewords (a softmax) becomes a normal by the weighted sum of all codewords, or, as in Wang
/// et al., of the triangle with the largest total probability; renormalised.

#include <xstitch/core/error.hpp>
#include <xstitch/kernels/multiply_add.hpp>
#include <xstitch/losses/border_search.hpp>
#include <xstitch/losses/spherical_k_means.hpp>
#include <xstitch/losses/spherical_triangulation.hpp>
#include <xstitch/losses/triangle_search.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// Three codewords and their weights. Unused ones have weight 0.
struct CodebookWeights {
  std::array<int, 3> codeword{};  ///< indices
  std::array<float, 3> weight{};  ///< of each codeword
};

/// Does not allocate: it is rebuilt from its codewords wherever they are a parameter.
template <int Codewords>
class Codebook {
  static_assert(Codewords >= 3 && Codewords <= 256, "xstitch: a codebook has 3 to 256 codewords");
  static constexpr std::size_t size = static_cast<std::size_t>(Codewords);

 public:
  /// A unit vector.
  using Normal = std::array<float, 3>;
  static constexpr double shortest = 1e-6;  ///< a shorter sum of codewords has no direction

  /// Codewords [Codewords, 3] of any length; one that is zero or not finite is an Error.
  explicit Codebook(std::span<const float, 3 * size> codewords) {
    for (std::size_t w = 0; w < size; ++w) {
      triangulation::Vector v{};
      for (std::size_t k = 0; k < 3; ++k) v[k] = static_cast<double>(codewords[3 * w + k]);
      const double length = std::sqrt(triangulation::dot(v, v));
      if (!(length > 1e-6) || !std::isfinite(length))
        fail("codebook: codeword ", w, " is (", v[0], ", ", v[1], ", ", v[2], "), expected a direction");
      // Codewords that are unit vectors already are kept to the bit.
      const double divisor = std::abs(length - 1.0) < 1e-6 ? 1.0 : length;
      for (std::size_t k = 0; k < 3; ++k) codewords_[3 * w + k] = static_cast<float>(v[k] / divisor);
    }
    triangle_count_ = search_.invert(codewords_, triangles_, triangulate_sphere<size>(codewords_, triangles_));
    border_.find_edges(codewords_, triangles());
  }

  /// Codewords for the given normals [count, 3], by spherical k-means.
  static Codebook learn(std::span<const float> normals, Seed seed) {
    std::array<float, 3 * size> codewords{};
    spherical_k_means(normals, codewords, RandomKey(seed).with("codebook"));
    return Codebook(codewords);
  }
  /// Codewords for a fixed sample of normals spread evenly over the half sphere that faces the camera (z > 0).
  static Codebook standard() {
    constexpr std::size_t samples = 4096;
    std::vector<float> normals(3 * samples);
    for (std::size_t i = 0; i < samples; ++i) {  // Fibonacci's spiral
      const double z = (static_cast<double>(i) + 0.5) / static_cast<double>(samples),
                   r = std::sqrt(kernels::negative_multiply_add(z, z, 1.0));
      const double turn = 2.0 * std::numbers::pi * static_cast<double>(i) / std::numbers::phi;
      normals[3 * i] = static_cast<float>(r * std::cos(turn));
      normals[3 * i + 1] = static_cast<float>(r * std::sin(turn));
      normals[3 * i + 2] = static_cast<float>(z);
    }
    return learn(normals, seed(20));
  }

  /// All codewords, three floats each.
  [[nodiscard]] std::span<const float, 3 * size> codewords() const noexcept { return codewords_; }
  /// Codeword w.
  [[nodiscard]] Normal codeword(int w) const noexcept { return at(static_cast<std::size_t>(w)); }
  /// The triangles between codewords.
  [[nodiscard]] std::span<const SphericalTriangle> triangles() const noexcept {
    return {triangles_.data(), triangle_count_};
  }

  /// The code of a unit normal.
  [[nodiscard]] CodebookWeights encode(const Normal& n) const noexcept {
    using kernels::Vector;
    CodebookWeights code;
    encode({Vector(n[0]), Vector(n[1]), Vector(n[2])}, 1, &code);
    return code;
  }
  /// The codes of the first `count` of `lanes` unit normals.
  void encode(const NormalLanes& n, int count, CodebookWeights* codes) const noexcept {
    using kernels::Vector;
    Vector triangle(-1.0F);  // a normal outside all of them
    std::array<Vector, 3> weight{};
    if (triangle_count_ != 0) {
      const auto inside = search_.find(n);
      triangle = xsimd::select(inside.least > Vector(-tolerance), inside.triangle, triangle);
      weight = inside.weight;
    }
    const auto outside = triangle < Vector(0.0F);
    std::array<Vector, 2> border{};
    if (xsimd::any(outside)) {
      const auto nearest = border_.find(n, codewords_);
      border = nearest.codeword;
      for (std::size_t k = 0; k < 3; ++k)
        weight[k] = xsimd::select(outside, k < 2 ? nearest.weight[k] : Vector(0.0F), weight[k]);
    }
    normalise(weight);
    write(triangle, border, weight, count, codes);
  }

  /// The unit normal of a code.
  [[nodiscard]] Normal decode(const CodebookWeights& code) const noexcept {
    triangulation::Vector sum{};
    for (std::size_t k = 0; k < 3; ++k) {
      if (code.weight[k] == 1.0F) return codeword(code.codeword[k]);
      accumulate(sum, code.codeword[k], code.weight[k]);
    }
    return unit(sum);
  }
  /// The unit normal of a distribution over the codewords: the weighted sum of all. Zeros where the sum has no
  /// direction.
  [[nodiscard]] Normal decode_all(const float* probabilities) const noexcept {
    triangulation::Vector sum{};
    for (int w = 0; w < Codewords; ++w) accumulate(sum, w, probabilities[w]);
    return unit(sum);
  }
  /// The triangle with the largest total probability; there must be one.
  [[nodiscard]] const SphericalTriangle& best_triangle(const float* probabilities) const noexcept {
    const auto total = [&](const SphericalTriangle& t) {
      return probabilities[t[0]] + probabilities[t[1]] + probabilities[t[2]];
    };
    std::size_t best = 0;
    for (std::size_t t = 1; t < triangle_count_; ++t)
      if (total(triangles_[t]) > total(triangles_[best])) best = t;
    return triangles_[best];
  }
  /// As decode_all, from the three codewords of that triangle alone.
  [[nodiscard]] Normal decode_triangle(const float* probabilities) const noexcept {
    if (triangle_count_ == 0) return decode_all(probabilities);
    triangulation::Vector sum{};
    for (const int w : best_triangle(probabilities)) accumulate(sum, w, probabilities[w]);
    return unit(sum);
  }

 private:
  static constexpr float tolerance = 1e-6F;

  [[nodiscard]] Normal at(std::size_t w) const noexcept {
    return {codewords_[3 * w], codewords_[3 * w + 1], codewords_[3 * w + 2]};
  }
  void accumulate(triangulation::Vector& sum, int w, float weight) const noexcept {
    const Normal v = codeword(w);
    for (std::size_t k = 0; k < 3; ++k)
      sum[k] = kernels::multiply_add(static_cast<double>(weight), static_cast<double>(v[k]), sum[k]);
  }
  static Normal unit(const triangulation::Vector& v) noexcept {
    const double length = std::sqrt(triangulation::dot(v, v));
    if (length < shortest) return {};
    return {static_cast<float>(v[0] / length), static_cast<float>(v[1] / length), static_cast<float>(v[2] / length)};
  }
  /// Weights that sum to 1; rounding residue is dropped, so that a codeword's code is the codeword alone.
  static void normalise(std::array<kernels::Vector, 3>& weight) noexcept {
    using kernels::Vector;
    const auto sum = [&] { return weight[0] + weight[1] + weight[2]; };
    const Vector residue = Vector(1e-5F) * sum();
    for (Vector& w : weight) w = xsimd::select(w > residue, w, Vector(0.0F));
    const Vector total = sum();
    for (Vector& w : weight) w = w / total;
  }

  void write(const kernels::Vector& triangle, const std::array<kernels::Vector, 2>& border,
             const std::array<kernels::Vector, 3>& weight, int count, CodebookWeights* codes) const noexcept {
    alignas(64) std::array<std::array<float, kernels::lanes>, 6> lane;
    kernels::store(lane[0].data(), triangle);
    for (std::size_t k = 0; k < 2; ++k) kernels::store(lane[1 + k].data(), border[k]);
    for (std::size_t k = 0; k < 3; ++k) kernels::store(lane[3 + k].data(), weight[k]);
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      if (lane[0][i] >= 0.0F)
        codes[i].codeword = triangles_[static_cast<std::size_t>(lane[0][i])];
      else
        codes[i].codeword = {static_cast<int>(lane[1][i]), static_cast<int>(lane[2][i]), static_cast<int>(lane[2][i])};
      for (std::size_t k = 0; k < 3; ++k) codes[i].weight[k] = lane[3 + k][i];
    }
  }

  std::array<float, 3 * size> codewords_{};
  std::array<SphericalTriangle, 2 * size> triangles_{};
  std::size_t triangle_count_ = 0;
  TriangleSearch<size> search_;
  BorderSearch<size> border_;
};

}  // namespace xstitch::inline XSTITCH_ISA
