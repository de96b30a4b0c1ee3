#pragma once
/// \file
/// The policy that a kernel on tiles is written against: eight tiles of 16 rows of 64 bytes,
///
///     C[m][n] += sum over j of A[m][2 j] B[j][2 n] + sum over j of A[m][2 j + 1] B[j][2 n + 1]
///
/// where A holds rows of bf16, B rows of bf16 pairs (the two rows 2 j and 2 j + 1 of a matrix side by side), C fp32.
/// Each of both sums is a chain of fused multiply-adds from zero; their sum is added to C. Round to nearest even,
/// denormals are zero, whatever the floating-point mode. (vdpbf16ps has other bits.)
///
/// `UnitTiles` issues instructions (core/matrix_unit.hpp says whether it may); the tests have one that keeps the tiles
/// in memory and computes the same bits. A kernel configures in a task and releases when it leaves it: TileSession. B
/// must have as many rows as A has pairs in a row.

#include <xstitch/core/matrix_unit.hpp>
#include <xstitch/kernels/simd.hpp>

#include <utility>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

using matrix_unit::TileConfig;

#if defined(__x86_64__)
/// Volatile statements keep their order among each other. Only those that order them against ordinary loads and stores
/// have the memory clobber: fence() at both ends of a kernel, store(), configure() and release(). What load() reads
/// must come from outside of the function, or be written before a fence.
struct UnitTiles {
  static void configure(const TileConfig& c) noexcept { asm volatile("ldtilecfg %0" : : "m"(c) : "memory"); }
  static void release() noexcept { asm volatile("tilerelease" : : : "memory"); }
  static void fence() noexcept { asm volatile("" : : : "memory"); }
  template <int T>
  static void zero() noexcept {
    asm volatile("tilezero %%tmm%c0" : : "i"(T));
  }
  template <int T>
  static void load(const void* p, Index row_bytes) noexcept {
    asm volatile("tileloadd (%1,%2,1), %%tmm%c0" : : "i"(T), "r"(p), "r"(row_bytes));
  }
  template <int T>
  static void store(void* p, Index row_bytes) noexcept {
    asm volatile("tilestored %%tmm%c0, (%1,%2,1)" : : "i"(T), "r"(p), "r"(row_bytes) : "memory");
  }
  template <int C, int A, int B>
  static void dot() noexcept {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(C), "i"(A), "i"(B));
  }
};
#endif

/// Tiles configured for a scope.
template <class Tiles>
class TileSession {
 public:
  explicit TileSession(const TileConfig& config) noexcept { tiles.configure(config); }
  ~TileSession() { tiles.release(); }
  TileSession(const TileSession&) = delete;
  TileSession& operator=(const TileSession&) = delete;
  Tiles tiles;
};

/// f(constant 0), f(constant 1), .. f(constant N - 1)
template <int N, class Function>
[[gnu::always_inline]] inline void unrolled(Function&& f) {
  [&]<int... I>(std::integer_sequence<int, I...>) __attribute__((always_inline)) {
    (f(std::integral_constant<int, I>{}), ...);
  }
  (std::make_integer_sequence<int, N>{});
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
