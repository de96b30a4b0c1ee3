#include <doctest/doctest.h>

#include <xstitch/core/shape.hpp>

namespace xs = xstitch;

static_assert(xs::Shape<36, 24, 3>::dims == xs::Dims{36, 24, 3});
static_assert(xs::Shape<100>::dims == xs::Dims{1, 1, 100});

TEST_CASE("Dims counts pixels and elements") {
  constexpr xs::Dims dims{55, 27, 96};
  CHECK(dims.pixels() == 55U * 27U);
  CHECK(dims.size() == 55U * 27U * 96U);
  // Extents whose product is above 2^31 must not overflow int.
  constexpr xs::Dims large{40000, 40000, 4};
  CHECK(large.size() == 6'400'000'000ULL);
}

TEST_CASE("Dims is valid when every extent is at least 1") {
  CHECK(xs::Dims{1, 1, 1}.valid());
  CHECK_FALSE(xs::Dims{}.valid());
  CHECK_FALSE(xs::Dims{0, 1, 1}.valid());
  CHECK_FALSE(xs::Dims{1, -1, 1}.valid());
  CHECK_FALSE(xs::Dims{1, 1, 0}.valid());
}

TEST_CASE("Dims compares every extent") {
  CHECK(xs::Dims{1, 2, 3} == xs::Dims{1, 2, 3});
  CHECK(xs::Dims{1, 2, 3} != xs::Dims{2, 2, 3});
  CHECK(xs::Dims{1, 2, 3} != xs::Dims{1, 3, 3});
  CHECK(xs::Dims{1, 2, 3} != xs::Dims{1, 2, 4});
}

TEST_CASE("Dims prints as height x width x channels") { CHECK(to_string(xs::Dims{55, 27, 96}) == "55x27x96"); }

TEST_CASE("Extent is a linear function of the batch") {
  constexpr xs::Extent extent{.per_sample = 12, .fixed = 100};
  CHECK(extent.bytes(0) == 100);
  CHECK(extent.bytes(16) == 292);
}

TEST_CASE("align_up rounds up to a multiple") {
  CHECK(xs::align_up(0) == 0);
  CHECK(xs::align_up(1) == 64);
  CHECK(xs::align_up(64) == 64);
  CHECK(xs::align_up(65) == 128);
  CHECK(xs::align_up(5, 4) == 8);
}
