#pragma once
/// \file
/// Softmax of many rows of few logits (classes of pixels), `lanes` rows at a time, a lane each: e_c = exp(x_c - max x)
/// and their sum, as kernels/softmax.hpp has them for one row.
///
/// A row of 13 logits fills most of one vector, but then its largest and its sum are folds of that vector, which take
/// longer than the exponentials. With a lane a row they are as cheap as everything else, and a row's bits do not depend
/// on its place. The price is to transpose the rows, four by four.

#include <xstitch/kernels/transpose.hpp>

#include <cstring>

// g++ 12 takes the undefined operand of its own AVX-512 intrinsics for a variable used without a value (GCC bug
// 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// The longest rows that are worth it: the fold of a longer one weighs little.
inline constexpr int longest_short_row = 64;

/// What is known of each row, in its lane.
struct ShortRowSums {
  Vector maximum, sum;
  Vector poison;   ///< NaN where a logit is not finite, otherwise 0
  Vector shifted;  ///< if asked for: the sum of w_c (x_c - max x)
};

/// Up to `lanes` rows of `Channels` numbers, transposed.
template <int Channels>
struct ShortRows {
  alignas(64) float value[Channels][lanes];  ///< [channel][row]

  /// Reads `count` (1..lanes) rows; the lanes after them repeat the last one.
  void load(const float* rows, int count) noexcept {
    if (Channels >= 4 && count == lanes)
      return squares(
          [&](int c, int row) { transpose_4x4(rows + row * Channels + c, Channels, value[c] + row, lanes); });
    for (int row = 0; row < lanes; ++row)
      for (int c = 0; c < Channels; ++c) value[c][row] = rows[(row < count ? row : count - 1) * Channels + c];
  }
  /// Writes the first `count` rows.
  void store(float* rows, int count) const noexcept {
    if (Channels >= 4 && count == lanes)
      return squares(
          [&](int c, int row) { transpose_4x4(value[c] + row, lanes, rows + row * Channels + c, Channels); });
    for (int row = 0; row < count; ++row)
      for (int c = 0; c < Channels; ++c) rows[row * Channels + c] = value[c][row];
  }

  /// Keeps `count` rows in the memory of as many, for restore() alone to read: all `lanes` of them as they lie.
  void keep(float* memory, int count) const noexcept {
    if (count == lanes)
      std::memcpy(memory, value, sizeof value);
    else
      store(memory, count);
  }
  void restore(const float* memory, int count) noexcept {
    if (count == lanes)
      std::memcpy(value, memory, sizeof value);
    else
      load(memory, count);
  }

  [[nodiscard]] Vector at(int channel) const noexcept { return Vector::load_aligned(value[channel]); }
  void set(int channel, const Vector& v) noexcept { v.store_aligned(value[channel]); }

  /// The exponentials in place of the logits. If Shifted, each w_c is 1 where `weight` is null, and differences beyond
  /// the range of a float count as not finite.
  template <bool Shifted = false>
  ShortRowSums exponentiate(const float* weight = nullptr) noexcept {
    const Vector zero(0.0F);
    Vector maximum = at(0), poison = maximum * zero, sum = zero, shifted = zero;
    for (int c = 1; c < Channels; ++c) {
      maximum = xsimd::max(maximum, at(c));
      if constexpr (!Shifted) poison = multiply_add(at(c), zero, poison);
    }
    for (int c = 0; c < Channels; ++c) {
      const Vector difference = at(c) - maximum, e = xsimd::exp(difference);
      if constexpr (Shifted)
        shifted = weight == nullptr ? shifted + difference : multiply_add(Vector(weight[c]), difference, shifted);
      set(c, e);
      sum = sum + e;
    }
    return {maximum, sum, Shifted ? shifted * zero : poison, shifted};
  }

 private:
  /// Calls f(c, row) for the corners of squares of 4 x 4 that cover all; the last ones overlap their neighbours.
  template <class Function>
  static void squares(const Function& f) {
    for (int row = 0; row < lanes; row += 4) {
      for (int c = 0; c + 4 <= Channels; c += 4) f(c, row);
      if constexpr (Channels % 4 != 0) f(Channels - 4, row);
    }
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
