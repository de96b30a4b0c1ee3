#include "../golden/pool.inc"
#include "compare.hpp"

#include <xstitch/layers/average_pool.hpp>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/global_average_pool.hpp>
#include <xstitch/layers/max_pool.hpp>

namespace xs = xstitch;
using xs::AveragePool, xs::CeilMode, xs::Dims, xs::IncludePadding, xs::MaxPool, xs::Pad, xs::Size;

// CaffeNet's pools.
static_assert(MaxPool<3, 2, CeilMode>::output_shape({55, 55, 96}) == Dims{27, 27, 96});
static_assert(MaxPool<3, 2, CeilMode>::output_shape({32, 32, 96}) == Dims{16, 16, 96});
static_assert(MaxPool<3, 2>::output_shape({32, 32, 96}) == Dims{15, 15, 96});
static_assert(MaxPool<2>::output_shape({36, 36, 1}) == Dims{18, 18, 1});
static_assert(!MaxPool<4>::output_shape({3, 36, 1}).valid());
// A window larger than the input, as in Caffe and PyTorch: ceil((2 - 3) / 2) + 1 = 1.
static_assert(MaxPool<3, 2, CeilMode>::output_shape({2, 2, 5}) == Dims{1, 1, 5});
static_assert(MaxPool<5, 3, CeilMode, Pad<Size{0, 1}>>::output_shape({3, 2, 5}) == Dims{1, 1, 5});  // -2 / 3, -1 / 3
static_assert(AveragePool<3, 2, CeilMode>::output_shape({2, 7, 5}) == Dims{1, 3, 5});
static_assert(!MaxPool<3, 2, CeilMode>::output_shape({1, 2, 5}).valid());  // ceil(-2 / 2) + 1 = 0
static_assert(!MaxPool<3, 1, CeilMode>::output_shape({2, 2, 5}).valid());
static_assert(!MaxPool<3, 2>::output_shape({2, 2, 5}).valid());
static_assert(!AveragePool<3, 2>::output_shape({2, 2, 5}).valid());
static_assert(MaxPool<3, 2>::saved({55, 55, 96}) == xs::Extent{27 * 27 * 96, 0});
static_assert(xs::GlobalAveragePool::output_shape({7, 5, 12}) == Dims{1, 1, 12});

TEST_CASE("values and gradients are PyTorch's") {
  test::check_golden<MaxPool<3, 2, CeilMode>, Dims{8, 6, 3}>(max_3_2_ceil_x, max_3_2_ceil_y, max_3_2_ceil_dy,
                                                             max_3_2_ceil_dx);
  test::check_golden<MaxPool<3, 2>, Dims{8, 7, 3}>(max_3_2_floor_x, max_3_2_floor_y, max_3_2_floor_dy,
                                                   max_3_2_floor_dx);
  test::check_golden<MaxPool<3, 2, CeilMode, Pad<1>>, Dims{6, 9, 5}>(max_3_2_pad_ceil_x, max_3_2_pad_ceil_y,
                                                                     max_3_2_pad_ceil_dy, max_3_2_pad_ceil_dx);
  test::check_golden<MaxPool<Size{2, 3}, Size{1, 2}, Pad<Size{1, 0}>>, Dims{5, 7, 4}>(max_2_3_rect_x, max_2_3_rect_y,
                                                                                      max_2_3_rect_dy, max_2_3_rect_dx);
  constexpr Dims in{7, 6, 3};
  test::check_golden<AveragePool<3, 2, Pad<1>, IncludePadding, CeilMode>, in>(
      average_x, average_include_ceil_y, average_include_ceil_dy, average_include_ceil_dx);
  test::check_golden<AveragePool<3, 2, Pad<1>, IncludePadding>, in>(average_x, average_include_floor_y,
                                                                    average_include_floor_dy, average_include_floor_dx);
  test::check_golden<AveragePool<3, 2, Pad<1>, CeilMode>, in>(average_x, average_covered_ceil_y,
                                                              average_covered_ceil_dy, average_covered_ceil_dx);
  test::check_golden<AveragePool<3, 2, Pad<1>>, in>(average_x, average_covered_floor_y, average_covered_floor_dy,
                                                    average_covered_floor_dx);
  test::check_golden<xs::GlobalAveragePool, Dims{3, 4, 5}>(global_average_x, global_average_y, global_average_dy,
                                                           global_average_dx);
}

TEST_CASE("gradients") {
  test::check_gradients<MaxPool<3, 2, CeilMode, Pad<1>>, xs::Shape<6, 5, 3>>({.input = xs::CheckedInput::distinct});
  test::check_gradients<AveragePool<3, 2, Pad<1>, CeilMode>, xs::Shape<6, 5, 3>>();
  test::check_gradients<xs::GlobalAveragePool, xs::Shape<4, 5, 17>>();
}

