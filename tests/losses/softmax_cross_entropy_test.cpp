#include "loss_test_support.hpp"

#include <xstitch/losses/softmax_cross_entropy.hpp>

namespace golden {
#include "../golden/losses.inc"
}

using namespace loss_test;
using xs::ClassWeightedSoftmaxCrossEntropy;
using xs::Dims;
using xs::LabelBatch;
using xs::SoftmaxCrossEntropy;

TEST_CASE("softmax cross entropy: PyTorch's values, per sample, per pixel, with class weights") {
  {
    const auto result = run<SoftmaxCrossEntropy, Dims{1, 1, 21}>(vector_of(golden::sample_input),
                                                                 {vector_of(golden::sample_labels), {}, {}, {}});
    CHECK(result.loss.value() == doctest::Approx(static_cast<double>(golden::sample_loss[0])).epsilon(1e-6));
    CHECK(result.loss.normaliser == 5.0);
    check_close(result.gradient, golden::sample_gradient);
  }
  constexpr Dims map{3, 5, 13};
  const LabelBatch labels{vector_of(golden::pixel_labels), {}, {}, {}};
  {
    const auto result = run<SoftmaxCrossEntropy, map>(vector_of(golden::pixel_input), labels);
    CHECK(result.loss.value() == doctest::Approx(static_cast<double>(golden::pixel_loss[0])).epsilon(1e-6));
    CHECK(result.loss.normaliser == 27.0);
    check_close(result.gradient, golden::pixel_gradient);
  }
  {
    const auto result = run<ClassWeightedSoftmaxCrossEntropy, map>(vector_of(golden::pixel_input), labels, 1, 1.0F,
                                                                   {vector_of(golden::pixel_class_weights)});
    CHECK(result.loss.value() == doctest::Approx(static_cast<double>(golden::pixel_weighted_loss[0])).epsilon(1e-6));
    check_close(result.gradient, golden::pixel_weighted_gradient);
  }
  {  // weights of 1, the first values, change nothing
    const auto plain = run<SoftmaxCrossEntropy, map>(vector_of(golden::pixel_input), labels);
    const auto weighted = run<ClassWeightedSoftmaxCrossEntropy, map>(vector_of(golden::pixel_input), labels);
    CHECK(plain.loss.sum == weighted.loss.sum);
    CHECK(plain.gradient == weighted.gradient);
  }
}

TEST_CASE("softmax cross entropy: gradient by differences, missing labels, values that are not finite") {
  constexpr Dims map{2, 2, 5};
  const auto input = random_values(3 * map.size(), "softmax");
  const LabelBatch labels{{0, 4, 2, 255, 1, 1, -1, 3, 0, 2, 4, 4}, {}, {}, {}};
  check_gradient<SoftmaxCrossEntropy, map>(input, labels);
  check_gradient<ClassWeightedSoftmaxCrossEntropy, map>(input, labels);
  check_missing<SoftmaxCrossEntropy, map>(input, labels);
  check_missing<ClassWeightedSoftmaxCrossEntropy, map>(input, labels);
  check_not_laundered<SoftmaxCrossEntropy, Dims{1, 1, 5}>(random_values(5, "softmax"), {{2}, {}, {}, {}});
  check_not_laundered<SoftmaxCrossEntropy, Dims{1, 1, 37}>(random_values(37, "softmax"), {{2}, {}, {}, {}});
}

TEST_CASE("softmax cross entropy: extreme logits") {
  constexpr Dims in{1, 1, 3};
  const std::vector<float> input{3e38F, -3e38F, 0.0F, 1000.0F, 1000.0F, 1000.0F};
  const auto result = run<SoftmaxCrossEntropy, in>(input, {{0, 1}, {}, {}, {}});
  CHECK(result.loss.sum == doctest::Approx(std::log(3.0)));
  check_close(result.gradient, std::vector<float>{0.0F, 0.0F, 0.0F, 1 / 6.0F, -1 / 3.0F, 1 / 6.0F});
  check_close(predict<SoftmaxCrossEntropy, in>(input), std::vector<float>{1, 0, 0, 1 / 3.0F, 1 / 3.0F, 1 / 3.0F});
}

