// A rule that weighs the heads, at work in a training: slices, threads, ranks, missing labels, steps that are not
// finite, which networks are refused, and that a step without a rule is what it was.
#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/dropout.hpp>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/losses/losses.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/ensemble.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/networks/split.hpp>
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

#include "../train/toy.hpp"
#include "../weave/support.hpp"
#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
using tiny::Dense;

namespace {

/// Two linear heads on one linear layer: y_a = A (W x), y_b = B (W x).
using Lines = xs::OneTask<xs::Tower<"t", xs::Shape<2>, Dense<"w", 2>, xs::Head<"a", Dense<"out", 1>, xs::L2>,
                                    xs::Head<"b", Dense<"other", 1>, xs::L2>>>;

using Trunk = xs::Layers<Dense<"in", 6>, xs::Tanh, xs::Seam<"s">, xs::Dropout<xs::Ratio{1, 4}>>;
/// "mid" is reached by two of three heads, what lies below the seam by all.
using Pair = xs::CrossStitch<
    xs::Tower<"a", xs::Shape<5>, Trunk, Dense<"out", 3>, xs::SoftmaxCrossEntropy>,
    xs::Tower<"b", xs::Shape<5>, Trunk, Dense<"mid", 5>, xs::Tanh, xs::Head<"one", Dense<"x", 2>, xs::L2>,
              xs::Head<"two", Dense<"y", 4>, xs::Weighted<xs::SoftmaxCrossEntropy, xs::Ratio{1, 2}>>>>;

const xs::Sgd sgd{.learning_rate = 0.05F, .momentum = 0.9F, .weight_decay = 0.001F, .alpha_multiplier = 1.0F};

std::vector<xs::LossBalance> all_rules() {
  return {xs::FixedWeights{{{"a", 0.5F}}},
          xs::Uncertainty{},
          xs::DynamicWeightAverage{.period = 2},
          xs::GradNorm{},
          xs::PcGrad{},
          xs::Famo{}};
}

/// Weighs every head alike, whatever the weight.
struct Alike {
  double weight = 1.0;
  static constexpr std::string_view name = "Alike";
  static constexpr xs::BalanceNeeds needs{.losses_first = true, .positive_losses = true};
  [[nodiscard]] std::vector<xs::BalanceArray> arrays(const xs::BalanceSetup&) const { return {}; }
  void weigh(const xs::BalanceCall& call) const { std::ranges::fill(call.weights, weight); }
  void update(const xs::BalanceCall&) const {}
  [[nodiscard]] std::string describe() const { return "Alike"; }
};

/// A loss that rewards large outputs: minus the L2 loss.
struct Reward : xs::L2 {
  template <xs::Dims In>
  static double forward(const xs::ForwardCall& call) {
    return -xs::L2::forward<In>(call);
  }
};

/// Labels of head 1 are missing in the second batch, some of head 0 in all.
std::vector<xs::Batch> batches_for(const xs::AnyNet& net, std::size_t count = 6) {
  std::vector<xs::Batch> batches;
  for (std::uint64_t k = 0; k < count; ++k) {
    batches.push_back(support::random_batch(net, 8, k));
    for (std::size_t n = 0; n < 8; ++n) {
      batches[k].labels[0].present[n] = (n + k) % 3 == 0 ? 0 : 1;
      batches[k].labels[1].present[n] = k == 1 ? 0 : 1;
    }
  }
  return batches;
}

struct Outcome {
  std::vector<float> parameters, weights;
  std::vector<double> state;
};
Outcome train(const xs::LossBalance& rule, xs::StepOptions options, std::size_t thread_count = 1) {
  Pair net{xs::seed(5)};
  xs::ThreadPool threads(thread_count);
  xs::Training training(net, sgd);
  training.set_balance(rule);
  const std::vector<xs::Batch> batches = batches_for(net);
  for (const xs::Batch& batch : batches) {
    CHECK(training.step(batch, options, threads).finite);
    ++options.step;
  }
  Outcome outcome{support::all_parameters(net), {}, {}};
  outcome.weights.assign(training.head_weights().begin(), training.head_weights().end());
  for (const xs::BalanceArray& array : training.balance_state())
    outcome.state.insert(outcome.state.end(), array.values.begin(), array.values.end());
  return outcome;
}
template <class T>
double largest_difference(const std::vector<T>& a, const std::vector<T>& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i)
    largest = std::max(largest, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return largest;
}

/// The lines, one sample, and what their gradients are by hand: e = 2 (y - t), dW[i][o] = x_i e head_o.
struct Hand {
  Lines net{xs::seed(1)};
  xs::ThreadPool threads{1};
  xs::Training training{net, support::Descent{.learning_rate = 0.1F}};
  xs::Batch batch;
  std::array<float, 4> a{}, b{};  ///< of the shared weights, [input][output]
  std::array<float, 2> loss{};