TEST_CASE("four sides, and TensorFlow's same padding") {
  using Same = MaxPool<3, 2, xs::SamePad>;
  static_assert(Same::shape({112, 7, 8}).rows.pad == 0 && Same::shape({112, 7, 8}).rows.pad_end == 1);
  static_assert(Same::output_shape({112, 7, 8}) == Dims{56, 4, 8});
  static_assert(AveragePool<2, xs::Size{2}, xs::SamePad>::output_shape({5, 6, 3}) == Dims{3, 3, 3});
  static_assert(MaxPool<5, 2, xs::SamePad>::output_shape({1, 2, 3}) == Dims{1, 1, 3});
  using Four = MaxPool<3, 2, Pad<xs::Sides{0, 2, 1, 0}>>;
  static_assert(Four::output_shape({8, 7, 3}) == Dims{4, 4, 3});
  CHECK(xs::to_string(Four::attributes({8, 7, 3})[2]) == "pad 0 2 1 0");
  CHECK(xs::to_string(Same::attributes({112, 7, 8})[2]) == "pad 0 1 1 1");
  test::check_gradients<Same, xs::Shape<6, 5, 3>>({.input = xs::CheckedInput::distinct});
  test::check_gradients<Four, xs::Shape<8, 7, 3>>({.input = xs::CheckedInput::distinct});
  test::check_gradients<AveragePool<3, 2, Pad<xs::Sides{0, 1, 2, 0}>, IncludePadding>, xs::Shape<6, 7, 3>>();
  xs::RunLayer<AveragePool<2, 2, xs::SamePad>, Dims{1, 3, 1}> average({.batch = 1});
  std::ranges::copy(std::vector{1.0F, 3.0F, 5.0F}, average.input().begin());
  average.forward();
  CHECK(test::same_bits(average.output(), std::vector{2.0F, 5.0F}));  // by what it covers, as in TensorFlow
}

TEST_CASE("a window larger than the input sees the whole input") {
  test::check_gradients<MaxPool<3, 2, CeilMode>, xs::Shape<2, 2, 3>>({.input = xs::CheckedInput::distinct});
  test::check_gradients<MaxPool<5, 3, CeilMode, Pad<Size{0, 1}>>, xs::Shape<3, 2, 17>>(
      {.input = xs::CheckedInput::distinct});
  test::check_gradients<AveragePool<3, 2, CeilMode>, xs::Shape<2, 2, 3>>();
  test::check_gradients<AveragePool<4, 3, CeilMode, Pad<1>, IncludePadding>, xs::Shape<1, 2, 5>>();
  xs::RunLayer<MaxPool<3, 2, CeilMode>, Dims{2, 2, 1}> largest({.batch = 1});
  std::ranges::copy(std::vector{-4.0F, -3.0F, -1.0F, -2.0F}, largest.input().begin());
  largest.forward();
  CHECK(test::same_bits(largest.output(), std::vector{-1.0F}));
  std::ranges::fill(largest.output_gradient(), 5.0F);
  largest.backward();
  CHECK(test::same_bits(largest.input_gradient(), std::vector{0.0F, 0.0F, 5.0F, 0.0F}));
  xs::RunLayer<AveragePool<3, 2, CeilMode>, Dims{2, 2, 1}> average({.batch = 1});
  std::ranges::copy(std::vector{1.0F, 2.0F, 3.0F, 6.0F}, average.input().begin());
  average.forward();
  CHECK(test::same_bits(average.output(), std::vector{3.0F}));  // by the covered elements
  xs::RunLayer<AveragePool<4, 3, CeilMode, Pad<1>, IncludePadding>, Dims{1, 2, 1}> padded({.batch = 1});
  std::ranges::copy(std::vector{1.0F, 5.0F}, padded.input().begin());
  padded.forward();
  CHECK(test::same_bits(padded.output(), std::vector{6.0F / 12.0F}));  // 3 x 4: nothing beyond the padding counts
}

TEST_CASE("CaffeNet's features of a picture of 51 x 51 come down to one pixel") {
  constexpr Dims conv1 = xs::Conv<"conv1", 4, 11, xs::Stride<4>>::output_shape({51, 51, 3});
  constexpr Dims pool1 = MaxPool<3, 2, CeilMode>::output_shape(conv1);
  constexpr Dims pool2 = MaxPool<3, 2, CeilMode>::output_shape(pool1);  // conv2 and conv3 to conv5 keep the size
  constexpr Dims pool5 = MaxPool<3, 2, CeilMode>::output_shape(pool2);
  CHECK(xs::to_string(conv1) == "11x11x4");
  CHECK(xs::to_string(pool2) == "2x2x4");
  CHECK(xs::to_string(pool5) == "1x1x4");
}

TEST_CASE("a padded maximum of negative values is not zero") {
  xs::RunLayer<MaxPool<3, 1, Pad<1>>, Dims{2, 2, 1}> run({.batch = 1});
  std::ranges::copy(std::vector{-4.0F, -3.0F, -2.0F, -1.0F}, run.input().begin());
  run.forward();
  for (const float y : run.output()) CHECK(y == -1.0F);
}

TEST_CASE("the same bits on any number of threads") {
  test::check_threads<MaxPool<3, 2, CeilMode>, Dims{23, 19, 33}>(3);  // several tasks a sample
  test::check_threads<AveragePool<2>, Dims{23, 19, 33}>(3);
  test::check_threads<xs::GlobalAveragePool, Dims{13, 9, 33}>(9);
}

TEST_CASE("inference gives the values of training") {
  xs::RunLayer<MaxPool<3, 2>, Dims{9, 9, 20}> run;
  std::ranges::copy(test::random_values(run.input().size(), 3), run.input().begin());
  run.forward();
  const std::vector<float> trained(run.output().begin(), run.output().end());
  run.forward(false);
  CHECK(test::same_bits(run.output(), trained));
}

TEST_CASE("averages carry a NaN to the windows that hold it, and to no other") {
  xs::RunLayer<AveragePool<2>, Dims{2, 4, 1}> run({.batch = 1});
  std::ranges::fill(run.input(), 1.0F);
  run.input()[5] = NAN;
  run.forward();
  CHECK(std::isnan(run.output()[0]));
  CHECK(run.output()[1] == 1.0F);
}
