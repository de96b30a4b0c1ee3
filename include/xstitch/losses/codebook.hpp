#pragma once
/// \file
/// Coding of surface normals by a codebook (Ladicky et al. 2014; Wang, Fouhey, Gupta 2015): words on the unit sphere
/// and their Delaunay triangulation. A normal inside a triangle is a sum of its three words,
///
///     n ~ w_a v_a + w_b v_b + w_c v_c,   w >= 0,   w_a + w_b + w_c = 1   (up to length),
///
/// so that encode and decode give it back. A normal outside all triangles takes the nearest point of the border (an
/// edge between two words, or a word). A word's own code is weight 1 on itself.
///
/// A distribution over all words (a softmax) becomes a normal by the weighted sum of all words, or, as in Wang et
/// al., of the triangle with the largest total probability; renormalised.

#include <xstitch/core/error.hpp>
#include <xstitch/kernels/simd.hpp>
#include <xstitch/losses/spherical_k_means.hpp>
#include <xstitch/losses/spherical_triangulation.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <vector>

// g++ 12 takes the undefined operand of its own AVX-512 intrinsics for a variable used without a value (GCC bug
// 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace xstitch::inline XSTITCH_ISA {

/// Three words and their weights. Unused ones have weight 0.
struct CodebookWeights {
  std::array<int, 3> word{};
  std::array<float, 3> weight{};
};

/// Does not allocate: it is rebuilt from its words wherever they are a parameter.
template <int Words>
class Codebook {
  static_assert(Words >= 3 && Words <= 256, "xstitch: a codebook has 3 to 256 words");
  static constexpr std::size_t size = static_cast<std::size_t>(Words);

 public:
  using Normal = std::array<float, 3>;
  static constexpr double shortest = 1e-6;  ///< a shorter sum of words has no direction

  /// Words [Words, 3] of any length; one that is zero or not finite is an Error.
  explicit Codebook(std::span<const float, 3 * size> words) {
    for (std::size_t w = 0; w < size; ++w) {
      triangulation::Vector v{};
      for (std::size_t k = 0; k < 3; ++k) v[k] = static_cast<double>(words[3 * w + k]);
      const double length = std::sqrt(triangulation::dot(v, v));
      if (!(length > 1e-6) || !std::isfinite(length))
        fail("codebook: word ", w, " is (", v[0], ", ", v[1], ", ", v[2], "), expected a direction");
      // Words that are unit vectors already are kept to the bit.
      const double divisor = std::abs(length - 1.0) < 1e-6 ? 1.0 : length;
      for (std::size_t k = 0; k < 3; ++k) words_[3 * w + k] = static_cast<float>(v[k] / divisor);
    }
    triangle_count_ = triangulate_sphere<size>(words_, triangles_);
    invert_triangles();
    find_border();
  }

  /// Words for the given normals [count, 3], by spherical k-means.
  static Codebook learn(std::span<const float> normals, Seed seed) {
    std::array<float, 3 * size> words{};
    spherical_k_means(normals, words, RandomKey(seed).with("codebook"));
    return Codebook(words);
  }
  /// Words for a fixed sample of normals spread evenly over the half sphere that faces the camera (z > 0).
  static Codebook standard() {
    constexpr std::size_t samples = 4096;
    std::vector<float> normals(3 * samples);
    for (std::size_t i = 0; i < samples; ++i) {  // Fibonacci's spiral
      const double z = (static_cast<double>(i) + 0.5) / static_cast<double>(samples), r = std::sqrt(1.0 - z * z);
      const double turn = 2.0 * std::numbers::pi * static_cast<double>(i) / std::numbers::phi;
      normals[3 * i] = static_cast<float>(r * std::cos(turn));
      normals[3 * i + 1] = static_cast<float>(r * std::sin(turn));
      normals[3 * i + 2] = static_cast<float>(z);
    }
    return learn(normals, seed(20));
  }

