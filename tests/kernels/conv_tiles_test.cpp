#include "conv_tiles_check.hpp"

using conv_tiles_check::check;
using xstitch::Sides;
using xstitch::Size;
using xstitch::kernels::ConvShape;

TEST_CASE("convolution on tiles: panels of channels, groups, padding") {
  check<ConvShape{{6, 13, 32}, 96, 3, 1, 1, 1, 2}>(3);
  check<ConvShape{{7, 9, 64}, 33, 3, 1, 1, 1, 1}>(2);
  check<ConvShape{{13, 13, 34}, 18, Size{5, 3}, 1, Size{2, 0}, 1, 2}>(1);
}
TEST_CASE("convolution on tiles: few channels as runs of cells") {
  check<ConvShape{{23, 31, 3}, 10, 11, 4, 0, 1, 1}>(2);
  check<ConvShape{{9, 13, 5}, 33, 3, 1, 1, 1, 1}>(3);
  check<ConvShape{{8, 11, 48}, 40, 5, 1, 2, 1, 1}>(1);
  check<ConvShape{{12, 17, 6}, 12, 3, 2, 1, 1, 2}>(2);
  check<ConvShape{{17, 18, 3}, 20, 7, 2, 3, 1, 1}>(1);
  check<ConvShape{{5, 6, 1}, 1, 1, 1, 0, 1, 1}>(1);
}
TEST_CASE("convolution on tiles: strides, dilation, a stride above the kernel, padding above the kernel") {
  check<ConvShape{{9, 10, 32}, 48, 3, 2, 1, 1, 1}>(2);
  check<ConvShape{{14, 17, 36}, 20, 3, 2, 1, Size{2, 3}, 2}>(1);
  check<ConvShape{{11, 8, 40}, 35, 2, 3, 0, 1, 1}>(1);
  check<ConvShape{{7, 9, 33}, 15, 3, 1, 2, 2, 3}>(2);
  check<ConvShape{{4, 3, 32}, 32, 1, 1, 3, 1, 1}>(1);
  check<ConvShape{{4, 5, 32}, 32, Size{2, 3}, Size{1, 2}, Size{3, 4}, 1, 1}>(1);
  check<ConvShape{{9, 8, 33}, 20, 3, 2, Sides{0, 1, 3, 0}, 1, 1}>(1);
  check<ConvShape{{9, 8, 4}, 20, 3, 1, Sides{2, 0, 0, 5}, 1, 1}>(1);
}
TEST_CASE("convolution on tiles: pointwise, and one row of pixels") {
  check<ConvShape{{1, 70, 64}, 48, 1, 1, 0, 1, 1}>(2);
  check<ConvShape{{9, 9, 64}, 32, 1, 2, 0, 1, 1}>(1);
  check<ConvShape{{2, 7, 256}, 3, Size{1, 2}, 1, 0, 1, 1}>(1);
}
