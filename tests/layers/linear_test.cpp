#include "compare.hpp"

#include <xstitch/layers/linear.hpp>

#include <doctest/doctest.h>

namespace xs = xstitch;
using xs::Dims;

TEST_CASE("Linear: gradients agree with numeric ones, stored, emitted in chunks or not wanted") {
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

TEST_CASE("Linear: a policy may take the factors of the weight's gradient in its place") {
  using Layer = xs::Linear<"fc", 19>;
  const auto gradients = [](xs::RunOptions options) {
    options.batch = 5;
    xs::RunLayer<Layer, Dims{2, 3, 4}> run(options);
    const xs::RandomKey key{xs::seed(3)};
    for (std::size_t i = 0; i < run.input().size(); ++i) run.input()[i] = key.normal(i);
    for (std::size_t i = 0; i < run.output().size(); ++i) run.output_gradient()[i] = key.with("dy").normal(i);
    run.forward();
    run.backward();
    CHECK(run.fault() == "");  // an element that is taken and emitted would be there twice
    return std::array{std::vector(run.parameter_gradient(0).begin(), run.parameter_gradient(0).end()),
                      std::vector(run.parameter_gradient(1).begin(), run.parameter_gradient(1).end()),
                      std::vector(run.input_gradient().begin(), run.input_gradient().end())};
  };
  const auto made = gradients({}), taken = gradients({.emit_gradients = true, .take_factors = true});
  for (std::size_t i = 0; i < made[0].size(); ++i) CHECK(taken[0][i] == doctest::Approx(made[0][i]).epsilon(1e-5));
  CHECK(taken[1] == made[1]);
  CHECK(taken[2] == made[2]);
}

TEST_CASE("Linear: settings are attributes, and options of other layers are named") {
  using Layer = xs::Linear<"fc", 7, xs::NoBias>;
  static_assert(xs::traits::kind<Layer>() == "Linear");
  CHECK(xs::to_string(Layer::attributes()[0]) == "outputs 7");
  CHECK(xs::to_string(Layer::attributes()[1]) == "bias no");
  static_assert(xs::traits::unknown_option<Layer>().empty());
  using Wrong = xs::Linear<"fc", 7, xs::NoBias, xs::Groups<2>, xs::CeilMode>;
  CHECK(xs::traits::unknown_option<Wrong>().find("Groups<2>") != std::string_view::npos);
}

TEST_CASE("Linear: a gradient that nobody wants is not made") {
  test::check_unwanted<xs::Linear<"fc", 19>, Dims{2, 3, 4}>();
  test::check_unwanted<xs::Linear<"fc", 64, xs::NoBias>, Dims{1, 1, 100}>();
}