TEST_CASE("softmax cross entropy: an ignored position is not looked at, a weightless class does not count") {
  constexpr Dims in{1, 2, 4};
  std::vector<float> input = random_values(in.size(), "ignored");
  input[5] = std::numeric_limits<float>::quiet_NaN();
  const auto result = run<SoftmaxCrossEntropy, in>(input, {{1, 255}, {}, {}, {}});
  CHECK(std::isfinite(result.loss.sum));
  CHECK(result.loss.normaliser == 1.0);
  for (std::size_t i = 4; i < 8; ++i) CHECK(result.gradient[i] == 0.0F);

  const auto weighted = run<ClassWeightedSoftmaxCrossEntropy, in>(
      random_values(in.size(), "zero"), {{1, 2}, {}, {}, {}}, 1, 1.0F, {{1.0F, 0.0F, 2.0F, 1.0F}});
  CHECK(weighted.loss.normaliser == 2.0);
  for (std::size_t i = 0; i < 4; ++i) CHECK(weighted.gradient[i] == 0.0F);
}

TEST_CASE("softmax cross entropy: 255 is a class where there are more than 255") {
  constexpr Dims in{1, 1, 300};
  const auto result = run<SoftmaxCrossEntropy, in>(random_values(300, "many"), {{255}, {}, {}, {}});
  CHECK(result.loss.normaliser == 1.0);
  CHECK(result.gradient[255] < 0.0F);
}

