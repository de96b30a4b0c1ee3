// The layers that turn outputs of a network into predictions.
#include "compare.hpp"

#include <xstitch/layers/identity.hpp>
#include <xstitch/layers/normalise.hpp>
#include <xstitch/layers/softmax.hpp>

namespace xs = xstitch;
using xs::Dims, xs::Identity, xs::Normalise, xs::Softmax;

TEST_CASE("gradients") {
  test::check_gradients<Identity, xs::Shape<3, 4, 5>>();
  test::check_gradients<Softmax, xs::Shape<3, 2, 5>>();
  test::check_gradients<Softmax, xs::Shape<37>>();  // wider than a vector, and no multiple of one
  test::check_gradients<Normalise, xs::Shape<3, 4, 3>>({.input = xs::CheckedInput::away_from_zero});
  test::check_gradients<Normalise, xs::Shape<2, 2, 7>>({.input = xs::CheckedInput::away_from_zero});
}

TEST_CASE("the same bits on any number of threads") {
  test::check_threads<Identity, Dims{31, 33, 17}>(3);
  test::check_threads<Softmax, Dims{31, 33, 17}>(3);
  test::check_threads<Normalise, Dims{71, 83, 3}>(3);
}

TEST_CASE("softmax: a distribution at each pixel; extreme and missing values") {
  xs::RunLayer<Softmax, Dims{1, 3, 3}> run({.batch = 1});
  std::ranges::copy(std::vector{0.0F, 0.0F, 0.0F, 3e38F, -3e38F, 0.0F, NAN, 1.0F, 2.0F}, run.input().begin());
  run.forward();
  const std::span<const float> y = run.output();
  for (std::size_t c = 0; c < 3; ++c) CHECK(y[c] == doctest::Approx(1.0 / 3));
  CHECK(y[3] == 1.0F);
  CHECK(y[4] == 0.0F);
  for (std::size_t c = 6; c < 9; ++c) CHECK(std::isnan(y[c]));
}

TEST_CASE("normalise: length one, any size, and nothing where there is no direction") {
  xs::RunLayer<Normalise, Dims{1, 4, 3}> run({.batch = 1});
  std::ranges::copy(std::vector{0.0F, 0.0F, 0.0F, 1e30F, 0.0F, 0.0F, 0.0F, 3.0F, -4.0F, 1.0F, NAN, 0.0F},
                    run.input().begin());
  run.forward();
  const std::vector<float> expected{0, 0, 0, 1, 0, 0, 0, 0.6F, -0.8F};
  CHECK(test::largest_error(run.output().first(9), expected) < 1e-7);
  CHECK(std::isnan(run.output()[9]));
  std::ranges::fill(run.output_gradient(), 1.0F);
  run.backward();
  for (std::size_t k = 0; k < 4; ++k) CHECK(run.input_gradient()[k] == 0.0F);
  CHECK(run.input_gradient()[7] == doctest::Approx((1.0 - 0.6 * (0.6 - 0.8)) / 5.0));
  CHECK(std::isnan(run.input_gradient()[9]));
}
