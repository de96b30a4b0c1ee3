// Rules that weigh the heads, each alone: what they make of losses and products of gradients that are given here.
#include <xstitch/train/adam.hpp>
#include <xstitch/train/balance/dynamic_weight_average.hpp>
#include <xstitch/train/balance/famo.hpp>
#include <xstitch/train/balance/fixed_weights.hpp>
#include <xstitch/train/balance/grad_norm.hpp>
#include <xstitch/train/balance/pc_grad.hpp>
#include <xstitch/train/balance/uncertainty.hpp>
#include <xstitch/train/sgd.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

namespace xs = xstitch;

namespace {

std::vector<xs::HeadSlot> heads_of(std::size_t count) {
  std::vector<xs::HeadSlot> heads(3);
  heads[0].tower = "a";
  heads[1].tower = heads[2].tower = "b";
  heads[1].head = "one";
  heads[2].head = "two";
  heads.resize(count);
  return heads;
}

/// A rule with its state, called as a training calls it.
struct Bench {
  xs::LossBalance rule;
  std::vector<xs::HeadSlot> heads;
  xs::OptimizerRef optimizer;
  float learning_rate = 0.0F;
  std::vector<xs::BalanceArray> state{};
  std::vector<std::uint8_t> present{};
  std::vector<double> weights{}, combination{};

  template <class R, class O>
  Bench(const R& r, std::size_t count, const O& o, std::uint64_t epoch_steps = 0)
      : rule(r), heads(heads_of(count)), optimizer(o), learning_rate(o.learning_rate) {
    state = rule.arrays({heads, epoch_steps, optimizer.state_count()});
    present.assign(count, 1);
    epoch_steps_ = epoch_steps;
  }

  void step(std::uint64_t number, const std::vector<double>& losses, const std::vector<double>& after = {},
            const std::vector<double>& products = {}) {
    weights.assign(heads.size(), 1.0);
    combination.assign(heads.size(), 1.0);
    xs::BalanceCall call;
    call.step = number;
    call.epoch = epoch_steps_ > 0 ? number / epoch_steps_ : 0;
    call.random = xs::RandomKey(xs::seed(7)).with(number);
    call.present = present;
    call.losses = losses;
    call.losses_after = after;
    call.products = products;
    call.weights = weights;
    call.combination = combination;
    call.state = state;
    call.optimizer = &optimizer;
    call.learning_rate = learning_rate;
    rule.weigh(call);
    rule.update(call);
  }
  [[nodiscard]] double learned(std::size_t array, std::size_t head) const { return state[array].values[head]; }

 private:
  std::uint64_t epoch_steps_ = 0;
};

template <class Function>
std::string error_of(Function&& f) {
  try {
    f();
  } catch (const xs::Error& error) {
    return error.what();
  }
  return "no error";
}

doctest::Approx near(double value) { return doctest::Approx(value).epsilon(1e-6); }
const xs::Sgd sgd{.learning_rate = 0.1F};

}  // namespace

TEST_CASE("FixedWeights: by name, 1 where none is given; names that there are not, twice, below 0 are refused") {
  Bench bench(xs::FixedWeights{{{"b.two", 0.25F}, {"a", 2.0F}}}, 3, sgd);
  bench.step(0, {1, 1, 1});
  CHECK(bench.weights == std::vector<double>{2.0, 1.0, 0.25});
  CHECK(bench.rule.describe() == "FixedWeights(b.two 0.25, a 2)");
  const auto refused = [](const xs::FixedWeights& rule) { return error_of([&] { Bench(rule, 3, sgd); }); };
  CHECK(refused({{{"b", 1.0F}}}) == "FixedWeights: found a weight for head 'b', expected one of a, b.one, b.two");
  CHECK(refused({{{"a", 1.0F}, {"a", 2.0F}}}).find("found two weights for head 'a'") != std::string::npos);
  CHECK(refused({{{"a", -1.0F}}}).find("found weight of 'a' = -1, expected a finite number of at least 0") !=
        std::string::npos);
}

