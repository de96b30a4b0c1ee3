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

/// Largest errors of the forward pass and of the gradients, for terms near one.
struct Errors {
  double out, in_gradient, weight_gradient;
};

template <ConvShape S, class Forward, class BackwardData, class BackwardWeights, class Arithmetic = Fp32>
Errors errors(std::size_t batch, std::size_t bytes) {
  const auto in = random_floats(batch * S.in.size(), 1), weights = random_floats(S.weight_count(), 2);
  const auto bias = random_floats(std::size_t{S.out_channels}, 3), dy = random_floats(batch * S.out().size(), 4);
  const xs::Memory workspace(bytes);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> first_out, first_gradient, first_weights, first_bias;
  for (const std::size_t thread_count : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}}) {
    xs::ThreadPool threads(thread_count);
    std::vector<float> out(dy.size(), nan), rectified(dy.size(), nan), gradient(in.size(), nan);
    std::vector<float> weight_gradient(weights.size(), nan), bias_gradient(bias.size(), nan);
    Forward::run(batch, in.data(), weights.data(), bias.data(), false, out.data(), workspace.data(), threads);
    Forward::run(batch, in.data(), weights.data(), bias.data(), true, rectified.data(), workspace.data(), threads);
    BackwardData::run(batch, dy.data(), weights.data(), gradient.data(), workspace.data(), threads);
    BackwardWeights::run_all(batch, in.data(), dy.data(), weight_gradient.data(), bias_gradient.data(),
                             workspace.data(), threads);
    CHECK(rectified == conv_check::rectified(out));
    if (thread_count == 1) {
      first_out = out;
      first_gradient = gradient;
      first_weights = weight_gradient;
      first_bias = bias_gradient;
      // Without a bias the same weights.
      std::vector<float> again(weights.size(), nan);
      BackwardWeights::run_all(batch, in.data(), dy.data(), again.data(), nullptr, workspace.data(), threads);
      CHECK(again == first_weights);
    }
    CHECK(out == first_out);
    CHECK(gradient == first_gradient);
    CHECK(weight_gradient == first_weights);
    CHECK(bias_gradient == first_bias);
  }
  namespace reference = kernels::reference;
  using conv_check::operand;
  const std::size_t pixels = batch * S.out().pixels();
  CHECK(distance(first_bias, reference::bias_gradient(pixels, bias.size(), dy.data())) <
        1e-5 * std::sqrt(static_cast<double>(pixels)));
  const auto a = operand<Arithmetic>(in), w = operand<Arithmetic>(weights), g = operand<Arithmetic>(dy);
  return {distance(first_out, reference::conv_forward(S, batch, a.data(), w.data(), bias.data())),
          distance(first_gradient, reference::conv_backward_data(S, batch, g.data(), w.data())),
          distance(first_weights, reference::conv_backward_weights(S, batch, a.data(), g.data()))};
}

/// weight_factor: how much larger than that of direct sums the error of the weights' gradient may be.
template <ConvShape S>
void check(std::size_t batch, double weight_factor = 1.0) {
  static_assert(kernels::winograd::suits_weight_gradient(S));
  using kernels::ConvForward, kernels::ConvBackwardData, kernels::ConvBackwardWeights;
  using kernels::WinogradForward, kernels::WinogradBackwardData, kernels::WinogradBackwardWeights;
  const std::size_t bytes = std::max(kernels::winograd_workspace(S), kernels::winograd_weights_workspace(S));
  const Errors winograd =
      errors<S, WinogradForward<S>, WinogradBackwardData<S>, WinogradBackwardWeights<S>>(batch, bytes);
  const Errors direct = errors<S, ConvForward<S, Fp32>, ConvBackwardData<S, Fp32>, ConvBackwardWeights<S, Fp32>>(
      batch, std::max({kernels::forward_workspace<Fp32>(S), kernels::backward_data_workspace<Fp32>(S),
                       kernels::backward_weights_workspace<Fp32>(S).bytes(batch)}));
  MESSAGE("largest error, Winograd " << winograd.out << ", " << winograd.in_gradient << ", " << winograd.weight_gradient
                                     << "; direct " << direct.out << ", " << direct.in_gradient << ", "
                                     << direct.weight_gradient);
  const double factor = S.kernel == Size{3} ? 1.0 : 2.0;
  CHECK(winograd.out < factor * 2e-6 * std::sqrt(S.depth()));
  CHECK(winograd.in_gradient < factor * 2e-6 * std::sqrt(static_cast<double>(S.taps() * S.group_out())));
  CHECK(winograd.out < factor * direct.out);
  CHECK(winograd.in_gradient < factor * direct.in_gradient);
  CHECK(winograd.weight_gradient < weight_factor * direct.weight_gradient);
  if constexpr (kernels::conv_algorithms::Winograd::suits<Bf16>(
                    S, kernels::ConvPass::forward)) {  // no instruction for bf16: the same of rounded operands
    const Errors rounded =
        errors<S, WinogradForward<S, Bf16>, WinogradBackwardData<S, Bf16>, WinogradBackwardWeights<S, Bf16>, Bf16>(
            batch, bytes);
    CHECK(rounded.out < factor * 2e-6 * std::sqrt(S.depth()));
    CHECK(rounded.in_gradient < factor * 2e-6 * std::sqrt(static_cast<double>(S.taps() * S.group_out())));
    CHECK(rounded.weight_gradient < weight_factor * direct.weight_gradient);
  }
}

