#include <doctest/doctest.h>

#include <xstitch/core/parameter.hpp>

namespace xs = xstitch;

TEST_CASE("Extents count elements") {
  CHECK(xs::Extents(96).count() == 96);
  CHECK(xs::Extents(4096, 1000).count() == 4'096'000);
  CHECK(xs::Extents(11, 11, 3).count() == 363);
  CHECK(xs::Extents(11, 11, 3, 96).count() == 34'848);
  // More elements than an int can count.
  CHECK(xs::Extents(100'000, 100'000).count() == 10'000'000'000ULL);
}

TEST_CASE("Extents compare rank and sizes") {
  CHECK(xs::Extents(2, 3) == xs::Extents(2, 3));
  CHECK(xs::Extents(2, 3) != xs::Extents(3, 2));
  CHECK(xs::Extents(2) != xs::Extents(2, 0));
}

TEST_CASE("a parameter is trained at the optimizer's learning rate unless it says otherwise") {
  const xs::ParameterSpec spec{
      .name = "weight", .extents = xs::Extents(2, 3), .initializer = xs::Initializer::gaussian(0.01F)};
  CHECK(spec.group == xs::ParameterGroup::weight);
  CHECK(spec.learning_rate_multiplier == 1.0F);
  CHECK(spec.weight_decay_multiplier == 1.0F);
  CHECK(spec.initializer.kind == xs::InitializerKind::gaussian);
  CHECK(spec.initializer.value == 0.01F);
}
