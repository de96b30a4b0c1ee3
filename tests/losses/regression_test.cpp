#include "loss_test_support.hpp"

#include <xstitch/losses/regression.hpp>

namespace golden {
#include "../golden/losses.inc"
}

using namespace loss_test;
using xs::Dims;
using xs::ElementMasked;
using xs::LabelBatch;

constexpr Dims map{2, 3, 4};

template <class Loss>
void check_golden(float loss, std::span<const float> gradient) {
  const LabelBatch labels{{}, vector_of(golden::difference_target), vector_of(golden::difference_mask), {}};
  const auto result = run<Loss, map>(vector_of(golden::difference_input), labels);
  CHECK(result.loss.value() == doctest::Approx(static_cast<double>(loss)).epsilon(1e-6));
  check_close(result.gradient, gradient);

  // The same marks spread over the elements.
  LabelBatch wide = labels;
  wide.mask.clear();
  for (const std::uint8_t mark : labels.mask) wide.mask.insert(wide.mask.end(), 4, mark);
  const auto same = run<ElementMasked<Loss>, map>(vector_of(golden::difference_input), wide);
  CHECK(same.loss.normaliser == result.loss.normaliser);
  CHECK(same.loss.sum == doctest::Approx(result.loss.sum));
  check_close(same.gradient, gradient);
}

TEST_CASE("L1, L2, SmoothL1: PyTorch's values") {
  check_golden<xs::L1>(golden::l1_loss[0], golden::l1_gradient);
  check_golden<xs::L2>(golden::l2_loss[0], golden::l2_gradient);
  check_golden<xs::SmoothL1>(golden::smooth_l1_loss[0], golden::smooth_l1_gradient);
}

TEST_CASE_TEMPLATE("regression losses: gradient, missing labels, threads, values that are not finite", Loss, xs::L1,
                   xs::L2, xs::SmoothL1, ElementMasked<xs::SmoothL1>) {
  constexpr Dims in{1, 2, 3};
  const auto input = random_values(3 * in.size(), "regression");
  LabelBatch labels{{}, random_values(3 * in.size(), "target"), {}, {}};
  check_gradient<Loss, in>(input, labels, 0x1p-10F);
  check_missing<Loss, in>(input, labels);
  check_not_laundered<Loss, in>(input, labels);
  labels.values[2] = std::numeric_limits<float>::quiet_NaN();
  CHECK_FALSE(std::isfinite(run<Loss, in>(input, labels).loss.sum));
  labels.mask.assign(3 * Loss::label(in).mask.size(), 1);
  labels.mask[Loss::label(in).mask.channels == 1 ? 0 : 2] = 0;  // the mark over element 2
  const auto masked = run<Loss, in>(input, labels);
  CHECK(std::isfinite(masked.loss.sum));
  CHECK(masked.gradient[2] == 0.0F);

  constexpr Dims large{80, 100, 3};
  const auto many = random_values(8 * large.size(), "regression threads");
  LabelBatch targets{{}, random_values(many.size(), "targets"), {}, {}};
  for (std::size_t i = 0; i < 8 * Loss::label(large).mask.size(); ++i) targets.mask.push_back(i % 5 == 0 ? 0 : 1);
  REQUIRE(xs::losses::Chunks(8 * large.pixels(), 3).count > 7);
  check_threads<Loss, large>(many, targets);
}

TEST_CASE("regression losses: samples of several rows; a single valid element of an element mask") {
  constexpr Dims in{1, 2, 3};
  LabelBatch labels{{}, random_values(6 * in.size(), "rows target"), {1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1}, {}};
  const auto input = random_values(6 * in.size(), "rows");
  check_rows<xs::L2, in>(input, labels);
  labels.mask.assign(6 * in.size(), 1);
  labels.mask[20] = 0;
  check_rows<ElementMasked<xs::L1>, in>(input, labels);
  labels.mask.assign(6 * in.size(), 0);
  labels.mask[20] = 1;
  const auto one = run<ElementMasked<xs::L2>, in>(input, labels, 1, 2.0F);
  const float d = input[20] - labels.values[20];
  CHECK(one.loss.normaliser == 1.0);
  CHECK(one.loss.value() == doctest::Approx(static_cast<double>(d) * static_cast<double>(d)));
  for (std::size_t i = 0; i < input.size(); ++i) CHECK(one.gradient[i] == (i == 20 ? 4.0F * d : 0.0F));
}

TEST_CASE("regression losses: by hand, prediction, metric") {
  constexpr Dims in{1, 1, 2};
  const LabelBatch labels{{}, {1.0F, -1.0F}, {}, {}};
  const std::vector<float> input{1.5F, 2.0F};  // differences 0.5 and 3
  CHECK(run<xs::L1, in>(input, labels).loss.value() == 1.75);
  CHECK(run<xs::L2, in>(input, labels).loss.value() == 4.625);
  CHECK(run<xs::SmoothL1, in>(input, labels).loss.value() == (0.125 + 2.5) / 2);
  CHECK(run<xs::L2, in>(input, labels).gradient == std::vector<float>{0.5F, 3.0F});
  CHECK(run<xs::L1, in>(input, labels, 1, 4.0F).gradient == std::vector<float>{2.0F, 2.0F});
  CHECK(run<xs::L1, in>({1.0F, -1.0F}, labels).gradient == std::vector<float>{0.0F, 0.0F});
  CHECK(predict<xs::L1, in>(input) == input);
  CHECK(xs::L1::metric(in)->values()[0].name == "RMSE");
  static_assert(xs::traits::kind<xs::SmoothL1>() == "SmoothL1");
  static_assert(xs::traits::kind<ElementMasked<xs::SmoothL1>>() == "SmoothL1");
  CHECK(xs::to_string(xs::L2::attributes()[0]) == "mask pixel");
  CHECK(xs::to_string(ElementMasked<xs::L2>::attributes()[0]) == "mask element");
  static_assert(xs::L1::label(map).mask == Dims{2, 3, 1});
  static_assert(ElementMasked<xs::L1>::label(map).mask == map);
}