TEST_CASE("Uncertainty: the log variance goes to log(2 L) of each head, the weighted losses to 1/2") {
  Bench bench(xs::Uncertainty{}, 2, sgd);
  bench.step(0, {3.0, 0.05});
  CHECK(bench.weights == std::vector<double>{1.0, 1.0});
  // After one step of gradient descent: s = -0.1 (1/2 - L).
  CHECK(bench.learned(0, 0) == near(-0.1 * (0.5 - 3.0)));
  CHECK(bench.learned(0, 1) == near(-0.1 * (0.5 - 0.05)));
  for (std::uint64_t step = 1; step < 400; ++step) bench.step(step, {3.0, 0.05});
  CHECK(bench.learned(0, 0) == doctest::Approx(std::log(6.0)).epsilon(1e-4));
  CHECK(bench.learned(0, 1) == doctest::Approx(std::log(0.1)).epsilon(1e-4));
  CHECK(bench.weights[0] * 3.0 == doctest::Approx(0.5).epsilon(1e-4));

  // The training's own optimizer moves it, with its state; a head without labels stands still with it.
  const xs::Adam optimizer{.learning_rate = 0.01F};
  Bench adam(xs::Uncertainty{.learning_rate_multiplier = 0.5F}, 2, optimizer);
  REQUIRE(adam.state.size() == 3);
  adam.present = {1, 0};
  adam.step(0, {3.0, 0.0});
  CHECK(adam.learned(0, 0) == near(0.005));
  CHECK(adam.learned(1, 0) == near(0.1 * -2.5));
  CHECK(adam.learned(2, 0) == near(0.001 * 6.25));
  for (std::size_t k = 0; k < 3; ++k) CHECK(adam.learned(k, 1) == 0.0);
}

TEST_CASE("DynamicWeightAverage: 1 in the first two epochs, then by the ratio of the last two means") {
  Bench bench(xs::DynamicWeightAverage{}, 2, sgd, 2);
  const std::vector<std::vector<double>> losses{{3, 2}, {5, 2}, {1, 3}, {3, 3}, {1, 1}, {1, 1}};  // means 4 2, 2 3, 1 1
  for (std::uint64_t step = 0; step < 4; ++step) {
    bench.step(step, losses[step]);
    CHECK(bench.weights == std::vector<double>{1.0, 1.0});
  }
  const auto expected = [](double a, double b, double temperature) {
    return 2.0 / (1.0 + std::exp((b - a) / temperature));
  };
  bench.step(4, losses[4]);
  CHECK(bench.weights[0] == near(expected(2.0 / 4.0, 3.0 / 2.0, 2.0)));
  CHECK(bench.weights[0] + bench.weights[1] == near(2.0));
  const std::vector<double> same = bench.weights;
  bench.step(5, losses[5]);
  CHECK(bench.weights == same);  // through the epoch
  bench.present = {1, 0};        // no labels for the second head in all of epoch 3: its ratio stays
  bench.step(6, {2.0, 0.0});
  CHECK(bench.weights[0] == near(expected(1.0 / 2.0, 1.0 / 3.0, 2.0)));
  bench.step(7, {4.0, 0.0});
  bench.step(8, {4.0, 0.0});
  CHECK(bench.weights[0] == near(expected(3.0 / 1.0, 1.0 / 3.0, 2.0)));

  Bench period(xs::DynamicWeightAverage{.temperature = 0.5F, .period = 1}, 2, sgd);
  for (std::uint64_t step = 0; step < 3; ++step) period.step(step, losses[step]);
  CHECK(period.weights[0] == near(expected(5.0 / 3.0, 1.0, 0.5)));
  CHECK(error_of([] { Bench(xs::DynamicWeightAverage{}, 2, sgd); }).find("knows no epochs") != std::string::npos);
  CHECK(error_of([] { Bench(xs::DynamicWeightAverage{.temperature = 0.0F}, 2, sgd, 2); }).find("temperature") !=
        std::string::npos);
}

