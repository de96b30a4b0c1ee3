// Detection on whole images: a detector that sees what is there, one that is random, and the same by hand.
#include <xstitch/train/detect_objects.hpp>
#include <xstitch/train/evaluate_detection.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <xstitch/layers/linear.hpp>
#include <xstitch/losses/box_regression.hpp>
#include <xstitch/losses/sigmoid_cross_entropy.hpp>
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/networks/ensemble.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/run/parameter_file.hpp>
#include <xstitch/run/predictor.hpp>

namespace xs = xstitch;
using xs::Box;
using xs::data::DetectionImage;

namespace {

/// Black pictures with boxes of 1 (class 0) or -1 (class 1). Proposals are the objects, a pixel short to the right and
/// below (a region ends with the pixel that its edge is rounded to), and boxes of nothing. Attribute 0 is class 0,
/// attribute 1 never comes.
struct Pictures {
  std::size_t count = 7;
  std::size_t nothing = 9;  ///< proposals of it
  std::vector<std::string> names{"white", "black"};

  [[nodiscard]] std::size_t size() const { return count; }
  [[nodiscard]] std::vector<std::string> class_names() const { return names; }
  [[nodiscard]] std::vector<std::string> attribute_names() const { return {"white", "green"}; }
  [[nodiscard]] DetectionImage image(std::size_t index) const {
    DetectionImage image;
    image.pixels.assign(24 * 32, 0.0F);
    const xs::RandomKey key = xs::RandomKey(xs::seed(4)).with(index);
    for (std::size_t k = 0; k < 3; ++k) {  // in thirds of the picture: they do not touch
      const auto at = [&](std::uint64_t i, std::uint64_t most) {
        return static_cast<float>(key.with(k).below(i, most));
      };
      const float x = static_cast<float>(11 * k) + at(0, 3), y = at(1, 10);
      const Box box{x, y, x + 5 + at(2, 3), y + 5 + at(3, 7)};
      const int kind = static_cast<int>(key.below(90 + k, 2));
      for (auto row = static_cast<std::size_t>(box.y0); row < static_cast<std::size_t>(box.y1); ++row)
        for (auto column = static_cast<std::size_t>(box.x0); column < static_cast<std::size_t>(box.x1); ++column)
          image.pixels[row * 32 + column] = kind == 0 ? 1.0F : -1.0F;
      image.objects.push_back({box, kind, k == 2 && index == 1, {static_cast<std::uint8_t>(kind == 0), 0}});
      image.proposals.push_back({box.x0, box.y0, box.x1 - 1, box.y1 - 1});
    }
    for (std::size_t k = 0; k < nothing; ++k) image.proposals.push_back({0, 20, 4 + static_cast<float>(k), 23});
    return image;
  }
};
static_assert(xs::data::DetectionSet<Pictures>);

template <int Rows>
using TowerOf = xs::Tower<"t", xs::Shape<24, 32, 1>, xs::Input<"regions", xs::Shape<Rows, 1, 5>, xs::Boxes>,
                          xs::RoiPool<"regions", 1, xs::Ratio{1}>,
                          xs::Head<"class", xs::Linear<"score", 3>, xs::SoftmaxCrossEntropy>,
                          xs::Head<"box", xs::Linear<"offsets", 12>, xs::BoxRegression<>>,
                          xs::Head<"attributes", xs::Linear<"attribute", 2>, xs::SigmoidCrossEntropy>>;
using Tower = TowerOf<4>;
using Net = xs::OneTask<Tower>;

const xs::DetectionOptions heads{.classes = "t.class", .boxes = "t.box", .attributes = "t.attributes", .threads = 2};

/// Scores 8 m for white, -8 m for black, 2 for nothing; m: the maximum of the region. Boxes stay.
void teach(xs::AnyNet& net) {
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    const std::string& name = net.parameters()[i].name;
    const std::span<float> values = net.mutable_parameter(i);
    std::fill(values.begin(), values.end(), 0.0F);
    if (name.find("score.weight") != std::string::npos) values[1] = 8.0F, values[2] = -8.0F;
    if (name.find("score.bias") != std::string::npos) values[0] = 2.0F;
    if (name.find("attribute.weight") != std::string::npos) values[0] = 3.0F;
  }
}

