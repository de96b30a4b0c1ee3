#include "../golden/upsample.inc"
#include "compare.hpp"

#include <xstitch/layers/crop.hpp>
#include <xstitch/layers/upsample.hpp>

namespace xs = xstitch;
using xs::Crop, xs::Dims, xs::Size, xs::Upsample;

static_assert(Upsample<Size{3, 2}>::output_shape({2, 5, 7}) == Dims{6, 10, 7});
static_assert(Crop<1, 2, 3, 4>::output_shape({4, 6, 5}) == Dims{3, 4, 5});
static_assert(!Crop<1, 2, 3, 4>::output_shape({4, 5, 5}).valid());
static_assert(!Crop<2, 2, 3, 4>::output_shape({4, 6, 5}).valid());

TEST_CASE("enlarged values and gradients are PyTorch's") {
  test::check_golden<Upsample<2>, Dims{4, 3, 3}>(upsample_2_x, upsample_2_y, upsample_2_dy, upsample_2_dx);
  test::check_golden<Upsample<Size{3, 2}>, Dims{2, 5, 2}>(upsample_3_2_x, upsample_3_2_y, upsample_3_2_dy,
                                                          upsample_3_2_dx);
}

TEST_CASE("gradients") {
  test::check_gradients<Upsample<Size{2, 3}>, xs::Shape<3, 4, 3>>();
  test::check_gradients<Crop<1, 2, 3, 2>, xs::Shape<5, 5, 3>>();
}

TEST_CASE("a crop is the rectangle it says") {
  xs::RunLayer<Crop<1, 2, 2, 3>, Dims{4, 6, 2}> run({.batch = 2});
  for (std::size_t i = 0; i < run.input().size(); ++i) run.input()[i] = static_cast<float>(i);
  run.forward();
  for (std::size_t n = 0; n < 2; ++n)
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t j = 0; j < 6; ++j)
        CHECK(run.output()[n * 12 + i * 6 + j] == static_cast<float>(n * 48 + (1 + i) * 12 + 4 + j));
}

TEST_CASE("the same bits on any number of threads") {
  test::check_threads<Upsample<4>, Dims{7, 9, 33}>(3);
  test::check_threads<Crop<3, 1, 7, 9>, Dims{11, 13, 5}>(9);
}
