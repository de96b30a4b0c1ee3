#pragma once
// Shared by the tests of layers and kernels.
#include <xstitch/layers/check_gradients.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

namespace test {

namespace xs = xstitch;

inline std::vector<float> random_values(std::size_t count, std::uint64_t seed, float low = -2.0F, float high = 2.0F) {
  const xs::RandomKey key{xs::seed(seed)};
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = key.uniform(i, low, high);
  return values;
}

/// The largest |a - b| / max(|b|, floor); infinity if sizes differ or one alone is NaN.
inline double largest_error(std::span<const float> a, std::span<const float> b, double floor = 1.0) {
  if (a.size() != b.size()) return INFINITY;
  double worst = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;
    if (a[i] == b[i]) continue;
    const double error = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])) /
                         std::max(std::abs(static_cast<double>(b[i])), floor);
    worst = std::isnan(error) ? INFINITY : std::max(worst, error);
  }
  return worst;
}

inline bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

/// Forward and backward of a layer without parameters against values of another implementation.
template <class L, xs::Dims In>
void check_golden(std::span<const float> x, std::span<const float> y, std::span<const float> dy,
                  std::span<const float> dx, double tolerance = 1e-6) {
  REQUIRE(x.size() % In.size() == 0);
  xs::RunLayer<L, In> run({.batch = x.size() / In.size(), .threads = 2});
  REQUIRE(run.output().size() == y.size());
  std::ranges::copy(x, run.input().begin());
  run.forward();
  CHECK(largest_error(run.output(), y) < tolerance);
  std::ranges::copy(dy, run.output_gradient().begin());
  run.backward();
  CHECK(largest_error(run.input_gradient(), dx) < tolerance);
  CHECK(run.fault() == "");
}

/// Forward and backward give the same bits for 1, 2, 3 and 7 threads.
template <class L, xs::Dims In>
void check_threads(std::size_t batch) {
  std::vector<float> first_output, first_gradient;
  for (const std::size_t threads : {1U, 2U, 3U, 7U}) {
    xs::RunLayer<L, In> run({.batch = batch, .threads = threads});
    std::ranges::copy(random_values(run.input().size(), 5), run.input().begin());
    run.forward();
    const std::vector<float> output(run.output().begin(), run.output().end());
    std::ranges::copy(random_values(run.output_gradient().size(), 6), run.output_gradient().begin());
    run.backward();
    CHECK(run.fault() == "");
    const std::vector<float> gradient(run.input_gradient().begin(), run.input_gradient().end());
    if (threads == 1) first_output = output, first_gradient = gradient;
    CHECK(same_bits(output, first_output));
    CHECK(same_bits(gradient, first_gradient));
  }
}

/// Where nobody wants any gradient backward does not even touch its scratch memory (neither packs nor sums); where only
/// the input's is wanted it is the same to the bit.
template <class L, xs::Dims In>
void check_unwanted() {
  const auto run = [](std::uint64_t parameters, bool input) {
    xs::RunLayer<L, In> layer({.batch = 2, .emit_gradients = true, .unwanted_parameters = parameters});
    std::ranges::copy(random_values(layer.input().size(), 5), layer.input().begin());
    layer.forward();
    std::ranges::copy(random_values(layer.output_gradient().size(), 6), layer.output_gradient().begin());
    layer.backward(input);
    CHECK(layer.fault() == "");
    return std::pair{std::vector<float>(layer.input_gradient().begin(), layer.input_gradient().end()),
                     std::vector<std::byte>(layer.workspace().begin(), layer.workspace().end())};
  };
  const auto touched = [](const std::vector<std::byte>& bytes) {
    return std::ranges::any_of(bytes, [](std::byte b) { return b != std::byte{0xFF}; });
  };
  const auto all = run(0, true), none = run(~std::uint64_t{0}, false), data = run(~std::uint64_t{0}, true);
  CHECK(touched(all.second));
  CHECK_FALSE(touched(none.second));
  CHECK(same_bits(data.first, all.first));
}

template <class L, class In>
void check_gradients(const xs::GradientCheckOptions& options = {}) {
  const xs::GradientReport report = xs::check_gradients<L, In>(options);
  INFO(report.text());
  CHECK(report.ok);
}

}  // namespace test
