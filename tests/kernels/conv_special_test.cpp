// The algorithms for special sizes as a layer runs them: depthwise, as a fully connected layer, and with a stride as
// cells (their errors: conv_winograd_test.cpp).

#include "conv_check.hpp"

#include <xstitch/kernels/conv.hpp>

#include <mutex>
#include <string>

namespace {

using conv_check::distance;
using conv_check::random_floats;
using xstitch::Size;
using xstitch::kernels::ConvShape;
namespace kernels = xstitch::kernels;

/// Runs what kernels::Conv chooses, or a given kernel.
template <ConvShape S, class Kernel>
void check(std::size_t batch, xstitch::Extent workspace_extent, double tolerance = 2e-6) {
  const auto in = random_floats(batch * S.in.size(), 1), weights = random_floats(S.weight_count(), 2);
  const auto bias = random_floats(std::size_t{S.out_channels}, 3), dy = random_floats(batch * S.out().size(), 4);
  const auto run = [&](std::size_t thread_count, bool stored) {
    xstitch::ThreadPool threads(thread_count);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    conv_check::Passes p{std::vector<float>(dy.size(), nan), std::vector<float>(dy.size(), nan),
                         std::vector<float>(in.size(), nan), std::vector<float>(weights.size(), nan),
                         std::vector<float>(bias.size(), nan)};
    const xstitch::Memory workspace(workspace_extent.bytes(batch) + 64);
    Kernel::forward(batch, in.data(), weights.data(), bias.data(), false, p.out.data(), workspace.data(), threads);
    Kernel::forward(batch, in.data(), weights.data(), bias.data(), true, p.rectified.data(), workspace.data(), threads);
    kernels::ConvGradients to{p.in_gradient.data(), nullptr, nullptr};
    if (stored) to = {p.in_gradient.data(), p.weight_gradient.data(), p.bias_gradient.data()};
    std::mutex mutex;
    Kernel::backward(
        batch, in.data(), dy.data(), weights.data(), true, to,
        [&](std::size_t parameter, std::size_t offset, const float* gradient, std::size_t count) {
          const std::lock_guard lock(mutex);
          std::copy_n(gradient, count, (parameter == 0 ? p.weight_gradient : p.bias_gradient).data() + offset);
        },
        workspace.data(), threads);
    return p;
  };
  const conv_check::Passes p = run(1, true);
  using namespace kernels::reference;
  CHECK(distance(p.out, conv_forward(S, batch, in.data(), weights.data(), bias.data())) <
        tolerance * std::sqrt(S.depth() + 1.0));
  CHECK(p.rectified == conv_check::rectified(p.out));
  CHECK(distance(p.in_gradient, conv_backward_data(S, batch, dy.data(), weights.data())) <
        tolerance * std::sqrt(static_cast<double>(S.taps() * S.group_out())));
  const double pixels = static_cast<double>(batch * S.out().pixels());
  CHECK(distance(p.weight_gradient, conv_backward_weights(S, batch, in.data(), dy.data())) <
        tolerance * std::sqrt(pixels));
  CHECK(distance(p.bias_gradient, bias_gradient(batch * S.out().pixels(), bias.size(), dy.data())) <
        1e-5 * std::sqrt(pixels));
  for (const std::size_t thread_count : {std::size_t{2}, std::size_t{3}, std::size_t{7}})
    CHECK(run(thread_count, false) == p);
}

template <ConvShape S>
struct ByIm2col : kernels::Im2colConv<S, kernels::Fp32> {
  template <class... Arguments>
  static void forward(Arguments&&... arguments) {
    ByIm2col::run(std::forward<Arguments>(arguments)...);
  }
};

std::string taken(const ConvShape& s, kernels::ConvPass pass, xstitch::Precision precision) {
  return std::string(kernels::conv_algorithm(s, pass, precision).name);
}

template <ConvShape S>
void check_depthwise(std::size_t batch) {
  CHECK(taken(S, kernels::ConvPass::forward, xstitch::Precision::fp32) == "depthwise");
  check<S, kernels::Conv<S, xstitch::Precision::fp32>>(batch, kernels::conv_workspace(S, xstitch::Precision::fp32));
}
template <ConvShape S>
void check_im2col(std::size_t batch) {
  check<S, ByIm2col<S>>(batch, kernels::im2col_workspace(S));
}

}  // namespace

