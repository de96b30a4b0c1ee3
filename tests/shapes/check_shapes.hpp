#pragma once
// The three passes of an operation at one shape against the plain reference. Data are small integers, of which float
// arithmetic makes exact sums in any order: where the algorithm only multiplies and adds, not one bit may differ.
//
// The shapes are those of the benchmarks of oneDNN (https://github.com/uxlfoundation/oneDNN, tests/benchdnn/inputs, the
// lists called shapes_*, commit 3f27bec21f): two-dimensional ones, drawn from each list in turn, in sizes that a scalar
// reference can do; batch 1 or 2 in place of theirs.
#include <xstitch/kernels/conv.hpp>
#include <xstitch/layers/average_pool.hpp>
#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/lrn.hpp>
#include <xstitch/layers/max_pool.hpp>
#include <xstitch/layers/run_layer.hpp>
#include <xstitch/layers/transposed_conv.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "../kernels/reference/batch_norm.hpp"
#include "../kernels/reference/conv.hpp"
#include "../kernels/reference/linear.hpp"
#include "../kernels/reference/lrn.hpp"
#include "../kernels/reference/pool.hpp"
#include "../kernels/reference/transposed_conv.hpp"

namespace shapes {

namespace xs = xstitch;
namespace reference = xs::kernels::reference;
using xs::Dims;
using xs::Pad;
using xs::Ratio;
using xs::Sides;
using xs::Size;
using xs::kernels::ConvShape;

/// Integers from -2 to 2.
inline void fill(std::span<float> values, std::uint64_t seed) {
  const xs::RandomKey key{xs::seed(seed)};
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(key.below(i, 5)) - 2.0F;
}
inline std::vector<float> integers(std::size_t count, std::uint64_t seed) {
  std::vector<float> values(count);
  fill(values, seed);
  return values;
}
/// `tolerance` of the largest element, or of `least` where that is more; 0: no difference.
template <class Found, class Expected>
void compare(const char* pass, const Found& found, const Expected& expected, double tolerance, double least = 0) {
  INFO(pass);
  REQUIRE(found.size() == expected.size());
  double most = least, difference = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double e = static_cast<double>(expected[i]), d = std::abs(static_cast<double>(found[i]) - e);
    most = std::max(most, std::abs(e));
    difference = d <= difference ? difference : d;  // NaN sticks
  }
  CHECK(difference <= tolerance * most);
}
/// What the sums of an algorithm may lose: Winograd's transformations divide.
inline double tolerance_of(const ConvShape& shape, xs::kernels::ConvPass pass) {
  const std::string name(xs::kernels::conv_algorithm(shape, pass, xs::Precision::fp32).name);
  return name.find("inograd") != std::string::npos ? 2e-6 : 0.0;
}

template <ConvShape S>
void convolution(std::size_t batch) {
  static_assert(S.valid());
  INFO("Conv ", S.in.height, "x", S.in.width, "x", S.in.channels, " to ", S.out_channels, ", kernel ", S.kernel.height,
       "x", S.kernel.width);
  using Conv = xs::kernels::Conv<S, xs::Precision::fp32>;
  using enum xs::kernels::ConvPass;
  const auto x = integers(batch * S.in.size(), 1), w = integers(S.weight_count(), 2);
  const auto b = integers(std::size_t{S.out_channels}, 3), dy = integers(batch * S.out().size(), 4);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> y(dy.size(), nan), dx(x.size(), nan), dw(w.size(), nan), db(b.size(), nan);
  const xs::Memory workspace(xs::kernels::conv_workspace(S, xs::Precision::fp32).bytes(batch));
  xs::ThreadPool threads(2);
  Conv::forward(batch, x.data(), w.data(), b.data(), false, y.data(), workspace.data(), threads);
  Conv::backward(
      batch, x.data(), dy.data(), w.data(), true, {.input = dx.data(), .weight = dw.data(), .bias = db.data()},
      [](auto...) { FAIL_CHECK("emitted what has a place"); }, workspace.data(), threads);
  compare("forward", y, reference::conv_forward(S, batch, x.data(), w.data(), b.data()), tolerance_of(S, forward));
  compare("gradient to the input", dx, reference::conv_backward_data(S, batch, dy.data(), w.data()),
          tolerance_of(S, backward_data));
  compare("gradient of the weights", dw, reference::conv_backward_weights(S, batch, x.data(), dy.data()),
          tolerance_of(S, backward_weights));
  compare("gradient of the bias", db, reference::bias_gradient(batch * S.out().pixels(), b.size(), dy.data()), 0);
}

