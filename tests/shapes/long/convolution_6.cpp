#include "../check_shapes.hpp"

using namespace shapes;

TEST_CASE("shapes: convolution, part 6") {
  convolution<ConvShape{{6, 6, 96}, 96, 1, 1, 0, 1, 1}>(2);
  convolution<ConvShape{{14, 10, 16}, 16, Size{2, 3}, 2, Sides{1, 1, 1, 10}, 1, 16}>(1);
  convolution<ConvShape{{16, 16, 16}, 16, 3, 1, Sides{1, 0, 0, 1}, 1, 1}>(2);
  convolution<ConvShape{{1, 1, 16}, 16, 7, 1, Sides{6, 6, 0, 0}, 1, 1}>(1);
  convolution<ConvShape{{2, 100, 16}, 1, Size{2, 3}, 1, Sides{0, 0, 0, 34}, Size{1, 22}, 1}>(2);
  convolution<ConvShape{{3, 3, 128}, 256, 3, 1, 0, 1, 1}>(1);
  convolution<ConvShape{{19, 19, 512}, 12, 1, 1, 0, 1, 1}>(2);
  convolution<ConvShape{{9, 9, 256}, 324, 3, 3, 1, 1, 1}>(1);
  convolution<ConvShape{{13, 13, 20}, 32, 3, 1, 1, 1, 1}>(2);
  convolution<ConvShape{{37, 37, 256}, 256, 3, 1, 1, 1, 256}>(1);
  convolution<ConvShape{{5, 5, 3}, 17, 3, 1, 1, 1, 1}>(2);
  convolution<ConvShape{{5, 5, 512}, 16, 9, 2, Sides{4, 4, 0, 0}, 1, 1}>(1);
  convolution<ConvShape{{8, 8, 316}, 12, 3, 1, 1, 1, 1}>(2);
  convolution<ConvShape{{18, 18, 4}, 6, 7, 3, 1, 3, 1}>(1);
  convolution<ConvShape{{8, 1, 16}, 16, Size{3, 1}, Size{10, 1}, 0, 1, 16}>(2);
  convolution<ConvShape{{31, 1, 8}, 8, Size{5, 1}, Size{5, 1}, Sides{1, 0, 1, 0}, 1, 8}>(1);
  convolution<ConvShape{{33, 1, 1}, 1, Size{2, 1}, 1, 0, 1, 1}>(2);
  convolution<ConvShape{{56, 1, 16}, 16, Size{11, 1}, 1, Sides{3, 0, 0, 0}, 1, 16}>(1);
  convolution<ConvShape{{3, 3, 33}, 33, 3, 2, Sides{2, 2, 0, 0}, 1, 33}>(2);
  convolution<ConvShape{{43, 43, 4}, 4, 7, 2, Sides{1, 1, 0, 0}, 1, 4}>(1);
  convolution<ConvShape{{64, 64, 64}, 36, 1, 1, 0, 1, 1}>(2);
  convolution<ConvShape{{5, 5, 3}, 48, 3, 1, 0, 1, 3}>(1);
  convolution<ConvShape{{28, 28, 192}, 16, 1, 1, 0, 1, 1}>(2);
}
