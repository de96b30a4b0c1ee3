// Convolutions and a linear layer against PyTorch.

#include "../golden/conv_linear.inc"
#include "compare.hpp"

#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/linear.hpp>

namespace xs = xstitch;
using xs::Dims;

namespace {

using Floats = std::span<const float>;

template <class L, Dims In>
void check(Floats x, Floats w, Floats b, Floats y, Floats dy, Floats dx, Floats dw, Floats db) {
  REQUIRE(x.size() % In.size() == 0);
  xs::RunLayer<L, In> run({.batch = x.size() / In.size(), .threads = 2});
  REQUIRE(run.parameter(0).size() == w.size());
  REQUIRE(run.output().size() == y.size());
  std::ranges::copy(x, run.input().begin());
  std::ranges::copy(w, run.parameter(0).begin());
  std::ranges::copy(b, run.parameter(1).begin());
  run.forward();
  CHECK(test::largest_error(run.output(), y) < 1e-6);
  std::ranges::copy(dy, run.output_gradient().begin());
  run.backward();
  CHECK(test::largest_error(run.input_gradient(), dx) < 1e-6);
  CHECK(test::largest_error(run.parameter_gradient(0), dw) < 2e-6);
  CHECK(test::largest_error(run.parameter_gradient(1), db) < 2e-6);
  CHECK(run.fault() == "");
}

}  // namespace

TEST_CASE("Conv: stride and padding as PyTorch's") {
  check<xs::Conv<"c", 5, xs::Size{5, 3}, xs::Stride<xs::Size{3, 2}>, xs::Pad<xs::Size{2, 1}>>, Dims{9, 11, 3}>(
      strided_x, strided_w, strided_b, strided_y, strided_dy, strided_dx, strided_dw, strided_db);
}

TEST_CASE("Conv: groups as PyTorch's") {
  check<xs::Conv<"c", 6, 3, xs::Groups<2>, xs::Pad<1>>, Dims{6, 7, 4}>(grouped_x, grouped_w, grouped_b, grouped_y,
                                                                       grouped_dy, grouped_dx, grouped_dw, grouped_db);
}

TEST_CASE("Conv: dilation as PyTorch's") {
  check<xs::Conv<"c", 3, xs::Size{3, 2}, xs::Dilation<xs::Size{2, 3}>, xs::Pad<xs::Size{1, 0}>>, Dims{8, 9, 2}>(
      dilated_x, dilated_w, dilated_b, dilated_y, dilated_dy, dilated_dx, dilated_dw, dilated_db);
}

TEST_CASE("DepthwiseConv: as PyTorch's") {
  check<xs::DepthwiseConv<"d", 3, xs::Stride<2>, xs::Pad<1>>, Dims{7, 6, 5}>(
      depthwise_x, depthwise_w, depthwise_b, depthwise_y, depthwise_dy, depthwise_dx, depthwise_dw, depthwise_db);
}

TEST_CASE("Linear: as PyTorch's, after an image") {
  check<xs::Linear<"fc", 7>, Dims{3, 4, 2}>(linear_x, linear_w, linear_b, linear_y, linear_dy, linear_dx, linear_dw,
                                            linear_db);
}
