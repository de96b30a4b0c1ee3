#pragma once
/// \file
/// Ranges of settings. What lies outside is an Error that names the setting, what was found and what was expected:
///
///     setting_range::at_least_zero("Sgd", "learning_rate", -1)
///         Sgd: found learning_rate = -1, expected a finite number of at least 0
///
/// Comparisons are written so that NaN fails them.

#include <xstitch/core/error.hpp>

#include <cmath>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {
namespace setting_range {

inline void require(bool good, std::string_view owner, std::string_view name, double value, std::string_view expected) {
  if (!good) fail(owner, ": found ", name, " = ", value, ", expected ", expected);
}

XSTITCH_INLINE void at_least_zero(std::string_view owner, std::string_view name, double value) {
  require(value >= 0.0 && std::isfinite(value), owner, name, value, "a finite number of at least 0");
}
XSTITCH_INLINE void above_zero(std::string_view owner, std::string_view name, double value) {
  require(value > 0.0 && std::isfinite(value), owner, name, value, "a finite number above 0");
}
XSTITCH_INLINE void zero_to_one(std::string_view owner, std::string_view name, double value) {
  require(value >= 0.0 && value <= 1.0, owner, name, value, "0 to 1");
}
/// Of averages that must forget: with 1 they would keep all for ever.
XSTITCH_INLINE void below_one(std::string_view owner, std::string_view name, double value) {
  require(value >= 0.0 && value < 1.0, owner, name, value, "at least 0 and below 1");
}

}  // namespace setting_range
}  // namespace xstitch::inline XSTITCH_ISA
