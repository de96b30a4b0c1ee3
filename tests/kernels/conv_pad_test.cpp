// Four different sides of padding, through each way to run a convolution directly.
#include "conv_check.hpp"

using namespace conv_check;
using xs::Sides;
using xs::kernels::Bf16;

TEST_CASE("four sides: many channels, few of them, groups, strides and dilations") {
  check<ConvShape{{9, 13, 20}, 33, 3, 1, Sides{0, 1, 2, 0}, 1, 1}>(3);
  check<ConvShape{{9, 14, 3}, 10, 3, 2, Sides{0, 0, 1, 1}, 1, 1}>(
      2);  // TensorFlow's: merged taps, whole rows on the left
  check<ConvShape{{11, 10, 4}, 6, Size{2, 5}, Size{3, 2}, Sides{1, 3, 0, 2}, 1, 2}>(2);
  check<ConvShape{{12, 11, 5}, 7, 3, 2, Sides{3, 0, 0, 4}, Size{2, 1}, 1}>(2);
  check<ConvShape{{5, 6, 8}, 12, 1, 2, Sides{0, 1, 1, 0}, 1, 1}>(2);  // no pointwise convolution
  check<ConvShape{{3, 4, 3}, 4, 2, 1, Sides{0, 0, 3, 5}, 1, 1}>(2);   // windows that lie in the padding alone
}

TEST_CASE("four sides in bf16") {
  check<ConvShape{{9, 14, 3}, 10, 3, 2, Sides{0, 0, 1, 1}, 1, 1}, Bf16>(3);
  check<ConvShape{{8, 7, 18}, 20, 3, 1, Sides{2, 0, 0, 1}, 1, 2}, Bf16>(2);
}

TEST_CASE("sizes follow from both sides; a pointwise convolution has none") {
  constexpr ConvShape s{{9, 14, 3}, 10, 3, 2, Sides{0, 0, 1, 1}, 1, 1};
  static_assert(s.out() == xs::Dims{4, 7, 10});
  static_assert(!ConvShape{{5, 6, 8}, 12, 1, 1, Sides{0, 0, 0, 1}, 1, 1}.pointwise());
  static_assert(!ConvShape{{5, 6, 8}, 12, 3, 1, Sides{0, 0, -1, 0}, 1, 1}.valid());
  static_assert(!ConvShape{{2, 6, 8}, 12, 5, 1, Sides{1, 1, 1, 1}, 1, 1}.valid());
  static_assert(ConvShape{{2, 6, 8}, 12, 5, 1, Sides{1, 1, 2, 1}, 1, 1}.valid());
}
