#pragma once
/// \file
/// The matrices of Winograd's minimal filtering for 2 outputs and some taps, and what they do to the channels of a
/// tile.
///
/// Outputs are the product of two polynomials, known by its values at Taps + 1 points of which the last is infinity
/// (Cook and Toom): A' takes powers of the points, G those divided by the differences of the points, B' the
/// coefficients of the polynomials that are zero at all other points. 0, 1 and -1 cost additions only. For 5 taps 2 and
/// -1/2 lose least: the error of the sum is half of that with 2 and -2 (Barabasz et al., ACM TOMS 2020, look into such
/// sets).

#include <xstitch/kernels/simd.hpp>

#include <array>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels::winograd {

constexpr int outputs = 2;  ///< rows and columns of a tile

template <std::size_t Rows, std::size_t Columns>
using Matrix = std::array<std::array<float, Columns>, Rows>;

template <int Taps>
struct Matrices {
  static constexpr int window = Taps + outputs - 1;
  Matrix<window, window> input{};    // B'
  Matrix<window, Taps> weights{};    // G
  Matrix<outputs, window> output{};  // A'

  constexpr Matrices() noexcept {
    constexpr double all_points[] = {0.0, 1.0, -1.0, 2.0, -0.5};
    static_assert(window - 1 <= 5);
    constexpr int finite = window - 1;
    for (int i = 0; i <= finite; ++i) {
      // The polynomial with a zero at every finite point but the i-th.
      double coefficients[window] = {1.0};
      double differences = 1.0;
      int degree = 0;
      for (int j = 0; j < finite; ++j) {
        if (j == i) continue;
        ++degree;
        for (int k = degree; k >= 0; --k)
          coefficients[k] = (k > 0 ? coefficients[k - 1] : 0.0) - all_points[j] * (k < degree ? coefficients[k] : 0.0);
        if (i < finite) differences *= all_points[i] - all_points[j];
      }
      for (int k = 0; k < window; ++k) input[at(i)][at(k)] = static_cast<float>(coefficients[k]);
      double power = 1.0;
      for (int k = 0; k < Taps; ++k) {
        weights[at(i)][at(k)] = static_cast<float>(i < finite ? power / differences : k == Taps - 1 ? 1.0 : 0.0);
        if (k < outputs) output[at(k)][at(i)] = static_cast<float>(i < finite ? power : k == outputs - 1 ? 1.0 : 0.0);
        if (i < finite) power *= all_points[i];
      }
    }
  }

 private:
  static constexpr std::size_t at(int i) noexcept { return static_cast<std::size_t>(i); }
};

template <std::size_t Rows, std::size_t Columns>
constexpr Matrix<Columns, Rows> transposed(const Matrix<Rows, Columns>& matrix) noexcept {
  Matrix<Columns, Rows> t{};
  for (std::size_t i = 0; i < Rows; ++i)
    for (std::size_t k = 0; k < Columns; ++k) t[k][i] = matrix[i][k];
  return t;
}

/// to[i * to_step] = sum over k of matrix[i][k] * from[k * from_step]. The compiler sees the elements of the matrix:
/// zeros cost nothing, ones an addition. (In none of the matrices a product is followed by a one, so that every product
/// is a multiply-add, or the addend of one.)
template <std::size_t Rows, std::size_t Columns>
[[gnu::always_inline]] inline void multiply(const Matrix<Rows, Columns>& matrix, const Vector* from, int from_step,
                                            Vector* to, int to_step) noexcept {
  XSTITCH_UNROLL
  for (int i = 0; i < static_cast<int>(Rows); ++i) {
    Vector sum;
    bool first = true;
    XSTITCH_UNROLL
    for (int k = 0; k < static_cast<int>(Columns); ++k) {
      const float m = matrix[static_cast<std::size_t>(i)][static_cast<std::size_t>(k)];
      const Vector x = from[k * from_step];
      if (m == 0.0F) continue;
      if (first)
        sum = m == 1.0F ? x : m == -1.0F ? -x : Vector(m) * x;
      else
        sum = m == 1.0F ? sum + x : m == -1.0F ? sum - x : multiply_add(Vector(m), x, sum);
      first = false;
    }
    to[i * to_step] = sum;
  }
}

