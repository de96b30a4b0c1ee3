#include <doctest/doctest.h>

#include <xstitch/core/random.hpp>

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

namespace xs = xstitch;

// Every run, resume and golden file rests on these streams: the values below come from an independent
// implementation in Python and must never change.
namespace {

constexpr xs::RandomKey plain{xs::seed(1)};
constexpr xs::RandomKey layer = xs::RandomKey(xs::seed(1)).with("upper").with("conv1");
constexpr xs::RandomKey step = xs::RandomKey(xs::seed(7)).with(3);

static_assert(xs::mix_bits(0x9e3779b97f4a7c15ULL) == 0xe220a8397b1dcdafULL);  // splitmix64's first word of seed 0
static_assert(plain.value() == 0x910a2dec89025cc1ULL);
static_assert(plain.bits(0) == 0x6ec85f1f8547bc0cULL);
static_assert(plain.bits(1) == 0xb18a02f46d8d86c3ULL);
static_assert(plain.bits(std::uint64_t{1} << 40) == 0x920a2304e299aad2ULL);
static_assert(layer.value() == 0x93990af5f4bbe4f6ULL);
static_assert(layer.bits(0) == 0x65df328107ec0790ULL);
static_assert(layer.bits(2) == 0x59361f3a621a1620ULL);
static_assert(step.value() == 0x1fdea58c2534b01fULL);
static_assert(step.bits(1) == 0x4b5d0153a5816d21ULL);
static_assert(plain.uniform(0) == 7260255.0F / 16777216.0F);
static_assert(layer.uniform(1) == 14358131.0F / 16777216.0F);
static_assert(plain.below(0, 10) == 4 && plain.below(1, 10) == 6 && plain.below(6, 10) == 9);
// A name is its FNV-1a hash ("a" hashes to this number by the published test vectors).
static_assert(plain.with("a").value() == plain.with(0xaf63dc4c8601ec8cULL).value());

struct Moments {
  double mean = 0.0, variance = 0.0, skewness = 0.0, kurtosis = 0.0;
};

Moments moments(const std::vector<double>& x) {
  Moments m;
  const auto n = static_cast<double>(x.size());
  for (const double v : x) m.mean += v / n;
  for (const double v : x) m.variance += (v - m.mean) * (v - m.mean) / n;
  for (const double v : x) {
    const double z = (v - m.mean) / std::sqrt(m.variance);
    m.skewness += z * z * z / n;
    m.kurtosis += z * z * z * z / n;
  }
  return m;
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const Moments ma = moments(a), mb = moments(b);
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - ma.mean) * (b[i] - mb.mean);
  return sum / (static_cast<double>(a.size()) * std::sqrt(ma.variance * mb.variance));
}

std::vector<double> uniforms(xs::RandomKey key, std::size_t count) {
  std::vector<double> x(count);
  for (std::size_t i = 0; i < count; ++i) x[i] = key.uniform(i);
  return x;
}

constexpr std::size_t many = 200'000;
constexpr double n = many;

}  // namespace

TEST_CASE("normal gives the fixed values") {
  const std::array<double, 3> wanted_plain{-0.4497937595896328, 0.04623819283548734, -0.6706172937787965};
  const std::array<double, 3> wanted_layer{0.8375050244234592, 1.229270333312724, -0.4606270187175988};
  for (std::size_t i = 0; i < 3; ++i) {
    // Rounding a double to float hides the last bits in which mathematics libraries may differ.
    CHECK(plain.normal(i) == static_cast<float>(wanted_plain[i]));
    CHECK(layer.normal(i) == static_cast<float>(wanted_layer[i]));
  }
}

TEST_CASE("uniform stays within [0, 1) and its moments and histogram are flat") {
  for (const xs::RandomKey key : {plain, layer, step}) {
    const std::vector<double> x = uniforms(key, many);
    std::array<double, 64> histogram{};
    for (const double v : x) {
      REQUIRE(v >= 0.0);
      REQUIRE(v < 1.0);
      histogram[static_cast<std::size_t>(v * 64)] += 1.0;
    }
    const Moments m = moments(x);
    CHECK(std::abs(m.mean - 0.5) < 5 * std::sqrt(1.0 / 12 / n));
    CHECK(std::abs(m.variance - 1.0 / 12) < 5 * std::sqrt(1.0 / 180 / n));
    double chi_squared = 0.0;
    for (const double count : histogram) chi_squared += (count - n / 64) * (count - n / 64) / (n / 64);
    CHECK(chi_squared < 63 + 5 * std::sqrt(2 * 63.0));
    CHECK(chi_squared > 63 - 5 * std::sqrt(2 * 63.0));  // suspiciously even is wrong too
  }
}

TEST_CASE("uniform between bounds is a stretched uniform") {
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const float v = plain.uniform(i, -2.0F, 6.0F);
    CHECK(v >= -2.0F);
    CHECK(v < 6.0F);
    CHECK(v == -2.0F + 8.0F * plain.uniform(i));
  }
}

