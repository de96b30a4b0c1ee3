#include "../layers/compare.hpp"
#include "reference/upsample.hpp"

#include <xstitch/kernels/upsample.hpp>

namespace xs = xstitch;
namespace kernels = xs::kernels;

namespace {

template <kernels::UpsampleShape S>
void sweep() {
  CAPTURE(S.in.channels);
  const std::size_t in = S.in.size(), out = S.out().size();
  const std::vector<float> x = test::random_values(in, 1), dy = test::random_values(out, 2);
  std::vector<float> y(out), dx(in), expected_y(out), expected_dx(in);
  for (int row = 0; row < S.out().height; ++row)
    kernels::upsample_row<S>(x.data(), y.data() + static_cast<std::ptrdiff_t>(row) * S.out().width * S.in.channels,
                             row);
  for (int row = 0; row < S.in.height; ++row)
    kernels::upsample_gradient_row<S>(dy.data(),
                                      dx.data() + static_cast<std::ptrdiff_t>(row) * S.in.width * S.in.channels, row);
  kernels::reference::upsample(S, x.data(), expected_y.data());
  kernels::reference::upsample_gradient(S, dy.data(), expected_dx.data());
  CHECK(test::largest_error(y, expected_y) < 1e-6);
  CHECK(test::largest_error(dx, expected_dx) < 2e-6);
}

}  // namespace

TEST_CASE("enlargement and its gradient agree with their scalar references") {
  sweep<kernels::UpsampleShape{{1, 1, 1}, 2}>();
  sweep<kernels::UpsampleShape{{3, 4, 3}, 2}>();
  sweep<kernels::UpsampleShape{{2, 5, 17}, {3, 4}}>();
  sweep<kernels::UpsampleShape{{4, 1, 5}, {1, 5}}>();
  sweep<kernels::UpsampleShape{{3, 3, 40}, 8}>();
}
