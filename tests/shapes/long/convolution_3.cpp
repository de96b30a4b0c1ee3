#include "../check_shapes.hpp"

using namespace shapes;

TEST_CASE("shapes: convolution, part 3") {
  convolution<ConvShape{{5, 5, 32}, 6, 3, 1, 0, 1, 2}>(1);
  convolution<ConvShape{{7, 7, 832}, 192, 1, 1, 0, 1, 1}>(2);
  convolution<ConvShape{{2, 2, 1024}, 128, 1, 1, 0, 1, 1}>(1);
  convolution<ConvShape{{35, 35, 192}, 32, 1, 1, 0, 1, 1}>(2);
  convolution<ConvShape{{16, 16, 512}, 6, 1, 1, 0, 1, 1}>(1);
  convolution<ConvShape{{1, 1, 1024}, 5, 1, 1, 0, 1, 1}>(2);
  convolution<ConvShape{{28, 28, 256}, 256, 3, 2, 1, 1, 256}>(1);
  convolution<ConvShape{{1, 15000, 128}, 5, 1, 1, 0, 1, 1}>(2);
  convolution<ConvShape{{111, 4, 32}, 139, 1, Size{3, 1}, Sides{0, 1, 0, 0}, 1, 1}>(1);
  convolution<ConvShape{{202, 202, 32}, 32, Size{7, 1}, 1, Sides{3, 0, 3, 0}, 1, 32}>(2);
  convolution<ConvShape{{16, 16, 16}, 16, 3, 1, Sides{1, 1, 1, 0}, 1, 1}>(1);
  convolution<ConvShape{{3, 3, 16}, 16, 7, 1, Sides{1, 1, 5, 5}, 1, 1}>(2);
  convolution<ConvShape{{2, 100, 16}, 1, Size{2, 6}, 1, Sides{0, 39, 0, 17}, Size{1, 31}, 1}>(1);
  convolution<ConvShape{{1, 1, 256}, 84, 3, 1, 1, 1, 1}>(2);
  convolution<ConvShape{{1, 1, 128}, 24, 1, 1, 0, 1, 1}>(1);
  convolution<ConvShape{{9, 9, 256}, 128, 1, 1, 0, 1, 1}>(2);
  convolution<ConvShape{{1, 1, 256}, 324, 3, 1, 1, 1, 1}>(1);
  convolution<ConvShape{{5, 5, 207}, 207, 3, 1, 1, 1, 1}>(2);
  convolution<ConvShape{{19, 19, 728}, 728, 3, 1, 1, 1, 728}>(1);
  convolution<ConvShape{{49, 56, 256}, 128, 1, Size{7, 2}, 0, 1, 1}>(2);
  convolution<ConvShape{{5, 5, 16}, 16, 3, 1, 1, 1, 1}>(1);
  convolution<ConvShape{{8, 8, 17}, 17, 3, 2, 1, 1, 1}>(2);
  convolution<ConvShape{{33, 33, 80}, 80, 3, 2, 0, 1, 80}>(1);
}