TEST_CASE("normal has the moments of a normal distribution") {
  for (const xs::RandomKey key : {plain, layer, step}) {
    std::vector<double> x(many);
    std::size_t within_one = 0, within_two = 0;
    for (std::size_t i = 0; i < many; ++i) {
      x[i] = key.normal(i);
      REQUIRE(std::isfinite(x[i]));
      within_one += std::abs(x[i]) < 1.0;
      within_two += std::abs(x[i]) < 2.0;
    }
    const Moments m = moments(x);
    CHECK(std::abs(m.mean) < 5 / std::sqrt(n));
    CHECK(std::abs(m.variance - 1.0) < 5 * std::sqrt(2 / n));
    CHECK(std::abs(m.skewness) < 5 * std::sqrt(6 / n));
    CHECK(std::abs(m.kurtosis - 3.0) < 5 * std::sqrt(24 / n));
    CHECK(std::abs(static_cast<double>(within_one) / n - 0.682689) < 0.005);
    CHECK(std::abs(static_cast<double>(within_two) / n - 0.954500) < 0.003);
  }
}

TEST_CASE("below covers its range evenly and no more") {
  for (const std::uint64_t bound : {1ULL, 2ULL, 3ULL, 10ULL, 37ULL}) {
    std::vector<double> seen(bound, 0.0);
    for (std::uint64_t i = 0; i < many; ++i) {
      const std::uint64_t v = plain.below(i, bound);
      REQUIRE(v < bound);
      seen[v] += 1.0;
    }
    const double expected = n / static_cast<double>(bound);
    for (const double count : seen) CHECK(std::abs(count - expected) < 5 * std::sqrt(expected) + 1e-9);
  }
  CHECK(plain.below(0, 0xffffffffULL) < 0xffffffffULL);
}

TEST_CASE("neighbouring positions, seeds, steps and names are independent") {
  const std::vector<double> base = uniforms(plain, many);
  const double limit = 5 / std::sqrt(n);
  std::vector<double> shifted(base.begin() + 1, base.end());
  shifted.push_back(plain.uniform(many));
  CHECK(std::abs(correlation(base, shifted)) < limit);
  CHECK(std::abs(correlation(base, uniforms(xs::RandomKey(xs::seed(2)), many))) < limit);
  CHECK(std::abs(correlation(uniforms(plain.with(0), many), uniforms(plain.with(1), many))) < limit);
  CHECK(std::abs(correlation(uniforms(plain.with("conv1"), many), uniforms(plain.with("conv2"), many))) < limit);
  CHECK(std::abs(correlation(base, uniforms(plain.with(0), many))) < limit);
  // The same position of consecutive steps: what one element's dropout sees over time.
  std::vector<double> over_time(many), next(many);
  for (std::size_t i = 0; i < many; ++i) {
    over_time[i] = layer.with(i).uniform(12);
    next[i] = layer.with(i + 1).uniform(12);
  }
  CHECK(std::abs(correlation(over_time, next)) < limit);
  CHECK(std::abs(moments(over_time).mean - 0.5) < 5 * std::sqrt(1.0 / 12 / n));
}

TEST_CASE("a key depends on the order of what it was folded from") {
  CHECK(plain.with(1).with(2).value() != plain.with(2).with(1).value());
  CHECK(plain.with("a").with("b").value() != plain.with("b").with("a").value());
  CHECK(plain.with("ab").value() != plain.with("a").with("b").value());
  CHECK(plain.with("").value() != plain.value());
  CHECK(plain.with(0).value() != plain.value());
}

TEST_CASE("no two of many keys or positions collide") {
  std::set<std::uint64_t> keys;
  for (std::uint64_t s = 0; s < 50; ++s)
    for (std::uint64_t a = 0; a < 50; ++a)
      for (std::uint64_t b = 0; b < 20; ++b) keys.insert(xs::RandomKey(xs::seed(s)).with(a).with(b).value());
  CHECK(keys.size() == 50U * 50U * 20U);
  std::set<std::uint64_t> words;
  for (std::uint64_t i = 0; i < 100'000; ++i) words.insert(plain.bits(i));
  CHECK(words.size() == 100'000);
}

TEST_CASE("one flipped bit of seed or position moves half of the bits") {
  for (int bit = 0; bit < 64; ++bit) {
    double by_position = 0.0, by_seed = 0.0;
    for (std::uint64_t i = 0; i < 200; ++i) {
      by_position += std::popcount(plain.bits(i) ^ plain.bits(i ^ (std::uint64_t{1} << bit)));
      const xs::RandomKey other(xs::seed(i ^ (std::uint64_t{1} << bit)));
      by_seed += std::popcount(xs::RandomKey(xs::seed(i)).bits(0) ^ other.bits(0));
    }
    CAPTURE(bit);
    CHECK(std::abs(by_position / 200 - 32) < 2.0);
    CHECK(std::abs(by_seed / 200 - 32) < 2.0);
  }
}
