#pragma once
/// \file
/// Numbers of 16 bits as they lie in files.

#include <xstitch/core/isa.hpp>

#include <bit>
#include <cstdint>

namespace xstitch::inline XSTITCH_ISA {

/// IEEE half to float, exact: subnormals, infinities and NaN too.
inline float from_half(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1FU, mantissa = half & 0x3FFU;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t bits =
      exponent == 31 ? sign | 0x7F800000U | (mantissa << 13) : sign | ((exponent + 112U) << 23) | (mantissa << 13);
  return std::bit_cast<float>(bits);
}

}  // namespace xstitch::inline XSTITCH_ISA
