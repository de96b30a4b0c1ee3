#include "loss_test_support.hpp"

#include <xstitch/losses/regression.hpp>
#include <xstitch/losses/sigmoid_cross_entropy.hpp>
#include <xstitch/losses/weighted.hpp>

namespace golden {
#include "../golden/losses.inc"
}

using namespace loss_test;
using xs::Dims;
using xs::LabelBatch;
using xs::SigmoidCrossEntropy;

TEST_CASE("sigmoid cross entropy: PyTorch's values") {
  const LabelBatch labels{{}, vector_of(golden::binary_labels), vector_of(golden::binary_mask), {}};
  const auto result = run<SigmoidCrossEntropy, Dims{1, 1, 7}>(vector_of(golden::binary_input), labels);
  CHECK(result.loss.value() == doctest::Approx(static_cast<double>(golden::binary_loss[0])).epsilon(1e-6));
  check_close(result.gradient, golden::binary_gradient);
}

TEST_CASE("sigmoid cross entropy: gradient, missing labels, threads, values that are not finite") {
  constexpr Dims in{1, 2, 3};
  const auto input = random_values(3 * in.size(), "sigmoid");
  LabelBatch labels{{}, {1, 0, 1, 0, 0, 1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0}, {}, {}};
  check_gradient<SigmoidCrossEntropy, in>(input, labels);
  check_missing<SigmoidCrossEntropy, in>(input, labels);
  check_not_laundered<SigmoidCrossEntropy, in>(input, labels);
  labels.mask.assign(18, 1);
  labels.mask[4] = 0;
  check_gradient<SigmoidCrossEntropy, in>(input, labels);
  CHECK(run<SigmoidCrossEntropy, in>(input, labels).gradient[4] == 0.0F);
  CHECK(run<SigmoidCrossEntropy, in>(input, labels).loss.normaliser == 17.0);

  constexpr Dims wide{50, 40, 64};
  const auto many = random_values(2 * wide.size(), "sigmoid threads");
  LabelBatch bits;
  for (std::size_t i = 0; i < many.size(); ++i) {
    bits.values.push_back(i % 3 == 0 ? 1.0F : 0.0F);
    bits.mask.push_back(i % 7 == 0 ? 0 : 1);
  }
  REQUIRE(xs::losses::Chunks(many.size(), 1).count > 7);
  check_threads<SigmoidCrossEntropy, wide>(many, bits);
}

TEST_CASE("sigmoid cross entropy: extreme logits are exact, labels other than 0 and 1 are refused") {
  constexpr Dims in{1, 1, 4};
  const std::vector<float> input{-100.0F, 100.0F, -100.0F, 3e38F};
  const auto result = run<SigmoidCrossEntropy, in>(input, {{}, {1, 0, 0, 1}, {}, {}});
  CHECK(result.loss.sum == doctest::Approx(200.0));
  check_close(result.gradient, std::vector<float>{-0.25F, 0.25F, 0.0F, 0.0F});
  check_close(predict<SigmoidCrossEntropy, in>(input), std::vector<float>{0, 1, 0, 1});
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(contains(error_of<SigmoidCrossEntropy, in>(input, {{}, {1, 0, 0.5F, 1}, {}, {}}), "label 0.5 of sample 0"));
  CHECK(contains(error_of<SigmoidCrossEntropy, in>(input, {{}, {1, 0, nan, 1}, {}, {}}), "element 2"));
  CHECK(error_of<SigmoidCrossEntropy, in>(input, {{}, {1, 0, nan, 1}, {1, 1, 0, 1}, {}}).empty());
  CHECK(contains(error_of<SigmoidCrossEntropy, in>(input, {{}, {1, 0, 0, 1}, {1}, {}}), "1 mask values, expected 4"));
  CHECK(SigmoidCrossEntropy::metric(in)->values()[0].name == "mean average precision");
}

TEST_CASE("sigmoid cross entropy: samples of several rows") {
  constexpr Dims in{1, 1, 2};
  LabelBatch labels{{}, {1, 0, 1, 0, 0, 1, 0, 0, 1, 1, 1, 0}, {1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1}, {}};
  check_rows<SigmoidCrossEntropy, in>(random_values(12, "sigmoid rows"), labels);
  labels.rows = 3;
  labels.values[9] = 0.5F;
  CHECK(contains(error_of<SigmoidCrossEntropy, in>(random_values(12, "sigmoid rows"), labels),
                 "label 0.5 of sample 1 of the batch, region 1, element 1"));
}

namespace {

/// A loss that declares no attributes and no kind.
template <int Power>
struct Bare {
  static constexpr xs::LabelSpec label(Dims in) { return {xs::LabelKind::real, in, {}, 0}; }
};

template <class Loss>
std::string attributes_of() {
  std::string all;
  for (const xs::Attribute& attribute : xs::traits::attributes<Loss>(Dims{1, 1, 20}))
    all += to_string(attribute) + "; ";
  return all;
}

}  // namespace

TEST_CASE("a weight is an attribute beside those of the loss") {
  using xs::Ratio, xs::Weighted;
  CHECK(attributes_of<Weighted<SigmoidCrossEntropy, Ratio{2, 64}>>() == "weight 1/32; ");
  CHECK(attributes_of<Weighted<Weighted<xs::L1, Ratio{1, 2}>, Ratio{2, 3}>>() == "mask pixel; weight 1/3; ");
  static_assert(xs::traits::kind<Weighted<xs::L1, Ratio{1, 2}>>() == "L1");
  static_assert(xs::traits::kind<Weighted<Weighted<xs::L2, Ratio{1, 2}>, Ratio{1, 2}>>() == "L2");
  static_assert(xs::traits::kind<Weighted<Bare<3>, Ratio{1, 2}>>() == "Bare");
  const std::string bare = attributes_of<Weighted<Bare<3>, Ratio{1, 2}>>();
  CHECK(contains(bare, "Bare<3>"));
  CHECK(contains(bare, "weight 1/2"));
  static_assert(std::is_same_v<Weighted<xs::L1, Ratio{1, 2}>::Prediction, xs::Identity>);
  static_assert(xs::Loss<Weighted<Bare<3>, Ratio{1, 2}>>);
}

TEST_CASE("a weighted loss carries its weight and is otherwise the same") {
  using Small = xs::Weighted<SigmoidCrossEntropy, xs::Ratio{1, 64}>;
  using Smaller = xs::Weighted<Small, xs::Ratio{1, 2}>;
  static_assert(xs::loss_weight<SigmoidCrossEntropy>() == xs::Ratio{1, 1});
  static_assert(xs::loss_weight<Small>() == xs::Ratio{1, 64});
  static_assert(xs::loss_weight<Smaller>() == xs::Ratio{1, 128});
  constexpr Dims in{1, 1, 4};
  const auto input = random_values(4, "weighted");
  const LabelBatch labels{{}, {1, 0, 0, 1}, {}, {}};
  const auto plain = run<SigmoidCrossEntropy, in>(input, labels);
  const auto weighted = run<Small, in>(input, labels, 1, xs::loss_weight<Small>().value());
  CHECK(weighted.loss.sum == plain.loss.sum);
  for (std::size_t i = 0; i < 4; ++i) CHECK(weighted.gradient[i] == plain.gradient[i] / 64.0F);
}
