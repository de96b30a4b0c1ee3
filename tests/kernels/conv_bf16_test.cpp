#include "conv_check.hpp"

using conv_check::check;
using conv_check::ConvShape;
using xstitch::Size;
using Bf16 = xstitch::kernels::Bf16;

TEST_CASE("convolution in bf16: the same as fp32 of rounded operands") {
  check<ConvShape{{9, 13, 5}, 33, 3, 1, 1, 1, 1}, Bf16>(3);
  check<ConvShape{{6, 13, 32}, 96, 3, 1, 1, 1, 2}, Bf16>(2);
  check<ConvShape{{23, 31, 3}, 10, 11, 4, 0, 1, 1}, Bf16>(1);
  check<ConvShape{{12, 17, 6}, 12, 3, 2, 1, 1, 1}, Bf16>(2);
}

TEST_CASE("convolution in bf16: odd channels, dilation, many channels") {
  check<ConvShape{{7, 9, 9}, 15, 3, 1, 2, 1, 3}, Bf16>(2);
  check<ConvShape{{14, 17, 4}, 20, 3, 2, 1, Size{2, 3}, 2}, Bf16>(1);
  check<ConvShape{{2, 7, 1024}, 3, Size{1, 2}, 1, 0, 1, 1}, Bf16>(1);
}

TEST_CASE("convolution in bf16: more rows of weights than a task keeps sums of") {
  check<ConvShape{{6, 9, 80}, 40, 3, 1, 1, 1, 1}, Bf16>(3);
}