/// B' d of one row or column, `step` apart.
template <int Taps>
[[gnu::always_inline]] inline void multiply_input(const Matrices<Taps>& matrices, const Vector* d, Vector* to,
                                                  int step) noexcept {
  if constexpr (Taps == 5) {
    // The polynomials share factors: with p = (x - 2)(x + 1/2) they are (x^2 - 1) p, x (x + 1) p, x (x - 1) p,
    // x (x^2 - 1)(x + 1/2), x (x^2 - 1)(x - 2) and x (x^2 - 1) p.
    Vector p[4];  // p, x p, x^2 p, x^3 p
    XSTITCH_UNROLL
    for (int k = 0; k < 4; ++k) p[k] = multiply_add(Vector(-1.5F), d[(k + 1) * step], d[(k + 2) * step] - d[k * step]);
    const Vector even = d[4 * step] - d[2 * step], odd = d[3 * step] - d[step];
    to[0] = p[2] - p[0];
    to[step] = p[2] + p[1];
    to[2 * step] = p[2] - p[1];
    to[3 * step] = multiply_add(Vector(0.5F), odd, even);
    to[4 * step] = multiply_add(Vector(-2.0F), odd, even);
    to[5 * step] = p[3] - p[1];
  } else {
    multiply(matrices.input, d, step, to, step);
  }
}

/// Both sides of a tile, for a vector's worth of channels.
template <int Taps>
struct Transform {
  static constexpr int window = Taps + outputs - 1, elements = window * window;
  static constexpr Matrices<Taps> matrices{};
  static constexpr Matrix<window, outputs> spread = transposed(matrices.output);  // A
  static constexpr Matrix<Taps, window> gather = transposed(matrices.weights);    // G'

  /// B' d B in place; d: [window][window].
  [[gnu::always_inline]] static void input(Vector (&d)[elements]) noexcept {
    Vector half[elements];
    XSTITCH_UNROLL
    for (int x = 0; x < window; ++x) multiply_input(matrices, d + x, half + x, window);
    XSTITCH_UNROLL
    for (int y = 0; y < window; ++y) multiply_input(matrices, half + y * window, d + y * window, 1);
  }
  /// A' m A: [2][2].
  [[gnu::always_inline]] static void output(const Vector (&m)[elements], Vector (&out)[outputs * outputs]) noexcept {
    Vector half[outputs * window];
    XSTITCH_UNROLL
    for (int x = 0; x < window; ++x) multiply(matrices.output, m + x, window, half + x, window);
    XSTITCH_UNROLL
    for (int y = 0; y < outputs; ++y) multiply(matrices.output, half + y * window, 1, out + y * outputs, 1);
  }
  /// G g G'; g: [Taps][Taps].
  static void weights(const Vector (&g)[Taps * Taps], Vector (&to)[elements]) noexcept {
    Vector half[window * Taps];
    XSTITCH_UNROLL
    for (int x = 0; x < Taps; ++x) multiply(matrices.weights, g + x, Taps, half + x, Taps);
    XSTITCH_UNROLL
    for (int y = 0; y < window; ++y) multiply(matrices.weights, half + y * Taps, 1, to + y * window, 1);
  }
  /// A y A', the adjoint of output(); y: [2][2].
  [[gnu::always_inline]] static void output_gradient(const Vector (&y)[outputs * outputs],
                                                     Vector (&to)[elements]) noexcept {
    Vector half[window * outputs];
    XSTITCH_UNROLL
    for (int x = 0; x < outputs; ++x) multiply(spread, y + x, outputs, half + x, outputs);
    XSTITCH_UNROLL
    for (int i = 0; i < window; ++i) multiply(spread, half + i * outputs, 1, to + i * window, 1);
  }
  /// G' m G, the adjoint of weights(): [Taps][Taps].
  static void weight_gradient(const Vector (&m)[elements], Vector (&to)[Taps * Taps]) noexcept {
    Vector half[Taps * window];
    XSTITCH_UNROLL
    for (int x = 0; x < window; ++x) multiply(gather, m + x, window, half + x, window);
    XSTITCH_UNROLL
    for (int y = 0; y < Taps; ++y) multiply(gather, half + y * window, 1, to + y * Taps, 1);
  }
};

}  // namespace kernels::winograd
}  // namespace xstitch::inline XSTITCH_ISA
