#include "conv_check.hpp"

using conv_check::check;
using conv_check::ConvShape;
using xstitch::Size;

TEST_CASE("convolution: plain, padded and rectangular windows") {
  check<ConvShape{{9, 13, 5}, 33, 3, 1, 1, 1, 1}>(3);
  check<ConvShape{{7, 30, 8}, 10, Size{3, 5}, 1, Size{0, 2}, 1, 1}>(2);
  check<ConvShape{{8, 8, 1}, 1, 5, 1, 0, 1, 1}>(1);
}

TEST_CASE("convolution: strides 2 to 4, also larger than the window") {
  check<ConvShape{{23, 31, 3}, 96, 11, 4, 0, 1, 1}>(1);
  check<ConvShape{{12, 17, 6}, 12, 3, 2, 1, 1, 1}>(3);
  check<ConvShape{{11, 19, 4}, 5, Size{2, 1}, Size{3, 2}, 1, 1, 1}>(2);
}

TEST_CASE("convolution: more rows of weights than a task keeps sums of") {
  check<ConvShape{{6, 9, 80}, 40, 3, 1, 1, 1, 1}>(2);
  check<ConvShape{{5, 7, 146}, 50, 3, 2, 1, 1, 2}>(3);
}