  Hand(const std::array<float, 2>& head_a, const std::array<float, 2>& head_b) {
    batch.size = 1;
    batch.inputs.push_back({1.0F, 2.0F});
    batch.shared_input.push_back(0);
    batch.labels.resize(2);
    batch.labels[0].values = {1.0F};
    batch.labels[1].values = {-1.0F};
    const std::array<float, 4> w{0.5F, -0.25F, 0.25F, 0.5F};  // z = x W = (1, 0.75)
    std::ranges::copy(w, net.mutable_parameter(net.find_parameter("t.w.weight")).begin());
    std::ranges::copy(head_a, net.mutable_parameter(net.find_parameter("t.out.weight")).begin());
    std::ranges::copy(head_b, net.mutable_parameter(net.find_parameter("t.other.weight")).begin());
    const float e_a = head_a[0] + 0.75F * head_a[1] - 1.0F, e_b = head_b[0] + 0.75F * head_b[1] + 1.0F;
    loss = {e_a * e_a, e_b * e_b};
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t o = 0; o < 2; ++o) {
        a[2 * i + o] = batch.inputs[0][i] * 2.0F * e_a * head_a[o];
        b[2 * i + o] = batch.inputs[0][i] * 2.0F * e_b * head_b[o];
      }
  }
  /// The shared gradient of a step, against c_a a + c_b b.
  void check(double c_a, double c_b) {
    CHECK(training.step(batch, {.store_gradients = true}, threads).finite);
    const auto g = training.gradient(net.find_parameter("t.w.weight"));
    for (std::size_t i = 0; i < 4; ++i)
      CHECK(static_cast<double>(g[i]) ==
            doctest::Approx(c_a * static_cast<double>(a[i]) + c_b * static_cast<double>(b[i])).epsilon(1e-5));
  }
  static double dot(const std::array<float, 4>& x, const std::array<float, 4>& y) {
    double sum = 0.0;
    for (std::size_t i = 0; i < 4; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(y[i]);
    return sum;
  }
};

}  // namespace

TEST_CASE("two linear heads: PCGrad projects as by hand, or sums where they agree; other parameters are left alone") {
  Hand agreeing({2.0F, 0.5F}, {1.0F, 1.0F});
  agreeing.training.set_balance(xs::PcGrad{});
  REQUIRE(Hand::dot(agreeing.a, agreeing.b) > 0.0);
  agreeing.check(1.0, 1.0);

  Hand opposed({2.0F, 0.5F}, {-0.5F, -0.25F});
  opposed.training.set_balance(xs::PcGrad{});
  const double aa = Hand::dot(opposed.a, opposed.a), bb = Hand::dot(opposed.b, opposed.b);
  const double ab = Hand::dot(opposed.a, opposed.b);
  REQUIRE(ab < 0.0);
  opposed.check(1.0 - ab / aa, 1.0 - ab / bb);
  // A head's own layer has its plain gradient: e z.
  const auto own = opposed.training.gradient(opposed.net.find_parameter("t.out.weight"));
  const double e = 2.0 * std::sqrt(static_cast<double>(opposed.loss[0]));
  CHECK(static_cast<double>(own[0]) == doctest::Approx(e).epsilon(1e-5));
  CHECK(static_cast<double>(own[1]) == doctest::Approx(0.75 * e).epsilon(1e-5));
}

