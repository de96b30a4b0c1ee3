#pragma once
/// \file
/// The percentile bootstrap (Efron, Tibshirani 1993) over groups, such as the scenes of a test set, whose views are
/// related: of n groups, n are drawn with replacement, `resamples` times; the interval holds the middle 95 % of the
/// statistic's values (quantiles by linear interpolation between order statistics, at (resamples - 1) q).
///
///     const auto interval = xs::bootstrap(scenes, [&](std::span<const std::size_t> drawn) { return mean_of(drawn); });
///
/// `drawn` holds indices of groups, some of them several times. The draws are a function of the seed, n and the number
/// of the resample. Errors: no group, no resample, a statistic that is no finite number.

#include <xstitch/core/error.hpp>
#include <xstitch/core/random.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// How often and how wide.
struct BootstrapOptions {
  std::size_t resamples = 2000;  ///< drawn sets
  double confidence = 0.95;      ///< share of the drawn sets that lie in the interval
  Seed seed{1};                  ///< of drawing
};

/// Of a statistic.
struct Interval {
  double low = 0.0, high = 0.0;  ///< its ends
};

namespace bootstrapping {

/// `sorted` is not empty.
inline double quantile(const std::vector<double>& sorted, double q) {
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace bootstrapping

/// The interval of statistic(indices of groups), groups drawn with replacement (Efron 1979).
template <class Statistic>
[[nodiscard]] Interval bootstrap(std::size_t groups, const Statistic& statistic, const BootstrapOptions& options = {}) {
  if (groups == 0 || options.resamples == 0)
    fail("bootstrap: found ", groups, " groups and ", options.resamples, " resamples, expected at least 1 of both");
  if (!(options.confidence > 0.0 && options.confidence < 1.0))
    fail("bootstrap: found a confidence of ", options.confidence, ", expected one between 0 and 1");
  const RandomKey key = RandomKey(options.seed).with("bootstrap").with(groups);
  std::vector<std::size_t> drawn(groups);
  std::vector<double> values;
  values.reserve(options.resamples);
  for (std::size_t r = 0; r < options.resamples; ++r) {
    for (std::size_t i = 0; i < groups; ++i)
      drawn[i] = static_cast<std::size_t>(key.with(std::uint64_t{r}).below(i, groups));
    const double value = statistic(std::span<const std::size_t>(drawn.data(), drawn.size()));
    if (!std::isfinite(value)) fail("bootstrap: the statistic of resample ", r, " is ", value);
    values.push_back(value);
  }
  std::sort(values.begin(), values.end());
  const double tail = (1.0 - options.confidence) / 2.0;
  return {bootstrapping::quantile(values, tail), bootstrapping::quantile(values, 1.0 - tail)};
}

}  // namespace xstitch::inline XSTITCH_ISA