std::string error_of(const std::function<void()>& judge) {
  try {
    judge();
  } catch (const xs::Error& error) {
    return error.what();
  }
  return "no error";
}
std::string refusal(const Pictures& data, const xs::DetectionOptions& options) {
  Net net{xs::seed(1)};
  return error_of([&] { (void)xs::evaluate_detection(net, data, options); });
}

}  // namespace

TEST_CASE("a detector that sees what is there: more proposals than rows, difficult objects, attributes, recall") {
  Net net{xs::seed(1)};
  teach(net);
  const xs::DetectionEvaluation found = xs::evaluate_detection(net, Pictures{}, heads);
  CHECK(found.images == 7);
  for (const auto& c : found.detections.per_class()) {
    CHECK(c.all_points.value == doctest::Approx(100.0));
    CHECK(c.found == c.objects);
  }
  CHECK(found.detections.per_class()[0].objects + found.detections.per_class()[1].objects == 20);
  CHECK(found.recall.at(0.5).value == doctest::Approx(100.0));
  CHECK(found.recall.at(0.95).value == 0.0);
  CHECK(found.recall.proposals_an_image() == 12.0);
  CHECK(found.random.values()[0].value < 70.0);
  CHECK(found.random.values()[0].measured);
  CHECK(found.attributes.per_attribute()[0].average_precision.value == doctest::Approx(100.0));
  CHECK(found.attributes.per_attribute()[0].objects == 20);
  CHECK_FALSE(found.attributes.per_attribute()[1].average_precision.measured);
  REQUIRE(found.attributes.objects().size() == 20);
  for (std::size_t i = 0; i < 20; ++i)
    CHECK((found.attributes.scores(i)[0] > 0.5F) == (found.attributes.objects()[i] == 0));

  // From the classes of a training set: here white is white. Where no training object is white, it knows nothing.
  struct Objects {
    std::uint8_t white;
    [[nodiscard]] std::size_t size() const { return 2; }
    [[nodiscard]] std::vector<xs::data::ImageObject> objects(std::size_t) const {
      return {{{}, 0, false, {white, 0}}, {{}, 1, false, {0, 0}}, {{}, 1, true, {1, 0}}, {{}, 1, false, {}}};
    }
  };
  xs::AttributePrecision known = found.attributes, unknown = found.attributes;
  xs::add_training_objects(known, Objects{1});
  xs::add_training_objects(unknown, Objects{0});
  CHECK(known.per_attribute()[0].from_class.value == doctest::Approx(100.0));
  CHECK(unknown.per_attribute()[0].from_class.value == doctest::Approx(unknown.per_attribute()[0].prevalence.value));
}

TEST_CASE("the same on any batch and number of threads; an ensemble's members are averaged; boxes only") {
  const Net net{xs::seed(5)};
  const auto values = [&](xs::DetectionOptions options) {
    Net same{xs::seed(5)};
    const xs::DetectionEvaluation found = xs::evaluate_detection(same, Pictures{}, options);
    return std::vector<double>{found.detections.values()[0].value, found.random.values()[0].value,
                               found.attributes.values()[0].value};
  };
  const std::vector<double> first = values(heads);
  for (const std::size_t batch : {1U, 5U, 32U}) {
    xs::DetectionOptions options = heads;
    options.batch = batch;
    options.threads = batch % 3;
    CHECK(values(options) == first);
  }
  xs::Ensemble<2, Tower> two{xs::seed(1)};
  teach(two);
  CHECK(xs::evaluate_detection(two, Pictures{}, heads).detections.values()[0].value == doctest::Approx(100.0));
  xs::DetectionOptions alone = heads;
  alone.boxes = alone.attributes = "";
  Net taught{xs::seed(1)};
  teach(taught);
  CHECK(xs::evaluate_detection(taught, Pictures{}, alone).detections.values()[0].value == doctest::Approx(100.0));
  alone.classes = "";
  alone.attributes = "t.attributes";
  const xs::DetectionEvaluation attributes = xs::evaluate_detection(taught, Pictures{}, alone);
  CHECK_FALSE(attributes.detections.values()[0].measured);
  CHECK(attributes.attributes.values()[0].value == doctest::Approx(100.0));
}