template <class Layer, Dims In>
struct Ran : xs::RunLayer<Layer, In> {
  explicit Ran(std::size_t batch) : xs::RunLayer<Layer, In>({.batch = batch, .threads = 2}), size(batch) {
    fill(this->input(), 1);
    for (std::size_t p = 0; p < this->parameter_count; ++p)
      if (this->specs()[p].group != xs::ParameterGroup::buffer) fill(this->parameter(p), 2 + p);
    fill(this->output_gradient(), 9);
    x.assign(this->input().begin(), this->input().end());
    dy.assign(this->output_gradient().begin(), this->output_gradient().end());
    this->forward();
    y.assign(this->output().begin(), this->output().end());
    this->backward();
    CHECK(this->fault() == "");
  }
  std::size_t size;
  std::vector<float> x, y, dy;
};

template <Dims In, int Outputs, Size Kernel, Size Stride, Size P, int Groups>
void transposed(std::size_t batch) {
  using Layer = xs::TransposedConv<"w", Outputs, Kernel, xs::Stride<Stride>, Pad<Sides(P)>, xs::Groups<Groups>>;
  INFO("TransposedConv ", In.height, "x", In.width, "x", In.channels, " to ", Outputs, ", kernel ", Kernel.height);
  const Ran<Layer, In> ran(batch);
  const auto s = Layer::shape(In);
  std::vector<float> y(ran.y.size()), dx(ran.x.size());
  const std::size_t in = In.size(), out = s.out().size();
  for (std::size_t n = 0; n < batch; ++n) {
    reference::transposed_conv(s, &ran.x[n * in], ran.parameter(0).data(), ran.parameter(1).data(), &y[n * out]);
    reference::transposed_conv_data(s, &ran.dy[n * out], ran.parameter(0).data(), &dx[n * in]);
  }
  double tolerance[3] = {0, 0, 0};
  if (!s.single()) {
    using enum xs::kernels::ConvPass;
    tolerance[0] = tolerance_of(s.conv(), backward_data), tolerance[1] = tolerance_of(s.conv(), forward);
    tolerance[2] = tolerance_of(s.conv(), backward_weights);
  }
  compare("forward", ran.y, y, tolerance[0]);
  compare("gradient to the input", ran.input_gradient(), dx, tolerance[1]);
  compare("gradient of the weights", ran.parameter_gradient(0),
          reference::transposed_conv_weight(s, ran.x.data(), ran.dy.data(), batch), tolerance[2]);
  compare("gradient of the bias", ran.parameter_gradient(1),
          reference::bias_gradient(batch * s.out().pixels(), std::size_t{Outputs}, ran.dy.data()), 0);
}

/// Both kinds. An average divides once: the last bit.
template <Dims In, Size Kernel, Size Stride, Sides P>
void pools(std::size_t batch) {
  INFO("pools ", In.height, "x", In.width, "x", In.channels, ", window ", Kernel.height, "x", Kernel.width);
  using Max = xs::MaxPool<Kernel, Stride, Pad<P>>;
  using Average = xs::AveragePool<Kernel, Stride, Pad<P>>;
  constexpr xs::kernels::PoolShape s = Max::shape(In);
  constexpr std::size_t in = In.size(), out = s.out().size();
  const Ran<Max, In> max(batch);
  const Ran<Average, In> average(batch);
  std::vector<float> y(batch * out), mean(batch * out), dx(batch * in), dmean(batch * in);
  std::vector<std::uint8_t> argmax(out);
  for (std::size_t n = 0; n < batch; ++n) {
    reference::max_pool(s, &max.x[n * in], &y[n * out], argmax.data());
    reference::max_pool_gradient(s, &max.dy[n * out], argmax.data(), &dx[n * in]);
    reference::average_pool(s, &average.x[n * in], &mean[n * out]);
    reference::average_pool_gradient(s, &average.dy[n * out], &dmean[n * in]);
  }
  compare("maxima", max.y, y, 0);
  compare("gradient of maxima", max.input_gradient(), dx, 0);
  compare("averages", average.y, mean, 5e-7);
  compare("gradient of averages", average.input_gradient(), dmean, 5e-7);
}

