#pragma once
/// \file
/// Whether every element of an array is finite.

#include <xstitch/core/isa.hpp>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>

namespace xstitch::inline XSTITCH_ISA {

/// By the bits: an exponent of all ones is an infinity or a NaN. A maximum of integers vectorises (a sum of x - x does
/// not: its order is fixed), so that a check of a gradient in cache costs next to nothing.
inline bool all_finite(std::span<const float> values) noexcept {
  std::uint32_t largest = 0;
  for (const float x : values) largest = std::max(largest, std::bit_cast<std::uint32_t>(x) & 0x7fffffffU);
  return largest < 0x7f800000U;
}

}  // namespace xstitch::inline XSTITCH_ISA
