#include <xstitch/core/initializer.hpp>

#include <doctest/doctest.h>

#include <vector>

namespace xs = xstitch;
using xs::Extents, xs::Initializer, xs::InitializerKind, xs::ParameterSpec;

namespace {

std::vector<float> initialized(const ParameterSpec& spec) {
  std::vector<float> values(spec.extents.count(), 99.0F);
  xs::initialize_parameter(spec, values.data(), xs::RandomKey(xs::seed(3)).with("layer"));
  return values;
}

struct Statistics {
  double mean = 0, standard_deviation = 0, low = 1e9, high = -1e9;
};
Statistics statistics(const std::vector<float>& values) {
  Statistics s;
  for (const float v : values) {
    s.mean += v;
    s.low = std::min(s.low, static_cast<double>(v));
    s.high = std::max(s.high, static_cast<double>(v));
  }
  s.mean /= static_cast<double>(values.size());
  for (const float v : values) s.standard_deviation += (v - s.mean) * (v - s.mean);
  s.standard_deviation = std::sqrt(s.standard_deviation / static_cast<double>(values.size()));
  return s;
}

}  // namespace

TEST_CASE("distributions have the standard deviation and the limits of their formulas") {
  ParameterSpec spec{"weight", Extents(10, 10, 30, 10), Initializer::gaussian(0.01F)};
  spec.fan_in = 48;
  auto s = statistics(initialized(spec));
  CHECK(s.mean == doctest::Approx(0).epsilon(1).scale(2e-4));
  CHECK(s.standard_deviation == doctest::Approx(0.01).epsilon(0.02));
  spec.initializer = Initializer::he();
  CHECK(statistics(initialized(spec)).standard_deviation == doctest::Approx(std::sqrt(2.0 / 48)).epsilon(0.02));
  spec.initializer = Initializer::xavier();
  s = statistics(initialized(spec));
  CHECK(s.high <= std::sqrt(3.0 / 48));
  CHECK(s.high > 0.98 * std::sqrt(3.0 / 48));
  CHECK(s.low < -0.98 * std::sqrt(3.0 / 48));
  spec.initializer = Initializer::pytorch();
  s = statistics(initialized(spec));
  CHECK(s.high <= 1 / std::sqrt(48.0));
  CHECK(s.low < -0.98 / std::sqrt(48.0));
  spec.initializer = Initializer::constant(0.5F);
  s = statistics(initialized(spec));
  CHECK(s.low == 0.5);
  CHECK(s.high == 0.5);
}

TEST_CASE("two parameters of one layer get different values, the same parameter the same") {
  const ParameterSpec weight{"weight", Extents(64), Initializer::gaussian(1)},
      bias{"bias", Extents(64), Initializer::gaussian(1)};
  CHECK(initialized(weight) == initialized(weight));
  CHECK(initialized(weight) != initialized(bias));
}

TEST_CASE("bilinear kernels interpolate") {
  const auto four = initialized({"weight", Extents(4, 4, 1, 2), Initializer::bilinear()});
  const float row[] = {0.25F, 0.75F, 0.75F, 0.25F};
  for (std::size_t y = 0; y < 4; ++y)
    for (std::size_t x = 0; x < 4; ++x)
      for (std::size_t c = 0; c < 2; ++c) CHECK(four[(y * 4 + x) * 2 + c] == doctest::Approx(row[y] * row[x]));
  // 63 taps at stride 32: a constant stays a constant, weights of one phase sum to 1.
  const auto wide = initialized({"weight", Extents(63, 63, 1, 1), Initializer::bilinear()});
  for (std::size_t phase = 0; phase < 31; ++phase) {
    const double sum = static_cast<double>(wide[31 * 63 + phase]) + static_cast<double>(wide[31 * 63 + phase + 32]);
    CHECK(sum == doctest::Approx(1.0));
  }
  CHECK(wide[31 * 63 + 31] == 1.0F);
}

TEST_CASE("the stitch initializer puts one value on the diagonal") {
  Initializer initializer{InitializerKind::stitch, 0.9F, 0.05F};
  const auto alpha = initialized({"alpha", Extents(3, 3, 2), initializer});
  for (std::size_t i = 0; i < 9; ++i)
    for (std::size_t c = 0; c < 2; ++c) CHECK(alpha[i * 2 + c] == (i % 4 == 0 ? 0.9F : 0.05F));
}

TEST_CASE("a description that cannot be initialized from is an error that names the parameter") {
  CHECK_THROWS_WITH_AS(initialized({"alpha", Extents(3, 2, 2), {InitializerKind::stitch}}),
                       doctest::Contains("'alpha'"), xs::Error);
  CHECK_THROWS_WITH_AS(initialized({"w", Extents(3), Initializer::bilinear()}), doctest::Contains("'w'"), xs::Error);
  CHECK_THROWS_WITH_AS(initialized({"w", Extents(3), Initializer::custom()}), doctest::Contains("initialize()"),
                       xs::Error);
  ParameterSpec spec{"w", Extents(3), Initializer::he()};
  spec.fan_in = 0;
  CHECK_THROWS_WITH_AS(initialized(spec), doctest::Contains("fan_in"), xs::Error);
}
