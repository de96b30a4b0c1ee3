#include "../layers/compare.hpp"

#include <xstitch/kernels/elementwise.hpp>
#include <xstitch/kernels/elementwise_reference.hpp>

namespace xs = xstitch;
namespace kernels = xs::kernels;

namespace {

// Values of all sizes, with both zeros and the ends of the range.
std::vector<float> many_values() {
  std::vector<float> x = test::random_values(3001, 1, -12.0F, 12.0F);
  for (float v = 1e-6F; v < 1e3F; v *= 1.7F) x.insert(x.end(), {v, -v});
  x.insert(x.end(), {0.0F, -0.0F, 88.0F, -88.0F, -104.0F, 3e38F, -3e38F});
  return x;
}

template <class Operation, class Reference>
double error_against(const Operation& op, const Reference& reference) {
  const std::vector<float> x = many_values();
  std::vector<float> y(x.size());
  kernels::transform(x.data(), y.data(), x.size(), op);
  std::vector<float> expected;
  for (const float v : x) expected.push_back(static_cast<float>(reference(static_cast<double>(v))));
  return test::largest_error(y, expected, 1.0);
}

template <class Operation>
bool keeps_nan(const Operation& op) {
  std::vector<float> x(37, 0.5F), y(37);
  x[3] = x[36] = NAN;  // one in a whole vector, one in the rest
  kernels::transform(x.data(), y.data(), x.size(), op);
  return std::isnan(y[3]) && std::isnan(y[36]) && std::ranges::count_if(y, [](float v) { return std::isnan(v); }) == 2;
}

}  // namespace

TEST_CASE("functions agree with their scalar references") {
  namespace reference = kernels::reference;
  CHECK(error_against(kernels::ReluForward{}, reference::relu) == 0.0);
  CHECK(error_against(kernels::LeakyReluForward{0.25F}, [](double x) { return reference::leaky_relu(x, 0.25); }) ==
        0.0);
  CHECK(error_against(kernels::SigmoidForward{}, reference::sigmoid) < 3e-7);
  CHECK(error_against(kernels::TanhForward{}, [](double x) { return std::tanh(x); }) < 3e-7);
  CHECK(error_against(kernels::GeluForward{}, reference::gelu) < 6e-7);
  CHECK(error_against(kernels::GeluTanhForward{}, reference::gelu_tanh) < 6e-7);
  const auto slope = [](const kernels::Vector& x) { return kernels::GeluBackward{}(x, kernels::Vector(1.0F)); };
  // x^2 overflows at the far end, where the density is zero.
  CHECK(error_against(slope, reference::gelu_slope) < 1e-6);
}

TEST_CASE("a NaN stays a NaN, and alone") {
  CHECK(keeps_nan(kernels::ReluForward{}));
  CHECK(keeps_nan(kernels::LeakyReluForward{0.1F}));
  CHECK(keeps_nan(kernels::SigmoidForward{}));
  CHECK(keeps_nan(kernels::TanhForward{}));
  CHECK(keeps_nan(kernels::GeluForward{}));
  CHECK(keeps_nan(kernels::GeluTanhForward{}));
  CHECK(keeps_nan([](const kernels::Vector& dy) { return kernels::ReluBackward{}(kernels::Vector(1.0F), dy); }));
}

TEST_CASE("an element's bits do not depend on its place, and nothing beyond the end is touched") {
  const std::vector<float> x = test::random_values(67, 2);
  std::vector<float> whole(67);
  kernels::transform(x.data(), whole.data(), 67, kernels::SigmoidForward{});
  for (std::size_t begin = 0; begin < 67; begin += 5)
    for (std::size_t count = 0; begin + count <= 67; count += 3) {
      std::vector<float> part(count + 1, 77.0F);
      kernels::transform(x.data() + begin, part.data(), count, kernels::SigmoidForward{});
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
