#pragma once
/// \file
/// The few words of SIMD that the kernels speak, on top of xsimd, and the register tile of this instruction set.
///
/// A matrix kernel keeps `tile_rows` x `tile_vectors` accumulators in registers: each step loads tile_vectors vectors
/// of one operand, broadcasts tile_rows numbers of the other and does tile_rows x tile_vectors multiply-adds. With 32
/// registers 14 x 2 needs fewer than one load for two multiply-adds; with 16 registers 6 x 2 (without a fused
/// multiply-add 4 x 2, because the product needs a register too).

#include <xstitch/core/precision.hpp>
#include <xstitch/kernels/multiply_add.hpp>
#include <xstitch/kernels/xsimd.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>

#if defined(__clang__)
#define XSTITCH_UNROLL _Pragma("clang loop unroll(full)")
#else
#define XSTITCH_UNROLL _Pragma("GCC unroll 32")
#endif

namespace xstitch::inline XSTITCH_ISA {

namespace kernels {

using Vector = xsimd::batch<float>;
using Index = std::ptrdiff_t;

constexpr int lanes = static_cast<int>(Vector::size);

#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int vector_registers = 32;
#else
constexpr int vector_registers = 16;
#endif

constexpr int tile_rows = vector_registers == 32 ? 14 : has_fused_multiply_add ? 6 : 4;
constexpr int tile_vectors = 2;
/// Output channels of one block of packed weights.
constexpr int block_width = tile_vectors * lanes;

inline Vector load(const float* p) noexcept { return Vector::load_unaligned(p); }
inline void store(float* p, const Vector& v) noexcept { v.store_unaligned(p); }
/// max(0, x) with NaN kept. (Not the machine's maximum, whose intrinsic g++ 12 falsely calls uninitialised.)
inline Vector relu(const Vector& x) noexcept { return xsimd::select(x < Vector(0.0F), Vector(0.0F), x); }
/// Sum of the lanes.
inline float sum(const Vector& v) noexcept { return sum_of_lanes(v); }

/// The first `count` (1..lanes) floats of memory, the other lanes zero.
inline Vector load_some(const float* p, int count) noexcept {
  alignas(64) float buffer[lanes] = {};
  std::memcpy(buffer, p, static_cast<std::size_t>(count) * sizeof(float));
  return Vector::load_aligned(buffer);
}
/// Writes the first `count` (1..lanes) lanes.
inline void store_some(float* p, const Vector& v, int count) noexcept {
  alignas(64) float buffer[lanes];
  v.store_aligned(buffer);
  std::memcpy(p, buffer, static_cast<std::size_t>(count) * sizeof(float));
}

constexpr Index round_up(Index value, Index multiple) noexcept { return (value + multiple - 1) / multiple * multiple; }
constexpr Index divide_up(Index value, Index by) noexcept { return (value + by - 1) / by; }

/// A length cut into tiles of at most `most`, as equal as possible: `large_count` tiles of `large`, the others one
/// less.
struct Split {
  int tiles = 0;
  int large = 0;
  int large_count = 0;
  constexpr Split(int length, int most) noexcept
      : tiles((length + most - 1) / most),
        large(tiles == 0 ? 0 : (length + tiles - 1) / tiles),
        large_count(tiles == 0 ? 0 : length - tiles * (large - 1)) {}
  /// Length of tile i, and how much comes before it.
  [[nodiscard]] constexpr int length_of(int i) const noexcept { return i < large_count ? large : large - 1; }
  [[nodiscard]] constexpr int start_of(int i) const noexcept { return i * (large - 1) + std::min(i, large_count); }
};

/// Arithmetic of the matrix kernels in fp32. An Element is what one multiply-add takes from each operand in each lane:
/// here one number, in bf16 a pair of them.
struct Fp32 {
  using Element = float;
  using Operand = Vector;
  static constexpr int per_element = 1;  ///< values that one Element holds
  static constexpr int value_bytes = 4;  ///< of one of them
  static Operand broadcast(const Element* p) noexcept { return Vector(*p); }
  static Operand load(const Element* p) noexcept { return Vector::load_unaligned(p); }
  static Vector multiply_add(const Operand& a, const Operand& b, const Vector& c) noexcept {
    return kernels::multiply_add(a, b, c);
  }
  /// Numbers as they enter a multiplication.
  static Vector rounded(const Vector& v) noexcept { return v; }
  /// The element of two numbers that meet in one multiply-add (fp32: the first alone).
  static Element make(float first, float /*second*/) noexcept { return first; }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
