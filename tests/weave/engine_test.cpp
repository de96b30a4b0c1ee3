// The engine on every kind of network: the bits of stored and applied gradients, of any number of threads; what it
// says when something is not finite or does not fit.
#include <doctest/doctest.h>
#include <xstitch/layers/dropout.hpp>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/ensemble.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/networks/split.hpp>
#include <xstitch/networks/weights.hpp>
#include <xstitch/run/describe.hpp>

#include <limits>

#include "support.hpp"
#include "tiny_layers.hpp"

namespace xs = xstitch;
using tiny::Dense;

namespace {

using Trunk =
    xs::Layers<Dense<"a", 12>, xs::Tanh, xs::Seam<"s1">, xs::Dropout<>, Dense<"b", 8>, xs::Tanh, xs::Seam<"s2">>;
using Upper =
    xs::Tower<"upper", xs::Shape<6>, Trunk, xs::Residual<Dense<"r", 8>, xs::Tanh>, Dense<"c", 3>, tiny::SmallOutput>;
using Lower =
    xs::Tower<"lower", xs::Shape<6>, Trunk,
              xs::Concat<xs::Layers<Dense<"x", 4>, xs::Tanh>, xs::Layers<Dense<"y", 5>>, Dense<"z", 1>>,
              xs::Head<"one", Dense<"c", 3>, tiny::SmallOutput>, xs::Head<"two", Dense<"d", 2>, tiny::SmallOutput>>;

template <class Net>
std::vector<float> train(std::size_t thread_count, bool store, std::size_t steps = 4) {
  Net net{xs::seed(11)};
  xs::ThreadPool threads(thread_count);
  xs::Training training(net, support::Descent{});
  for (std::uint64_t step = 0; step < steps; ++step)
    training.step(support::random_batch(net, 9, step), {.step = step, .store_gradients = store}, threads);
  return support::all_parameters(net);
}

template <class Net>
void same_bits_everywhere() {
  const auto reference = train<Net>(1, false);
  CHECK(support::same_bits(reference, train<Net>(1, true)));
  for (const std::size_t threads : {2U, 3U, 7U}) {
    CHECK(support::same_bits(reference, train<Net>(threads, false)));
    CHECK(support::same_bits(reference, train<Net>(threads, true)));
  }
  CHECK_FALSE(support::same_bits(reference, train<Net>(1, false, 5)));
}

}  // namespace

TEST_CASE_TEMPLATE("same bits on any number of threads, gradients stored or applied", Net, xs::OneTask<Upper>,
                   xs::CrossStitch<Upper, Lower>, xs::Split<"b", Upper, Lower>, xs::Ensemble<2, Upper, Lower>) {
  same_bits_everywhere<Net>();
}

TEST_CASE("members of an ensemble start different; the first is the one-task network") {
  xs::Ensemble<2, Upper> net{xs::seed(4)};
  xs::OneTask<Upper> one{xs::seed(4)};
  const auto first = net.parameter(net.find_parameter("ensemble0.upper.a.weight"));
  const auto second = net.parameter(net.find_parameter("ensemble1.upper.a.weight"));
  const auto alone = one.parameter(one.find_parameter("upper.a.weight"));
  CHECK(std::equal(first.begin(), first.end(), alone.begin()));
  CHECK_FALSE(std::equal(first.begin(), first.end(), second.begin()));
}

