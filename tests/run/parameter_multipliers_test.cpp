// Learning rate, weight decay and freezing of parameters by name.
#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/train/sgd.hpp>
#include <xstitch/train/trainer.hpp>

#include <doctest/doctest.h>

#include <array>

#include "../train/toy.hpp"

using namespace toy;

namespace {

using Normal = xs::OneTask<xs::Tower<"a", xs::Shape<6, 6, 1>, xs::Conv<"conv1", 8, 3, xs::InitialBias<xs::Ratio{1, 2}>>,
                                     xs::BatchNorm<"norm">, xs::Relu, xs::Conv<"fc", 3, 4>, xs::SoftmaxCrossEntropy>>;

xs::TrainOptions quiet(std::uint64_t iterations = 1) {
  return {.iterations = iterations, .batch = 8, .threads = 1, .output = nullptr};
}

/// Values after some steps; the network starts the same each time.
template <class Net>
std::vector<std::vector<float>> after(const xs::TrainOptions& options, const xs::Sgd& sgd) {
  const Stripes data;
  Net net{xs::seed(1)};
  CHECK(xs::train(net, data, sgd, options).finished());
  std::vector<std::vector<float>> all;
  for (std::size_t i = 0; i < net.parameters().size(); ++i)
    all.emplace_back(net.parameter(i).begin(), net.parameter(i).end());
  return all;
}

const xs::Sgd plain{.learning_rate = 0.1F, .alpha_multiplier = 10};

}  // namespace

TEST_CASE("a multiplier comes on top of the group's, and the last pattern that matches counts") {
  Pair net{xs::seed(1)};
  const auto start = after<Pair>(quiet(), {.learning_rate = 0.0F}), usual = after<Pair>(quiet(), plain);
  xs::TrainOptions options = quiet();
  options.learning_rate_multipliers = {
      {"*", 0.25F}, {"b.", 4.0F}, {"*.bias", 0.0F}, {"b.fc.*", 0.5F}, {"b.wide", 2.0F}};
  const auto found = after<Pair>(options, plain);
  for (std::size_t i = 0; i < start.size(); ++i) {
    const std::string& name = net.parameters()[i].name;
    const double factor = name.starts_with("b.fc.")     ? 0.5
                          : name.starts_with("b.wide.") ? 2.0
                          : name.ends_with(".bias")     ? 0.0
                                                        : 0.25;  // a's weights and the alphas
    INFO(name, " by ", factor);
    double moved = 0.0;
    for (std::size_t k = 0; k < start[i].size(); ++k) {
      const double by = static_cast<double>(found[i][k]) - static_cast<double>(start[i][k]);
      CHECK(by == doctest::Approx(factor * (static_cast<double>(usual[i][k]) - static_cast<double>(start[i][k])))
                      .epsilon(1e-4)
                      .scale(0.01));
      moved += std::abs(by);
    }
    CHECK((moved > 0.0) == (factor > 0.0));
  }
}

TEST_CASE("a schedule moves all alike: a multiple of the learning rate stays what it is") {
  // Halving the learning rate by the optimizer, by the schedule, or by a pattern for all is the same training.
  xs::TrainOptions scheduled = quiet(6), named = quiet(6);
  scheduled.schedule = xs::Schedule::multi_step({0}, 0.5);
  named.learning_rate_multipliers = {{"*", 0.5F}};
  xs::Sgd half = plain;
  half.learning_rate /= 2;
  const auto expected = after<Pair>(quiet(6), half);
  CHECK(after<Pair>(scheduled, plain) == expected);
  CHECK(after<Pair>(named, plain) == expected);
  // With both, a parameter at rest rests, and what has a multiple of 1 is as without.
  named.learning_rate_multipliers = {{"*", 0.0F}, {"", 1.0F}};
  CHECK(after<Pair>(named, half) == expected);
}

TEST_CASE("a multiplier of weight decay stands in the place of the group's and the layer's") {
  // Learning rate 1 and no gradient that counts: weights shrink by 1 - decay x multiplier.
  Normal net{xs::seed(1)};
  const xs::Sgd base{.learning_rate = 0.1F, .bias_multiplier = 1},
      decays{.learning_rate = 0.1F, .weight_decay = 0.5F, .bias_multiplier = 1};
  const auto start = after<Normal>(quiet(), {.learning_rate = 0}), without = after<Normal>(quiet(), base);
  const auto decay_of = [&](const xs::NameMultipliers& multipliers, const std::string& name) {
    xs::TrainOptions options = quiet();
    options.weight_decay_multipliers = multipliers;
    const auto found = after<Normal>(options, decays);
    const std::size_t i = net.find_parameter(name);
    REQUIRE(i != xs::AnyNet::npos);
    // w = start - r (g + d start), and without: start - r g
    return (static_cast<double>(without[i][0]) - static_cast<double>(found[i][0])) /
           (0.1 * static_cast<double>(start[i][0]));
  };
  const auto about = [](double value) { return doctest::Approx(value).epsilon(0.001).scale(0.1); };
  CHECK(decay_of({}, "a.conv1.weight") == about(0.5));
  CHECK(decay_of({}, "a.conv1.bias") == about(0.0));
  CHECK(decay_of({}, "a.norm.weight") == about(0.0));
  const xs::NameMultipliers named{{"*.bias", 1.0F}, {"*.norm.weight", 0.5F}, {"a.conv1.weight", 0.0F}};
  CHECK(decay_of(named, "a.conv1.weight") == about(0.0));
  CHECK(decay_of(named, "a.conv1.bias") == about(0.5));
  CHECK(decay_of(named, "a.norm.weight") == about(0.25));
  CHECK(decay_of(named, "a.fc.weight") == about(0.5));
}