template <Dims In, int Window, Ratio Alpha, Ratio Beta, Ratio K>
void response_norm(std::size_t batch) {
  INFO("Lrn ", In.height, "x", In.width, "x", In.channels);
  const Ran<xs::Lrn<Window, Alpha, Beta, K>, In> ran(batch);
  const auto value = [](Ratio r) { return static_cast<double>(r.numerator) / static_cast<double>(r.denominator); };
  const reference::LrnSetting s{In.channels, Window, value(Alpha), value(Beta), value(K)};
  std::vector<float> y(ran.y.size()), dx(ran.x.size());
  for (std::size_t i = 0; i < y.size(); i += std::size_t{In.channels}) {
    reference::lrn(s, &ran.x[i], &y[i]);
    reference::lrn_gradient(s, &ran.x[i], &ran.dy[i], &dx[i]);
  }
  compare("forward", ran.y, y, 2e-6);
  compare("gradient", ran.input_gradient(), dx, 2e-6);
}

template <Dims In>
void batch_norm(std::size_t batch) {
  INFO("BatchNorm ", In.height, "x", In.width, "x", In.channels);
  const Ran<xs::BatchNorm<"n">, In> ran(batch);
  constexpr auto channels = std::size_t{In.channels};
  const std::size_t rows = ran.x.size() / channels;
  std::vector<float> y(ran.y.size()), dx(ran.x.size());
  std::vector<double> gamma(channels), beta(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    const auto weight = static_cast<double>(ran.parameter(0)[c]), bias = static_cast<double>(ran.parameter(1)[c]);
    const reference::Moments m = reference::moments(&ran.x[c], rows, channels);
    for (std::size_t i = c; i < y.size(); i += channels)
      y[i] =
          static_cast<float>((static_cast<double>(ran.x[i]) - m.mean) / std::sqrt(m.variance + 1e-5) * weight + bias);
    const auto sums = reference::batch_norm_gradient(&ran.x[c], &ran.dy[c], &dx[c], rows, channels, weight, 1e-5);
    gamma[c] = sums.gamma, beta[c] = sums.beta;
  }
  compare("forward", ran.y, y, 2e-6);
  compare("gradient to the input", ran.input_gradient(), dx, 5e-6, 1);  // of two rows it is what nearly cancels
  compare("gradient of the weight", ran.parameter_gradient(0), gamma, 5e-6);
  compare("gradient of the bias", ran.parameter_gradient(1), beta, 0);
}

template <Dims In, int Outputs>
void inner_product(std::size_t batch) {
  INFO("Linear ", In.height, "x", In.width, "x", In.channels, " to ", Outputs);
  const Ran<xs::Linear<"w", Outputs>, In> ran(batch);
  const std::size_t in = In.size(), out = std::size_t{Outputs};
  const float *w = ran.parameter(0).data(), *b = ran.parameter(1).data();
  compare("forward", ran.y, reference::linear_forward(batch, in, out, ran.x.data(), w, b), 0);
  compare("gradient to the input", ran.input_gradient(),
          reference::linear_backward_data(batch, in, out, ran.dy.data(), w), 0);
  compare("gradient of the weights", ran.parameter_gradient(0),
          reference::linear_backward_weights(batch, in, out, ran.x.data(), ran.dy.data()), 0);
  compare("gradient of the bias", ran.parameter_gradient(1), reference::bias_gradient(batch, out, ran.dy.data()), 0);
}

}  // namespace shapes
