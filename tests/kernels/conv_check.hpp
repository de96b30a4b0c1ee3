#pragma once
// Compares the three passes of one convolution with their references, and their bits on several numbers of threads.

#include "reference/conv.hpp"

#include <xstitch/core/random.hpp>
#include <xstitch/kernels/conv_backward_data.hpp>
#include <xstitch/kernels/conv_backward_weights.hpp>
#include <xstitch/kernels/conv_forward.hpp>
#include <xstitch/kernels/simd_bf16.hpp>
#include <xstitch/layers/fenced_block.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace conv_check {

namespace xs = xstitch;
using xs::Size;
using xs::kernels::ConvShape;

/// max(0, x) of every element. One check of an array of it takes a fraction of the time of one an element.
inline std::vector<float> rectified(std::vector<float> x) {
  for (float& value : x) value = std::max(0.0F, value);
  return x;
}

inline std::vector<float> random_floats(std::size_t count, std::uint64_t seed) {
  const xs::RandomKey key{xs::seed(seed)};
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = key.uniform(i, -1.0F, 1.0F);
  return values;
}

/// Largest |a - b| where both are finite; infinite if a is not.
inline double distance(const std::vector<float>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(a[i])) return std::numeric_limits<double>::infinity();
    most = std::max(most, std::abs(static_cast<double>(a[i]) - b[i]));
  }
  return most;
}

struct Passes {
  std::vector<float> out, rectified, in_gradient, weight_gradient, bias_gradient;
  bool operator==(const Passes&) const = default;
};

/// The numbers as the arithmetic sees them.
template <class Arithmetic>
std::vector<float> operand(std::vector<float> values) {
  if (Arithmetic::per_element > 1)
    for (float& v : values) v = xs::kernels::round_to_bf16(v);
  return values;
}

/// `tolerance` is relative to the root of the number of products summed.
template <ConvShape S, class Arithmetic = xs::kernels::Fp32>
void check(std::size_t batch, double tolerance = 2e-6) {
  static_assert(S.valid());
  CAPTURE(S.in.height);
  CAPTURE(S.in.width);
  CAPTURE(S.in.channels);
  CAPTURE(S.out_channels);
  CAPTURE(S.kernel.height);
  CAPTURE(S.stride.height);
  CAPTURE(S.pad.top);
  CAPTURE(S.groups);
  CAPTURE(batch);
  const auto in = random_floats(batch * S.in.size(), 1), weights = random_floats(S.weight_count(), 2);
  const auto bias = random_floats(std::size_t{S.out_channels}, 3), dy = random_floats(batch * S.out().size(), 4);
  const auto a = operand<Arithmetic>(in), w = operand<Arithmetic>(weights), g = operand<Arithmetic>(dy);
  using Forward = xs::kernels::ConvForward<S, Arithmetic>;
  using Data = xs::kernels::ConvBackwardData<S, Arithmetic>;
  using Weights = xs::kernels::ConvBackwardWeights<S, Arithmetic>;
  const auto run = [&](std::size_t thread_count) {
    xs::ThreadPool threads(thread_count);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    Passes p{std::vector<float>(dy.size(), nan), std::vector<float>(dy.size(), nan), std::vector<float>(in.size(), nan),
             std::vector<float>(weights.size(), nan), std::vector<float>(bias.size(), nan)};
    // Each pass has the workspace that it asks for, between fences.
    const xs::FencedBlock forward(xs::kernels::forward_workspace<Arithmetic>(S));
    const xs::FencedBlock data(xs::kernels::backward_data_workspace<Arithmetic>(S));
    const xs::FencedBlock sums(xs::kernels::backward_weights_workspace<Arithmetic>(S).bytes(batch));
    Forward::run(batch, in.data(), weights.data(), bias.data(), false, p.out.data(), forward.data(), threads);
    Forward::run(batch, in.data(), weights.data(), bias.data(), true, p.rectified.data(), forward.data(), threads);
    Data::run(batch, dy.data(), weights.data(), p.in_gradient.data(), data.data(), threads);
    Weights::run_all(batch, in.data(), dy.data(), p.weight_gradient.data(), p.bias_gradient.data(), sums.data(),
                     threads);
    CHECK(forward.intact());
    CHECK(data.intact());
    CHECK(sums.intact());
    return p;
  };
  const Passes p = run(1);
  const auto expected = xs::kernels::reference::conv_forward(S, batch, a.data(), w.data(), bias.data());
  const double pixels = static_cast<double>(batch * S.out().pixels());
  CHECK(distance(p.out, expected) < tolerance * std::sqrt(S.depth() + 1.0));
  CHECK(p.rectified == rectified(p.out));
  CHECK(distance(p.in_gradient, xs::kernels::reference::conv_backward_data(S, batch, g.data(), w.data())) <
        tolerance * std::sqrt(static_cast<double>(S.taps() * S.group_out())));
  CHECK(distance(p.weight_gradient, xs::kernels::reference::conv_backward_weights(S, batch, a.data(), g.data())) <
        tolerance * std::sqrt(pixels));
  CHECK(distance(p.bias_gradient, xs::kernels::reference::bias_gradient(batch * S.out().pixels(), bias.size(),
                                                                        dy.data())) < 1e-5 * std::sqrt(pixels));
  for (const std::size_t thread_count : {std::size_t{2}, std::size_t{3}, std::size_t{7}}) CHECK(run(thread_count) == p);
}

}  // namespace conv_check