  [[nodiscard]] std::span<const float, 3 * size> words() const noexcept { return words_; }
  [[nodiscard]] Normal word(int w) const noexcept { return at(static_cast<std::size_t>(w)); }
  [[nodiscard]] std::span<const SphericalTriangle> triangles() const noexcept {
    return {triangles_.data(), triangle_count_};
  }

  /// The code of a unit normal.
  [[nodiscard]] CodebookWeights encode(const Normal& n) const noexcept {
    float least = 0.0F;
    const std::size_t best = innermost(n, least);
    if (triangle_count_ == 0 || !(least > -tolerance)) return nearest_on_border(n);
    std::array<float, 3> weight{};
    for (std::size_t k = 0; k < 3; ++k)
      weight[k] = inverse_[3 * k][best] * n[0] + inverse_[3 * k + 1][best] * n[1] + inverse_[3 * k + 2][best] * n[2];
    return normalised(triangles_[best], weight);
  }

  /// The unit normal of a code.
  [[nodiscard]] Normal decode(const CodebookWeights& code) const noexcept {
    triangulation::Vector sum{};
    for (std::size_t k = 0; k < 3; ++k) {
      if (code.weight[k] == 1.0F) return word(code.word[k]);
      accumulate(sum, code.word[k], code.weight[k]);
    }
    return unit(sum);
  }
  /// The unit normal of a distribution over the words: the weighted sum of all. Zeros where the sum has no direction.
  [[nodiscard]] Normal decode_all(const float* probabilities) const noexcept {
    triangulation::Vector sum{};
    for (int w = 0; w < Words; ++w) accumulate(sum, w, probabilities[w]);
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
  /// As decode_all, from the three words of that triangle alone.
  [[nodiscard]] Normal decode_triangle(const float* probabilities) const noexcept {
    if (triangle_count_ == 0) return decode_all(probabilities);
    triangulation::Vector sum{};
    for (const int w : best_triangle(probabilities)) accumulate(sum, w, probabilities[w]);
    return unit(sum);
  }

 private:
  static constexpr std::size_t most_triangles = (2 * size + 15) / 16 * 16;
  static constexpr float tolerance = 1e-6F;
  struct Edge {
    int a, b;
    float cosine;
  };

  [[nodiscard]] Normal at(std::size_t w) const noexcept {
    return {words_[3 * w], words_[3 * w + 1], words_[3 * w + 2]};
  }
  [[nodiscard]] float dot(const Normal& n, int w) const noexcept {
    const Normal v = word(w);
    return n[0] * v[0] + n[1] * v[1] + n[2] * v[2];
  }
  void accumulate(triangulation::Vector& sum, int w, float weight) const noexcept {
    const Normal v = word(w);
    for (std::size_t k = 0; k < 3; ++k) sum[k] += static_cast<double>(weight) * static_cast<double>(v[k]);
  }
  static Normal unit(const triangulation::Vector& v) noexcept {
    const double length = std::sqrt(triangulation::dot(v, v));
    if (length < shortest) return {};
    return {static_cast<float>(v[0] / length), static_cast<float>(v[1] / length), static_cast<float>(v[2] / length)};
  }
  /// The triangle whose least weight is the largest (the first of equals), and that weight: not negative if n is in it.
  [[nodiscard]] std::size_t innermost(const Normal& n, float& least) const noexcept {
    using kernels::Vector;
    constexpr std::size_t step = Vector::size;
    const Vector x(n[0]), y(n[1]), z(n[2]);
    const auto weight = [&](std::size_t row, std::size_t t) {
      return Vector::load_aligned(&inverse_[row][t]) * x + Vector::load_aligned(&inverse_[row + 1][t]) * y +
             Vector::load_aligned(&inverse_[row + 2][t]) * z;
    };
    Vector best = xsimd::min(xsimd::min(weight(0, 0), weight(3, 0)), weight(6, 0)), block(0.0F);
    for (std::size_t t = step; t < triangle_count_; t += step) {
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
  /// Weights that sum to 1; crumbs of rounding are dropped, so that a word's code is the word alone.
  static CodebookWeights normalised(const SphericalTriangle& words, std::array<float, 3> weight) noexcept {
    const auto sum = [&] { return weight[0] + weight[1] + weight[2]; };
    const float crumb = 1e-5F * sum();
    for (float& w : weight) w = w > crumb ? w : 0.0F;
    const float total = sum();
    for (float& w : weight) w /= total;
    return {words, weight};
  }

  /// Rows of the inverse of [v_a v_b v_c], one column of inverse_ a triangle, so that encode runs over all triangles
  /// at once. Triangles too thin to invert cover nothing and are dropped. The unused columns repeat the first triangle,
  /// so that they never win.
  void invert_triangles() {
    std::size_t kept = 0;
    for (std::size_t t = 0; t < triangle_count_; ++t) {
      std::array<triangulation::Vector, 3> v{};
      for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t k = 0; k < 3; ++k)
          v[i][k] = static_cast<double>(words_[3 * static_cast<std::size_t>(triangles_[t][i]) + k]);
      const double determinant = triangulation::dot(v[0], triangulation::cross(v[1], v[2]));
      if (std::abs(determinant) < 1e-5) continue;
      for (std::size_t i = 0; i < 3; ++i) {
        const auto row = triangulation::cross(v[(i + 1) % 3], v[(i + 2) % 3]);
        for (std::size_t k = 0; k < 3; ++k) inverse_[3 * i + k][kept] = static_cast<float>(row[k] / determinant);
      }
      triangles_[kept++] = triangles_[t];
    }
    triangle_count_ = kept;
    for (auto& row : inverse_) std::fill(row.begin() + static_cast<std::ptrdiff_t>(kept), row.end(), row[0]);
  }
  /// Edges that belong to one triangle only.
  void find_border() {
    for (std::size_t t = 0; t < triangle_count_; ++t)
      for (std::size_t i = 0; i < 3; ++i) {
        const int a = triangles_[t][i], b = triangles_[t][(i + 1) % 3];
        int owners = 0;
        for (const SphericalTriangle& other : triangles()) {
          const auto has = [&](int w) { return other[0] == w || other[1] == w || other[2] == w; };
          owners += has(a) && has(b) ? 1 : 0;
        }
        if (owners == 1 && border_count_ < border_.size()) border_[border_count_++] = {a, b, dot(word(a), b)};
      }
  }
  [[nodiscard]] CodebookWeights nearest_on_border(const Normal& n) const noexcept {
    CodebookWeights best{{0, 0, 0}, {1.0F, 0.0F, 0.0F}};
    float best_cosine = -2.0F;
    for (int w = 0; w < Words; ++w)
      if (dot(n, w) > best_cosine) {
        best_cosine = dot(n, w);
        best.word = {w, w, w};
      }
    for (std::size_t i = 0; i < border_count_; ++i) {
      const Edge& edge = border_[i];
      // Projection of n on the plane of the two words: a v_a + b v_b, of length cos(angle to the plane).
      const float da = dot(n, edge.a), db = dot(n, edge.b), square = 1.0F - edge.cosine * edge.cosine;
      if (square < 1e-9F) continue;
      const float a = (da - edge.cosine * db) / square, b = (db - edge.cosine * da) / square;
      if (!(a > 0.0F) || !(b > 0.0F)) continue;  // beyond an end: the word itself, tried above
      const float cosine = std::sqrt(std::max(0.0F, a * da + b * db));
      if (cosine <= best_cosine) continue;
      best_cosine = cosine;
      best = normalised({edge.a, edge.b, edge.b}, {a, b, 0.0F});
    }
    return best;
  }

  std::array<float, 3 * size> words_{};
  std::array<SphericalTriangle, 2 * size> triangles_{};
  std::size_t triangle_count_ = 0;
  alignas(64) std::array<std::array<float, most_triangles>, 9> inverse_{};
  std::array<Edge, 3 * size> border_{};
  std::size_t border_count_ = 0;
};

}  // namespace xstitch::inline XSTITCH_ISA

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