TEST_CASE("GradNorm: the weight of the larger norm falls, that of the smaller rises, the sum stays") {
  // First step: losses are their own first ones, so both targets are the mean norm, (3 + 1) / 2.
  Bench bench(xs::GradNorm{.alpha = 1.5F, .learning_rate = 0.1F}, 2, sgd);
  const std::vector<double> products{9.0, 0.0, 0.0, 1.0};
  bench.step(0, {4.0, 2.0}, {}, products);
  CHECK(bench.weights == std::vector<double>{1.0, 1.0});
  CHECK(bench.learned(0, 0) == near(0.9));
  CHECK(bench.learned(0, 1) == near(1.1));
  CHECK(bench.learned(1, 0) == 4.0);
  CHECK(bench.learned(2, 0) == near(0.1 * 3.0));  // the first moment: sign x norm / weight
  CHECK(bench.learned(2, 1) == near(0.1 * -1.0));
  // Second step: the first head has a quarter of its loss left, the second all. Mean 0.625, shares 0.4 and 1.6, targets
  // 2 x 0.4^1.5 = 0.506 and 2 x 1.6^1.5 = 4.048; norms 0.6 and 3.4: the first is above, the second below.
  bench.step(1, {1.0, 2.0}, {}, {0.36, 0.0, 0.0, 3.4 * 3.4});
  const auto adam = [](double w, double g1, double g2) {
    const double m = (0.9 * 0.1 * g1 + 0.1 * g2) / (1.0 - 0.81);
    const double v = (0.999 * 0.001 * g1 * g1 + 0.001 * g2 * g2) / (1.0 - 0.999 * 0.999);
    return w - 0.1 * m / (std::sqrt(v) + 1e-8);
  };
  const double a = adam(0.9, 3.0, 0.6 / 0.9), b = adam(1.1, -1.0, -3.4 / 1.1);
  CHECK(bench.learned(0, 0) == near(2.0 * a / (a + b)));
  CHECK(bench.learned(0, 1) == near(2.0 * b / (a + b)));

  // alpha = 0: targets are the mean, whatever the losses. The second of three heads has no labels: it stands still.
  Bench missing(xs::GradNorm{.alpha = 0.0F, .learning_rate = 0.1F}, 3, sgd);
  missing.present = {1, 0, 1};
  missing.step(0, {5.0, 0.0, 1.0}, {}, {4, 0, 0, 0, 0, 0, 0, 0, 1});
  CHECK(missing.learned(0, 0) == near(0.9));
  CHECK(missing.learned(0, 1) == 1.0);
  CHECK(missing.learned(0, 2) == near(1.1));
  CHECK(missing.learned(1, 1) == 0.0);
  CHECK(missing.learned(4, 1) == 0.0);
  // One head alone, or losses of 0, move nothing.
  missing.present = {0, 1, 0};
  missing.step(1, {0.0, 2.0, 0.0}, {}, {0, 0, 0, 0, 7, 0, 0, 0, 0});
  CHECK(missing.learned(0, 1) == near(1.0));
  Bench zero(xs::GradNorm{}, 2, sgd);
  zero.step(0, {0.0, 0.0}, {}, {0, 0, 0, 0});
  CHECK(zero.learned(0, 0) == 1.0);
  // However long: no weight falls to 0.
  for (std::uint64_t step = 2; step < 200; ++step) bench.step(step, {1.0, 2.0}, {}, {1e6, 0, 0, 1.0});
  CHECK(bench.learned(0, 0) > 0.0);
  CHECK(bench.learned(0, 0) + bench.learned(0, 1) == near(2.0));
  CHECK(error_of([] { Bench(xs::GradNorm{.alpha = -1.0F}, 2, sgd); }).find("GradNorm: found alpha = -1") == 0);
}