TEST_CASE("a predictor with more rows shares the parameters and finds the same") {
  Net net{xs::seed(5)};
  xs::Predictor<xs::OneTask<TowerOf<13>>> predictor{net, 2};
  CHECK(predictor.parameters() == net.shared_parameters());
  CHECK(predictor.layout().inputs()[1].shape.height == 13);
  const auto same = [&] {
    const xs::DetectionEvaluation a = xs::evaluate_detection(net, Pictures{}, heads);
    const xs::DetectionEvaluation b = xs::evaluate_detection(predictor, Pictures{}, heads);
    CHECK(a.detections.values()[0].value == b.detections.values()[0].value);
    CHECK(a.attributes.values()[0].value == b.attributes.values()[0].value);
    CHECK(a.random.values()[0].value == b.random.values()[0].value);
    return b.detections.values()[0].value;
  };
  CHECK(same() < 99.0);
  teach(net);  // the predictor sees it
  CHECK(same() == doctest::Approx(100.0));

  // Two networks are averaged as an ensemble's members are.
  xs::Ensemble<2, Tower> together{xs::seed(3)};
  std::vector<xs::AnyPredictor> apart;
  for (const std::string member : {"ensemble0.", "ensemble1."}) {
    Net one{xs::seed(1)};
    xs::initialise_from(one, together, {{member, ""}});
    apart.push_back(xs::Predictor<xs::OneTask<TowerOf<13>>>{one, 2});
  }
  const xs::DetectionEvaluation a = xs::evaluate_detection(together, Pictures{}, heads);
  const xs::DetectionEvaluation b = xs::evaluate_detection(apart, Pictures{}, heads);
  CHECK(a.detections.values()[0].value == b.detections.values()[0].value);
  CHECK(a.attributes.values()[0].value == b.attributes.values()[0].value);
  apart.pop_back();
  CHECK(xs::evaluate_detection(apart, Pictures{}, heads).detections.values()[0].value !=
        b.detections.values()[0].value);
  apart.clear();
  CHECK_THROWS_WITH_AS(xs::evaluate_detection(apart, Pictures{}, heads),
                       "evaluate_detection: found no network, expected at least one", xs::Error);
}

TEST_CASE("the objects of one image, best first, with their attributes; by predictors, too") {
  Net net{xs::seed(1)};
  teach(net);
  xs::DetectionOptions options = heads;
  options.least_score = 0.5F;
  std::vector<xs::AnyPredictor> predictors;
  predictors.emplace_back(xs::OneTask<TowerOf<12>>::inference_program_of_type, net.shared_parameters(), 1);
  for (std::size_t i = 0; i < 3; ++i) {
    const DetectionImage image = Pictures{}.image(i);
    const std::vector<xs::DetectedObject> found = xs::detect_objects(net, image, options);
    REQUIRE(found.size() == 3);
    for (const xs::DetectedObject& one : found) {
      std::size_t fits = 0;
      for (const xs::data::ImageObject& object : image.objects)
        if (xs::overlap(one.detection.box, object.box) > 0.5 && one.detection.class_index == object.class_index) ++fits;
      CHECK(fits == 1);
      REQUIRE(one.attributes.size() == 2);
      CHECK((one.attributes[0] > 0.5F) == (one.detection.class_index == 0));
    }
    CHECK(found[0].detection.score >= found[2].detection.score);
    const std::vector<xs::DetectedObject> same = xs::detect_objects(predictors, image, options);
    REQUIRE(same.size() == 3);
    for (std::size_t k = 0; k < 3; ++k) {
      CHECK(same[k].detection.box == found[k].detection.box);
      CHECK(same[k].attributes[0] == doctest::Approx(found[k].attributes[0]));
    }
  }
  options.attributes = "";
  CHECK(xs::detect_objects(net, Pictures{}.image(0), options).at(0).attributes.empty());
  options.classes = "";
  CHECK_THROWS_WITH_AS((void)xs::detect_objects(net, Pictures{}.image(0), options),
                       doctest::Contains("found no head of classes"), xs::Error);
}

