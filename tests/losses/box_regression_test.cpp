// The losses of Fast R-CNN's heads against PyTorch, and the box loss by itself.
#include <xstitch/losses/box_regression.hpp>
#include <xstitch/losses/sigmoid_cross_entropy.hpp>
#include <xstitch/losses/softmax_cross_entropy.hpp>

#include <string>

#include "../golden/detection_losses.inc"
#include "loss_test_support.hpp"

using namespace loss_test;
using xs::BoxRegression;
using xs::Dims;

namespace {

constexpr Dims outputs{1, 1, 16};  // 4 classes

/// The labels of the golden file: two samples of six regions.
xs::LabelBatch box_labels() {
  xs::LabelBatch labels;
  for (std::size_t r = 0; r < 12; ++r) {
    labels.values.push_back(classes[r]);
    labels.values.insert(labels.values.end(), offsets + 4 * r, offsets + 4 * r + 4);
  }
  labels.rows = 6;
  return labels;
}

}  // namespace

TEST_CASE("Fast R-CNN's three losses are PyTorch's, regions that are padding left out") {
  const Result box = run<BoxRegression<>, outputs>(vector_of(boxes), box_labels());
  CHECK(box.loss.normaliser == 10.0);
  CHECK(box.loss.value() == doctest::Approx(static_cast<double>(box_loss[0])).epsilon(1e-6));
  check_close(box.gradient, boxes_gradient);

  xs::LabelBatch of_class;
  for (const float k : classes) of_class.indices.push_back(static_cast<std::int32_t>(k));
  of_class.rows = 6;
  const Result kind = run<xs::SoftmaxCrossEntropy, Dims{1, 1, 4}>(vector_of(logits), of_class);
  CHECK(kind.loss.normaliser == 10.0);
  CHECK(kind.loss.value() == doctest::Approx(static_cast<double>(class_loss[0])).epsilon(1e-6));
  check_close(kind.gradient, logits_gradient);

  xs::LabelBatch of_attributes;
  of_attributes.values = vector_of(attributes);
  for (const float k : classes) of_attributes.mask.insert(of_attributes.mask.end(), 5, k > 0.0F ? 1 : 0);
  of_attributes.rows = 6;
  const Result attribute = run<xs::SigmoidCrossEntropy, Dims{1, 1, 5}>(vector_of(attribute_logits), of_attributes);
  CHECK(attribute.loss.normaliser == 5.0 * 5.0);
  CHECK(attribute.loss.value() == doctest::Approx(static_cast<double>(attribute_loss[0])).epsilon(1e-6));
  check_close(attribute.gradient, attribute_gradient);
}

TEST_CASE("box regression: gradient, threads, missing samples, rows") {
  const std::vector<float> x = vector_of(boxes);
  check_gradient<BoxRegression<>, outputs>(x, box_labels());
  check_threads<BoxRegression<>, outputs>(x, box_labels());
  xs::LabelBatch single = box_labels();
  single.rows = 1;
  check_missing<BoxRegression<>, outputs>(x, single);
  const std::vector<float> six(x.begin(), x.begin() + 6 * 16);
  single.values.resize(30);
  check_rows<BoxRegression<>, outputs>(six, single);
}

TEST_CASE("box regression: what is not finite in the true class shows, in another class it is not looked at") {
  xs::LabelBatch labels = box_labels();
  std::vector<float> x = vector_of(boxes);
  x[16 + 8] = std::numeric_limits<float>::quiet_NaN();  // region 1 is of class 2
  CHECK(std::isnan(run<BoxRegression<>, outputs>(x, labels).loss.sum));
  x = vector_of(boxes);
  x[16 + 4] = std::numeric_limits<float>::quiet_NaN();
  const Result beside = run<BoxRegression<>, outputs>(x, labels);
  CHECK(std::isfinite(beside.loss.sum));
  CHECK(beside.gradient[16 + 4] == 0.0F);
}

TEST_CASE("box regression: labels that are none are refused; the prediction is offsets") {
  const std::vector<float> x = vector_of(boxes);
  for (const float wrong : {4.0F, -2.0F, 1.5F, std::numeric_limits<float>::quiet_NaN()}) {
    xs::LabelBatch labels = box_labels();
    labels.values[35] = wrong;
    const std::string text = error_of<BoxRegression<>, outputs>(x, labels);
    CAPTURE(text);
    CHECK(contains(text, "box regression: class "));
    CHECK(contains(text, "sample 1 of the batch, region 1, expected 0 to 3, or -1 for a region that is not used"));
  }
  xs::LabelBatch labels = box_labels();
  labels.values[8] = std::numeric_limits<float>::infinity();  // region 1
  CHECK(contains(error_of<BoxRegression<>, outputs>(x, labels), "of sample 0 of the batch, region 1, expected finite"));
  labels.values[8] = 0.0F;
  labels.values[3] = std::numeric_limits<float>::infinity();  // region 0 is background
  CHECK(error_of<BoxRegression<>, outputs>(x, labels).empty());

  const std::vector<float> found = predict<BoxRegression<>, outputs>(x);
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(found[i] == x[i] * (i % 4 < 2 ? 0.1F : 0.2F));
  static_assert(!BoxRegression<>::label({1, 1, 6}).shape.valid());
  static_assert(!BoxRegression<>::label({2, 1, 16}).shape.valid());
}
