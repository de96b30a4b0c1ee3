#include "../golden/transposed_conv.inc"
#include "compare.hpp"

#include <xstitch/layers/transposed_conv.hpp>
#include <xstitch/layers/upsample.hpp>

namespace xs = xstitch;
using namespace xstitch;  // many options

namespace {

template <class L, Dims In>
void check_pytorch(std::span<const float> x, std::span<const float> w, std::span<const float> b,
                   std::span<const float> y, std::span<const float> dy, std::span<const float> dx,
                   std::span<const float> dw, std::span<const float> db) {
  RunLayer<L, In> run({.batch = x.size() / In.size(), .threads = 2});
  REQUIRE(run.parameter(0).size() == w.size());
  std::ranges::copy(x, run.input().begin());
  std::ranges::copy(w, run.parameter(0).begin());
  if (!b.empty()) std::ranges::copy(b, run.parameter(1).begin());
  run.forward();
  CHECK(test::largest_error(run.output(), y) < 2e-6);
  std::ranges::copy(dy, run.output_gradient().begin());
  run.backward();
  CHECK(test::largest_error(run.input_gradient(), dx) < 2e-6);
  CHECK(test::largest_error(run.parameter_gradient(0), dw) < 2e-6);
  if (!b.empty()) CHECK(test::largest_error(run.parameter_gradient(1), db) < 2e-6);
  CHECK(run.fault() == "");
}

using Dense = TransposedConv<"dense", 4, 3, Stride<2>, Pad<1>>;
using Grouped = TransposedConv<"grouped", 4, Size{2, 4}, Stride<Size{1, 3}>, Pad<Size{0, 1}>, Groups<2>>;
using Single = TransposedConv<"single", 5, 4, Stride<2>, Pad<1>, Groups<5>, NoBias>;

}  // namespace

// FCN-32s: 8x10 scores of 40 classes become 288x352.
using Fcn = TransposedConv<"up", 40, 64, Stride<32>, Groups<40>, BilinearInitializer, NoBias, Frozen>;
static_assert(Fcn::output_shape({8, 10, 40}) == Dims{288, 352, 40});
static_assert(Fcn::parameters(Dims{8, 10, 40})[0].group == ParameterGroup::weight);
static_assert(Fcn::parameters(Dims{8, 10, 40})[0].learning_rate_multiplier == 0.0F);
static_assert(Fcn::parameters(Dims{8, 10, 40})[0].extents == Extents(64, 64, 1, 40));
static_assert(!Fcn::output_shape({8, 10, 80}).valid());
static_assert(!Grouped::output_shape({8, 10, 3}).valid());
static_assert(!TransposedConv<"t", 4, 3, Pad<2>>::output_shape({2, 2, 4}).valid());

TEST_CASE("values and gradients are PyTorch's") {
  check_pytorch<Dense, Dims{3, 2, 5}>(dense_x, dense_weight, dense_bias, dense_y, dense_dy, dense_dx, dense_dweight,
                                      dense_dbias);
  check_pytorch<Grouped, Dims{2, 3, 6}>(grouped_x, grouped_weight, grouped_bias, grouped_y, grouped_dy, grouped_dx,
                                        grouped_dweight, grouped_dbias);
  check_pytorch<Single, Dims{2, 3, 5}>(single_x, single_weight, {}, single_y, single_dy, single_dx, single_dweight, {});
}

TEST_CASE("gradients") {
  test::check_gradients<Dense, Shape<3, 2, 5>>();
  test::check_gradients<Single, Shape<2, 3, 5>>();
  test::check_gradients<TransposedConv<"up", 3, 4, Stride<2>, Groups<3>, BilinearInitializer, Frozen>,
                        Shape<2, 3, 3>>();
}

TEST_CASE("a frozen bilinear kernel enlarges: inside, as Upsample does") {
  constexpr Dims in{4, 5, 40};
  using Up = TransposedConv<"up", 40, 4, Stride<2>, Pad<1>, Groups<40>, BilinearInitializer, NoBias, Frozen>;
  RunLayer<Up, in> learned;
  RunLayer<Upsample<2>, in> fixed;
  const std::vector<float> x = test::random_values(learned.input().size(), 1);
  std::ranges::copy(x, learned.input().begin());
  std::ranges::copy(x, fixed.input().begin());
  learned.forward();
  fixed.forward();
  constexpr Dims out = Upsample<2>::output_shape(in);
  static_assert(Up::output_shape(in) == out);
  for (int i = 1; i + 1 < out.height; ++i) {
    const std::size_t begin = (static_cast<std::size_t>(i) * 10 + 1) * 40;
    CHECK(test::largest_error(learned.output().subspan(begin, 8 * 40), fixed.output().subspan(begin, 8 * 40)) < 1e-6);
  }
}

TEST_CASE("the same bits on any number of threads") {
  test::check_threads<TransposedConv<"t", 17, 4, Stride<2>>, Dims{9, 11, 20}>(3);
  test::check_threads<TransposedConv<"t", 20, 8, Stride<4>, Groups<20>>, Dims{9, 11, 20}>(3);
}

// The convolution between y and x has a million weights or more and few pixels: a form that the Conv layer gives to
// other kernels, with less scratch memory.
TEST_CASE("many weights for few pixels stay inside their memory") {
  using Deep = TransposedConv<"deep", 256, 4, Stride<2>, Pad<1>>;
  RunLayer<Deep, Dims{4, 4, 512}> run({.batch = 1, .threads = 2});
  std::ranges::fill(run.input(), 0.01F);
  run.forward();
  CHECK(run.fault() == "");
  std::ranges::fill(run.output_gradient(), 0.01F);
  run.backward();
  CHECK(run.fault() == "");
  RunLayer<TransposedConv<"wide", 64, 3, NoBias>, Dims{1, 2, 2048}> wide({.batch = 2, .emit_gradients = true});
  std::ranges::fill(wide.input(), 0.01F);
  wide.forward();
  std::ranges::fill(wide.output_gradient(), 0.01F);
  wide.backward();
  CHECK(wide.fault() == "");
}

TEST_CASE("a gradient that nobody wants is not made") {
  test::check_unwanted<Dense, Dims{3, 2, 5}>();
  test::check_unwanted<Single, Dims{2, 3, 5}>();
}
