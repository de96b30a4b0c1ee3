#include "../check_shapes.hpp"

using namespace shapes;

TEST_CASE("shapes: convolution, part 5") {
  convolution<ConvShape{{9, 9, 256}, 16, 3, 3, 1, 1, 1}>(1);
  convolution<ConvShape{{75, 75, 64}, 128, 1, 2, 0, 1, 1}>(2);
  convolution<ConvShape{{13, 13, 21}, 64, 1, 1, 0, 1, 1}>(1);
  convolution<ConvShape{{37, 37, 728}, 728, 3, 1, 1, 1, 728}>(2);
  convolution<ConvShape{{28, 28, 140}, 128, 1, Size{2, 1}, 0, 1, 1}>(1);
  convolution<ConvShape{{5, 5, 16}, 16, 3, 1, 1, 1, 4}>(2);
  convolution<ConvShape{{5, 5, 17}, 17, 1, 1, 0, 1, 1}>(1);
  convolution<ConvShape{{109, 13, 16}, 80, 1, 2, Sides{0, 0, 0, 12}, 1, 1}>(2);
  convolution<ConvShape{{16, 16, 208}, 12, 3, 1, 1, 1, 1}>(1);
  convolution<ConvShape{{8, 8, 4}, 6, 5, 1, Sides{1, 1, 0, 0}, 2, 1}>(2);
  convolution<ConvShape{{111, 1, 16}, 16, Size{2, 1}, Size{3, 1}, 0, 1, 16}>(1);
  convolution<ConvShape{{2, 1, 32}, 32, Size{7, 1}, Size{7, 1}, Sides{2, 0, 3, 0}, 1, 32}>(2);
  convolution<ConvShape{{21, 1, 8}, 8, Size{5, 1}, 1, 0, 1, 8}>(1);
  convolution<ConvShape{{31, 1, 16}, 16, Size{2, 1}, 1, Sides{1, 0, 0, 0}, 1, 16}>(2);
  convolution<ConvShape{{3, 3, 4}, 4, 3, 2, Sides{2, 2, 0, 0}, 1, 4}>(1);
  convolution<ConvShape{{41, 41, 3}, 3, 2, 1, 0, 1, 3}>(2);
  convolution<ConvShape{{1, 1, 4}, 96, 1, 1, 0, 1, 1}>(1);
  convolution<ConvShape{{14, 14, 96}, 576, 1, 1, 0, 1, 1}>(2);
  convolution<ConvShape{{7, 7, 64}, 4, 1, 1, 0, 1, 2}>(1);
  convolution<ConvShape{{7, 7, 48}, 128, 5, 1, 2, 1, 1}>(2);
  convolution<ConvShape{{4, 4, 576}, 128, 1, 1, 0, 1, 1}>(1);
  convolution<ConvShape{{16, 16, 512}, 12, 1, 1, 0, 1, 1}>(2);
  convolution<ConvShape{{112, 112, 64}, 64, 3, 2, 1, 1, 64}>(1);
}
