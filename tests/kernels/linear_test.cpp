#include "linear_check.hpp"

using linear_check::check;

TEST_CASE("linear: every number of samples of a tile, and beyond") {
  for (const std::size_t batch : std::initializer_list<std::size_t>{1, 2, 3, 5, 7, 8, 13, 16, 17, 33})
    check(batch, 50, 40);
}

TEST_CASE("linear: odd sizes, and few outputs or inputs") {
  check(3, 1, 1);
  check(4, 37, 10);
  check(2, 6, 33);
  check(17, 9, 97);
}

TEST_CASE("linear: more tasks than threads") {
  check(2, 1001, 70);
  check(5, 70, 1000);
}
