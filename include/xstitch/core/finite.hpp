#pragma once
/// \file
/// Whether every number of an array is finite.

#include <xstitch/core/isa.hpp>

#include <span>

namespace xstitch::inline XSTITCH_ISA {

/// x - x is 0 for a finite x and NaN otherwise; a sum keeps the NaN, and vectorises.
inline bool all_finite(std::span<const float> values) noexcept {
  float sum = 0.0F;
  for (const float x : values) sum += x - x;
  return sum == 0.0F;
}

}  // namespace xstitch::inline XSTITCH_ISA