TEST_CASE("offsets move a proposal; what is below the least score, or too much, does not count") {
  Net net{xs::seed(1)};
  teach(net);
  // Every box of class 0 moves by ten of its widths: nothing is found.
  for (std::size_t i = 0; i < net.parameters().size(); ++i)
    if (net.parameters()[i].name.find("offsets.bias") != std::string::npos) net.mutable_parameter(i)[4] = 100.0F;
  const auto moved = xs::evaluate_detection(net, Pictures{}, heads).detections.per_class();
  CHECK(moved[0].found == 0);
  CHECK(moved[1].found == moved[1].objects);

  teach(net);
  xs::DetectionOptions few = heads;
  few.most = 1;
  std::size_t found = 0;
  for (const auto& c : xs::evaluate_detection(net, Pictures{}, few).detections.per_class()) found += c.detections;
  CHECK(found == 7);  // one an image
  few.least_score = 2.0F;
  for (const auto& c : xs::evaluate_detection(net, Pictures{}, few).detections.per_class()) CHECK(c.detections == 0);
}

TEST_CASE("an image without proposals is an image") {
  struct Empty : Pictures {
    [[nodiscard]] DetectionImage image(std::size_t index) const {
      DetectionImage all = Pictures::image(index);
      all.proposals.clear();
      return all;
    }
  };
  Net net{xs::seed(1)};
  const xs::DetectionEvaluation found = xs::evaluate_detection(net, Empty{}, heads);
  CHECK(found.detections.values()[0].value == 0.0);
  CHECK(found.recall.at(0.5).value == 0.0);
  CHECK(found.attributes.per_attribute()[0].objects == 20);
}

TEST_CASE("what does not fit is said") {
  xs::DetectionOptions options = heads;
  options.classes = "t.classes";
  CHECK(refusal({}, options) ==
        "evaluate_detection: no head \"t.classes\", expected one of \"t.class\", \"t.box\", \"t.attributes\"");
  options = heads;
  options.regions = "boxes";
  CHECK(refusal({}, options) == "evaluate_detection: input \"t.regions\" is neither the image nor the boxes \"boxes\"");
  CHECK(refusal({.names = {"white", "black", "grey"}}, heads) ==
        "evaluate_detection: head \"t.class\" predicts 3 elements a region, expected 4");
  options = heads;
  options.boxes = "t.class";
  CHECK(refusal({}, options) == "evaluate_detection: head \"t.class\" predicts 3 elements a region, expected 12");
  options = heads;
  options.batch = 0;
  CHECK(refusal({}, options) == "evaluate_detection: found a batch of 0, expected at least one image");
  struct Broken : Pictures {
    [[nodiscard]] DetectionImage image(std::size_t index) const {
      if (index == 2) xs::fail("no such file");
      return Pictures::image(index);
    }
  };
  Net net{xs::seed(1)};
  CHECK_THROWS_WITH_AS(xs::evaluate_detection(net, Broken{}, heads), "evaluate_detection: image 2: no such file",
                       xs::Error);
  struct Small : Pictures {
    [[nodiscard]] DetectionImage image(std::size_t index) const {
      DetectionImage all = Pictures::image(index);
      all.pixels.pop_back();
      return all;
    }
  };
  CHECK_THROWS_WITH_AS(xs::evaluate_detection(net, Small{}, heads),
                       "evaluate_detection: an image of 767 elements, expected 768 (24x32x1)", xs::Error);
  const std::size_t bias = net.find_parameter("t.score.bias");
  REQUIRE(bias != xs::AnyNet::npos);
  net.mutable_parameter(bias)[0] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH_AS(xs::evaluate_detection(net, Pictures{}, heads),
                       "evaluate_detection: a prediction of \"t.class\" is not finite", xs::Error);
}