/// A strided convolution as one of cells; its gradient to the input goes directly.
template <ConvShape S>
void check_cells(std::size_t batch) {
  static_assert(kernels::winograd::suits_cells(S));
  using Conv = kernels::Conv<S, xs::Precision::fp32>;
  static_assert(std::is_same_v<typename Conv::Forward, kernels::CellForward<S>>);
  static_assert(std::is_same_v<typename Conv::BackwardWeights, kernels::CellBackwardWeights<S>>);
  using Data = kernels::ConvBackwardData<S, Fp32>;
  const std::size_t bytes = std::max({kernels::cell_weights_bytes(S), kernels::cell_gradient_workspace(S),
                                      kernels::forward_workspace<Fp32>(S), kernels::backward_data_workspace<Fp32>(S),
                                      kernels::backward_weights_workspace<Fp32>(S).bytes(batch)});
  const Errors cells = errors<S, kernels::CellForward<S>, Data, kernels::CellBackwardWeights<S>>(batch, bytes);
  const Errors direct =
      errors<S, kernels::ConvForward<S, Fp32>, Data, kernels::ConvBackwardWeights<S, Fp32>>(batch, bytes);
  MESSAGE("largest error, cells " << cells.out << ", " << cells.weight_gradient << "; direct " << direct.out << ", "
                                  << direct.weight_gradient);
  CHECK(cells.out < 2e-6 * std::sqrt(S.depth()));
  CHECK(cells.out < 1.5 * direct.out);
  CHECK(cells.weight_gradient < 1.5 * direct.weight_gradient);
  if constexpr (kernels::RoundsBeforehand<Bf16>) {
    const Errors rounded = errors<S, kernels::CellForward<S, Bf16>, kernels::ConvBackwardData<S, Bf16>,
                                  kernels::CellBackwardWeights<S, Bf16>, Bf16>(batch, 2 * bytes);
    CHECK(rounded.out < 2e-6 * std::sqrt(S.depth()));
    CHECK(rounded.weight_gradient < 1.5 * direct.weight_gradient);
  }
}

}  // namespace

TEST_CASE("Winograd of cells: strides, odd sizes, paddings, groups, a window that ends between cells or with one") {
  check_cells<ConvShape{{39, 43, 3}, 96, 11, 4, 0, 1, 1}>(3);
  check_cells<ConvShape{{35, 31, 8}, 64, 8, 4, 2, 1, 2}>(3);
  check_cells<ConvShape{{30, 33, 3}, 64, Size{5, 6}, 2, xs::Sides{1, 2, 3, 0}, 1, 1}>(1);
  check_cells<ConvShape{{29, 18, 4}, 64, Size{9, 5}, Size{4, 2}, Size{2, 1}, 1, 1}>(1);
}

TEST_CASE("Winograd of cells: where it does not pay, or is not exact enough") {
  using kernels::winograd::suits_cells;
  static_assert(suits_cells({{227, 227, 3}, 96, 11, 4, 0, 1, 1}));
  static_assert(!suits_cells({{227, 227, 3}, 96, 11, 1, 0, 1, 1}));  // no stride
  static_assert(!suits_cells({{227, 227, 3}, 96, 11, 4, 0, 2, 1}));  // dilation
  static_assert(!suits_cells({{224, 224, 3}, 64, 7, 2, 3, 1, 1}));   // 4 x 4 taps of cells
  static_assert(!suits_cells({{224, 224, 3}, 64, 3, 2, 1, 1, 1}));   // saves too few products
  static_assert(!suits_cells({{56, 56, 64}, 64, 5, 2, 2, 1, 1}));    // many channels
  static_assert(!suits_cells({{128, 128, 1}, 32, 9, 4, 2, 1, 1}));   // few products
  static_assert(!suits_cells({{31, 31, 3}, 96, 11, 4, 0, 1, 1}));    // few pixels
  static_assert(!suits_cells({{227, 227, 3}, 100, 11, 4, 0, 1, 1}) || kernels::lanes == 4);
}

TEST_CASE("Winograd: even and odd sizes, paddings, groups, several images") {
  check<ConvShape{{13, 13, 64}, 96, 3, 1, 1, 1, 1}>(3);
  check<ConvShape{{12, 15, 128}, 160, 3, 1, 0, 1, 2}>(2);
  check<ConvShape{{10, 11, 64}, 64, 3, 1, Size{2, 0}, 1, 1}>(1);
  check<ConvShape{{11, 12, 64}, 64, 3, 1, xs::Sides{0, 2, 3, 1}, 1, 1}>(2);
}