TEST_CASE("depthwise convolution") {
  check_depthwise<ConvShape{{7, 9, 37}, 37, 3, 1, 1, 1, 37}>(3);
  check_depthwise<ConvShape{{8, 11, 5}, 5, Size{3, 2}, Size{2, 3}, Size{0, 2}, 1, 5}>(2);
  check_depthwise<ConvShape{{9, 9, 33}, 33, 3, 2, 2, 2, 33}>(1);
  check_depthwise<ConvShape{{8, 10, 19}, 19, 3, 2, xstitch::Sides{0, 0, 1, 2}, 1, 19}>(2);
  check_depthwise<ConvShape{{4, 5, 16}, 16, 1, 1, 0, 1, 16}>(2);
}

TEST_CASE("convolution as a fully connected layer") {
  check_im2col<ConvShape{{6, 7, 9}, 40, Size{4, 5}, 1, 1, 1, 1}>(3);
  check_im2col<ConvShape{{9, 8, 3}, 10, 3, 2, 2, 2, 1}>(2);
  check_im2col<ConvShape{{8, 7, 5}, 12, 3, 2, xstitch::Sides{0, 1, 2, 0}, 1, 1}>(2);
  check_im2col<ConvShape{{3, 4, 70}, 33, 1, 1, 0, 1, 1}>(2);
}

TEST_CASE("convolution of cells") {
  constexpr ConvShape S{{41, 37, 3}, 32, 11, 4, xstitch::Sides{2, 1, 0, 3}, 1, 1};
  static_assert(kernels::winograd::suits_cells(S));
  check<S, kernels::Conv<S, xstitch::Precision::fp32>>(3, kernels::conv_workspace(S, xstitch::Precision::fp32));
}

TEST_CASE("convolution: which algorithm") {
  using enum kernels::ConvPass;
  constexpr auto fp32 = xstitch::Precision::fp32, bf16 = xstitch::Precision::bf16;
  constexpr ConvShape conv1{{227, 227, 3}, 96, 11, 4, 0, 1, 1}, conv3{{13, 13, 256}, 384, 3, 1, 1, 1, 1};
  constexpr ConvShape fc6{{9, 8, 256}, 4096, 6, 1, 0, 1, 1}, small{{4, 4, 64}, 64, 3, 1, 1, 1, 1};
  for (const auto pass : {forward, backward_data, backward_weights}) {
    CHECK(taken(conv1, pass, fp32) == (pass == backward_data ? "direct" : "Winograd of cells"));
    CHECK(taken(conv3, pass, fp32) == "Winograd");
    CHECK(taken(fc6, pass, fp32) == "im2col");
    // A processor's unit goes first; its instruction for bf16 keeps Winograd out.
    const std::string without = kernels::RoundsBeforehand<kernels::Bf16> ? "Winograd" : "direct";
    CHECK(taken(conv3, pass, bf16) ==
          (kernels::compiled_for_unit && xstitch::matrix_unit::available() ? "matrix unit" : without));
    // 28 x 28 tiles, 225 products in place of 4 x 121.
    CHECK(kernels::conv_algorithm(conv1, pass, fp32).products ==
          doctest::Approx(pass == backward_data ? 1.0 : 28.0 * 28 / (55 * 55) * 225 / 121));
    // 14 x 14 outputs in tiles of 2 x 2, 16 products in place of 36.
    CHECK(kernels::conv_algorithm(conv3, pass, fp32).products == doctest::Approx(14.0 * 14 / (13 * 13) * 16 / 36));
  }
  CHECK(taken(small, forward, fp32) == "direct");
  CHECK(taken(small, backward_data, fp32) == "direct");
  CHECK(taken(small, backward_weights, fp32) == "Winograd");
  static_assert(kernels::canonical({{4, 3, 8}, 5, 1, 1, 0, 3, 1}).in == xstitch::Dims{1, 12, 8});
}
