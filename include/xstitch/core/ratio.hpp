#pragma once
/// \file
/// A ratio of integers as a compile-time setting: Ratio{1, 10000}.

#include <xstitch/core/isa.hpp>

#include <numeric>

namespace xstitch::inline XSTITCH_ISA {

/// A ratio, because clang accepts floating-point template arguments only from version 18: Ratio{1, 10000}.
struct Ratio {
  long long numerator = 0;    ///< above
  long long denominator = 1;  ///< below, not 0
  /// The quotient, rounded to float once.
  [[nodiscard]] constexpr float value() const noexcept {
    return static_cast<float>(static_cast<double>(numerator) / static_cast<double>(denominator));
  }
  constexpr bool operator==(const Ratio&) const noexcept = default;
};

/// In lowest terms: 2/4 is 1/2.
constexpr Ratio reduced(Ratio r) noexcept {
  const long long divisor = std::gcd(r.numerator, r.denominator);
  return divisor == 0 ? r : Ratio{r.numerator / divisor, r.denominator / divisor};
}

}  // namespace xstitch::inline XSTITCH_ISA