TEST_CASE("Winograd: the smallest images, for all passes and for the gradient of the weights alone") {
  static_assert(kernels::winograd::suits(ConvShape{{6, 8, 64}, 64, 3, 1, 1, 1, 1}) &&
                !kernels::winograd::suits(ConvShape{{6, 7, 64}, 64, 3, 1, 1, 1, 1}));
  check<ConvShape{{7, 7, 64}, 96, 3, 1, 1, 1, 1}>(3, 2.0);
  check<ConvShape{{6, 8, 64}, 64, 3, 1, 1, 1, 1}>(5, 2.0);
  check<ConvShape{{3, 4, 64}, 64, 3, 1, 1, 1, 1}>(6, 2.0);
  check<ConvShape{{3, 4, 64}, 64, 3, 1, 1, 1, 1}>(1, 2.0);  // fewer tiles than parts of the images
}

TEST_CASE("Winograd: 5x5 kernel") {
  check<ConvShape{{13, 13, 96}, 160, 5, 1, 2, 1, 2}>(2, 6.0);
  check<ConvShape{{14, 12, 48}, 64, 5, 1, Size{1, 4}, 1, 1}>(1, 6.0);
  check<ConvShape{{27, 27, 48}, 48, 5, 1, 2, 1, 1}>(1, 6.0);
}

TEST_CASE("Winograd: the layer's kernel uses it, packed beforehand or not") {
  constexpr ConvShape S{{13, 14, 64}, 80, 3, 1, 1, 1, 1};
  using Conv = kernels::Conv<S, xs::Precision::fp32>;
  static_assert(std::is_same_v<Conv::Forward, kernels::WinogradForward<S, Fp32>>);
  using Rounded = kernels::ConvAlgorithms::Entry<kernels::Conv<S, xs::Precision::bf16>::of_forward.otherwise>;
#if defined(__AVX512BF16__)
  static_assert(std::is_same_v<Rounded, kernels::conv_algorithms::Direct>);
#else
  static_assert(std::is_same_v<Rounded, kernels::conv_algorithms::Winograd>);
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

  // Backward, with the workspace that the layer asks for: gradients stored, and emitted.
  const auto dy = random_floats(out.size(), 4);
  const xs::Memory own(std::max(kernels::winograd_workspace(S), kernels::winograd_weights_workspace(S)));
  std::vector<float> weight(weights.size()), stored(weights.size()), taken(weights.size()), bias_gradient(bias.size());
  kernels::WinogradBackwardWeights<S>::run_all(batch, in.data(), dy.data(), weight.data(), nullptr, own.data(),
                                               threads);
  std::vector<float> in_gradient(in.size()), in_alone(in.size());
  kernels::WinogradBackwardData<S>::run(batch, dy.data(), weights.data(), in_alone.data(), own.data(), threads);
  const auto none = [](int, std::size_t, const float*, std::size_t) { FAIL("nothing is to be emitted"); };
  Conv::backward(batch, in.data(), dy.data(), weights.data(), true,
                 {in_gradient.data(), stored.data(), bias_gradient.data()}, none, workspace.data(), threads);
  CHECK(stored == weight);
  CHECK(in_gradient == in_alone);
  const auto take = [&](int parameter, std::size_t offset, const float* gradient, std::size_t count) {
    if (parameter == 0) std::copy_n(gradient, count, taken.data() + offset);
  };
  Conv::backward(batch, in.data(), dy.data(), weights.data(), true, {}, take, workspace.data(), threads);
  CHECK(taken == weight);
}

TEST_CASE("Winograd: a layer on a small image uses it for the gradient of the weights") {
  constexpr ConvShape S{{5, 4, 64}, 64, 3, 1, 1, 1, 1};
  using Conv = kernels::Conv<S, xs::Precision::fp32>;
  static_assert(std::is_same_v<Conv::Forward, kernels::ConvForward<S, Fp32>>);
  static_assert(std::is_same_v<Conv::BackwardWeights, kernels::WinogradBackwardWeights<S, Fp32>>);
  const std::size_t batch = 3;
  const auto in = random_floats(batch * S.in.size(), 1), weights = random_floats(S.weight_count(), 2);
  const auto dy = random_floats(batch * S.out().size(), 4);
  xs::ThreadPool threads(2);
  const xs::Memory workspace(kernels::conv_workspace(S, xs::Precision::fp32).bytes(batch));
  const xs::Memory own(kernels::winograd_weights_workspace(S));
  std::vector<float> weight(weights.size()), stored(weights.size()), in_gradient(in.size());
  kernels::WinogradBackwardWeights<S>::run_all(batch, in.data(), dy.data(), weight.data(), nullptr, own.data(),
                                               threads);
  const auto none = [](int, std::size_t, const float*, std::size_t) { FAIL("nothing is to be emitted"); };
  Conv::backward(batch, in.data(), dy.data(), weights.data(), false, {in_gradient.data(), stored.data()}, none,
                 workspace.data(), threads);
  CHECK(stored == weight);
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
