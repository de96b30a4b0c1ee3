#include "conv_check.hpp"

#include <xstitch/kernels/conv.hpp>

using conv_check::distance;
using conv_check::random_floats;
using xstitch::Size;
using xstitch::kernels::Bf16;
using xstitch::kernels::ConvShape;
using xstitch::kernels::Fp32;
namespace kernels = xstitch::kernels;
namespace xs = xstitch;

namespace {

/// Largest error of the forward pass, and of the input's gradient, for terms near one.
struct Errors {
  double out, in_gradient;
};

template <ConvShape S, class Forward, class BackwardData, class Arithmetic = Fp32>
Errors errors(std::size_t batch, std::size_t bytes) {
  const auto in = random_floats(batch * S.in.size(), 1), weights = random_floats(S.weight_count(), 2);
  const auto bias = random_floats(std::size_t{S.out_channels}, 3), dy = random_floats(batch * S.out().size(), 4);
  const xs::Memory workspace(bytes);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> first_out, first_gradient;
  for (const std::size_t thread_count : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}}) {
    xs::ThreadPool threads(thread_count);
    std::vector<float> out(dy.size(), nan), rectified(dy.size(), nan), gradient(in.size(), nan);
    Forward::run(batch, in.data(), weights.data(), bias.data(), false, out.data(), workspace.data(), threads);
    Forward::run(batch, in.data(), weights.data(), bias.data(), true, rectified.data(), workspace.data(), threads);
    BackwardData::run(batch, dy.data(), weights.data(), gradient.data(), workspace.data(), threads);
    for (std::size_t i = 0; i < out.size(); ++i) CHECK_EQ(rectified[i], std::max(0.0F, out[i]));
    if (thread_count == 1) {
      first_out = out;
      first_gradient = gradient;
    }
    CHECK(out == first_out);
    CHECK(gradient == first_gradient);
  }
  namespace reference = kernels::reference;
  using conv_check::operand;
  const auto a = operand<Arithmetic>(in), w = operand<Arithmetic>(weights), g = operand<Arithmetic>(dy);
  return {distance(first_out, reference::conv_forward(S, batch, a.data(), w.data(), bias.data())),
          distance(first_gradient, reference::conv_backward_data(S, batch, g.data(), w.data()))};
}

template <ConvShape S>
void check(std::size_t batch) {
  static_assert(kernels::winograd::suits(S));
  const Errors winograd =
      errors<S, kernels::WinogradForward<S>, kernels::WinogradBackwardData<S>>(batch, kernels::winograd_workspace(S));
  const Errors direct = errors<S, kernels::ConvForward<S, Fp32>, kernels::ConvBackwardData<S, Fp32>>(
      batch, std::max(kernels::forward_workspace<Fp32>(S), kernels::backward_data_workspace<Fp32>(S)));
  MESSAGE("largest error, Winograd " << winograd.out << ", " << winograd.in_gradient << "; direct " << direct.out
                                     << ", " << direct.in_gradient);
  const double factor = S.kernel == Size{3} ? 1.0 : 2.0;
  CHECK(winograd.out < factor * 2e-6 * std::sqrt(S.depth()));
  CHECK(winograd.in_gradient < factor * 2e-6 * std::sqrt(static_cast<double>(S.taps() * S.group_out())));
  CHECK(winograd.out < factor * direct.out);
  CHECK(winograd.in_gradient < factor * direct.in_gradient);
  if constexpr (kernels::suits_winograd<Bf16>(S)) {  // no instruction for bf16: the same of rounded operands
    const Errors rounded = errors<S, kernels::WinogradForward<S, Bf16>, kernels::WinogradBackwardData<S, Bf16>, Bf16>(
        batch, kernels::winograd_workspace(S));
    CHECK(rounded.out < factor * 2e-6 * std::sqrt(S.depth()));
    CHECK(rounded.in_gradient < factor * 2e-6 * std::sqrt(static_cast<double>(S.taps() * S.group_out())));
  }
}

}  // namespace

TEST_CASE("Winograd: even and odd sizes, paddings, groups, several images") {
  check<ConvShape{{13, 13, 64}, 96, 3, 1, 1, 1, 1}>(3);
  check<ConvShape{{12, 15, 128}, 160, 3, 1, 0, 1, 2}>(2);
  check<ConvShape{{10, 11, 64}, 64, 3, 1, Size{2, 0}, 1, 1}>(1);
}

TEST_CASE("Winograd: 5x5 taps") {
  check<ConvShape{{13, 13, 96}, 160, 5, 1, 2, 1, 2}>(2);
  check<ConvShape{{14, 12, 48}, 64, 5, 1, Size{1, 4}, 1, 1}>(1);
}

TEST_CASE("Winograd: the layer's kernel uses it, packed beforehand or not") {
  constexpr ConvShape S{{13, 14, 64}, 80, 3, 1, 1, 1, 1};
  using Conv = kernels::Conv<S, xs::Precision::fp32>;
  static_assert(Conv::by_winograd);
#if defined(__AVX512BF16__)
  static_assert(!kernels::Conv<S, xs::Precision::bf16>::by_winograd);
#else
  static_assert(kernels::Conv<S, xs::Precision::bf16>::by_winograd);
#endif
  const std::size_t batch = 2;
  const auto in = random_floats(batch * S.in.size(), 1), weights = random_floats(S.weight_count(), 2);
  const auto bias = random_floats(std::size_t{S.out_channels}, 3);
  xs::ThreadPool threads(2);
  const xs::Memory workspace(kernels::conv_workspace(S, xs::Precision::fp32).bytes(batch));
  const xs::Memory packed(kernels::conv_packed_bytes(S, xs::Precision::fp32));
  std::vector<float> out(batch * S.out().size()), again(out.size());
  Conv::forward(batch, in.data(), weights.data(), bias.data(), true, out.data(), workspace.data(), threads);
  Conv::pack(weights.data(), packed.data(), threads);
  Conv::forward(batch, in.data(), weights.data(), bias.data(), true, again.data(), workspace.data(), threads,
                packed.data());
  CHECK(out == again);
}

TEST_CASE("Winograd: a number that is not finite stays visible") {
  constexpr ConvShape S{{10, 10, 64}, 64, 3, 1, 1, 1, 1};
  auto in = random_floats(S.in.size(), 1);
  const auto weights = random_floats(S.weight_count(), 2);
  in[(5 * 10 + 5) * 64 + 7] = std::numeric_limits<float>::infinity();
  xs::ThreadPool threads(1);
  const xs::Memory workspace(kernels::winograd_workspace(S));
  std::vector<float> out(S.out().size());
  kernels::WinogradForward<S>::run(1, in.data(), weights.data(), nullptr, false, out.data(), workspace.data(), threads);
  CHECK_FALSE(std::isfinite(out[(5 * 10 + 5) * 64]));
  CHECK(std::isfinite(out[0]));
}
