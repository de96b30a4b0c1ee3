// A tower with a second, named input: boxes beside an image.
#include <doctest/doctest.h>
#include <xstitch/run/predictor.hpp>

#include <vector>

#include "boxes_tower.hpp"

using namespace boxes_tower;

TEST_CASE("a named input is a slot of its own: a batch by hand") {
  One net{xs::seed(1)};
  REQUIRE(net.inputs().size() == 2);
  CHECK(net.inputs()[0].name() == "a");
  CHECK(net.inputs()[1].name() == "a.boxes");
  CHECK(net.inputs()[1].kind == xs::InputKind::boxes);
  xs::Batch batch = by_hand(net, 2);
  for (std::size_t i = 0; i < batch.inputs[0].size(); ++i) batch.inputs[0][i] = image()[i % image().size()];
  xs::ThreadPool threads(2);
  net.evaluate(batch, threads);
  const auto got = net.prediction(net.find_head("a.means"));
  REQUIRE(got.size() == 8);
  for (std::size_t i = 0; i < 8; ++i) CHECK(got[i] == doctest::Approx(means[i % 4]));

  batch.inputs[1].resize(39);
  CHECK_THROWS_WITH_AS(net.evaluate(batch, threads),
                       "input of tower 'a.boxes': 39 elements, expected 40 (2 samples of 4x1x5)", xs::Error);
}

TEST_CASE("gradients, and the same bits on any threads") {
  checks::all<Pair>(50, [](const xs::AnyNet& net, std::size_t n, std::uint64_t) { return by_hand(net, n); });
}

TEST_CASE("a predictor takes its inputs by name") {
  const One net{xs::seed(1)};
  xs::Predictor<One> predictor{net, 1};
  const auto answer = predictor.predict(xs::input<"a.boxes">(boxes), xs::input<"a">(image()));
  REQUIRE(answer.get<"a.means">().size() == 4);
  for (int i = 0; i < 4; ++i)
    CHECK(answer.get<"a.means">()(0, i) == doctest::Approx(means[static_cast<std::size_t>(i)]));
  CHECK_THROWS_WITH_AS(predictor.predict(image()), "prediction: no input for \"a.boxes\" of 4x1x5", xs::Error);
  CHECK_THROWS_AS(predictor.predict(xs::input<"boxes">(boxes), xs::input<"a">(image())), xs::Error);
}
