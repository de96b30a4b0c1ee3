#pragma once
/// \file
/// A ratio of integers as a compile-time setting: Ratio{1, 10000}.

#include <xstitch/core/isa.hpp>

namespace xstitch::inline XSTITCH_ISA {

/// A ratio, because clang accepts floating-point template arguments only from version 18: Ratio{1, 10000}.
struct Ratio {
  long long numerator = 0;
  long long denominator = 1;
  [[nodiscard]] constexpr float value() const noexcept {
    return static_cast<float>(static_cast<double>(numerator) / static_cast<double>(denominator));
  }
  constexpr bool operator==(const Ratio&) const noexcept = default;
};

}  // namespace xstitch::inline XSTITCH_ISA
