#include "../layers/compare.hpp"
#include "reference/transposed_conv.hpp"

#include <xstitch/kernels/transposed_conv.hpp>

#include <xstitch/layers/transposed_conv.hpp>

using namespace xstitch;  // many options

namespace {

// The kernels as the layer calls them: those of convolution, or those for a group a channel.
template <class L, Dims In>
void sweep() {
  constexpr auto s = L::shape(In);
  CAPTURE(s.in.channels);
  CAPTURE(s.groups);
  constexpr std::size_t batch = 2;
  RunLayer<L, In> run({.batch = batch, .threads = 2});
  std::ranges::copy(test::random_values(run.input().size(), 1), run.input().begin());
  std::ranges::copy(test::random_values(run.parameter(0).size(), 2), run.parameter(0).begin());
  std::ranges::copy(test::random_values(run.parameter(1).size(), 3), run.parameter(1).begin());
  run.forward();
  const std::vector<float> output(run.output().begin(), run.output().end());  // backward may not find it again
  const std::vector<float> x_values(run.input().begin(), run.input().end());
  std::ranges::copy(test::random_values(run.output().size(), 4), run.output_gradient().begin());
  run.backward();
  CHECK(run.fault() == "");

  const float *x = x_values.data(), *w = run.parameter(0).data(), *dy = run.output_gradient().data();
  std::vector<float> y(run.output().size()), dx(run.input().size());
  for (std::size_t n = 0; n < batch; ++n) {
    kernels::reference::transposed_conv(s, x + n * In.size(), w, run.parameter(1).data(),
                                        y.data() + n * s.out().size());
    kernels::reference::transposed_conv_data(s, dy + n * s.out().size(), w, dx.data() + n * In.size());
  }
  const std::vector<double> dw = kernels::reference::transposed_conv_weight(s, x, dy, batch);
  CHECK(test::largest_error(output, y) < 1e-5);
  CHECK(test::largest_error(run.input_gradient(), dx) < 1e-5);
  CHECK(test::largest_error(run.parameter_gradient(0), std::vector<float>(dw.begin(), dw.end())) < 1e-5);
}

}  // namespace

TEST_CASE("transposed convolution and its gradients agree with their scalar references") {
  sweep<TransposedConv<"t", 1, 3>, Dims{3, 4, 1}>();
  sweep<TransposedConv<"t", 4, 4, Stride<2>, Pad<1>>, Dims{3, 2, 5}>();
  // A stride beyond the kernel: outputs that nothing hits.
  sweep<TransposedConv<"t", 3, Size{3, 2}, Stride<Size{2, 3}>>, Dims{2, 3, 17}>();
  sweep<TransposedConv<"t", 9, 3, Stride<2>, Pad<1>, Groups<3>>, Dims{2, 3, 6}>();
  sweep<TransposedConv<"t", 20, 2, Stride<2>, Groups<2>>, Dims{2, 2, 40}>();
}

TEST_CASE("so does the form with a group for each channel") {
  sweep<TransposedConv<"t", 3, 5, Stride<2>, Pad<2>, Groups<3>>, Dims{3, 3, 3}>();
  sweep<TransposedConv<"t", 4, Size{2, 3}, Stride<Size{3, 1}>, Groups<4>>, Dims{3, 3, 4}>();
  sweep<TransposedConv<"t", 40, 8, Stride<4>, Groups<40>>, Dims{2, 3, 40}>();
  sweep<TransposedConv<"t", 81, 7, Stride<4>, Pad<1>, Groups<81>>, Dims{3, 2, 81}>();  // more blocks than run together
}