TEST_CASE("softmax cross entropy: wrong labels and weights are named") {
  constexpr Dims map{2, 3, 4};
  const auto input = random_values(2 * map.size(), "wrong");
  LabelBatch labels{{0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 57, 3}, {}, {}, {}};
  const std::string message = error_of<SoftmaxCrossEntropy, map>(input, labels);
  CHECK(contains(message, "label 57 of sample 1"));
  CHECK(contains(message, "row 1, column 1"));
  CHECK(contains(message, "expected 0 to 3"));
  labels.indices[10] = 4;
  CHECK(contains(error_of<ClassWeightedSoftmaxCrossEntropy, map>(input, labels), "label 4 "));
  labels.indices.resize(11);
  CHECK(contains(error_of<SoftmaxCrossEntropy, map>(input, labels), "11 label values, expected 12"));
  labels.indices.resize(12, 0);
  labels.indices[10] = 0;
  CHECK(error_of<SoftmaxCrossEntropy, map>(input, labels).empty());
  labels.present = {1};
  CHECK(contains(error_of<SoftmaxCrossEntropy, map>(input, labels), "1 marks"));
  labels.present.clear();
  for (const float bad : {-1.0F, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
    CHECK(
        contains(error_of<ClassWeightedSoftmaxCrossEntropy, map>(input, labels, {{1, 1, bad, 1}}), "class_weight[2]"));
}

TEST_CASE("softmax cross entropy: the same bits on any number of threads; large batches") {
  constexpr Dims map{60, 80, 13};
  const auto input = random_values(4 * map.size(), "threads");
  LabelBatch labels;
  const xs::RandomKey key(xs::seed(3));
  for (std::size_t i = 0; i < 4 * map.pixels(); ++i)
    labels.indices.push_back(i % 11 == 0 ? 255 : static_cast<std::int32_t>(key.below(i, 13)));
  labels.present = {1, 1, 0, 1};
  REQUIRE(xs::losses::Chunks(4 * map.pixels(), 13).count > 7);
  check_threads<SoftmaxCrossEntropy, map>(input, labels);
  check_threads<ClassWeightedSoftmaxCrossEntropy, map>(input, labels);
  labels.indices[100] = 99;  // of two wrong labels the first one is named, on any number of threads
  labels.indices[19000] = 98;
  CHECK(contains(error_of<SoftmaxCrossEntropy, map>(input, labels), "label 99 of sample 0"));
}

TEST_CASE("class weights of any size: the loss is divided by their sum") {
  // Zero logits over two classes: ln 2, whatever the weights; the gradient is softmax - one-hot of the mean.
  constexpr Dims two{1, 1, 2};
  const double ln2 = std::log(2.0);
  const auto tenth = run<ClassWeightedSoftmaxCrossEntropy, two>({0, 0}, {{0}, {}, {}, {}}, 1, 1.0F, {{0.1F, 0.1F}});
  CHECK(tenth.loss.value() == doctest::Approx(ln2).epsilon(1e-12));
  check_close(tenth.gradient, std::vector<float>{-0.5F, 0.5F}, 1e-7F);

  // Per pixel, weights 0.25 and 0: the pixel of the weightless class counts nothing, the others fully.
  constexpr Dims map{1, 3, 2};
  const LabelBatch labels{{0, 1, 0}, {}, {}, {}};
  const auto quarter = run<ClassWeightedSoftmaxCrossEntropy, map>({0, 0, 5, 1, 0, 0}, labels, 1, 3.0F, {{0.25F, 0.0F}});
  CHECK(quarter.loss.normaliser == 0.5);
  CHECK(quarter.loss.value() == doctest::Approx(ln2).epsilon(1e-12));
  check_close(quarter.gradient, std::vector<float>{-0.75F, 0.75F, 0, 0, -0.75F, 0.75F}, 1e-7F);

  // Scaling all weights changes neither loss nor gradient.
  const auto input = random_values(map.size(), "scaled");
  const auto large = run<ClassWeightedSoftmaxCrossEntropy, map>(input, labels, 1, 1.0F, {{3.0F, 1.0F}});
  const auto small = run<ClassWeightedSoftmaxCrossEntropy, map>(input, labels, 1, 1.0F, {{3e-6F, 1e-6F}});
  CHECK(small.loss.value() == doctest::Approx(large.loss.value()).epsilon(1e-6));
  check_close(small.gradient, large.gradient);

  // Weights of zero alone: no loss and no gradient.
  const auto nothing = run<ClassWeightedSoftmaxCrossEntropy, map>(input, labels, 1, 1.0F, {{0.0F, 0.0F}});
  CHECK(nothing.loss.value() == 0.0);
  for (const float g : nothing.gradient) CHECK(g == 0.0F);
}

TEST_CASE("softmax cross entropy: samples of several rows") {
  constexpr Dims map{1, 2, 5};
  const LabelBatch labels{{0, 4, 2, 255, 1, 1, -1, 3, 0, 2, 4, 4}, {}, {}, {}};
  check_rows<SoftmaxCrossEntropy, map>(random_values(6 * map.size(), "rows"), labels);
  LabelBatch wrong = labels;
  wrong.rows = 3;
  wrong.indices[9] = 7;
  CHECK(contains(error_of<SoftmaxCrossEntropy, map>(random_values(6 * map.size(), "rows"), wrong),
                 "label 7 of sample 1 of the batch, region 1, row 0, column 1"));
}

TEST_CASE("softmax cross entropy: what it asks for and gives") {
  constexpr Dims map{2, 3, 4};
  static_assert(SoftmaxCrossEntropy::label(map) == xs::LabelSpec{xs::LabelKind::class_index, {2, 3, 1}, {}, 4});
  static_assert(std::is_same_v<SoftmaxCrossEntropy::Prediction, xs::Softmax>);
  CHECK(SoftmaxCrossEntropy::metric(map)->values()[1].name == "mean IU");
  CHECK(SoftmaxCrossEntropy::metric({1, 1, 4})->values()[0].name == "accuracy");
  const auto specs = ClassWeightedSoftmaxCrossEntropy::parameters(map);
  CHECK(specs[0].name == "class_weight");
  CHECK(specs[0].group == xs::ParameterGroup::buffer);
  CHECK(specs[0].extents == xs::Extents(4));
  static_assert(xs::traits::kind<SoftmaxCrossEntropy>() == "SoftmaxCrossEntropy");
  static_assert(xs::traits::kind<ClassWeightedSoftmaxCrossEntropy>() == "ClassWeightedSoftmaxCrossEntropy");
}
