#include "../golden/activations.inc"
#include "compare.hpp"

#include <xstitch/layers/gelu.hpp>
#include <xstitch/layers/leaky_relu.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/layers/sigmoid.hpp>
#include <xstitch/layers/tanh.hpp>

namespace xs = xstitch;

TEST_CASE("values and gradients are PyTorch's") {
  constexpr xs::Dims in = xs::Shape<32>::dims;
  test::check_golden<xs::Relu, in>(activation_x, relu_y, relu_dy, relu_dx);
  test::check_golden<xs::LeakyRelu<xs::Ratio{1, 8}>, in>(activation_x, leaky_relu_y, leaky_relu_dy, leaky_relu_dx);
  test::check_golden<xs::Sigmoid, in>(activation_x, sigmoid_y, sigmoid_dy, sigmoid_dx);
  test::check_golden<xs::Tanh, in>(activation_x, tanh_y, tanh_dy, tanh_dx);
  test::check_golden<xs::Gelu, in>(activation_x, gelu_y, gelu_dy, gelu_dx);
  test::check_golden<xs::GeluTanh, in>(activation_x, gelu_tanh_y, gelu_tanh_dy, gelu_tanh_dx);
}

TEST_CASE("gradients") {
  using In = xs::Shape<3, 5, 7>;
  test::check_gradients<xs::Relu, In>({.input = xs::CheckedInput::away_from_zero});
  test::check_gradients<xs::LeakyRelu<xs::Ratio{1, 10}>, In>({.input = xs::CheckedInput::away_from_zero});
  test::check_gradients<xs::Sigmoid, In>();
  test::check_gradients<xs::Tanh, In>();
  test::check_gradients<xs::Gelu, In>();
  test::check_gradients<xs::GeluTanh, In>();
}

TEST_CASE("the same bits on any number of threads") {
  constexpr xs::Dims in{31, 33, 17};  // 17391 elements: with batch 8 nine tasks
  test::check_threads<xs::Relu, in>(8);
  test::check_threads<xs::Gelu, in>(8);
}

TEST_CASE("a NaN passes forward and backward") {
  xs::RunLayer<xs::Relu, xs::Dims{1, 1, 20}> run({.batch = 1, .in_place = true});
  std::ranges::fill(run.input(), -1.0F);
  run.input()[4] = run.input()[19] = NAN;
  run.forward();
  CHECK(std::isnan(run.output()[4]));
  CHECK(std::isnan(run.output()[19]));
  CHECK(run.output()[5] == 0.0F);
  std::ranges::fill(run.output_gradient(), NAN);
  run.backward();
  CHECK(std::isnan(run.input_gradient()[4]));
  CHECK(run.input_gradient()[5] == 0.0F);
}