TEST_CASE("two linear heads: GradNorm, uncertainty and FAMO after one step") {
  Hand norms({2.0F, 0.5F}, {1.0F, 1.0F});
  norms.training.set_balance(xs::GradNorm{.alpha = 1.0F, .learning_rate = 0.1F});
  norms.check(1.0, 1.0);  // the weights of before
  const double larger = Hand::dot(norms.a, norms.a) > Hand::dot(norms.b, norms.b) ? 0.9 : 1.1;
  CHECK(norms.training.balance_state()[0].values[0] == doctest::Approx(larger).epsilon(1e-6));
  CHECK(norms.training.balance_state()[1].values[0] == doctest::Approx(static_cast<double>(norms.loss[0])));
  // The moment is a tenth of sign x norm: the norm is right, not only its order.
  CHECK(std::abs(norms.training.balance_state()[2].values[1]) ==
        doctest::Approx(0.1 * std::sqrt(Hand::dot(norms.b, norms.b))).epsilon(1e-5));

  Hand uncertain({2.0F, 0.5F}, {1.0F, 1.0F});
  uncertain.training.set_balance(xs::Uncertainty{});
  uncertain.training.step(uncertain.batch, {}, uncertain.threads);
  for (std::size_t h = 0; h < 2; ++h)
    CHECK(uncertain.training.balance_state()[0].values[h] ==
          doctest::Approx(-0.1 * (0.5 - static_cast<double>(uncertain.loss[h]))).epsilon(1e-5));

  Hand famo({2.0F, 0.5F}, {1.0F, 1.0F});
  famo.training.set_balance(xs::Famo{.decay = 0.0F});
  const double la = static_cast<double>(famo.loss[0]), lb = static_cast<double>(famo.loss[1]);
  famo.check(lb / (la + lb), la / (la + lb));
  // The losses after the update are those that an evaluation finds: no layer here is another in training.
  const auto& after = famo.net.evaluate(famo.batch, famo.threads).losses;
  const double fell = std::log(la / after[0].value()) - std::log(lb / after[1].value());
  CHECK(famo.training.balance_state()[1].values[0] == doctest::Approx(0.1 * 0.25 * fell).epsilon(1e-4));
}

TEST_CASE("GradNorm's norms are over what every head reaches, PCGrad's products over what two reach") {
  Pair net{xs::seed(5)};
  xs::ThreadPool threads(1);
  const xs::Batch batch = batches_for(net)[0];
  xs::Training kept(net);
  const xs::HeadReach reach(net.layout());
  std::vector<std::vector<float>> of_two(3), of_all(3);  // gradients by head
  kept.forward_keeping(batch, 0, threads);
  for (std::size_t h = 0; h < 3; ++h) {
    kept.backward_from(std::array{h}, threads);
    for (std::size_t i = 0; i < net.parameters().size(); ++i) {
      const auto g = kept.gradient(i);
      if (reach.count(i) >= 2) of_two[h].insert(of_two[h].end(), g.begin(), g.end());
      if (reach.count(i) == 3) of_all[h].insert(of_all[h].end(), g.begin(), g.end());
    }
  }
  REQUIRE(of_two[0].size() == of_all[0].size() + 30);
  const auto dot = [](const std::vector<float>& x, const std::vector<float>& y) {
    double sum = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += static_cast<double>(x[i]) * static_cast<double>(y[i]);
    return sum;
  };
  xs::Training normed(net, support::Descent{.learning_rate = 0.0F});
  normed.set_balance(xs::GradNorm{});
  normed.step(batch, {}, threads);
  for (std::size_t h = 0; h < 3; ++h)
    CHECK(std::abs(normed.balance_state()[2].values[h]) ==
          doctest::Approx(0.1 * std::sqrt(dot(of_all[h], of_all[h]))).epsilon(1e-5));
  // The combined gradient, from the same products.
  xs::Training surgery(net, support::Descent{.learning_rate = 0.0F});
  surgery.set_balance(xs::PcGrad{});
  surgery.step(batch, {}, threads);
  std::vector<double> products, weights(3, 1.0), combination(3);
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) products.push_back(dot(of_two[i], of_two[j]));
  const std::vector<std::uint8_t> present(3, 1);
  xs::BalanceCall call;
  call.random = xs::RandomKey(net.seed()).with("PcGrad").with(0);
  call.present = present;
  call.products = products;
  call.weights = weights;
  call.combination = combination;
  xs::PcGrad{}.update(call);
  std::size_t at = 0;
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    if (reach.count(i) < 2) continue;
    for (const float g : surgery.gradient(i)) {
      double expected = 0.0;
      for (std::size_t h = 0; h < 3; ++h) expected += combination[h] * static_cast<double>(of_two[h][at]);
      CHECK(static_cast<double>(g) == doctest::Approx(expected).epsilon(1e-4).scale(1e-3));
      ++at;
    }
  }
}

