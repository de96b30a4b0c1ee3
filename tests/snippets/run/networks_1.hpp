#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>

#include "../../networks/checks.hpp"

namespace {

/// A network of the type for predictions alone, every parameter 0: which costs the compiler less than its training.
template <class Net>
xs::Predictor<Net> empty() {
  return xs::Predictor<Net>(std::make_shared<xs::Parameters>(Net::inference_program_of_type));
}
template <class Predictor>
bool has(const Predictor& predictor, const std::string& name) {
  const auto slots = predictor.parameters()->slots();
  return std::ranges::any_of(slots, [&](const xs::ParameterSlot& slot) { return slot.name == name; });
}

}  // namespace

TEST_CASE("parameters as matrices, without a copy") {
  Pair net{xs::seed(1)};
  std::size_t all = 0;
  double squares = 0;
  for (const xs::ParameterSlot& slot : net.parameters()) all += slot.count;
  for (const float w : net.parameter(net.find_parameter("animal.conv1.weight")))
    squares += static_cast<double>(w) * static_cast<double>(w);
  CHECK(static_cast<double>(look_at()) == doctest::Approx(std::sqrt(squares) + static_cast<double>(all)));  // biases: 0
  const auto alphas = xs::parameter<"stitch.pool1.alpha">(net);
  CHECK(alphas.rows() == 4);
  CHECK(alphas.cols() == 16);
  CHECK(alphas(0, 0) == 0.9F);
  CHECK(alphas(1, 0) == doctest::Approx(0.1F));
}

TEST_CASE("a network that is chosen at run time") {
  CHECK(choose(true).heads().size() == 2);
  xs::AnyNet alone = choose(false);
  REQUIRE(alone.heads().size() == 1);
  CHECK(alone.heads()[0].name() == "animal");
  xs::ThreadPool threads;
  alone.evaluate(support::random_batch(alone, 3, 1), threads);
  CHECK(alone.prediction(0).size() == 30);
}

TEST_CASE("names of parameters by the kind of network") {
  CHECK(has(empty<Late>(), "shared.conv1.weight"));
  CHECK_FALSE(has(empty<Late>(), "shared.conv2.weight"));
  CHECK(has(empty<Late>(), "age.conv2.weight"));
  CHECK(has(empty<Four>(), "ensemble1.animal.conv1.weight"));
  CHECK(has(empty<AtOne>(), "stitch.pool2.alpha"));
  CHECK_FALSE(has(empty<AtOne>(), "stitch.pool1.alpha"));
  CHECK(has(empty<OneSeam>(), "stitch.pool1.alpha"));
  CHECK(has(empty<OneSeam>(), "stitch.pool2.share"));
}

TEST_CASE("what the kinds predict: every head of every tower") {
  const std::vector<float> image(32 * 32 * 3, 0.5F);
  auto late = empty<Late>();
  const auto animal = late.predict(image).get<"animal">();
  for (int k = 0; k < 10; ++k) CHECK(animal(0, k) == doctest::Approx(0.1F));
  auto three = empty<AtOne>();
  const auto scene = three.predict(image);
  CHECK(scene.get<"scene.kind">()(0, 0) == doctest::Approx(0.2F));
  CHECK(scene.get<"scene.marks">().cols() == 12);
  CHECK(scene.get<"scene.marks">()(0, 0) == doctest::Approx(0.5F));
  CHECK(scene.get<"age">().cols() == 1);
  auto trunk = empty<OnOneTrunk>();
  CHECK(trunk.predict(image).get<"colour">()(0, 4) == doctest::Approx(0.2F));
}

TEST_CASE("blocks, a skip and a second input: a tower of that kind is trained") {
  xs::OneTask<Places> net{xs::seed(1)};
  CHECK(net.find_parameter("places.layer1.conv1.weight") != xs::AnyNet::npos);
  CHECK(net.inputs()[1].name() == "places.when");
  xs::ThreadPool threads;
  xs::Training training{net, xs::Sgd{.learning_rate = 0.01F}};
  const xs::Batch batch = support::random_batch(net, 8, 1);
  const double first = training.step(batch, threads).total;
  double last = first;
  for (int i = 0; i < 10; ++i) last = training.step(batch, threads).total;
  CHECK(last < 0.9 * first);
}

TEST_CASE("a unit of one's own: gradients of the whole network, its share among them") {
  Mean net{xs::seed(2)};
  const std::size_t share = net.find_parameter("stitch.pool2.share");
  REQUIRE(share != xs::AnyNet::npos);
  CHECK(net.parameter(share)[0] == 0.1F);
  xs::ThreadPool threads;
  const xs::NetworkGradientReport report =
      xs::check_network_gradients(net, support::random_batch(net, 4, 1), threads, {.elements = 4});
  CHECK_MESSAGE(report.ok, report.text);
  CHECK(report.checked > 30);
}
