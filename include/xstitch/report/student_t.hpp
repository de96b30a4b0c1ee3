#pragma once
/// \file
/// Student's t distribution with a whole number v of degrees of freedom, by its finite series (Abramowitz and Stegun,
/// 26.7.3 and 26.7.4). With theta = atan(t / sqrt(v)), s = sin(theta), c = cos(theta), P(|T| <= t) is
///
///     v odd    2/pi (theta + s (c + 2/3 c^3 + (2 4)/(3 5) c^5 + ... to c^(v-2)))
///     v even   s (1 + 1/2 c^2 + (1 3)/(2 4) c^4 + ... to c^(v-2))
///
///     two_sided_probability(t, v)   1 - that: the p-value of a two-sided test, to about 1e-15 absolutely
///     two_sided_quantile(p, v)      t with P(|T| <= t) = p: 2.776 for p = 0.95, v = 4
///
/// Errors: v below 1, p outside of (0, 1), t that is no number.

#include <xstitch/core/error.hpp>
#include <xstitch/core/isa.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace xstitch::inline XSTITCH_ISA::student_t {

/// P(|T| <= |t|).
[[gnu::cold]] inline double inside(double t, std::size_t degrees) {
  if (degrees == 0) fail("student_t: found 0 degrees of freedom, expected at least 1");
  if (std::isnan(t)) fail("student_t: found t = nan, expected a number");
  const double theta = std::atan(std::abs(t) / std::sqrt(static_cast<double>(degrees)));
  const double s = std::sin(theta), c = std::cos(theta);
  const bool odd = degrees % 2 == 1;
  double term = odd ? c : 1.0, sum = degrees == 1 ? 0.0 : term;
  for (std::size_t power = odd ? 3 : 2; power + 2 <= degrees; power += 2) {
    term *= c * c * static_cast<double>(power - 1) / static_cast<double>(power);
    sum += term;
  }
  return std::clamp(odd ? 2.0 / std::numbers::pi * (theta + s * sum) : s * sum, 0.0, 1.0);
}

/// Probability of a value beyond +-t.
[[nodiscard]] inline double two_sided_probability(double t, std::size_t degrees) { return 1.0 - inside(t, degrees); }

/// The t for which `probability` lies between -t and t.
[[nodiscard]] [[gnu::cold]] inline double two_sided_quantile(double probability, std::size_t degrees) {
  if (!(probability > 0.0 && probability < 1.0))
    fail("student_t: found a probability of ", probability, ", expected one between 0 and 1");
  double low = 0.0, high = 1.0;
  while (inside(high, degrees) < probability && high < 1e300) high *= 2.0;
  for (int k = 0; k < 200 && low < high; ++k) {
    const double middle = low + (high - low) / 2.0;
    if (middle == low || middle == high) break;
    (inside(middle, degrees) < probability ? low : high) = middle;
  }
  return high;
}

}  // namespace xstitch::inline XSTITCH_ISA::student_t