TEST_CASE("accumulate = 4 is one batch, to rounding; the bits do not hang on threads; missing labels stand still") {
  for (const xs::LossBalance& rule : all_rules()) {
    CAPTURE(rule.describe());
    const Outcome one = train(rule, {.store_gradients = true});
    const Outcome four = train(rule, {.accumulate = 4});
    CHECK(largest_difference(one.parameters, four.parameters) < 1e-5);
    CHECK(largest_difference(one.state, four.state) < 1e-4);
    for (const std::size_t accumulate : {1U, 4U}) {
      const Outcome single = train(rule, {.accumulate = accumulate}, 1),
                    many = train(rule, {.accumulate = accumulate}, 3);
      CHECK(support::same_bits(single.parameters, many.parameters));
      CHECK(single.state == many.state);
    }
    // Through the optimizer at once, or stored first: the same bits.
    CHECK(support::same_bits(train(rule, {}).parameters, one.parameters));
    CHECK(support::same_bits(train(rule, {.not_finite = xs::NotFinite::skip}).parameters, one.parameters));
    const Outcome clipped = train(rule, {.clip_norm = 0.05F});
    CHECK_FALSE(support::same_bits(clipped.parameters, one.parameters));
  }
}

TEST_CASE("weights 1 are no rule: the bits of a step without one") {
  const Outcome plain = train({}, {}), fixed = train(xs::FixedWeights{}, {});
  CHECK(support::same_bits(plain.parameters, fixed.parameters));
  CHECK(support::same_bits(train({}, {.accumulate = 2}).parameters,
                           train(xs::FixedWeights{}, {.accumulate = 2}).parameters));
  CHECK(largest_difference(train(xs::GradNorm{.learning_rate = 0.0F}, {}).parameters, plain.parameters) < 1e-5);
}

TEST_CASE("a head without labels contributes nothing, and what is learned of it does not move") {
  for (const xs::LossBalance& rule : all_rules()) {
    CAPTURE(rule.describe());
    Pair net{xs::seed(5)};
    xs::ThreadPool threads(1);
    xs::Training training(net, sgd);
    training.set_balance(rule, 100);
    std::vector<xs::Batch> batches = batches_for(net);
    training.step(batches[0], {.step = 0}, threads);
    std::vector<xs::BalanceArray> before(training.balance_state().begin(), training.balance_state().end());
    for (const bool store : {false, true}) {
      training.step(batches[1], {.step = 1, .store_gradients = store}, threads);  // "b.one" has no labels
      for (std::size_t k = 0; k < before.size(); ++k)
        CHECK(training.balance_state()[k].values[1] == doctest::Approx(before[k].values[1]).epsilon(1e-12));
    }
    for (const float g : training.gradient(net.find_parameter("b.x.weight"))) CHECK(g == 0.0F);
    // Nobody has labels: no gradient, no movement, nothing that is not finite.
    for (xs::LabelBatch& labels : batches[2].labels) labels.present.assign(8, 0);
    before.assign(training.balance_state().begin(), training.balance_state().end());
    CHECK(training.step(batches[2], {.step = 1}, threads).finite);
    for (std::size_t k = 0; k < before.size(); ++k) CHECK(training.balance_state()[k].values == before[k].values);
  }
}

TEST_CASE("a step that is not finite changes neither parameters nor what is learned") {
  for (const xs::LossBalance& rule : all_rules())
    for (const std::size_t accumulate : {1U, 2U}) {
      CAPTURE(rule.describe());
      CAPTURE(accumulate);
      Pair net{xs::seed(5)};
      xs::ThreadPool threads(1);
      xs::Training training(net, sgd);
      training.set_balance(rule);
      std::vector<xs::Batch> batches = batches_for(net);
      training.step(batches[0], {.step = 0}, threads);
      const std::vector<float> parameters = support::all_parameters(net);
      const std::vector<xs::BalanceArray> before(training.balance_state().begin(), training.balance_state().end());
      // A loss that is none; and one that is finite, of a gradient that is not.
      for (const float bad : {std::numeric_limits<float>::quiet_NaN(), 3e38F}) {
        batches[2].labels[1].values[9] = bad;
        const xs::StepOptions options{.step = 2, .accumulate = accumulate, .not_finite = xs::NotFinite::skip};
        const xs::StepResult& result = training.step(batches[2], options, threads);
        CHECK_FALSE(result.finite);
        CHECK_FALSE(result.location.empty());
        CHECK(support::same_bits(support::all_parameters(net), parameters));
        for (std::size_t k = 0; k < before.size(); ++k) CHECK(training.balance_state()[k].values == before[k].values);
      }
      training.reset();
      CHECK(training.balance_state().size() == before.size());
    }
}

