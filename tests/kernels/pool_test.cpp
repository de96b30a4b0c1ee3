#include "../layers/compare.hpp"
#include "reference/pool.hpp"

#include <xstitch/kernels/pool.hpp>

namespace xs = xstitch;
namespace kernels = xs::kernels;
using kernels::PoolAxis, kernels::PoolShape;

namespace {

template <PoolShape S>
void sweep() {
  CAPTURE(S.channels);
  CAPTURE(S.rows.in);
  CAPTURE(S.columns.kernel);
  const std::size_t in = S.in().size(), out = S.out().size();
  const auto in_row = in / static_cast<std::size_t>(S.rows.in), out_row = out / static_cast<std::size_t>(S.rows.out);
  std::vector<float> x = test::random_values(in, 1, -3.0F, -1.0F);  // all negative: padding must not win
  for (float& v : x) v = std::round(v * 8.0F) / 8.0F;               // many equal values
  const std::vector<float> dy = test::random_values(out, 2);
  if (in > 40) x[17] = x[40] = NAN;

  std::vector<float> y(out, 55.0F), expected(out), inference(out, 55.0F);
  std::vector<std::uint8_t> argmax(out, 99), expected_argmax(out);
  kernels::reference::max_pool(S, x.data(), expected.data(), expected_argmax.data());
  for (int row = 0; row < S.rows.out; ++row) {
    const std::size_t at = static_cast<std::size_t>(row) * out_row;
    kernels::max_pool_row<S, true>(x.data(), y.data() + at, argmax.data() + at, row);
    kernels::max_pool_row<S, false>(x.data(), inference.data() + at, nullptr, row);
  }
  CHECK(test::largest_error(y, expected) == 0.0);
  CHECK(test::largest_error(inference, expected) == 0.0);
  CHECK(argmax == expected_argmax);

  std::vector<float> dx(in, 55.0F), expected_dx(in);
  kernels::reference::max_pool_gradient(S, dy.data(), argmax.data(), expected_dx.data());
  for (int row = 0; row < S.rows.in; ++row)
    kernels::max_pool_gradient_row<S>(dy.data(), argmax.data(), dx.data() + static_cast<std::size_t>(row) * in_row,
                                      row);
  CHECK(test::largest_error(dx, expected_dx) < 1e-6);

  kernels::reference::average_pool(S, x.data(), expected.data());
  for (int row = 0; row < S.rows.out; ++row)
    kernels::average_pool_row<S>(x.data(), y.data() + static_cast<std::size_t>(row) * out_row, row);
  CHECK(test::largest_error(y, expected) < 1e-6);
  kernels::reference::average_pool_gradient(S, dy.data(), expected_dx.data());
  for (int row = 0; row < S.rows.in; ++row)
    kernels::average_pool_gradient_row<S>(dy.data(), dx.data() + static_cast<std::size_t>(row) * in_row, row);
  CHECK(test::largest_error(dx, expected_dx) < 1e-6);
}

constexpr PoolShape square(int height, int width, int channels, int kernel, int stride, int pad, bool ceil,
                           bool include = false) {
  return {PoolAxis::make(height, kernel, stride, pad, ceil), PoolAxis::make(width, kernel, stride, pad, ceil), channels,
          include};
}

}  // namespace

TEST_CASE("pooling agrees with its scalar reference") {
  sweep<square(8, 7, 1, 2, 2, 0, false)>();
  sweep<square(8, 7, 3, 3, 2, 0, true)>();
  sweep<square(9, 6, 4, 3, 2, 1, true, true)>();
  sweep<square(5, 5, 5, 3, 1, 1, false)>();
  sweep<square(6, 11, 10, 2, 3, 0, true)>();  // a stride beyond the window leaves elements out
  sweep<square(7, 7, 16, 3, 2, 0, true)>();
  sweep<square(7, 8, 17, 3, 2, 1, false, true)>();
  sweep<square(5, 6, 31, 5, 1, 2, true)>();
  sweep<square(9, 9, 96, 3, 2, 0, false)>();
  sweep<square(1, 1, 33, 1, 1, 0, false)>();
  sweep<square(2, 3, 2, 3, 2, 1, true)>();
  sweep<square(2, 2, 19, 3, 2, 0, true)>();  // a window larger than the input
  sweep<square(1, 2, 6, 4, 3, 1, true, true)>();
  sweep<PoolShape{PoolAxis::make(8, 3, 2, 0, 1, false), PoolAxis::make(7, 3, 2, 2, 0, true), 18,
                  true}>();  // four sides
  sweep<PoolShape{PoolAxis::make(6, 2, 1, 1, false), PoolAxis::make(9, 3, 2, 0, true), 20, true}>();
}

TEST_CASE("sizes: floor, ceil, and the last window that would start beyond the input") {
  CHECK(PoolAxis::make(55, 3, 2, 0, true).out == 27);
  CHECK(PoolAxis::make(32, 3, 2, 0, false).out == 15);
  CHECK(PoolAxis::make(32, 3, 2, 0, true).out == 16);
  CHECK(PoolAxis::make(6, 3, 2, 1, true).out == 4);  // starts at 5: inside
  CHECK(PoolAxis::make(5, 2, 2, 1, true).out == 3);  // 6 -> 3.5 + 1: the fourth would start at 5
  CHECK(PoolAxis::make(4, 1, 3, 0, true).out == 2);
  CHECK(PoolAxis::make(2, 3, 1, 0, true).out == 0);  // does not fit
  CHECK(PoolAxis::make(2, 3, 1, 1, true).out == 2);
  CHECK(PoolAxis::make(2, 3, 2, 0, true).out == 1);  // ceil(-1 / 2) + 1
  CHECK(PoolAxis::make(1, 3, 2, 0, true).out == 0);
  CHECK(PoolAxis::make(1, 5, 3, 1, true).out == 1);
  CHECK(PoolAxis::make(2, 3, 2, 0, false).out == 0);
  CHECK(PoolAxis::make(112, 3, 2, 0, 1, false).out == 56);  // TensorFlow's
  CHECK(PoolAxis::make(5, 2, 2, 0, 1, true).out == 3);
}

TEST_CASE("windows() is the inverse of elements()") {
  for (const int kernel : {1, 2, 3, 5})
    for (const int stride : {1, 2, 3})
      for (int pad = 0; pad < kernel * kernel; ++pad)
        for (const bool ceil : {false, true}) {
          const PoolAxis axis = PoolAxis::make(11, kernel, stride, pad % kernel, pad / kernel, ceil);
          for (int element = 0; element < axis.in; ++element) {
            const auto windows = axis.windows(element);
            for (int o = 0; o < axis.out; ++o) {
              const bool covers = axis.elements(o).begin <= element && element < axis.elements(o).end;
              CHECK(covers == (windows.begin <= o && o < windows.end));
            }
          }
        }
}

TEST_CASE("a NaN wins, wherever it is in the window, and is alone in its gradient") {
  constexpr PoolShape shape = square(3, 3, 16, 3, 3, 0, false);
  for (std::size_t at = 0; at < 9; ++at) {
    std::vector<float> x(9 * 16, 1.0F), y(16), dx(9 * 16);
    x[at * 16 + 5] = NAN;
    std::vector<std::uint8_t> argmax(16);
    kernels::max_pool_row<shape, true>(x.data(), y.data(), argmax.data(), 0);
    CHECK(std::isnan(y[5]));
    CHECK(argmax[5] == at);
    CHECK(y[4] == 1.0F);
    CHECK(argmax[4] == 0);  // the first of equals
  }
}
