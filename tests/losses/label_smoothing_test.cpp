#include "loss_test_support.hpp"

#include <xstitch/losses/label_smoothing.hpp>
#include <xstitch/losses/weighted.hpp>

namespace golden {
#include "../golden/losses.inc"
}

using namespace loss_test;
using xs::Dims;
using xs::LabelBatch;
using xs::Ratio;
using Tenth = xs::LabelSmoothing<xs::SoftmaxCrossEntropy, Ratio{1, 10}>;
using Plain = xs::LabelSmoothing<xs::SoftmaxCrossEntropy, Ratio{3, 10}>;
using ClassWeighted = xs::LabelSmoothing<xs::ClassWeightedSoftmaxCrossEntropy, Ratio{3, 10}>;

TEST_CASE("smoothed labels: PyTorch's values, per sample, per pixel, with class weights") {
  const auto sample =
      run<Tenth, Dims{1, 1, 21}>(vector_of(golden::smooth_input), {vector_of(golden::smooth_labels), {}, {}, {}});
  CHECK(sample.loss.value() == doctest::Approx(static_cast<double>(golden::smooth_loss[0])).epsilon(1e-6));
  CHECK(sample.loss.normaliser == 3.0);
  check_close(sample.gradient, golden::smooth_gradient);

  constexpr Dims map{2, 3, 13};
  const LabelBatch labels{vector_of(golden::smooth_map_labels), {}, {}, {}};
  const auto plain = run<Plain, map>(vector_of(golden::smooth_map_input), labels);
  CHECK(plain.loss.value() == doctest::Approx(static_cast<double>(golden::smooth_map_loss[0])).epsilon(1e-6));
  check_close(plain.gradient, golden::smooth_map_gradient);
  const auto weighted = run<ClassWeighted, map>(vector_of(golden::smooth_map_input), labels, 1, 1.0F,
                                                {vector_of(golden::smooth_map_class_weights)});
  CHECK(weighted.loss.value() ==
        doctest::Approx(static_cast<double>(golden::smooth_map_weighted_loss[0])).epsilon(1e-6));
  check_close(weighted.gradient, golden::smooth_map_weighted_gradient);
}

TEST_CASE("smoothed labels: gradient by differences, missing labels, values that are not finite, threads, rows") {
  constexpr Dims map{2, 2, 5};
  const auto input = random_values(3 * map.size(), "softmax");
  const LabelBatch labels{{0, 4, 2, 255, 1, 1, -1, 3, 0, 2, 4, 4}, {}, {}, {}};
  check_gradient<Plain, map>(input, labels);
  check_gradient<ClassWeighted, map>(input, labels);
  check_missing<Plain, map>(input, labels);
  check_missing<ClassWeighted, map>(input, labels);
  check_rows<Plain, Dims{1, 2, 5}>(random_values(6 * 10, "rows"), labels);
  check_not_laundered<Plain, Dims{1, 1, 5}>(random_values(5, "softmax"), {{2}, {}, {}, {}});
  check_not_laundered<ClassWeighted, Dims{1, 1, 37}>(random_values(37, "softmax"), {{2}, {}, {}, {}});

  constexpr Dims large{40, 60, 13};
  LabelBatch many;
  const xs::RandomKey key(xs::seed(3));
  for (std::size_t i = 0; i < 2 * large.pixels(); ++i)
    many.indices.push_back(i % 11 == 0 ? 255 : static_cast<std::int32_t>(key.below(i, 13)));
  check_threads<Plain, large>(random_values(2 * large.size(), "threads"), many);
}

TEST_CASE("smoothed labels: nothing smoothed is the loss itself, all smoothed does not see the label") {
  constexpr Dims in{1, 1, 7};
  const auto input = random_values(3 * in.size(), "share");
  const LabelBatch labels{{0, 6, 3}, {}, {}, {}}, others{{1, 2, 3}, {}, {}, {}};
  const auto plain = run<xs::SoftmaxCrossEntropy, in>(input, labels);
  const auto none = run<xs::LabelSmoothing<xs::SoftmaxCrossEntropy, Ratio{0}>, in>(input, labels);
  CHECK(none.loss.sum == plain.loss.sum);
  CHECK(none.gradient == plain.gradient);
  using All = xs::LabelSmoothing<xs::SoftmaxCrossEntropy, Ratio{1}>;
  CHECK(run<All, in>(input, labels).loss.sum == run<All, in>(input, others).loss.sum);
  CHECK(run<All, in>(input, labels).gradient == run<All, in>(input, others).gradient);
  // Equal logits: log C, whatever the share; the gradient pulls to (1 - e) + e / C for the label.
  const auto flat = run<Tenth, Dims{1, 1, 4}>({2, 2, 2, 2}, {{1}, {}, {}, {}});
  CHECK(flat.loss.value() == doctest::Approx(std::log(4.0)));
  check_close(flat.gradient, std::vector<float>{0.225F, -0.675F, 0.225F, 0.225F});
}

TEST_CASE("smoothed labels: what the loss says of itself") {
  static_assert(xs::traits::kind<Tenth>() == "LabelSmoothing");
  static_assert(xs::traits::keeps_in_gradient<Tenth> && !xs::traits::reads_input<Tenth>);
  const auto text = [](const auto& attributes) {
    std::string all;
    for (const xs::Attribute& one : attributes) all += to_string(one) + "; ";
    return all;
  };
  CHECK(text(Tenth::attributes()) == "loss SoftmaxCrossEntropy; share 1/10; ");
  CHECK(text(ClassWeighted::attributes()) == "loss ClassWeightedSoftmaxCrossEntropy; share 3/10; ");
  using Half = xs::Weighted<Tenth, Ratio{1, 2}>;
  CHECK(text(Half::attributes({1, 1, 3})) == "loss SoftmaxCrossEntropy; share 1/10; weight 1/2; ");
  CHECK(ClassWeighted::parameters({1, 1, 3})[0].name == "class_weight");
  CHECK(Tenth::metric({1, 1, 4})->values()[0].name == "accuracy");
}
