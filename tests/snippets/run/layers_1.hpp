#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <iostream>

#include "../../weave/support.hpp"
#include "../captured.hpp"

TEST_CASE("options of all kinds in one tower: it is trained, and predicts probabilities") {
  xs::OneTask<Task> net{xs::seed(1)};
  xs::ThreadPool threads;
  xs::Training training{net, xs::Sgd{.learning_rate = 0.001F}};
  const xs::Batch batch = support::random_batch(net, 2, 1);
  CHECK(training.step(batch, threads).finite);
  net.evaluate(batch, threads);
  const auto answer = net.prediction(0);
  REQUIRE(answer.size() == 20);
  CHECK(std::accumulate(answer.begin(), answer.begin() + 10, 0.0F) == doctest::Approx(1.0F));
  const std::span<const float> bias = net.parameter(net.find_parameter("task.conv2.bias"));
  CHECK(bias[0] == doctest::Approx(1.0F).epsilon(0.01));  // InitialBias, a step later
}

TEST_CASE("each sample has the length one, and the gradients are right") {
  const pages::Captured problems(std::cerr);
  CHECK(gradients_are_right());
  CHECK(problems.text() == "");
  xs::RunLayer<UnitLength, xs::Dims{1, 2, 2}> run({.batch = 2});
  std::ranges::copy(std::array<float, 8>{1, 1, 1, 1, 0, 3, 4, 0}, run.input().begin());
  for (const bool training : {true, false}) {
    run.forward(training);
    const std::array<float, 8> expected{0.5F, 0.5F, 0.5F, 0.5F, 0, 0.6F, 0.8F, 0};
    for (std::size_t i = 0; i < 8; ++i) CHECK(run.output()[i] == doctest::Approx(expected[i]));
  }
}

TEST_CASE("an activation of two functions") {
  const xs::GradientReport report = xs::check_gradients<Square, xs::Shape<3, 4, 5>>();
  CHECK_MESSAGE(report.ok, report.text());
  xs::RunLayer<Square, xs::Dims{1, 1, 3}> run({.batch = 1});
  std::ranges::copy(std::array<float, 3>{-2, 0.5F, 3}, run.input().begin());
  run.forward();
  CHECK(std::ranges::equal(run.output(), std::array<float, 3>{4, 0.25F, 9}));
}

TEST_CASE("a product of two inputs, and where it is positive") {
  CHECK(product_is_right());
  xs::RunOperation<Product, xs::Shapes{xs::Dims{1, 1, 3}, xs::Dims{1, 1, 3}}> run({.batch = 1});
  std::ranges::copy(std::array<float, 3>{-2, 0.5F, 3}, run.input(0).begin());
  std::ranges::copy(std::array<float, 3>{2, 4, 0}, run.input(1).begin());
  run.forward();
  CHECK(std::ranges::equal(run.output(0), std::array<float, 3>{-4, 2, 0}));
  CHECK(std::ranges::equal(run.output<std::int32_t>(1), std::array<std::int32_t, 3>{0, 1, 0}));
}
