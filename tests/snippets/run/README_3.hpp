#include <doctest/doctest.h>

#include <iostream>

#include "../captured.hpp"

TEST_CASE("its gradients are right, of the input and of the slope") {
  const pages::Captured problems(std::cerr);
  body_4();
  CHECK(problems.text() == "");
  const auto checked =
      xs::check_gradients<PRelu<"prelu">, xs::Shape<3, 4, 5>>({.input = xs::CheckedInput::away_from_zero});
  REQUIRE(checked.entries.size() == 2);
  CHECK(checked.entries[1].name == "slope");
  CHECK(checked.entries[1].checked == 5);
}

TEST_CASE("y = x where x > 0, else a[c] x") {
  xs::RunLayer<PRelu<"prelu">, xs::Dims{1, 2, 2}> run({.batch = 1});
  const std::array<float, 4> x{-4, 3, 2, -8}, y{-1, 3, 2, -4};
  std::ranges::copy(x, run.input().begin());
  run.parameter(0)[1] = 0.5F;  // of the second channel; the first one's is a quarter
  run.forward();
  CHECK(std::ranges::equal(run.output(), y));
  CHECK(run.fault().empty());
}
