#pragma once
/// \file
/// Whether one method is better than another, from n runs of both in pairs (equal seeds). With d_i = a_i - b_i,
///
///     mean +- t(0.95, n - 1) s / sqrt(n)       s^2 = sum (d_i - mean)^2 / (n - 1)
///     p = P(|T| >= |mean| sqrt(n) / s)         two-sided, n - 1 degrees of freedom
///
/// One pair has no interval, and is no evidence (p = 1). Equal differences have an interval without width; p is then 0,
/// or 1 where they are 0.
///
/// Several of them at a time: holm(p) gives the p-values adjusted by Holm's step-down procedure (Scandinavian Journal
/// of Statistics, 1979), with p_(1) <= ... <= p_(m): max over j <= i of min(1, (m - j + 1) p_(j)). Those below 0.05 are
/// significant, and the chance that one of them is so by accident is 0.05 at most.
///
/// Errors: samples of unequal sizes, none, values that are not finite; p outside of [0, 1].

#include <xstitch/core/sort_stably.hpp>
#include <xstitch/report/student_t.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

struct PairedDifference {
  std::size_t pairs = 0;         ///< how many
  double mean = 0.0;             ///< of a - b
  double low = 0.0, high = 0.0;  ///< 95 % interval; the mean itself if there is one pair
  double p = 1.0;                ///< two-sided
  /// Whether there are pairs enough for one.
  [[nodiscard]] bool has_interval() const noexcept { return pairs > 1; }
};

/// Of a - b over pairs, e.g. seeds: mean and a t-interval.
[[gnu::cold]] inline PairedDifference paired_difference(const std::vector<double>& a, const std::vector<double>& b,
                                                        double confidence = 0.95) {
  if (a.size() != b.size() || a.empty())
    fail("paired difference: found samples of ", a.size(), " and ", b.size(), " values, expected as many, 1 or more");
  PairedDifference result;
  result.pairs = a.size();
  const auto n = static_cast<double>(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(a[i]) || !std::isfinite(b[i]))
      fail("paired difference: found ", a[i], " and ", b[i], " in pair ", i, ", expected finite values");
    result.mean += (a[i] - b[i]) / n;
  }
  result.low = result.high = result.mean;
  if (a.size() == 1) return result;
  double squares = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double rest = a[i] - b[i] - result.mean;
    squares += rest * rest;
  }
  const double error = std::sqrt(squares / (n - 1.0) / n);
  const double reach = student_t::two_sided_quantile(confidence, a.size() - 1) * error;
  result.low -= reach;
  result.high += reach;
  if (error > 0.0)
    result.p = student_t::two_sided_probability(result.mean / error, a.size() - 1);
  else
    result.p = result.mean == 0.0 ? 1.0 : 0.0;
  return result;
}

/// Adjusted p-values, in the order of `p`.
[[gnu::cold]] inline std::vector<double> holm(const std::vector<double>& p) {
  for (const double value : p)
    if (!(value >= 0.0 && value <= 1.0)) fail("holm: found a p-value of ", value, ", expected 0 to 1");
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  sort_stably(order, [&](std::size_t i, std::size_t k) { return p[i] < p[k]; });
  std::vector<double> adjusted(p.size());
  double largest = 0.0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    largest = std::max(largest, std::min(1.0, static_cast<double>(order.size() - rank) * p[order[rank]]));
    adjusted[order[rank]] = largest;
  }
  return adjusted;
}

}  // namespace xstitch::inline XSTITCH_ISA
