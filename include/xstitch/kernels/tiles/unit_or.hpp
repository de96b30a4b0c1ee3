#pragma once
/// \file
/// Kernels that have two ways, on the matrix unit and without it, of which the processor decides when the program runs.
/// Compiled in for bf16 with AVX-512, which each processor with a matrix unit has.

#include <xstitch/core/shape.hpp>
#include <xstitch/kernels/arithmetic.hpp>
#include <xstitch/kernels/tiles/tiles.hpp>

#include <algorithm>
#include <utility>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

#if defined(__x86_64__) && defined(__linux__) && defined(__AVX512F__)
inline constexpr bool compiled_for_unit = true;
#else
inline constexpr bool compiled_for_unit = false;
struct UnitTiles;  // named where it is not used
#endif

/// Whether numbers of this arithmetic are multiplied on the unit where the processor has one.
template <class Arithmetic>
inline constexpr bool multiplies_on_unit = false;
template <>
inline constexpr bool multiplies_on_unit<Bf16> = compiled_for_unit;

/// How this program multiplies in bf16: each way has bits of its own.
inline const char* bf16_products() noexcept {
  if (compiled_for_unit && matrix_unit::available()) return "matrix unit";
#if defined(__AVX512BF16__)
  return "vdpbf16ps";
#else
  return "fp32 of rounded numbers";
#endif
}

/// The functions of a pass that has `OnUnit`'s and `Other`'s.
template <class OnUnit, class Other>
struct UnitOr {
  template <class... Arguments>
  static void pack(Arguments&&... arguments) {
    if (matrix_unit::available())
      OnUnit::pack(std::forward<Arguments>(arguments)...);
    else
      Other::pack(std::forward<Arguments>(arguments)...);
  }
  template <class... Arguments>
  static void run(Arguments&&... arguments) {
    if (matrix_unit::available())
      OnUnit::run(std::forward<Arguments>(arguments)...);
    else
      Other::run(std::forward<Arguments>(arguments)...);
  }
  template <class... Arguments>
  static void run_all(Arguments&&... arguments) {
    if (matrix_unit::available())
      OnUnit::run_all(std::forward<Arguments>(arguments)...);
    else
      Other::run_all(std::forward<Arguments>(arguments)...);
  }
  /// Enough for either.
  static constexpr Extent workspace(int in, int out) noexcept {
    return larger(OnUnit::workspace(in, out), Other::workspace(in, out));
  }
  static constexpr std::size_t packed_bytes(int in, int out) noexcept {
    return std::max(OnUnit::packed_bytes(in, out), Other::packed_bytes(in, out));
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
