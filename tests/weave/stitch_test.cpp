// What a cross-stitched network means, on towers that differ in input, depth and width.
#include <doctest/doctest.h>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>

#include <array>

#include "support.hpp"
#include "tiny_layers.hpp"

namespace xs = xstitch;
using tiny::Dense;

namespace {

using Upper = xs::Tower<"upper", xs::Shape<5>, Dense<"a", 7>, xs::Tanh, xs::Seam<"s1">, Dense<"b", 4>, xs::Tanh,
                        xs::Seam<"s2">, Dense<"c", 3>, tiny::SmallOutput>;
using Lower =
    xs::Tower<"lower", xs::Shape<2, 3, 1>, Dense<"a0", 9>, xs::Tanh, Dense<"a1", 7>, xs::Tanh, xs::Seam<"s1">,
              Dense<"b", 6>, xs::Tanh, Dense<"b2", 4>, xs::Tanh, xs::Seam<"s2">, Dense<"c", 2>, tiny::SmallOutput>;
using Pair = xs::CrossStitch<Upper, Lower>;
static_assert(Pair::seams == xs::names("s1", "s2"));
static_assert(xs::Network<Pair>);

std::vector<float> prediction(const xs::AnyNet& net, std::size_t head) {
  const auto p = net.prediction(head);
  return {p.begin(), p.end()};
}

}  // namespace

TEST_CASE("a tower in a woven net starts as its one-task net, and identity alphas make it one") {
  Pair pair{xs::seed(7)};
  xs::OneTask<Upper> upper{xs::seed(7)};
  xs::OneTask<Lower> lower{xs::seed(7)};
  xs::ThreadPool threads(2);
  for (std::size_t i = 0; i < upper.parameters().size(); ++i) {
    const std::size_t k = pair.find_parameter(upper.parameters()[i].name);
    REQUIRE(k != xs::AnyNet::npos);
    CHECK(std::equal(upper.parameter(i).begin(), upper.parameter(i).end(), pair.parameter(k).begin()));
  }
  support::set_alpha(pair, 1.0F, 0.0F);
  const xs::Batch batch = support::random_batch(pair, 6, 1);
  pair.evaluate(batch, threads);
  xs::Batch first, second;
  first.size = second.size = 6;
  first.inputs = {batch.inputs[0]};
  second.inputs = {batch.inputs[1]};
  upper.evaluate(first, threads);
  lower.evaluate(second, threads);
  CHECK(support::same_bits(prediction(pair, 0), prediction(upper, 0)));
  CHECK(support::same_bits(prediction(pair, 1), prediction(lower, 0)));
  support::set_alpha(pair, 0.9F, 0.1F);
  pair.evaluate(batch, threads);
  CHECK_FALSE(support::same_bits(prediction(pair, 0), prediction(upper, 0)));
}

TEST_CASE("swap alphas exchange what flows on") {
  // After s2 upper computes 4 -> 3 and lower 4 -> 2. With swap at s2 alone, upper's head sees lower's activation.
  using Net = xs::CrossStitch<xs::At<"s2">, Upper, Lower>;
  static_assert(Net::seams == xs::names("s2"));
  Net plain{xs::seed(3)}, swapped{xs::seed(3)};
  xs::ThreadPool threads(1);
  support::set_alpha(plain, 1.0F, 0.0F);
  support::set_alpha(swapped, 0.0F, 1.0F);
  // Give both heads the same weights for the outputs they share, so that a swap exchanges those predictions.
  for (Net* net : {&plain, &swapped}) {
    const auto upper = net->mutable_parameter(net->find_parameter("upper.c.weight"));
    const auto lower = net->mutable_parameter(net->find_parameter("lower.c.weight"));
    for (std::size_t i = 0; i < 4; ++i)
      for (std::size_t o = 0; o < 2; ++o) lower[i * 2 + o] = upper[i * 3 + o];
  }
  const xs::Batch batch = support::random_batch(plain, 4, 2);
  plain.evaluate(batch, threads);
  swapped.evaluate(batch, threads);
  const auto a = prediction(plain, 0), b = prediction(plain, 1), x = prediction(swapped, 0), y = prediction(swapped, 1);
  for (std::size_t n = 0; n < 4; ++n)
    for (std::size_t o = 0; o < 2; ++o) {
      CHECK(x[n * 3 + o] == b[n * 2 + o]);
      CHECK(y[n * 2 + o] == a[n * 3 + o]);
      CHECK(x[n * 3 + o] != a[n * 3 + o]);
    }
}

