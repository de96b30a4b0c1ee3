#pragma once
// Feeds a metric, whole or in batches.

#include <doctest/doctest.h>
#include <xstitch/core/error.hpp>
#include <xstitch/core/random.hpp>
#include <xstitch/metrics/metric.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace metric_test {

namespace xs = xstitch;

inline double value(const xs::Metric& metric, std::string_view name) {
  for (const xs::MetricValue& one : metric.values())
    if (one.name == name) {
      CHECK(one.measured);
      return one.value;
    }
  FAIL("no value called ", std::string(name));
  return 0.0;
}

/// Nothing measured: zeros that say so, no NaN.
inline void check_empty(const xs::Metric& metric) {
  CHECK(metric.main_value() < metric.values().size());
  for (const xs::MetricValue& one : metric.values()) {
    CHECK(one.value == 0.0);
    CHECK_FALSE(one.measured);
  }
}

/// Samples [first, first + count) of a set of `total`.
inline xs::LabelBatch slice(const xs::LabelBatch& all, std::size_t total, std::size_t first, std::size_t count) {
  const auto cut = [&](const auto& values) {
    const auto size = static_cast<std::ptrdiff_t>(values.size() / total);
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(first) * size;
    return std::remove_cvref_t<decltype(values)>(begin, begin + static_cast<std::ptrdiff_t>(count) * size);
  };
  return {cut(all.indices), cut(all.values), cut(all.mask), cut(all.present)};
}

/// The set in one batch, in single samples and in uneven batches gives the same numbers to the bit.
inline void check_batches(xs::Metric& metric, std::size_t total, const std::vector<float>& prediction,
                          const xs::LabelBatch& labels) {
  metric.reset();
  check_empty(metric);
  metric.add(total, prediction.data(), labels);
  const auto whole = metric.values();
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}}) {
    metric.reset();
    for (std::size_t first = 0; first < total; first += step) {
      const std::size_t count = std::min(step, total - first);
      metric.add(count, prediction.data() + first * prediction.size() / total, slice(labels, total, first, count));
    }
    const auto parts = metric.values();
    REQUIRE(parts.size() == whole.size());
    for (std::size_t i = 0; i < whole.size(); ++i) {
      CHECK(whole[i].measured);
      CHECK(parts[i].value == whole[i].value);
    }
  }
}

inline std::string error_of(xs::Metric& metric, std::size_t batch, const std::vector<float>& prediction,
                            const xs::LabelBatch& labels) {
  try {
    metric.add(batch, prediction.data(), labels);
  } catch (const xs::Error& error) {
    return error.what();
  }
  return {};
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

inline std::vector<float> random_values(std::size_t count, const char* purpose) {
  const xs::RandomKey key = xs::RandomKey(xs::seed(9)).with(purpose);
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = key.normal(i);
  return values;
}

}  // namespace metric_test
