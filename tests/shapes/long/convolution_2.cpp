#include "../check_shapes.hpp"

using namespace shapes;

TEST_CASE("shapes: convolution, part 2") {
  convolution<ConvShape{{3, 3, 256}, 324, 3, 1, 1, 1, 1}>(2);
  convolution<ConvShape{{96, 96, 4}, 4, 1, 1, 0, 1, 1}>(1);
  convolution<ConvShape{{13, 13, 25}, 32, 3, 1, 1, 1, 1}>(2);
  convolution<ConvShape{{19, 19, 576}, 576, 3, 1, 1, 1, 576}>(1);
  convolution<ConvShape{{532, 532, 16}, 2, 1, 1, 0, 1, 1}>(2);
  convolution<ConvShape{{100, 100, 3}, 32, 3, 1, 1, 1, 1}>(1);
  convolution<ConvShape{{10, 10, 1536}, 1536, 3, 1, 1, 1, 1536}>(2);
  convolution<ConvShape{{48, 80, 114}, 68, 1, Size{3, 5}, 0, 1, 1}>(1);
  convolution<ConvShape{{5, 5, 16}, 16, 1, 1, 0, 1, 1}>(2);
  convolution<ConvShape{{84, 84, 4}, 16, 8, 4, 0, 1, 1}>(1);
  convolution<ConvShape{{8, 8, 20}, 20, 3, 2, 1, 1, 4}>(2);
  convolution<ConvShape{{1, 1, 48}, 496, 1, 2, Sides{2, 2, 0, 0}, 1, 1}>(1);
  convolution<ConvShape{{10, 16, 96}, 112, 1, 1, 0, 1, 1}>(2);
  convolution<ConvShape{{8, 8, 424}, 12, 3, 1, 1, 1, 1}>(1);
  convolution<ConvShape{{8, 5, 8}, 8, 3, 1, Sides{1, 3, 1, 0}, Size{1, 3}, 1}>(2);
  convolution<ConvShape{{21, 1, 16}, 16, Size{7, 1}, Size{10, 1}, 0, 1, 16}>(1);
  convolution<ConvShape{{33, 1, 32}, 32, Size{11, 1}, Size{2, 1}, Sides{1, 0, 0, 0}, 1, 32}>(2);
  convolution<ConvShape{{23, 1, 4}, 4, Size{3, 1}, 1, 0, 1, 4}>(1);
  convolution<ConvShape{{2, 1, 16}, 16, Size{7, 1}, 1, Sides{4, 0, 1, 0}, 1, 16}>(2);
  convolution<ConvShape{{2, 2, 127}, 127, 3, 1, Sides{1, 1, 0, 0}, 1, 127}>(1);
  convolution<ConvShape{{15, 15, 1024}, 1024, 11, 1, Sides{2, 2, 0, 0}, 1, 1024}>(2);
  convolution<ConvShape{{4, 4, 64}, 64, 1, 1, 0, 1, 1}>(1);
  convolution<ConvShape{{7, 7, 160}, 960, 1, 1, 0, 1, 1}>(2);
}