TEST_CASE("PcGrad: gradients that agree are summed, those that do not are projected as by hand") {
  Bench bench(xs::PcGrad{}, 2, sgd);
  bench.step(0, {1, 1}, {}, {4.0, 1.0, 1.0, 9.0});
  CHECK(bench.combination == std::vector<double>{1.0, 1.0});
  // g_a = (1, 0), g_b = (-2, 2): <a, b> = -2, |a|^2 = 1, |b|^2 = 8.
  // a - <a, b> / |b|^2 b = a + b / 4;   b - <a, b> / |a|^2 a = b + 2 a;   sum: 3 a + 5/4 b.
  bench.step(1, {1, 1}, {}, {1.0, -2.0, -2.0, 8.0});
  CHECK(bench.combination[0] == near(3.0));
  CHECK(bench.combination[1] == near(1.25));

  // Three in the plane, each against both others: the vector by the paper's algorithm, in one of the orders.
  const std::vector<std::array<double, 2>> g{{1.0, 0.0}, {-1.0, 2.0}, {-0.5, -3.0}};
  const auto dot = [](const std::array<double, 2>& x, const std::array<double, 2>& y) {
    return x[0] * y[0] + x[1] * y[1];
  };
  std::vector<double> products;
  for (const auto& x : g)
    for (const auto& y : g) products.push_back(dot(x, y));
  const auto projected = [&](std::size_t i, std::size_t first, std::size_t second) {
    std::array<double, 2> x = g[i];
    for (const std::size_t j : {first, second}) {
      const double product = dot(x, g[j]);
      if (product >= 0.0) continue;
      for (std::size_t e = 0; e < 2; ++e) x[e] -= product / dot(g[j], g[j]) * g[j][e];
    }
    return x;
  };
  Bench of_three(xs::PcGrad{}, 3, sgd);
  std::set<int> orders;
  for (std::uint64_t step = 0; step < 64; ++step) {
    of_three.step(step, {1, 1, 1}, {}, products);
    std::array<double, 2> found{};
    for (std::size_t h = 0; h < 3; ++h)
      for (std::size_t e = 0; e < 2; ++e) found[e] += of_three.combination[h] * g[h][e];
    int match = -1;
    for (int order = 0; order < 8; ++order) {
      std::array<double, 2> sum{};
      for (std::size_t i = 0; i < 3; ++i) {
        const std::size_t j = (i + 1) % 3, k = (i + 2) % 3;
        const auto part = (order >> i & 1) != 0 ? projected(i, k, j) : projected(i, j, k);
        for (std::size_t e = 0; e < 2; ++e) sum[e] += part[e];
      }
      if (std::abs(sum[0] - found[0]) + std::abs(sum[1] - found[1]) < 1e-9) match = order;
    }
    CHECK(match >= 0);
    orders.insert(match);
  }
  CHECK(orders.size() == 8);  // all of them come
  const std::vector<double> last = of_three.combination;
  of_three.step(63, {1, 1, 1}, {}, products);
  CHECK(of_three.combination == last);  // a function of seed and step
  of_three.present = {1, 0, 0};
  of_three.step(64, {1, 0, 0}, {}, {1, 0, 0, 0, 0, 0, 0, 0, 0});
  CHECK(of_three.combination == std::vector<double>{1.0, 0.0, 0.0});
}

TEST_CASE("Famo: weights by the losses, logits by the share by which each fell") {
  Bench bench(xs::Famo{.learning_rate = 0.1F, .decay = 0.0F}, 2, sgd);
  bench.step(0, {4.0, 1.0}, {2.0, 0.9});
  // z = 1/2 each: w_h = (z_h / L_h) / (z_a / 4 + z_b / 1)
  CHECK(bench.weights[0] == near(0.25 / 1.25));
  CHECK(bench.weights[1] == near(1.0 / 1.25));
  CHECK(bench.learned(0, 0) == near(-0.1));  // fell by more: less for it
  CHECK(bench.learned(0, 1) == near(0.1));
  const double fell = 0.5 * 0.5 * (std::log(2.0) + std::log(0.9));  // z_a (d_a - mean d)
  CHECK(bench.learned(1, 0) == near(0.1 * fell));
  CHECK(bench.learned(1, 1) == near(-0.1 * fell));
  bench.step(1, {4.0, 1.0}, {4.0, 1.0});
  const double z = 1.0 / (1.0 + std::exp(0.2));
  CHECK(bench.weights[0] == near(z / 4.0 / (z / 4.0 + (1.0 - z))));

  // Decay pulls a logit to 0; a head without labels weighs nothing and stands still.
  Bench other(xs::Famo{.learning_rate = 0.1F, .decay = 0.5F}, 3, sgd);
  other.state[0].values = {0.4, 0.3, -0.2};
  other.present = {1, 0, 1};
  other.step(0, {1.0, 0.0, 1.0}, {1.0, 0.0, 1.0});
  CHECK(other.weights[1] == 0.0);
  CHECK(other.weights[0] == near(1.0 / (1.0 + std::exp(-0.6))));
  CHECK(other.learned(0, 0) == near(0.3));
  CHECK(other.learned(0, 1) == 0.3);
  CHECK(other.learned(0, 2) == near(-0.1));
  // A loss that reached 0 is no division by it.
  bench.step(2, {0.0, 1.0}, {0.0, 1.0});
  CHECK(bench.weights[0] == doctest::Approx(1.0).epsilon(1e-6));
  CHECK(std::isfinite(bench.learned(0, 0)));
  CHECK(error_of([] {
          Bench(xs::Famo{.decay = std::numeric_limits<float>::quiet_NaN()}, 2, sgd);
        }).find("Famo: found decay = nan") == 0);
}
