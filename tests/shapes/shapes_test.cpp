// 30 of the shapes of check_shapes.hpp; the others are in long/.
#include "check_shapes.hpp"

using namespace shapes;

TEST_CASE("shapes: convolution") {
  convolution<ConvShape{{56, 54, 72}, 80, 1, Size{1, 3}, 0, 1, 1}>(1);
  convolution<ConvShape{{5, 5, 16}, 16, 3, 1, Sides{3, 3, 2, 2}, 1, 1}>(2);
  convolution<ConvShape{{20, 20, 16}, 32, 4, 2, 0, 1, 1}>(1);
  convolution<ConvShape{{5, 5, 17}, 17, 3, 1, Sides{3, 3, 2, 2}, 1, 1}>(2);
  convolution<ConvShape{{52, 2, 64}, 640, Size{5, 1}, 1, Sides{2, 1, 0, 0}, 1, 8}>(1);
  convolution<ConvShape{{20, 32, 112}, 96, 1, 1, 0, 1, 1}>(2);
  convolution<ConvShape{{32, 32, 16}, 12, 3, 1, 1, 1, 1}>(1);
  convolution<ConvShape{{11, 11, 192}, 128, 3, 1, 1, 3, 2}>(2);
  convolution<ConvShape{{32, 1, 16}, 16, Size{2, 1}, Size{9, 1}, 0, 1, 16}>(1);
  convolution<ConvShape{{13, 1, 16}, 16, Size{11, 1}, Size{2, 1}, Sides{5, 0, 0, 0}, 1, 16}>(2);
  convolution<ConvShape{{31, 1, 512}, 512, Size{2, 1}, 1, 0, 1, 512}>(1);
  convolution<ConvShape{{8, 1, 16}, 16, Size{5, 1}, 1, Sides{2, 0, 0, 0}, 1, 16}>(2);
}

TEST_CASE("shapes: transposed convolution") {
  transposed<Dims{28, 28, 32}, 192, 1, 1, 0, 1>(1);
  transposed<Dims{28, 28, 32}, 16, 5, 1, 2, 1>(2);
  transposed<Dims{5, 5, 16}, 17, 3, 1, 1, 1>(1);
  transposed<Dims{14, 14, 32}, 512, 1, 1, 0, 1>(2);
}

TEST_CASE("shapes: pools") {
  pools<Dims{10, 10, 16}, 2, 1, Sides{1, 1, 0, 0}>(1);
  pools<Dims{103, 9, 16}, 3, Size{2, 1}, Sides{1, 0, 1, 0}>(2);
  pools<Dims{13, 13, 256}, 3, 2, 0>(1);
  pools<Dims{32, 32, 32}, 3, 2, Sides{0, 0, 1, 1}>(2);
  pools<Dims{1, 15, 5}, Size{1, 15}, Size{1, 15}, 0>(1);
  pools<Dims{28, 28, 192}, 3, 1, 1>(2);
}

TEST_CASE("shapes: response normalisation") {
  response_norm<Dims{5, 5, 16}, 5, Ratio{1, 10000}, Ratio{1}, Ratio{1}>(1);
  response_norm<Dims{27, 27, 256}, 5, Ratio{1, 10000}, Ratio{3, 4}, Ratio{1}>(2);
}

TEST_CASE("shapes: batch normalisation") {
  batch_norm<Dims{1, 1, 3}>(2);
  batch_norm<Dims{17, 16, 200}>(2);
  batch_norm<Dims{15, 15, 800}>(2);
}

TEST_CASE("shapes: inner product") {
  inner_product<Dims{1, 1, 1}, 5>(1);
  inner_product<Dims{1, 1, 7}, 1>(2);
  inner_product<Dims{4, 4, 128}, 1024>(1);
}
