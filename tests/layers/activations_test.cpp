#include "../golden/activations.inc"
#include "../golden/more_activations.inc"
#include "compare.hpp"

#include <xstitch/layers/elu.hpp>
#include <xstitch/layers/gelu.hpp>
#include <xstitch/layers/leaky_relu.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/layers/relu6.hpp>
#include <xstitch/layers/sigmoid.hpp>
#include <xstitch/layers/softplus.hpp>
#include <xstitch/layers/swish.hpp>
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
  test::check_golden<xs::Relu6, in>(more_x, relu6_y, relu6_dy, relu6_dx);
  test::check_golden<xs::Softplus, in>(more_x, softplus_y, softplus_dy, softplus_dx);
  test::check_golden<xs::Elu<xs::Ratio{3, 2}>, in>(more_x, elu_y, elu_dy, elu_dx);
  test::check_golden<xs::Swish, in>(more_x, swish_y, swish_dy, swish_dx);
  test::check_golden<xs::HardSwish, in>(more_x, hard_swish_y, hard_swish_dy, hard_swish_dx);
  test::check_golden<xs::HardSigmoid, in>(more_x, hard_sigmoid_y, hard_sigmoid_dy, hard_sigmoid_dx);
}

TEST_CASE("gradients") {
  using In = xs::Shape<3, 5, 7>;
  test::check_gradients<xs::Relu, In>({.input = xs::CheckedInput::away_from_zero});
  test::check_gradients<xs::LeakyRelu<xs::Ratio{1, 10}>, In>({.input = xs::CheckedInput::away_from_zero});
  test::check_gradients<xs::Sigmoid, In>();
  test::check_gradients<xs::Tanh, In>();
  test::check_gradients<xs::Gelu, In>();
  test::check_gradients<xs::GeluTanh, In>();
  test::check_gradients<xs::Relu6, In>({.input = xs::CheckedInput::away_from_zero});
  test::check_gradients<xs::Softplus, In>();
  test::check_gradients<xs::Elu<xs::Ratio{3, 2}>, In>({.input = xs::CheckedInput::away_from_zero});
  test::check_gradients<xs::Swish, In>();
  test::check_gradients<xs::HardSwish, In>();  // inputs are within [-1, 1], the kinks at 3 and -3
  test::check_gradients<xs::HardSigmoid, In>();
}

namespace {

/// y = x^2, of one's own.
struct SquareFunction {
  static xs::kernels::Vector f(const xs::kernels::Vector& x) { return x * x; }
  static xs::kernels::Vector df(const xs::kernels::Vector& x, const xs::kernels::Vector& dy) { return dy * (x + x); }
};
struct Square : xs::Activation<SquareFunction> {
  static constexpr std::string_view kind = "Square";
};
static_assert(xs::Relu6::in_place && !xs::Relu6::reads_input && xs::Swish::reads_input && !xs::Swish::in_place);
static_assert(std::is_void_v<Square::fusion> && std::is_void_v<xs::Tanh::fusion>);

}  // namespace

TEST_CASE("an activation of one's own is two functions") { test::check_gradients<Square, xs::Shape<3, 5, 7>>(); }

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