namespace {

template <xs::FixedString Name, int Height, int Rows, int Classes>
using Other = xs::Tower<Name, xs::Shape<Height, 32, 1>, xs::Input<"regions", xs::Shape<Rows, 1, 5>, xs::Boxes>,
                        xs::RoiPool<"regions", 1, xs::Ratio{1}>,
                        xs::Head<"class", xs::Linear<"score", Classes>, xs::SoftmaxCrossEntropy>>;

const xs::DetectionOptions classes_alone{.classes = "t.class", .boxes = ""};

std::string refusal_of_all(std::vector<xs::AnyPredictor>& predictors) {
  return error_of([&] { (void)xs::evaluate_detection(predictors, Pictures{}, classes_alone); });
}
std::string refusal_of_net(xs::AnyNet net) {
  return error_of([&] { (void)xs::evaluate_detection(net, Pictures{}, classes_alone); });
}

template <class A, class B>
std::string refusal_of_two() {
  const xs::OneTask<A> a{xs::seed(1)};
  const xs::OneTask<B> b{xs::seed(1)};
  std::vector<xs::AnyPredictor> two;
  two.emplace_back(xs::OneTask<A>::inference_program_of_type, a.shared_parameters(), 1);
  two.emplace_back(xs::OneTask<B>::inference_program_of_type, b.shared_parameters(), 1);
  return refusal_of_all(two);
}
template <class Net>
std::string refusal_of() {
  return refusal_of_net(Net{xs::seed(1)});
}

}  // namespace

TEST_CASE("networks that do not go together are refused") {
  using Usual = Other<"t", 24, 4, 3>;
  CHECK(refusal_of_two<Usual, Other<"t", 24, 5, 3>>() == "evaluate_detection: the networks have different inputs");
  CHECK(refusal_of_two<Usual, Other<"t", 24, 4, 5>>().starts_with(
      "evaluate_detection: networks whose head \"t.class\" predicts "));
  CHECK(refusal_of<xs::Ensemble<2, Usual, Other<"u", 16, 4, 3>>>() ==
        "evaluate_detection: towers read images of 24x32x1 and 16x32x1");
  CHECK(refusal_of<xs::Ensemble<2, Usual, Other<"u", 24, 6, 3>>>() ==
        "evaluate_detection: towers read 4 and 6 regions");
  using NoBoxes =
      xs::Tower<"t", xs::Shape<24, 32, 1>, xs::Head<"class", xs::Linear<"score", 3>, xs::SoftmaxCrossEntropy>>;
  CHECK(refusal_of<xs::OneTask<NoBoxes>>() == "evaluate_detection: no tower has an Input \"regions\" of boxes");
  using NoRegions = xs::Tower<
      "t", xs::Shape<24, 32, 1>, xs::Input<"regions", xs::Shape<4, 1, 5>, xs::Boxes>,
      xs::Head<"class", xs::Linear<"score", 3>, xs::SoftmaxCrossEntropy>,
      xs::Head<"other", xs::RoiPool<"regions", 1, xs::Ratio{1}>, xs::Linear<"second", 3>, xs::SoftmaxCrossEntropy>>;
  CHECK(refusal_of<xs::OneTask<NoRegions>>() ==
        "evaluate_detection: head \"t.class\" predicts 1 rows a sample, expected 4, one a region");
}
