#pragma once
/// \file
/// Ranks, and what is made of them and of relative changes:
///
///     ranks({0.3, 0.1, 0.3})   {2.5, 1, 2.5}: 1 is the smallest, equal values share the mean of their ranks
///     spearman(x, y)           Pearson's correlation of the ranks; 0 where one of the two is constant
///     mean_ranks(methods)      of each method over all metrics, 1 is the best
///     relative_change(method, baseline)
///         delta_m = 100 / T sum_t 1 / n_t sum_k sign_tk (M_tk - B_tk) / |B_tk|     percent, larger is better
///         over T tasks of n_t metrics, sign -1 where smaller is better (Maninis, Radosavovic, Kokkinos, CVPR 2019)
///
/// Errors: unequal sizes or names of metrics, values that were not measured or are not finite, a baseline of 0.

#include <xstitch/core/error.hpp>
#include <xstitch/core/sort_stably.hpp>
#include <xstitch/metrics/metric.hpp>

#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// The metrics of a method: [task][metric].
using TaskMetrics = std::vector<std::vector<MetricValue>>;

/// From 1 for the smallest; equal values share the mean of their ranks.
[[gnu::cold]] inline std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (const double value : values)
    if (std::isnan(value)) fail("ranks: found nan, expected numbers");
  sort_stably(order, [&](std::size_t i, std::size_t k) { return values[i] < values[k]; });
  std::vector<double> result(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t end = first + 1;
    while (end < order.size() && values[order[end]] == values[order[first]]) ++end;
    for (std::size_t i = first; i < end; ++i) result[order[i]] = static_cast<double>(first + end + 1) / 2.0;
    first = end;
  }
  return result;
}

/// Correlation of the ranks of x and y, from -1 to 1; 0 where one of the two is constant.
[[gnu::cold]] inline double spearman(const std::vector<double>& x, const std::vector<double>& y) {
  if (x.size() != y.size() || x.size() < 2)
    fail("spearman: found ", x.size(), " and ", y.size(), " values, expected as many, 2 or more");
  const std::vector<double> a = ranks(x), b = ranks(y);
  const double mean = static_cast<double>(x.size() + 1) / 2.0;
  double ab = 0.0, aa = 0.0, bb = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean) * (b[i] - mean);
    aa += (a[i] - mean) * (a[i] - mean);
    bb += (b[i] - mean) * (b[i] - mean);
  }
  return aa == 0.0 || bb == 0.0 ? 0.0 : ab / std::sqrt(aa * bb);
}

namespace task_metrics {

inline void check_same(const TaskMetrics& a, const TaskMetrics& b) {
  bool same = a.size() == b.size() && !a.empty();
  for (std::size_t t = 0; same && t < a.size(); ++t) {
    same = a[t].size() == b[t].size() && !a[t].empty();
    for (std::size_t k = 0; same && k < a[t].size(); ++k) same = a[t][k].name == b[t][k].name;
  }
  if (!same) fail("metrics of two methods: expected the same tasks and metrics of both");
  for (const auto& task : a)
    for (const MetricValue& v : task)
      if (!v.measured || !std::isfinite(v.value)) fail("metrics of a method: \"", v.name, "\" was not measured");
}

}  // namespace task_metrics

/// Delta_m in percent: the mean relative change over tasks, positive where the method is better (Maninis et al. 2019).
[[gnu::cold]] inline double relative_change(const TaskMetrics& method, const TaskMetrics& baseline) {
  task_metrics::check_same(method, baseline);
  task_metrics::check_same(baseline, method);
  double tasks = 0.0;
  for (std::size_t t = 0; t < method.size(); ++t) {
    double sum = 0.0;
    for (std::size_t k = 0; k < method[t].size(); ++k) {
      const double base = baseline[t][k].value;
      if (base == 0.0) fail("relative change: the baseline's \"", baseline[t][k].name, "\" is 0");
      sum += (method[t][k].larger_is_better ? 1.0 : -1.0) * (method[t][k].value - base) / std::abs(base);
    }
    tasks += sum / static_cast<double>(method[t].size());
  }
  return 100.0 * tasks / static_cast<double>(method.size());
}

/// Of each method over all metrics, 1 being best.
[[gnu::cold]] inline std::vector<double> mean_ranks(const std::vector<TaskMetrics>& methods) {
  std::vector<double> sums(methods.size(), 0.0);
  if (methods.empty()) return sums;
  for (const TaskMetrics& method : methods) task_metrics::check_same(method, methods[0]);
  double count = 0.0;
  for (std::size_t t = 0; t < methods[0].size(); ++t)
    for (std::size_t k = 0; k < methods[0][t].size(); ++k, count += 1.0) {
      std::vector<double> values;
      for (const TaskMetrics& method : methods)
        values.push_back((method[t][k].larger_is_better ? -1.0 : 1.0) * method[t][k].value);
      const std::vector<double> places = ranks(values);
      for (std::size_t m = 0; m < methods.size(); ++m) sums[m] += places[m];
    }
  for (double& sum : sums) sum /= count;
  return sums;
}

}  // namespace xstitch::inline XSTITCH_ISA
