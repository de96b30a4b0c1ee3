#include "../golden/lrn.inc"
#include "compare.hpp"

#include <xstitch/layers/lrn.hpp>

namespace xs = xstitch;
using xs::Dims, xs::Lrn, xs::Ratio;

TEST_CASE("values and gradients are PyTorch's") {
  test::check_golden<Lrn<>, Dims{2, 2, 17}>(lrn_5_x, lrn_5_y, lrn_5_dy, lrn_5_dx);
  test::check_golden<Lrn<5, Ratio{1}, Ratio{3, 4}, Ratio{2}>, Dims{2, 2, 17}>(lrn_5_strong_x, lrn_5_strong_y,
                                                                              lrn_5_strong_dy, lrn_5_strong_dx);
  test::check_golden<Lrn<3, Ratio{1, 2}, Ratio{3, 5}>, Dims{2, 2, 4}>(lrn_3_beta_x, lrn_3_beta_y, lrn_3_beta_dy,
                                                                      lrn_3_beta_dx);
}

// With alpha 1/10000 the second term of the gradient would be too small to be missed.
TEST_CASE("gradients at alpha 1") {
  test::check_gradients<Lrn<5, Ratio{1}>, xs::Shape<2, 3, 19>>();
  test::check_gradients<Lrn<3, Ratio{2}, Ratio{3, 5}, Ratio{3, 2}>, xs::Shape<2, 3, 5>>();
}

TEST_CASE("the same bits on any number of threads") { test::check_threads<Lrn<5, Ratio{1}>, Dims{15, 15, 96}>(9); }

TEST_CASE("in the limit of a small alpha it is the identity") {
  xs::RunLayer<Lrn<5, Ratio{0}>, Dims{3, 3, 21}> run;
  const std::vector<float> x = test::random_values(run.input().size(), 4);
  std::ranges::copy(x, run.input().begin());
  run.forward();
  CHECK(test::same_bits(run.output(), x));
}
