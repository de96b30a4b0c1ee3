#include <xstitch/layers/check_gradients.hpp>
#include <xstitch/layers/linear.hpp>

#include <doctest/doctest.h>

namespace xs = xstitch;
using xs::Dims;

TEST_CASE("Linear: gradients agree with numeric ones, stored or handed over in pieces") {
  const auto report = xs::check_gradients<xs::Linear<"fc", 11>, xs::Shape<2, 3, 4>>();
  CHECK_MESSAGE(report.ok, report.text());
  const auto plain = xs::check_gradients<xs::Linear<"fc", 3, xs::NoBias>, xs::Shape<5>>({.batch = 17});
  CHECK_MESSAGE(plain.ok, plain.text());
}

TEST_CASE("Linear: sizes and parameters") {
  using Layer = xs::Linear<"fc6", 4096, xs::Xavier, xs::InitialBias<xs::Ratio{1}>>;
  static_assert(Layer::output_shape({6, 6, 256}) == Dims{1, 1, 4096});
  static_assert(Layer::multiply_adds({6, 6, 256}) == std::size_t{9216} * 4096);
  constexpr auto parameters = Layer::parameters({6, 6, 256});
  CHECK(parameters[0].extents == xs::Extents(9216, 4096));
  CHECK(parameters[0].fan_in == 9216);
  CHECK(parameters[0].initializer.kind == xs::InitializerKind::xavier);
  CHECK(parameters[1].extents == xs::Extents(4096));
  CHECK(parameters[1].initializer.value == 1.0F);
  static_assert(xs::Linear<"fc", 5, xs::NoBias>::parameters({1, 1, 3}).size() == 1);
  CHECK_FALSE(xs::Linear<"fc", 5>::output_shape({0, 0, 0}).valid());
}
