#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include "../captured.hpp"

// The page leaves these two to the reader. A box that is not used has the colour 0.
namespace {
template <class Use>
void each_pixel(const xs::TensorShape& image, const float* box, const Use& use) {
  if (box[0] == 0.0F) return;
  const float share = 1.0F / ((box[3] - box[1]) * (box[4] - box[2]));
  for (int y = static_cast<int>(box[2]); y < static_cast<int>(box[4]); ++y)
    for (int x = static_cast<int>(box[1]); x < static_cast<int>(box[3]); ++x)
      use(static_cast<std::size_t>((y * image.dims.width + x) * image.dims.channels), share);
}
}  // namespace

inline void MeanColour::forward(const xs::ForwardCall& call) {
  const xs::TensorShape &image = call.input_shapes[0], &out = call.output_shapes[0];
  const auto channels = static_cast<std::size_t>(image.dims.channels);
  std::fill_n(call.outputs[0], call.batch * out.size(), 0.0F);
  for (std::size_t row = 0; row < call.batch * out.size() / channels; ++row)
    each_pixel(image, call.inputs[1] + row * 5, [&](std::size_t pixel, float share) {
      const float* from = call.inputs[0] + row * channels / out.size() * image.size() + pixel;
      for (std::size_t c = 0; c < channels; ++c) call.outputs[0][row * channels + c] += share * from[c];
    });
}
inline void MeanColour::backward(const xs::BackwardCall& call) {
  const xs::TensorShape &image = call.input_shapes[0], &out = call.output_shapes[0];
  const auto channels = static_cast<std::size_t>(image.dims.channels);
  CHECK(call.input_gradients[1] == nullptr);  // nothing below is trained
  if (call.input_gradients[0] == nullptr) return;
  std::fill_n(call.input_gradients[0], call.batch * image.size(), 0.0F);
  for (std::size_t row = 0; row < call.batch * out.size() / channels; ++row)
    each_pixel(image, call.inputs[1] + row * 5, [&](std::size_t pixel, float share) {
      float* to = call.input_gradients[0] + row * channels / out.size() * image.size() + pixel;
      for (std::size_t c = 0; c < channels; ++c) to[c] += share * call.output_gradients[0][row * channels + c];
    });
}

namespace {

/// A white frame around black, and the box of the one or the other as the class.
struct Frames {
  [[nodiscard]] std::size_t size() const { return 8; }
  [[nodiscard]] std::vector<xs::InputField> inputs() const {
    return {{"input", {36, 36, 3}, true}, {"boxes", {4, 1, 5}, false}};
  }
  [[nodiscard]] std::vector<xs::LabelField> labels() const {
    return {{"upper", {xs::LabelKind::class_index, {1, 1, 1}, {}, 10}}};
  }
  void load(std::size_t index, xs::Sample& sample) const {
    sample.inputs[0].assign(36 * 36 * 3, 1.0F);
    for (std::size_t i = 0; i < 36 * 36 * 3; ++i)
      if (i / 108 >= 10 && i / 108 < 26 && i % 108 >= 30 && i % 108 < 78) sample.inputs[0][i] = 0.0F;
    sample.inputs[1].assign(20, 0.0F);
    const std::array<float, 5> box =
        index % 2 == 0 ? std::array<float, 5>{1, 0, 0, 36, 10} : std::array<float, 5>{1, 12, 12, 24, 24};
    std::ranges::copy(box, sample.inputs[1].begin());
    sample.labels[0].indices = {static_cast<std::int32_t>(index % 2)};
  }
};

}  // namespace

TEST_CASE("a tower with boxes as a second input learns what lies in them") {
  const pages::Captured progress(std::cerr);
  xs::OneTask<Regions> net{xs::seed(1)};
  REQUIRE(net.inputs().size() == 2);
  CHECK(net.inputs()[1].name() == "upper.boxes");
  CHECK((net.inputs()[1].kind == xs::InputKind::boxes));
  const Frames frames;
  CHECK(xs::train(net, frames, xs::Adam{.learning_rate = 0.01F}, {.epochs = 30, .batch = 8, .threads = 1}).finished());
  CHECK(xs::evaluate(net, frames).value("upper", "accuracy") == 100.0);
  xs::Sample sample;
  sample.inputs.resize(2);
  sample.labels.resize(1);
  frames.load(0, sample);
  xs::Predictor<xs::OneTask<Regions>> predictor{net};
  const auto first = [&] {
    return predictor.predict(xs::input<"upper">(sample.inputs[0]), xs::input<"upper.boxes">(sample.inputs[1]))
        .get<"upper">()(0, 0);
  };
  CHECK(first() > 0.5F);
  frames.load(1, sample);  // the same picture
  CHECK(first() < 0.5F);
}

TEST_CASE("boxes that are none are refused with field and row") {
  struct Wrong : Frames {
    void load(std::size_t index, xs::Sample& sample) const {
      Frames::load(index, sample);
      sample.inputs[1][3] = -5.0F;  // x1 < x0
    }
  };
  xs::OneTask<Regions> net{xs::seed(1)};
  const Wrong wrong;
  std::string text;
  try {
    xs::train(net, wrong, xs::Adam{}, {.iterations = 1, .output = nullptr});
  } catch (const xs::Error& error) {
    text = error.what();
  }
  CHECK(text.find("boxes") != std::string::npos);
  CHECK(text.find("row 0") != std::string::npos);
}

TEST_CASE("rooms: sizes as asked, and sets that do not meet") {
  CHECK(train.size() == 2000);
  CHECK(test.size() == 400);
  xs::Sample one, other;
  one.inputs.resize(1), one.labels.resize(train.labels().size());
  other = one;
  train.load(0, one);
  test.load(0, other);
  CHECK(one.inputs[0].size() == 96 * 128 * 3);
  CHECK(one.inputs != other.inputs);
  CHECK(train.labels()[0].name == "segmentation");
  CHECK(train.labels()[0].spec.classes == 13);
}

TEST_CASE("a detector and its attributes are trained and judged on whole images") {
  const pages::Captured progress(std::cerr);
  const xs::data::RoomsDetection few{{.count = 4, .height = 96, .width = 128}};
  Pair net{xs::seed(1)};
  const xs::TrainResult result =
      xs::train(net, few, xs::Sgd{.learning_rate = 0.01F, .momentum = 0.9F},
                {.iterations = 20, .batch = 2, .augment = {.mirror = true}, .log_every = 10, .cache = true});
  REQUIRE(result.history.size() == 2);
  CHECK(result.history[1].losses[0] < result.history[0].losses[0]);
  const xs::DetectionEvaluation found = xs::evaluate_detection(net, few, {.attributes = "attributes"});
  CHECK(found.images == 4);
  CHECK(found.recall.at(0.5).value > 60.0);
  CHECK(found.detections.per_class().size() == xs::data::thing_classes);
  CHECK(found.attributes.per_attribute().size() == xs::data::thing_attributes);
}

TEST_CASE("long: the trained detector is better than random scores, and says so") {
  const pages::Captured progress(std::cerr), out(std::cout);
  detect();
  CHECK(out.has("chair"));
  CHECK(out.has("Wood"));
  const std::string text = out.text(), last = text.substr(text.rfind("recall of proposals"));
  double recall = 0, random = 0, precision = 0;
  REQUIRE(std::sscanf(last.c_str(), "recall of proposals %lf, random scores %lf", &recall, &random) == 2);
  const std::string mean = text.substr(text.find("\nmean"));
  REQUIRE(std::sscanf(mean.c_str() + 5, "%lf", &precision) == 1);
  CHECK(recall > 80.0);
  CHECK(precision > 3 * random);
}
