#include "conv_check.hpp"

using conv_check::check;
using conv_check::ConvShape;
using xstitch::Size;

TEST_CASE("convolution: groups") {
  check<ConvShape{{6, 13, 32}, 96, 3, 1, 1, 1, 2}>(2);
  check<ConvShape{{7, 9, 6}, 18, 3, 1, 2, 1, 6}>(17);
}

TEST_CASE("convolution: dilated windows, with and without stride") {
  check<ConvShape{{12, 15, 3}, 7, 3, 1, 2, 2, 1}>(2);
  check<ConvShape{{14, 17, 4}, 20, 3, 2, 1, Size{2, 3}, 2}>(2);
}

TEST_CASE("convolution: channels that would share cache sets are spread") {
  check<ConvShape{{2, 7, 512}, 16, Size{1, 2}, 1, 0, 1, 1}>(1);
  check<ConvShape{{3, 6, 4}, 512, 1, 1, 0, 1, 1}>(1);
}

TEST_CASE("convolution: pad wider than the window reaches, so that the gradient is cropped") {
  check<ConvShape{{5, 6, 3}, 4, 2, 1, 3, 1, 1}>(2);
}
