#pragma once
// Compares the passes of one convolution on tiles with their references, emulated tiles with the unit where there is
// one, and their bits on several numbers of threads and for a part of the batch.

#include "conv_check.hpp"
#include "emulated_tiles.hpp"

#include <xstitch/kernels/tiles/conv_tiles.hpp>
#include <xstitch/kernels/tiles/conv_weight_tiles.hpp>

namespace conv_tiles_check {

namespace xs = xstitch;
namespace kernels = xstitch::kernels;
using conv_check::distance;
using conv_check::operand;
using conv_check::Passes;
using conv_check::random_floats;
using kernels::ConvShape;

template <ConvShape S, class Tiles>
Passes run(std::size_t batch, std::size_t thread_count) {
  const auto in = random_floats(batch * S.in.size(), 1), weights = random_floats(S.weight_count(), 2);
  const auto bias = random_floats(std::size_t{S.out_channels}, 3), dy = random_floats(batch * S.out().size(), 4);
  xs::ThreadPool threads(thread_count);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Passes p{std::vector<float>(dy.size(), nan), std::vector<float>(dy.size(), nan), std::vector<float>(in.size(), nan),
           std::vector<float>(weights.size(), nan), std::vector<float>(bias.size(), nan)};
  xs::Memory workspace(std::max({kernels::forward_tiles_workspace(S), kernels::backward_tiles_workspace(S),
                                 kernels::weight_tiles_workspace(S).bytes(batch)}));
  std::memset(workspace.data(), 0xFF, workspace.bytes());  // NaN
  // So is what tasks find in their scratch.
  threads.parallel_for(thread_count, [](std::size_t) { std::memset(kernels::thread_scratch(1 << 21), 0xFF, 1 << 21); });
  using Forward = kernels::TileConvForward<S, Tiles>;
  Forward::run(batch, in.data(), weights.data(), bias.data(), false, p.out.data(), workspace.data(), threads);
  Forward::run(batch, in.data(), weights.data(), bias.data(), true, p.rectified.data(), workspace.data(), threads);
  kernels::TileConvBackwardData<S, Tiles>::run(batch, dy.data(), weights.data(), p.in_gradient.data(), workspace.data(),
                                               threads);
  kernels::TileConvBackwardWeights<S, Tiles>::run_all(batch, in.data(), dy.data(), p.weight_gradient.data(),
                                                      p.bias_gradient.data(), workspace.data(), threads);
  return p;
}

template <ConvShape S>
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
  using kernels::Bf16;
  const auto a = operand<Bf16>(in), w = operand<Bf16>(weights), g = operand<Bf16>(dy);
  const Passes p = run<S, EmulatedTiles>(batch, 1);
  namespace reference = kernels::reference;
  CHECK(distance(p.out, reference::conv_forward(S, batch, a.data(), w.data(), bias.data())) <
        tolerance * std::sqrt(S.depth() + 1.0));
  CHECK(p.rectified == conv_check::rectified(p.out));
  CHECK(distance(p.in_gradient, reference::conv_backward_data(S, batch, g.data(), w.data())) <
        tolerance * std::sqrt(static_cast<double>(S.taps() * S.group_out())));
  const double pixels = static_cast<double>(batch * S.out().pixels());
  CHECK(distance(p.weight_gradient, reference::conv_backward_weights(S, batch, a.data(), g.data())) <
        tolerance * std::sqrt(pixels));
  CHECK(distance(p.bias_gradient, reference::bias_gradient(batch * S.out().pixels(), bias.size(), dy.data())) <
        1e-5 * std::sqrt(pixels));
  const auto same = [](const std::vector<float>& x, const std::vector<float>& y, std::size_t count) {
    return std::memcmp(x.data(), y.data(), count * sizeof(float)) == 0;
  };
  const Passes first = run<S, EmulatedTiles>(1, 2);
  CHECK(same(first.out, p.out, S.out().size()));
  CHECK(same(first.in_gradient, p.in_gradient, S.in.size()));
  const auto check_bits = [&](const Passes& other) {
    CHECK(same(other.out, p.out, p.out.size()));
    CHECK(same(other.rectified, p.rectified, p.out.size()));
    CHECK(same(other.in_gradient, p.in_gradient, in.size()));
    CHECK(same(other.weight_gradient, p.weight_gradient, weights.size()));
    CHECK(same(other.bias_gradient, p.bias_gradient, bias.size()));
  };
  check_bits(run<S, EmulatedTiles>(batch, 9));  // so many threads split the streams of a weight gradient, too
#if defined(__x86_64__)
  if (!xs::matrix_unit::available()) return;
  for (const std::size_t thread_count : {std::size_t{1}, std::size_t{3}})
    check_bits(run<S, kernels::UnitTiles>(batch, thread_count));
#endif
}

}  // namespace conv_tiles_check
