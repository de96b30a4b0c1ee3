#include "emulated_tiles.hpp"
#include "linear_check.hpp"

#include <xstitch/kernels/tiles/linear_backward_tiles.hpp>
#include <xstitch/kernels/tiles/linear_forward_tiles.hpp>

namespace {

namespace kernels = xstitch::kernels;

template <class Tiles>
struct OnTiles {
  using Forward = kernels::TileLinearForward<Tiles>;
  using Backward = kernels::TileLinearBackward<Tiles>;
};

/// Emulated tiles against the reference, on several numbers of threads, and against the unit where there is one.
void check(std::size_t batch, int inputs, int outputs) {
  linear_check::check<kernels::Bf16, OnTiles<EmulatedTiles>>(batch, inputs, outputs);
#if defined(__x86_64__)
  if (!xstitch::matrix_unit::available()) return;
  for (const std::size_t thread_count : {std::size_t{1}, std::size_t{3}})
    CHECK(linear_check::run<OnTiles<kernels::UnitTiles>>(batch, inputs, outputs, thread_count) ==
          linear_check::run<OnTiles<EmulatedTiles>>(batch, inputs, outputs, 1));
#endif
}

}  // namespace

TEST_CASE("linear on tiles: every number of samples of a tile, and beyond") {
  for (const std::size_t batch : std::initializer_list<std::size_t>{1, 2, 7, 16, 17, 31, 33, 49}) check(batch, 50, 40);
  check(70, 41, 70);
}
TEST_CASE("linear on tiles: many samples, for which blocks of rows go together") {
  check(65, 150, 70);  // four, four and two blocks
  check(97, 33, 40);   // three, the last not full
  check(81, 1100, 20);
}
TEST_CASE("linear on tiles: odd sizes, few and many outputs or inputs") {
  check(3, 1, 1);
  check(4, 37, 10);
  check(2, 6, 33);
  check(5, 70, 1000);
  check(2, 1001, 64);
  check(20, 33, 300);
}

TEST_CASE("linear on tiles: the bits of a sample do not depend on how many there are") {
  const auto all = linear_check::run<OnTiles<EmulatedTiles>>(37, 100, 77, 1);
  const auto one = linear_check::run<OnTiles<EmulatedTiles>>(1, 100, 77, 1);
  CHECK(std::equal(one.out.begin(), one.out.end(), all.out.begin()));
  CHECK(std::equal(one.in_gradient.begin(), one.in_gradient.end(), all.in_gradient.begin()));
  const auto many = linear_check::run<OnTiles<EmulatedTiles>>(80, 100, 77, 1);
  CHECK(std::equal(one.out.begin(), one.out.end(), many.out.begin()));
  CHECK(std::equal(one.in_gradient.begin(), one.in_gradient.end(), many.in_gradient.begin()));
}