TEST_CASE("a shared trunk is one set of parameters that both tasks move") {
  xs::Split<"b", Upper, Lower> net{xs::seed(1)};
  CHECK(net.find_parameter("shared.a.weight") != xs::AnyNet::npos);
  CHECK(net.find_parameter("upper.a.weight") == xs::AnyNet::npos);
  CHECK(net.find_parameter("upper.b.weight") != xs::AnyNet::npos);
  CHECK(net.find_parameter("lower.b.weight") != xs::AnyNet::npos);
  REQUIRE(net.inputs().size() == 1);
  xs::ThreadPool threads(2);
  xs::Training training(net);
  const xs::Batch batch = support::random_batch(net, 4, 1);
  training.compute_gradients(batch, 0, threads);
  const auto at = net.find_parameter("shared.a.weight");
  const std::vector<float> both(training.gradient(at).begin(), training.gradient(at).end());
  for (const char* silent : {"lower.c.weight", "lower.d.weight"}) {
    const auto w = net.mutable_parameter(net.find_parameter(silent));
    std::fill(w.begin(), w.end(), 0.0F);
  }
  training.compute_gradients(batch, 0, threads);
  const std::vector<float> upper_alone(training.gradient(at).begin(), training.gradient(at).end());
  CHECK_FALSE(support::same_bits(both, upper_alone));
  using Plain = xs::Tower<"plain", xs::Shape<6>, Dense<"a", 12>, xs::Tanh, Dense<"c", 3>, tiny::SmallOutput>;
  using Other = xs::Tower<"other", xs::Shape<6>, Dense<"a", 12>, xs::Tanh, Dense<"d", 2>, tiny::SmallOutput>;
  CHECK(xs::Shared<Plain, Other>::parameter_count == 6 * 12 + 12 * 3 + 12 * 2);
}

TEST_CASE("what is not finite is placed: parameter, layer, weave unit, input") {
  using Net = xs::CrossStitch<Upper, Lower>;
  xs::ThreadPool threads(2);
  const support::Descent descent;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto location_with = [&](const char* parameter) {
    Net net{xs::seed(1)};
    net.mutable_parameter(net.find_parameter(parameter))[0] = nan;
    const auto before = support::all_parameters(net);
    xs::Training training(net, descent);
    const xs::StepResult& result = training.step(support::random_batch(net, 3, 1), threads);
    CHECK_FALSE(result.finite);
    CHECK(support::same_bits(before, support::all_parameters(net)));  // nothing was updated
    return result.location;
  };
  CHECK(location_with("upper.a.weight").find("layer 'a' of tower 'upper'") != std::string::npos);
  CHECK(location_with("lower.d.weight").find("layer 'd' of tower 'lower'") != std::string::npos);
  CHECK(location_with("upper.r.weight").find("'upper.r.weight'") != std::string::npos);
  CHECK(location_with("stitch.s2.alpha").find("seam 's2'") != std::string::npos);
  Net net{xs::seed(1)};
  xs::Batch batch = support::random_batch(net, 3, 1);
  batch.inputs[1][4] = nan;
  xs::Training training(net, descent);
  CHECK(training.step(batch, threads).location == "input of tower 'lower'");
  // Overflow inside: a layer's result is infinite though its input and parameters are finite.
  const auto a = net.mutable_parameter(net.find_parameter("lower.x.weight"));
  std::fill(a.begin(), a.end(), 3e38F);
  const auto y = net.mutable_parameter(net.find_parameter("lower.y.weight"));
  std::fill(y.begin(), y.end(), 3e38F);
  const xs::StepResult& result = training.step(support::random_batch(net, 3, 1), threads);
  CHECK_FALSE(result.finite);
  CHECK(result.location.find("of tower 'lower'") != std::string::npos);
  CHECK(net.find_non_finite_parameter().empty());
}