TEST_CASE("on a Training directly, gradients stored or not") {
  const Stripes data;
  Pair applied{xs::seed(1)}, stored{xs::seed(1)};
  xs::ThreadPool threads(2);
  std::vector<std::vector<float>> before;
  for (std::size_t i = 0; i < applied.parameters().size(); ++i)
    before.emplace_back(applied.parameter(i).begin(), applied.parameter(i).end());
  for (Pair* net : {&applied, &stored}) {
    xs::Training training{*net, plain};
    training.set_multipliers({.learning_rate = {{"a.*", 0.0F}}});
    xs::Loader loader(data, net->inputs(), net->heads(), {.batch = 8, .epochs = 1});
    const xs::Batch& batch = loader.next()->batch;
    training.step(batch, {.store_gradients = net == &stored}, threads);
  }
  CHECK(same_bits(applied, stored));
  for (std::size_t i = 0; i < before.size(); ++i) {
    const std::vector<float> now(applied.parameter(i).begin(), applied.parameter(i).end());
    CHECK((now == before[i]) == applied.parameters()[i].name.starts_with("a."));
  }
  xs::Training training{applied, plain};
  CHECK(error_of([&] {
          training.set_multipliers({.weight_decay = {{"a.conv2.*", 1.0F}}});
        }) ==
        "weight_decay_multipliers: no parameter that can be trained matches \"a.conv2.*\"; the nearest names are "
        "\"a.conv1.weight\", \"a.conv1.bias\", \"a.fc.weight\"");
  training.set_multipliers({.learning_rate = {{"a.", 3e38F}}});
  xs::Loader loader(data, applied.inputs(), applied.heads(), {.batch = 8, .epochs = 1});
  xs::StepOptions far;
  far.learning_rate_factor = 1000.0F;
  CHECK(error_of([&] { training.step(loader.next()->batch, far, threads); }).find("a learning rate of inf") !=
        std::string::npos);
}

TEST_CASE("what names nothing, or a factor that is no factor, is refused before the first step") {
  const Stripes data;
  Normal net{xs::seed(1)};
  const auto refusal = [&](const xs::NameMultipliers& rates, const xs::NameMultipliers& decays) {
    xs::TrainOptions options = quiet();
    options.learning_rate_multipliers = rates;
    options.weight_decay_multipliers = decays;
    return error_of([&] { xs::train(net, data, plain, options); });
  };
  CHECK(refusal({{"a.*", 1.0F}, {"a.cov1.*", 0.1F}}, {}) ==
        "learning_rate_multipliers: no parameter that can be trained matches \"a.cov1.*\"; the nearest names are "
        "\"a.conv1.weight\", \"a.conv1.bias\", \"a.norm.weight\"");
  CHECK(refusal({}, {{"a.norm.running_mean", 1.0F}}).find("matches \"a.norm.running_mean\"") != std::string::npos);
  CHECK(refusal({{"*", -1.0F}}, {}) ==
        "learning_rate_multipliers: found a factor of -1 for \"*\", expected a finite number of at least 0");
  CHECK(refusal({}, {{"*", std::numeric_limits<float>::quiet_NaN()}}).find("found a factor of nan") !=
        std::string::npos);
}

TEST_CASE("a resume under other multipliers is refused") {
  const Folder folder("multipliers");
  const Stripes data;
  xs::TrainOptions options = quiet(4);
  options.learning_rate_multipliers = {{"a.", 0.5F}, {"*.bias", 0.1F}};
  options.weight_decay_multipliers = {{"*.bias", 1.0F}};
  options.checkpoint_directory = folder.path;
  Pair net{xs::seed(1)};
  CHECK(xs::train(net, data, plain, options).finished());
  options.resume = true;
  options.iterations = 8;
  {
    Pair other{xs::seed(1)};
    xs::TrainOptions wrong = options;
    wrong.learning_rate_multipliers[1].factor = 0.2F;
    wrong.weight_decay_multipliers.clear();
    const std::string message = error_of([&] { xs::train(other, data, plain, wrong); });
    INFO(message);
    CHECK(message.find("learning_rate_multipliers: then \"*.bias x 0.1") != std::string::npos);
    CHECK(message.find("weight_decay_multipliers: then ") != std::string::npos);
  }
  Pair resumed{xs::seed(1)}, whole{xs::seed(1)};
  CHECK(xs::train(resumed, data, plain, options).finished());
  options.checkpoint_directory.clear();
  options.resume = false;
  CHECK(xs::train(whole, data, plain, options).finished());
  CHECK(same_bits(resumed, whole));
}

TEST_CASE("parameters are frozen by pattern") {
  Normal net{xs::seed(1)};
  const auto trained = [&] {
    std::string names;
    for (std::size_t i = 0; i < net.parameters().size(); ++i)
      if (net.model().trained(i)) names += net.parameters()[i].name + " ";
    return names;
  };
  CHECK(net.set_trained("*", false) == 6);
  CHECK(trained().empty());
  CHECK(net.set_trained("*.weight", true) == 3);
  CHECK(trained() == "a.conv1.weight a.norm.weight a.fc.weight ");
  CHECK(net.set_trained("a.norm", false) == 2);  // a beginning
  CHECK(trained() == "a.conv1.weight a.fc.weight ");
  CHECK(net.set_trained("a.*1.*", false) == 2);
  CHECK(trained() == "a.fc.weight ");
  CHECK(error_of([&] { net.set_trained("b.*", true); }) ==
        "set_trained: no parameter that can be trained matches \"b.*\"; the nearest names are \"a.conv1.weight\", "
        "\"a.conv1.bias\", \"a.norm.weight\"");
  CHECK(error_of([&] { net.set_trained("a.norm.running_mean", false); }).find("matches") != std::string::npos);
}
