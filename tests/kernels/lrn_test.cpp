#include "../layers/compare.hpp"
#include "reference/lrn.hpp"

#include <xstitch/kernels/lrn.hpp>

namespace xs = xstitch;
namespace kernels = xs::kernels;
using xs::Ratio;

namespace {

double value(Ratio r) { return static_cast<double>(r.numerator) / static_cast<double>(r.denominator); }

template <kernels::LrnShape S>
void sweep() {
  CAPTURE(S.channels);
  CAPTURE(S.size);
  constexpr auto channels = static_cast<std::size_t>(S.channels);
  const kernels::reference::LrnSetting setting{S.channels, S.size, value(S.alpha), value(S.beta), value(S.k)};
  for (const std::size_t pixels : {1U, 7U, 40U}) {
    const std::vector<float> x = test::random_values(pixels * channels, 1), dy = test::random_values(x.size(), 2);
    std::vector<float> y(x.size() + 1, 7.0F), dx(x.size() + 1, 7.0F), expected_y(x.size()), expected_dx(x.size());
    kernels::lrn<S>(x.data(), y.data(), pixels);
    kernels::lrn_gradient<S>(x.data(), dy.data(), dx.data(), pixels);
    for (std::size_t p = 0; p < pixels; ++p) {
      kernels::reference::lrn(setting, x.data() + p * channels, expected_y.data() + p * channels);
      kernels::reference::lrn_gradient(setting, x.data() + p * channels, dy.data() + p * channels,
                                       expected_dx.data() + p * channels);
    }
    CHECK(y.back() == 7.0F);
    CHECK(dx.back() == 7.0F);
    CHECK(test::largest_error(std::span(y).first(x.size()), expected_y) < 1e-6);
    CHECK(test::largest_error(std::span(dx).first(x.size()), expected_dx) < 2e-6);
  }
}

}  // namespace

TEST_CASE("normalisation and its gradient agree with their scalar references") {
  sweep<kernels::LrnShape{1, 5, {1}, {3, 4}, {1}}>();
  sweep<kernels::LrnShape{3, 5, {1}, {3, 4}, {2}}>();
  sweep<kernels::LrnShape{16, 3, {1}, {75, 100}, {1}}>();
  sweep<kernels::LrnShape{17, 5, {1, 2}, {1, 2}, {1}}>();
  sweep<kernels::LrnShape{33, 7, {2}, {1}, {1}}>();
  sweep<kernels::LrnShape{20, 1, {1}, {3, 5}, {1}}>();
  sweep<kernels::LrnShape{96, 5, {1}, {3, 4}, {1}}>();
}

TEST_CASE("a NaN reaches the channels whose window holds it, and no others") {
  constexpr kernels::LrnShape shape{40, 5, {1}, {3, 4}, {1}};
  std::vector<float> x(80, 0.5F), y(80);
  x[17] = NAN;
  kernels::lrn<shape>(x.data(), y.data(), 2);
  for (std::size_t c = 0; c < 80; ++c) CHECK(std::isnan(y[c]) == (c >= 15 && c <= 19));
}