TEST_CASE("a batch that does not fit is refused with what was found and expected") {
  xs::CrossStitch<Upper, Lower> net;
  xs::ThreadPool threads(1);
  xs::Training training(net, support::Descent{});
  const auto message = [&](auto change) {
    xs::Batch batch = support::random_batch(net, 3, 1);
    change(batch);
    try {
      training.step(batch, threads);
    } catch (const xs::Error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  CHECK(message([](xs::Batch&) {}) == "accepted");
  CHECK(message([](xs::Batch& b) { b.inputs[1].resize(5); }) ==
        "input of tower 'lower': 5 elements, expected 18 (3 samples of 1x1x6)");
  CHECK(message([](xs::Batch& b) { b.labels[1].values.clear(); }).find("label of 'lower.one': 0 elements") == 0);
  CHECK(message([](xs::Batch& b) { b.labels.pop_back(); }).find("labels for 2 heads, the network has 3") !=
        std::string::npos);
  CHECK(message([](xs::Batch& b) { b.size = 0; }).find("without samples") != std::string::npos);
}

TEST_CASE("smaller and larger batches share the memory, and the last partial batch gives the same predictions") {
  xs::CrossStitch<Upper, Lower> net{xs::seed(2)};
  xs::ThreadPool threads(2);
  const xs::Batch whole = support::random_batch(net, 7, 6);
  net.evaluate(whole, threads);
  const std::vector<float> expected(net.prediction(1).begin(), net.prediction(1).end());
  xs::Batch part = whole;
  part.size = 2;
  net.evaluate(part, threads);
  REQUIRE(net.prediction(1).size() == 2 * 3);
  CHECK(std::equal(net.prediction(1).begin(), net.prediction(1).end(), expected.begin()));
}

TEST_CASE("clipping scales the whole gradient to the norm") {
  using Net = xs::OneTask<Upper>;
  xs::ThreadPool threads(2);
  Net net{xs::seed(3)};
  xs::Training training(net, support::Descent{1.0F});
  const auto before = support::all_parameters(net);
  training.step(support::random_batch(net, 5, 1), {.clip_norm = 0.01F}, threads);
  const auto after = support::all_parameters(net);
  double squares = 0;
  for (std::size_t i = 0; i < before.size(); ++i)
    squares += std::pow(static_cast<double>(after[i]) - static_cast<double>(before[i]), 2);
  CHECK(std::sqrt(squares) == doctest::Approx(0.01).epsilon(1e-3));
}

TEST_CASE("dropout acts in training alone, and differs from step to step") {
  xs::OneTask<Upper> net{xs::seed(3)};
  xs::ThreadPool threads(2);
  xs::Training training(net);
  const xs::Batch batch = support::random_batch(net, 5, 1);
  const double first = training.compute_gradients(batch, 0, threads).total;
  const double again = training.compute_gradients(batch, 0, threads).total;
  const double second = training.compute_gradients(batch, 1, threads).total;
  CHECK(first == again);
  CHECK(first != second);
  const double plain = net.evaluate(batch, threads).total;
  CHECK(plain == net.evaluate(batch, threads).total);
}

TEST_CASE("parameters are Eigen matrices without a copy") {
  xs::CrossStitch<Upper, Lower> net{xs::seed(1)};
  auto a = xs::weights<"upper.a">(net);
  REQUIRE(a.rows() == 6);
  REQUIRE(a.cols() == 12);
  const std::uint64_t version = net.parameter_version();
  xs::weights<"upper.a">(net)(2, 3) = 5.0F;
  CHECK(net.parameter(net.find_parameter("upper.a.weight"))[2 * 12 + 3] == 5.0F);
  CHECK(net.parameter_version() > version);
  const auto& fixed = net;
  CHECK(xs::parameter<"stitch.s1.alpha">(fixed).rows() == 4);
  CHECK(xs::weights<"lower.d">(fixed).cols() == 2);
  const xs::Ensemble<2, Upper> ensemble;
  CHECK(xs::weights<"ensemble1.upper.c">(ensemble).cols() == 3);
}

TEST_CASE("the description names layers, shapes, counts and seams") {
  const std::string text = xs::describe<xs::CrossStitch<Upper, Lower>>();
  for (const char* part :
       {"Dense a", "1x1x12", "CrossStitch s1", "upper+lower", "Concat", "SmallOutput two", "seams: s1, s2"})
    CHECK_MESSAGE(text.find(part) != std::string::npos, part, "\n", text);
}
