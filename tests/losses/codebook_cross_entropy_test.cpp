#include "loss_test_support.hpp"

#include <xstitch/layers/check_gradients.hpp>
#include <xstitch/losses/codebook_cross_entropy.hpp>

namespace golden {
#include "../golden/losses.inc"
}

using namespace loss_test;
using xs::Dims;
using xs::LabelBatch;
using Loss = xs::CodebookCrossEntropy<>;

TEST_CASE("codebook cross entropy: PyTorch's cross entropy with soft targets") {
  // Labels that have PyTorch's soft targets as codes are hard to make for a general codebook, so the codes of some
  // normals are written out and the loss is computed from their definition; PyTorch's numbers check the definition.
  const auto definition = [](const float* x, const float* t) {
    double largest = -1e30, sum = 0.0, matched = 0.0;
    for (int w = 0; w < 20; ++w) largest = std::max(largest, static_cast<double>(x[w]));
    for (int w = 0; w < 20; ++w) sum += std::exp(static_cast<double>(x[w]) - largest);
    for (int w = 0; w < 20; ++w) matched += static_cast<double>(t[w]) * static_cast<double>(x[w]);
    return largest + std::log(sum) - matched;
  };
  double mean = 0.0;
  for (int i = 0; i < 5; ++i) mean += definition(golden::soft_input + 20 * i, golden::soft_target + 20 * i) / 5;
  CHECK(mean == doctest::Approx(static_cast<double>(golden::soft_loss[0])).epsilon(1e-6));

  const auto book = xs::Codebook<20>::standard();
  constexpr Dims in{1, 5, 20};
  const auto input = vector_of(golden::soft_input);
  const LabelBatch labels{{}, random_normals(5, "soft"), {}, {}};
  double expected = 0.0;
  std::vector<float> gradient = predict<Loss, in>(input);  // replaced below
  gradient.assign(100, 0.0F);
  for (std::size_t i = 0; i < 5; ++i) {
    std::array<float, 20> target{};
    const auto code = book.encode({labels.values[3 * i], labels.values[3 * i + 1], labels.values[3 * i + 2]});
    for (std::size_t k = 0; k < 3; ++k) target[static_cast<std::size_t>(code.codeword[k])] += code.weight[k];
    expected += definition(input.data() + 20 * i, target.data());
    for (std::size_t w = 0; w < 20; ++w)  // PyTorch's gradient, with its target exchanged for ours
      gradient[20 * i + w] = golden::soft_gradient[20 * i + w] + (golden::soft_target[20 * i + w] - target[w]) / 5.0F;
  }
  const auto result = run<Loss, in>(input, labels);
  CHECK(result.loss.sum == doctest::Approx(expected).epsilon(1e-6));
  check_close(result.gradient, gradient);
}

TEST_CASE("codebook cross entropy: gradient, missing labels, masks, values that are not finite, threads") {
  constexpr Dims in{1, 2, 20};
  const auto input = random_values(3 * in.size(), "codebook");
  LabelBatch labels{{}, random_normals(6, "codebook labels"), {}, {}};
  check_gradient<Loss, in>(input, labels);
  check_missing<Loss, in>(input, labels);
  check_not_laundered<Loss, in>(input, labels);
  labels.values[4] = std::numeric_limits<float>::quiet_NaN();
  CHECK_FALSE(std::isfinite(run<Loss, in>(input, labels).loss.sum));
  labels.mask = {1, 0, 1, 1, 1, 1};
  labels.values[6] = labels.values[7] = labels.values[8] = 0.0F;  // no direction: as masked
  const auto masked = run<Loss, in>(input, labels);
  CHECK(masked.loss.normaliser == 4.0);
  for (std::size_t i = 20; i < 60; ++i) CHECK(masked.gradient[i] == 0.0F);

  constexpr Dims large{40, 50, 20};
  LabelBatch many{{}, random_normals(4 * large.pixels(), "codebook many"), {}, {}};
  for (std::size_t i = 0; i < 4 * large.pixels(); ++i) many.mask.push_back(i % 5 == 0 ? 0 : 1);
  REQUIRE(xs::losses::Chunks(4 * large.pixels(), 20).count > 7);
  check_threads<Loss, large>(random_values(4 * large.size(), "codebook threads"), many);
}

TEST_CASE("codebook cross entropy: sure logits decode to the codeword, both rules; a wrong codebook is refused") {
  constexpr Dims in{1, 20, 20};
  const auto book = xs::Codebook<20>::standard();
  std::vector<float> input(in.size(), 0.0F);
  for (std::size_t w = 0; w < 20; ++w) input[21 * w] = 40.0F;
  check_close(predict<Loss, in>(input), book.codewords());
  check_close(predict<xs::CodebookCrossEntropy<20, xs::CodebookDecoding::best_triangle>, in>(input), book.codewords());
  const auto spread = predict<Loss, in>(random_values(in.size(), "spread"));
  for (std::size_t i = 0; i < 20; ++i) CHECK(xs::losses::length(spread.data() + 3 * i) == doctest::Approx(1.0));

  const LabelBatch labels{{}, random_normals(20, "refused"), {}, {}};
  CHECK(contains(error_of<Loss, in>(input, labels, {std::vector<float>(60, 0.0F)}), "codebook: codeword 0"));
  static_assert(Loss::unit_vectors);
  static_assert(!Loss::label({4, 5, 19}).shape.valid() && !Loss::requirement.empty());
  static_assert(!Loss::Prediction::output_shape({4, 5, 19}).valid());
  static_assert(Loss::Prediction::output_shape(in) == Dims{1, 20, 3});
  CHECK(Loss::parameters(in)[0].name == "codebook");
  CHECK(Loss::metric(in)->values()[1].name == "median");
}

TEST_CASE("codebook cross entropy: samples of several rows") {
  constexpr Dims in{1, 2, 20};
  const LabelBatch labels{{}, random_normals(12, "codebook rows"), {1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1}, {}};
  check_rows<Loss, in>(random_values(6 * in.size(), "codebook rows"), labels);
}

TEST_CASE("codebook decoding is a layer: its gradients, both rules") {
  const auto all = xs::check_gradients<xs::CodebookDecode<7>, xs::Shape<2, 3, 7>>();
  CHECK_MESSAGE(all.ok, all.text());
  using Triangle = xs::CodebookDecode<20, xs::CodebookDecoding::best_triangle>;
  const auto triangle = xs::check_gradients<Triangle, xs::Shape<2, 2, 20>>({.step = 1.0F / 128.0F});
  CHECK_MESSAGE(triangle.ok, triangle.text());
  CHECK(xs::to_string(Triangle::attributes()[1]) == "decoding best triangle");
}

TEST_CASE("codebook cross entropy: descending its gradient finds the label") {
  constexpr Dims in{1, 3, 20};
  const LabelBatch labels{{}, {0, 0, 1, 0.6F, 0, 0.8F, -0.36F, 0.48F, 0.8F}, {}, {}};
  std::vector<float> input(in.size(), 0.0F);
  for (int step = 0; step < 300; ++step) {
    const auto gradient = run<Loss, in>(input, labels).gradient;
    for (std::size_t i = 0; i < input.size(); ++i) input[i] -= 10.0F * gradient[i];
  }
  const auto found = predict<Loss, in>(input);
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(xs::NormalsMetric::degrees_between(found.data() + 3 * i, labels.values.data() + 3 * i) < 1.0);
}
