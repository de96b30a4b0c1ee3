#include "../check_shapes.hpp"

using namespace shapes;

TEST_CASE("shapes: convolution, part 4") {
  convolution<ConvShape{{20, 32, 80}, 96, 1, 1, 0, 1, 1}>(2);
  convolution<ConvShape{{8, 8, 400}, 12, 3, 1, 1, 1, 1}>(1);
  convolution<ConvShape{{112, 112, 64}, 64, 3, 2, Sides{1, 1, 2, 4}, Size{2, 3}, 64}>(2);
  convolution<ConvShape{{4, 1, 16}, 16, Size{11, 1}, Size{9, 1}, Sides{0, 0, 7, 0}, 1, 16}>(1);
  convolution<ConvShape{{13, 1, 64}, 64, Size{5, 1}, Size{2, 1}, Sides{2, 0, 0, 0}, 1, 64}>(2);
  convolution<ConvShape{{101, 1, 16}, 16, Size{11, 1}, 1, 0, 1, 16}>(1);
  convolution<ConvShape{{111, 1, 16}, 16, Size{11, 1}, 1, Sides{2, 0, 0, 0}, 1, 16}>(2);
  convolution<ConvShape{{3, 3, 32}, 32, 3, 2, 0, 1, 32}>(1);
  convolution<ConvShape{{32, 32, 8}, 8, 2, 1, Sides{1, 1, 0, 0}, 1, 8}>(2);
  convolution<ConvShape{{1, 1, 48}, 1152, 1, 1, 0, 1, 1}>(1);
  convolution<ConvShape{{28, 28, 32}, 192, 1, 1, 0, 1, 1}>(2);
  convolution<ConvShape{{5, 5, 8}, 32, 3, 1, 4, 5, 8}>(1);
  convolution<ConvShape{{14, 14, 32}, 64, 5, 1, 2, 1, 1}>(2);
  convolution<ConvShape{{7, 7, 1024}, 160, 1, 1, 0, 1, 1}>(1);
  convolution<ConvShape{{32, 32, 512}, 12, 1, 1, 0, 1, 1}>(2);
  convolution<ConvShape{{14, 14, 512}, 512, 3, 2, 1, 1, 512}>(1);
  convolution<ConvShape{{56, 56, 72}, 80, 1, 1, 0, 1, 2}>(2);
  convolution<ConvShape{{15, 10, 16}, 16, Size{6, 3}, 2, Sides{3, 3, 0, 8}, 1, 16}>(1);
  convolution<ConvShape{{1, 1, 128}, 16, 3, 1, 1, 1, 1}>(2);
  convolution<ConvShape{{3, 3, 16}, 16, 7, 1, Sides{4, 4, 0, 0}, 1, 1}>(1);
  convolution<ConvShape{{2, 100, 16}, 1, Size{2, 3}, 1, Sides{0, 1, 0, 81}, Size{1, 46}, 1}>(2);
  convolution<ConvShape{{3, 3, 256}, 84, 3, 1, 1, 1, 1}>(1);
  convolution<ConvShape{{2, 2, 64}, 128, 3, 2, 1, 1, 1}>(2);
}