TEST_CASE("FAMO's forward passes have the dropout of the step and move no running statistics") {
  Pair net{xs::seed(5)};
  xs::ThreadPool threads(1);
  for (const std::size_t accumulate :
       {1U, 3U}) {  // a learning rate of 0: the losses after the update are the same bits
    xs::Training training(net, xs::Sgd{.learning_rate = 0.0F});
    training.set_balance(xs::Famo{});
    for (std::uint64_t step = 0; step < 3; ++step)
      training.step(support::random_batch(net, 8, step), {.step = step, .accumulate = accumulate}, threads);
    for (const double moment : training.balance_state()[1].values) CHECK(moment == 0.0);
  }
  using Body = xs::Layers<Dense<"in", 6>, xs::BatchNorm<"norm">, xs::Tanh, xs::Seam<"s">>;
  using Normed = xs::CrossStitch<xs::Tower<"a", xs::Shape<5>, Body, Dense<"out", 3>, xs::SoftmaxCrossEntropy>,
                                 xs::Tower<"b", xs::Shape<5>, Body, Dense<"out", 2>, xs::L2>>;
  const auto statistics = [&](const xs::LossBalance& rule, std::size_t accumulate) {
    Normed normed{xs::seed(5)};
    xs::Training training(normed, sgd);
    training.set_balance(rule);
    training.step(support::random_batch(normed, 8, 1), {.accumulate = accumulate}, threads);
    std::vector<float> all;
    for (std::size_t i = 0; i < normed.parameters().size(); ++i)
      if (normed.parameters()[i].spec.group == xs::ParameterGroup::buffer)
        all.insert(all.end(), normed.parameter(i).begin(), normed.parameter(i).end());
    REQUIRE(all.size() >= 24);
    return all;
  };
  for (const std::size_t accumulate : {1U, 2U})
    for (const xs::LossBalance& rule : std::initializer_list<xs::LossBalance>{xs::Famo{}, xs::GradNorm{}, xs::PcGrad{}})
      CHECK(support::same_bits(statistics(rule, accumulate), statistics({}, accumulate)));
}

TEST_CASE("a step that is torn leaves what is learned; reset() starts it afresh with the optimizer") {
  Pair net{xs::seed(5)};
  xs::ThreadPool threads(1);
  xs::Training training(net, sgd);
  training.set_balance(xs::DynamicWeightAverage{.period = 100});
  std::vector<xs::Batch> batches = batches_for(net);
  training.step(batches[0], {.step = 0}, threads);
  const std::vector<double> sums = training.balance_state()[0].values;
  CHECK(sums[0] > 0.0);
  batches[2].labels[1].values[9] = 3e38F;  // the loss is finite, a gradient is not, and comes after others
  const xs::StepResult& result = training.step(batches[2], {.step = 2}, threads);
  CHECK_FALSE(result.finite);
  CHECK(result.torn);
  CHECK(training.balance_state()[0].values == sums);
  CHECK_THROWS_AS(training.step(batches[0], {.step = 3}, threads), xs::Error);
  training.reset();
  CHECK(training.balance_state()[0].values == std::vector<double>(3, 0.0));
}

