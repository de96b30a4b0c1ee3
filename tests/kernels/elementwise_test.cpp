#include "../layers/compare.hpp"
#include "reference/elementwise.hpp"

#include <xstitch/kernels/activations.hpp>
#include <xstitch/kernels/elementwise.hpp>

namespace xs = xstitch;
namespace kernels = xs::kernels;
namespace activations = kernels::activations;
using kernels::Vector;

namespace {

// Values of all sizes, with both zeros and the ends of the range.
std::vector<float> many_values() {
  std::vector<float> x = test::random_values(3001, 1, -12.0F, 12.0F);
  for (float v = 1e-6F; v < 1e3F; v *= 1.7F) x.insert(x.end(), {v, -v});
  x.insert(x.end(), {0.0F, -0.0F, 88.0F, -88.0F, -104.0F, 3e38F, -3e38F});
  return x;
}

template <class Function>
Vector value(const Vector& x) {
  return Function::f(x);
}
template <class Function>
Vector slope(const Vector& x) {
  return Function::df(x, Vector(1.0F));
}

template <class Operation, class Reference>
double error_of(const Operation& op, const Reference& reference) {
  const std::vector<float> x = many_values();
  std::vector<float> y(x.size());
  kernels::transform(x.data(), y.data(), x.size(), op);
  std::vector<float> expected;
  for (const float v : x) expected.push_back(static_cast<float>(reference(static_cast<double>(v))));
  return test::largest_error(y, expected, 1.0);
}

template <class Function, class Reference>
double error_against(const Reference& reference) {
  return error_of(value<Function>, reference);
}

template <class Operation>
bool keeps_nan_of(const Operation& op) {
  std::vector<float> x(37, 0.5F), y(37);
  x[3] = x[36] = NAN;  // one in a whole vector, one in the rest
  kernels::transform(x.data(), y.data(), x.size(), op);
  return std::isnan(y[3]) && std::isnan(y[36]) && std::ranges::count_if(y, [](float v) { return std::isnan(v); }) == 2;
}
template <class Function>
bool keeps_nan() {
  return keeps_nan_of(value<Function>);
}

}  // namespace

TEST_CASE("functions agree with their scalar references") {
  namespace reference = kernels::reference;
  constexpr xs::Ratio quarter{1, 4}, large{3, 2};
  CHECK(error_against<activations::Relu>(reference::relu) == 0.0);
  CHECK(error_against<activations::Relu6>(reference::relu6) == 0.0);
  CHECK(error_against<activations::LeakyRelu<quarter>>([](double x) { return reference::leaky_relu(x, 0.25); }) == 0.0);
  CHECK(error_against<activations::Elu<large>>([](double x) { return reference::elu(x, 1.5); }) < 3e-7);
  CHECK(error_against<activations::Sigmoid>(reference::sigmoid) < 3e-7);
  CHECK(error_against<activations::Tanh>([](double x) { return std::tanh(x); }) < 3e-7);
  CHECK(error_against<activations::Softplus>(reference::softplus) < 3e-7);
  CHECK(error_against<activations::HardSigmoid>(reference::hard_sigmoid) < 3e-7);
  CHECK(error_against<activations::HardSwish>(reference::hard_swish) < 3e-7);
  CHECK(error_against<activations::Swish>(reference::swish) < 6e-7);
  CHECK(error_against<activations::Gelu>(reference::gelu) < 6e-7);
  CHECK(error_against<activations::GeluTanh>(reference::gelu_tanh) < 6e-7);
  // x^2 overflows at the far end, where the density is zero.
  CHECK(error_of(slope<activations::Gelu>, reference::gelu_slope) < 1e-6);
  CHECK(error_of(slope<activations::Swish>, reference::swish_slope) < 1e-6);
}

TEST_CASE("near zero and far below it nothing cancels") {
  for (float size = 1e-7F; size < 30.0F; size *= 1.3F) {
    const auto x = static_cast<double>(-size);
    const auto close = [](const Vector& found, double expected) {
      return std::abs(static_cast<double>(found.get(0)) / expected - 1.0) < 5e-7;
    };
    CAPTURE(size);
    CHECK(close(activations::Elu<xs::Ratio{1}>::f(Vector(-size)), std::expm1(x)));
    CHECK(close(activations::Softplus::f(Vector(-size)), std::log1p(std::exp(x))));
    // From the output to the slope: the logistic function of x.
    const Vector y = activations::Softplus::f(Vector(-size));
    CHECK(close(activations::Softplus::df(y, Vector(1.0F)), 1 / (1 + std::exp(-x))));
  }
}

TEST_CASE("gradients at the ends of a range are zero, inside they are the slope") {
  const auto at = [](const Vector& v) { return v.get(0); };
  const Vector two(2.0F);
  CHECK(at(activations::Relu6::df(Vector(0.0F), two)) == 0.0F);
  CHECK(at(activations::Relu6::df(Vector(6.0F), two)) == 0.0F);
  CHECK(at(activations::Relu6::df(Vector(5.5F), two)) == 2.0F);
  CHECK(at(activations::HardSwish::df(Vector(-3.5F), two)) == 0.0F);
  CHECK(at(activations::HardSwish::df(Vector(3.5F), two)) == 2.0F);
  CHECK(at(activations::HardSigmoid::df(Vector(1.0F), two)) == 0.0F);
}

TEST_CASE("a NaN stays a NaN, and alone") {
  CHECK(keeps_nan<activations::Relu>());
  CHECK(keeps_nan<activations::Relu6>());
  CHECK(keeps_nan<activations::LeakyRelu<xs::Ratio{1, 10}>>());
  CHECK(keeps_nan<activations::Elu<xs::Ratio{1}>>());
  CHECK(keeps_nan<activations::Sigmoid>());
  CHECK(keeps_nan<activations::Tanh>());
  CHECK(keeps_nan<activations::Softplus>());
  CHECK(keeps_nan<activations::HardSigmoid>());
  CHECK(keeps_nan<activations::HardSwish>());
  CHECK(keeps_nan<activations::Swish>());
  CHECK(keeps_nan<activations::Gelu>());
  CHECK(keeps_nan<activations::GeluTanh>());
  CHECK(keeps_nan_of([](const Vector& dy) { return activations::Relu::df(Vector(1.0F), dy); }));
}

TEST_CASE("an element's bits do not depend on its place, and nothing beyond the end is touched") {
  const std::vector<float> x = test::random_values(67, 2);
  std::vector<float> whole(67);
  kernels::transform(x.data(), whole.data(), 67, value<activations::Sigmoid>);
  for (std::size_t begin = 0; begin < 67; begin += 5)
    for (std::size_t count = 0; begin + count <= 67; count += 3) {
      std::vector<float> part(count + 1, 77.0F);
      kernels::transform(x.data() + begin, part.data(), count, value<activations::Sigmoid>);
      CHECK(test::same_bits(std::span(part).first(count), std::span(whole).subspan(begin, count)));
      CHECK(part[count] == 77.0F);
    }
}

TEST_CASE("tasks cover everything once") {
  xs::ThreadPool threads(7);
  for (const std::size_t count :
       {std::size_t{0}, std::size_t{1}, std::size_t{100}, std::size_t{101}, std::size_t{950}}) {
    std::vector<int> times(count, 0);
    kernels::for_chunks(threads, count, 100, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) ++times[i];
    });
    CHECK(std::ranges::count(times, 1) == static_cast<std::ptrdiff_t>(count));
  }
}