TEST_CASE("the order in which towers are written changes nothing but the order of outputs") {
  using Third =
      xs::Tower<"third", xs::Shape<4>, Dense<"a", 7>, xs::Tanh, xs::Seam<"s1">, Dense<"c", 2>, tiny::SmallOutput>;
  xs::CrossStitch<Upper, Lower, Third> one{xs::seed(5)};
  xs::CrossStitch<Third, Upper, Lower> two{xs::seed(5)};
  xs::ThreadPool threads(2);
  // Alphas that differ in every place: {T, T, C} in each network's own order of towers.
  const auto value = [](std::string_view to, std::string_view from, std::size_t c) {
    return static_cast<float>(to[0] % 7) * 0.05F + static_cast<float>(from[0] % 5) * 0.11F +
           static_cast<float>(c) * 0.03F - 0.3F;
  };
  const std::array<std::string_view, 3> order_one{"upper", "lower", "third"}, order_two{"third", "upper", "lower"};
  const auto fill = [&](xs::AnyNet& net, std::span<const std::string_view> order) {
    const auto s1 = net.mutable_parameter(net.find_parameter("stitch.s1.alpha"));
    for (std::size_t t = 0; t < 3; ++t)
      for (std::size_t s = 0; s < 3; ++s)
        for (std::size_t c = 0; c < 7; ++c) s1[(t * 3 + s) * 7 + c] = value(order[t], order[s], c);
  };
  fill(one, order_one);
  fill(two, order_two);
  const xs::Batch batch = support::random_batch(one, 5, 3);
  xs::Batch turned = batch;
  turned.inputs = {batch.inputs[2], batch.inputs[0], batch.inputs[1]};
  turned.labels = {batch.labels[2], batch.labels[0], batch.labels[1]};
  const support::Descent descent{0.05F};
  xs::Training train_one(one, descent), train_two(two, descent);
  for (std::uint64_t step = 0; step < 3; ++step) {
    train_one.step(batch, {.step = step}, threads);
    train_two.step(turned, {.step = step}, threads);
  }
  one.evaluate(batch, threads);
  two.evaluate(turned, threads);
  CHECK(support::same_bits(prediction(one, 0), prediction(two, 1)));
  CHECK(support::same_bits(prediction(one, 1), prediction(two, 2)));
  CHECK(support::same_bits(prediction(one, 2), prediction(two, 0)));
}

TEST_CASE("per layer is per channel with tied values, and its gradient is the sum") {
  using Tied = xs::CrossStitch<xs::PerLayer, Upper, Lower>;
  Pair channel{xs::seed(2)};
  Tied layer{xs::seed(2)};
  xs::ThreadPool threads(2);
  for (const char* name : {"stitch.s1.alpha", "stitch.s2.alpha"}) {
    const auto wide = channel.mutable_parameter(channel.find_parameter(name));
    const auto narrow = layer.mutable_parameter(layer.find_parameter(name));
    REQUIRE(narrow.size() == 4);
    const float values[4] = {0.8F, 0.3F, -0.2F, 1.1F};
    for (std::size_t i = 0; i < 4; ++i) {
      narrow[i] = values[i];
      for (std::size_t c = 0; c < wide.size() / 4; ++c) wide[i * (wide.size() / 4) + c] = values[i];
    }
  }
  const xs::Batch batch = support::random_batch(channel, 5, 4);
  xs::Training of_channel(channel), of_layer(layer);
  of_channel.compute_gradients(batch, 0, threads);
  of_layer.compute_gradients(batch, 0, threads);
  for (const char* name : {"stitch.s1.alpha", "stitch.s2.alpha"}) {
    const auto wide = of_channel.gradient(channel.find_parameter(name));
    const auto narrow = of_layer.gradient(layer.find_parameter(name));
    for (std::size_t i = 0; i < 4; ++i) {
      double sum = 0;
      for (std::size_t c = 0; c < wide.size() / 4; ++c) sum += static_cast<double>(wide[i * (wide.size() / 4) + c]);
      CHECK(static_cast<double>(narrow[i]) == doctest::Approx(sum).epsilon(1e-5));
      CHECK(narrow[i] != 0.0F);
    }
  }
  const auto a = of_channel.gradient(channel.find_parameter("lower.a0.weight"));
  const auto b = of_layer.gradient(layer.find_parameter("lower.a0.weight"));
  CHECK(std::equal(a.begin(), a.end(), b.begin()));
}

TEST_CASE("a loss of one tower alone moves the other tower's weights below a seam, and not above the last") {
  Pair net{xs::seed(9)};
  xs::ThreadPool threads(2);
  xs::Batch batch = support::random_batch(net, 5, 5);
  xs::Training training(net);
  training.compute_gradients(batch, 0, threads);
  // SmallOutput of "lower" is silenced by a head that gives zeros.
  const auto c = net.mutable_parameter(net.find_parameter("lower.c.weight"));
  std::fill(c.begin(), c.end(), 0.0F);
  training.compute_gradients(batch, 0, threads);
  const auto norm = [&](const char* name) {
    double sum = 0;
    for (const float g : training.gradient(net.find_parameter(name))) sum += std::abs(static_cast<double>(g));
    return sum;
  };
  CHECK(norm("lower.a0.weight") > 1e-6);
  CHECK(norm("lower.b2.weight") > 1e-6);
  CHECK(norm("lower.c.weight") == 0.0);
  CHECK(norm("upper.c.weight") > 1e-6);
}

TEST_CASE("alphas start at alpha_S and alpha_D / (N - 1), and N counts the towers at that seam") {
  using Third =
      xs::Tower<"third", xs::Shape<4>, Dense<"a", 7>, xs::Tanh, xs::Seam<"s1">, Dense<"c", 2>, tiny::SmallOutput>;
  using Net = xs::CrossStitch<xs::InitialAlpha<xs::Ratio{8, 10}, xs::Ratio{4, 10}>, Upper, Lower, Third>;
  const Net net;
  const auto s1 = net.parameter(net.find_parameter("stitch.s1.alpha"));
  const auto s2 = net.parameter(net.find_parameter("stitch.s2.alpha"));
  REQUIRE(s1.size() == 3 * 3 * 7);
  REQUIRE(s2.size() == 2 * 2 * 4);
  CHECK(s1[0] == 0.8F);
  CHECK(s1[7] == doctest::Approx(0.2F));
  CHECK(s2[0] == 0.8F);
  CHECK(s2[4] == doctest::Approx(0.4F));
  CHECK(xs::CrossStitch<Upper, Lower>::parameter_count ==
        xs::OneTask<Upper>::parameter_count + xs::OneTask<Lower>::parameter_count + 4 * (7 + 4));
}