TEST_CASE("what has nothing to balance is refused by name") {
  using A = xs::Tower<"a", xs::Shape<5>, Trunk, Dense<"out", 3>, xs::SoftmaxCrossEntropy>;
  using B = xs::Tower<"b", xs::Shape<5>, Trunk, Dense<"out", 2>, xs::L2>;
  const auto refusal = [](xs::AnyNet&& net, const xs::LossBalance& rule) {
    return toy::error_of([&] { xs::Training(net, sgd).set_balance(rule, 10); });
  };
  for (const xs::LossBalance& rule : all_rules()) {
    const std::string name(rule.name());
    CHECK(refusal(xs::OneTask<A>{xs::seed(1)}, rule) ==
          "OneTask: " + name + " weighs the losses of several heads against each other, found one, 'a'");
    CHECK(refusal(xs::Ensemble<2, A, B>{xs::seed(1)}, rule).find("Ensemble: " + name + " weighs losses that compete") ==
          0);
    CHECK(refusal(xs::Ensemble<1, A, B>{xs::seed(1)}, rule).find("Ensemble: " + name) == 0);
    CHECK(refusal(xs::CrossStitch<A, B>{xs::seed(1)}, rule) == "no error");
    if (name != "FixedWeights") CHECK(refusal(Lines{xs::seed(1)}, rule) == "no error");  // its heads are t.a and t.b
  }
  // Nothing that is shared is trained: at the start, or later.
  Lines net{xs::seed(1)};
  net.set_trained("t.w.", false);
  CHECK(toy::error_of([&] { xs::Training(net, sgd).set_balance(xs::GradNorm{}); }) ==
        "OneTask: GradNorm compares gradients of parameters that every head reaches, found none that is trained");
  CHECK(toy::error_of([&] { xs::Training(net, sgd).set_balance(xs::PcGrad{}); }).find("that two heads reach") !=
        std::string::npos);
  CHECK(toy::error_of([&] { xs::Training(net, sgd).set_balance(xs::Uncertainty{}); }) == "no error");
  net.set_trained("t.w.", true);
  xs::Training training(net, sgd);
  training.set_balance(xs::GradNorm{});
  net.set_trained("t.w.", false);
  xs::ThreadPool threads(1);
  CHECK_THROWS_AS(training.step(support::random_batch(net, 2, 1), threads), xs::Error);
  // Weights that are none, and losses below 0 where the rule divides by them.
  xs::Training alike(net, sgd);
  const auto step_error = [&](xs::Training& of) {
    return toy::error_of([&] { of.step(support::random_batch(of.net(), 2, 1), threads); });
  };
  alike.set_balance(Alike{-1.0});
  CHECK(step_error(alike) == "Alike: found a weight of -1 for head 't.a', expected a finite number of at least 0");
  alike.set_balance(Alike{std::numeric_limits<double>::infinity()});
  CHECK(step_error(alike) == "Alike: found a weight of inf for head 't.a', expected a finite number of at least 0");
  alike.set_balance(Alike{});
  CHECK(step_error(alike) == "no error");
  xs::OneTask<xs::Tower<"t", xs::Shape<2>, Dense<"w", 2>, xs::Head<"a", Dense<"out", 1>, xs::L2>,
                        xs::Head<"b", Dense<"other", 1>, Reward>>>
      rewarded{xs::seed(1)};
  xs::Training below(rewarded, sgd);
  below.set_balance(Alike{});
  const std::string error = step_error(below);
  CHECK(error.starts_with("Alike: found a loss of -"));
  CHECK(error.ends_with(" for head 't.b', expected at least 0"));
  // The rule owns the weights.
  CHECK(toy::error_of([&] { training.set_head_weight(0, 2.0F); }) ==
        "training: the weights of the heads are set by GradNorm");
}

TEST_CASE("which parameters heads reach: a pair's below its last seam by all, a split's trunk, else by one") {
  using A = xs::Tower<"a", xs::Shape<5>, Trunk, Dense<"out", 3>, xs::SoftmaxCrossEntropy>;
  using B = xs::Tower<"b", xs::Shape<5>, Trunk, Dense<"out", 2>, xs::L2>;
  const auto shared = [](const xs::AnyNet& net) {
    const xs::HeadReach reach(net.layout());
    std::string text;
    for (std::size_t i = 0; i < net.parameters().size(); ++i)
      if (reach.count(i) == 2) text += net.parameters()[i].name + " ";
    return text;
  };
  CHECK(shared(xs::CrossStitch<A, B>{xs::seed(1)}) == "a.in.weight b.in.weight stitch.s.alpha ");
  CHECK(shared(xs::Split<"out", A, B>{xs::seed(1)}) == "shared.in.weight ");
  CHECK(shared(xs::Ensemble<1, A, B>{xs::seed(1)}).empty());
}
