#include "../check_shapes.hpp"

using namespace shapes;

TEST_CASE("shapes: convolution, part 1") {
  convolution<ConvShape{{4, 4, 8}, 8, 3, 2, 0, 1, 8}>(1);
  convolution<ConvShape{{15, 15, 4}, 4, 7, 1, Sides{1, 1, 0, 0}, 1, 4}>(2);
  convolution<ConvShape{{32, 32, 64}, 36, 1, 1, 0, 1, 1}>(1);
  convolution<ConvShape{{56, 56, 16}, 64, 1, 1, 0, 1, 1}>(2);
  convolution<ConvShape{{56, 56, 24}, 144, 1, 1, 0, 1, 1}>(1);
  convolution<ConvShape{{5, 5, 16}, 16, 3, 1, 4, 5, 1}>(2);
  convolution<ConvShape{{4, 4, 528}, 128, 1, 1, 0, 1, 1}>(1);
  convolution<ConvShape{{14, 14, 576}, 96, 1, 1, 0, 1, 1}>(2);
  convolution<ConvShape{{35, 35, 192}, 48, 1, 1, 0, 1, 1}>(1);
  convolution<ConvShape{{7, 7, 1}, 64, 3, 1, 1, 1, 1}>(2);
  convolution<ConvShape{{32, 32, 512}, 6, 1, 1, 0, 1, 1}>(1);
  convolution<ConvShape{{1, 1, 1024}, 1024, 1, 1, 0, 1, 1}>(2);
  convolution<ConvShape{{224, 224, 3}, 32, 3, 2, 1, 1, 1}>(1);
  convolution<ConvShape{{14, 14, 512}, 512, 3, 1, 1, 1, 512}>(2);
  convolution<ConvShape{{1, 15000, 4}, 64, 1, 1, 0, 1, 1}>(1);
  convolution<ConvShape{{67, 4, 32}, 48, 1, Size{3, 1}, Sides{0, 1, 0, 0}, 1, 1}>(2);
  convolution<ConvShape{{202, 202, 16}, 16, Size{1, 7}, 1, Sides{0, 3, 0, 3}, 1, 16}>(1);
  convolution<ConvShape{{16, 16, 16}, 16, 3, 1, Sides{0, 1, 1, 1}, 1, 1}>(2);
  convolution<ConvShape{{3, 3, 16}, 16, 7, 1, Sides{1, 1, 3, 3}, 1, 1}>(1);
  convolution<ConvShape{{2, 100, 16}, 1, Size{2, 3}, 1, Sides{0, 1, 0, 89}, Size{1, 50}, 1}>(2);
  convolution<ConvShape{{10, 10, 128}, 256, 3, 2, 1, 1, 1}>(1);
  convolution<ConvShape{{5, 5, 512}, 128, 1, 1, 0, 1, 1}>(2);
  convolution<ConvShape{{19, 19, 256}, 128, 1, 1, 0, 1, 1}>(1);
}
