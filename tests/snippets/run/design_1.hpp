#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "../../networks/checks.hpp"

TEST_CASE("operations with parameters, two inputs and indices: their gradients are right") {
  const auto prelu =
      xs::check_gradients<PRelu<"prelu">, xs::Shape<3, 4, 5>>({.input = xs::CheckedInput::away_from_zero});
  CHECK_MESSAGE(prelu.ok, prelu.text());
  CHECK(prelu.entries.size() == 2);
  const auto product = xs::check_operation_gradients<Product, xs::Shapes{xs::Dims{2, 3, 4}, xs::Dims{2, 3, 4}}>();
  CHECK_MESSAGE(product.ok, product.text());
  CHECK(product.entries.size() == 2);
  const auto pool = xs::check_operation_gradients<PoolWithIndices, xs::Shapes{xs::Dims{4, 6, 3}}>(
      {.input = xs::CheckedInput::distinct});
  CHECK_MESSAGE(pool.ok, pool.text());
  constexpr xs::Shapes small_and_indices{xs::TensorShape(xs::Dims{2, 2, 3}),
                                         xs::TensorShape(xs::Dims{2, 2, 3}, 1, xs::ElementType::int32)};
  const auto unpool = xs::check_operation_gradients<Unpool, small_and_indices>(
      {.fill_integers = [](std::size_t, std::span<std::int32_t> values) {
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int32_t>(4 * (i % 12) + i % 4);
      }});
  CHECK_MESSAGE(unpool.ok, unpool.text());
}

TEST_CASE("the pool names the place of each maximum, and the way back puts it there") {
  xs::RunOperation<PoolWithIndices, xs::Shapes{xs::Dims{2, 4, 1}}> pool({.batch = 1});
  const std::array<float, 8> x{1, 9, 2, 3, 4, 5, 8, 6};
  std::ranges::copy(x, pool.input().begin());
  pool.forward();
  CHECK(std::ranges::equal(pool.output(0), std::array<float, 2>{9, 8}));
  CHECK(std::ranges::equal(pool.output<std::int32_t>(1), std::array<std::int32_t, 2>{1, 6}));
  constexpr xs::Shapes half{xs::TensorShape(xs::Dims{1, 2, 1}),
                            xs::TensorShape(xs::Dims{1, 2, 1}, 1, xs::ElementType::int32)};
  xs::RunOperation<Unpool, half> back({.batch = 1});
  std::ranges::copy(pool.output(0), back.input(0).begin());
  std::ranges::copy(pool.output<std::int32_t>(1), back.input<std::int32_t>(1).begin());
  back.forward();
  CHECK(std::ranges::equal(back.output(0), std::array<float, 8>{0, 9, 0, 0, 0, 0, 8, 0}));
}

TEST_CASE("a unit between three towers moves each halfway to the mean, and so do gradients") {
  constexpr xs::Dims one{2, 3, 4};
  const auto report = xs::check_operation_gradients<HalfwayToTheMean, xs::Shapes{one, one, one}>();
  CHECK_MESSAGE(report.ok, report.text());
  CHECK(report.entries.size() == 3);
  constexpr xs::Dims number{1, 1, 1};
  xs::RunOperation<HalfwayToTheMean, xs::Shapes{number, number, number}> run({.batch = 1});
  for (std::size_t t = 0; t < 3; ++t) run.input(t)[0] = std::array{0.0F, 3.0F, 9.0F}[t];
  run.forward();
  for (std::size_t t = 0; t < 3; ++t) CHECK(run.output(t)[0] == doctest::Approx(std::array{2.0, 3.5, 6.5}[t]));
}

TEST_CASE("a pair of all of these learns, with the same bits on any number of threads") {
  Net net{xs::seed(2)};
  const auto batch = [](const xs::AnyNet& of, std::size_t size, std::uint64_t seed) {
    return support::random_batch(of, size, seed);
  };
  xs::ThreadPool threads;
  xs::Training training{net, xs::Sgd{.learning_rate = 0.05F, .momentum = 0.9F}};
  const double first = training.step(batch(net, 4, 1), threads).total;
  double last = first;
  for (int i = 0; i < 40; ++i) last = training.step(batch(net, 4, 1), threads).total;
  CHECK(last < 0.97 * first);
  const std::vector<float> one = checks::trained<Net>(batch, 1);
  CHECK_FALSE(support::same_bits(one, support::all_parameters(Net{xs::seed(3)})));
  CHECK(support::same_bits(one, checks::trained<Net>(batch, 3)));
}
