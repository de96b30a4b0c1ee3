// Heads: their weights at run time, gradients from some of them, and losses that train parameters of their own.
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/dropout.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/losses/losses.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/run/check_network.hpp>

#include <doctest/doctest.h>

#include <limits>

#include "../train/toy.hpp"
#include "../weave/support.hpp"
#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
using tiny::Dense;

namespace {

using Trunk = xs::Layers<Dense<"a", 6>, xs::Tanh, xs::Seam<"s">, xs::Dropout<>>;
template <class LossA, class LossTwo>
using PairOf =
    xs::CrossStitch<xs::Tower<"a", xs::Shape<5>, Trunk, Dense<"out", 3>, LossA>,
                    xs::Tower<"b", xs::Shape<5>, Trunk, xs::Head<"one", Dense<"x", 2>, tiny::SmallOutput>,
                              xs::Head<"two", xs::Residual<Dense<"r", 6>, xs::Tanh>, Dense<"y", 4>, LossTwo>>>;
using Plain = PairOf<tiny::SmallOutput, xs::L2>;
using Weighted = PairOf<xs::Weighted<tiny::SmallOutput, xs::Ratio{3, 8}>, xs::Weighted<xs::L2, xs::Ratio{5, 2}>>;

std::vector<std::vector<float>> gradients(const xs::Training& training) {
  std::vector<std::vector<float>> all;
  for (std::size_t i = 0; i < training.net().parameters().size(); ++i) {
    all.emplace_back();
    if (training.net().parameters()[i].spec.group == xs::ParameterGroup::buffer) continue;
    all.back().assign(training.gradient(i).begin(), training.gradient(i).end());
  }
  return all;
}

bool same_bits(const std::vector<std::vector<float>>& a, const std::vector<std::vector<float>>& b) {
  bool same = a.size() == b.size();
  for (std::size_t i = 0; same && i < a.size(); ++i) same = support::same_bits(a[i], b[i]);
  return same;
}

/// loss = sum over t parameters of (x0 - mean of t)^2 / 2, per sample: trains `Count` parameters to the mean of x0.
template <int Count>
struct Centre {
  static constexpr auto name = xs::FixedString{"centre"};
  using Prediction = xs::Identity;
  static constexpr xs::LabelSpec label(xs::Dims in) { return {xs::LabelKind::real, in, {}, 0}; }
  static constexpr std::array<xs::ParameterSpec, 1> parameters(xs::Dims) {
    xs::ParameterSpec spec;
    spec.name = "centre";
    spec.extents = xs::Extents(Count);
    spec.initializer = xs::Initializer::constant(0.25F);
    spec.weight_decay_multiplier = 0.0F;
    return {spec};
  }
  template <xs::Dims In>
  static double normaliser(const xs::NormaliserCall& call) {
    return static_cast<double>(call.batch);
  }
  template <xs::Dims In>
  static double forward(const xs::ForwardCall& call) {
    double sum = 0.0;
    each<In>(call, [&](std::size_t, double d) { sum += 0.5 * d * d; });
    return sum;
  }
  template <xs::Dims In>
  static void backward(const xs::BackwardCall& call) {
    std::fill_n(call.parameter_gradients[0], Count, 0.0F);
    each<In>(call, [&](std::size_t i, double d) {
      const float g = call.loss_scale * static_cast<float>(d);
      if (call.input_gradient != nullptr) call.input_gradient[i] = g;
      call.parameter_gradients[0][i % Count] -= g;
    });
  }

 private:
  /// f(element, x - t), t the parameter of the element's number.
  template <xs::Dims In, class Call, class Function>
  static void each(const Call& call, const Function& f) {
    for (std::size_t i = 0; i < call.batch * In.size(); ++i)
      f(i, static_cast<double>(call.input[i]) - static_cast<double>(call.parameters[0][i % Count]));
  }

 public:
  static std::unique_ptr<xs::Metric> metric(xs::Dims) { return nullptr; }
};

}  // namespace

TEST_CASE("the weight of a head at run time is that of Weighted, in total, gradient and steps") {
  xs::ThreadPool threads(2);
  Plain plain{xs::seed(1)};
  Weighted weighted{xs::seed(1)};
  xs::Training by_call(plain, support::Descent{}), by_type(weighted, support::Descent{});
  by_call.set_head_weight(plain.find_head("a"), 0.375F);
  by_call.set_head_weight(plain.find_head("b.two"), 2.5F);
  for (std::uint64_t step = 0; step < 3; ++step)
    for (const std::size_t accumulate : {1U, 2U}) {
      const xs::Batch batch = support::random_batch(plain, 6, step);
      const xs::StepOptions options{.step = step, .store_gradients = true, .accumulate = accumulate};
      const double total = by_call.step(batch, options, threads).total;
      CHECK(total == doctest::Approx(by_type.step(batch, options, threads).total).epsilon(1e-7));
      CHECK(same_bits(gradients(by_call), gradients(by_type)));
    }
  CHECK(support::same_bits(support::all_parameters(plain), support::all_parameters(weighted)));
  // On top of the type's: three times 3/8 is 9/8.
  by_type.set_head_weight(0, 3.0F);
  by_call.set_head_weight(0, 1.125F);
  const xs::Batch batch = support::random_batch(plain, 6, 9);
  by_type.compute_gradients(batch, 0, threads);
  by_call.compute_gradients(batch, 0, threads);
  CHECK(same_bits(gradients(by_call), gradients(by_type)));
}

TEST_CASE("a head of weight 0 has no gradient; a weight that is none, or of no head, is an Error") {
  xs::ThreadPool threads(2);
  Plain net{xs::seed(1)};
  xs::Training training(net, support::Descent{});
  training.set_head_weight(net.find_head("b.two"), 0.0F);
  training.compute_gradients(support::random_batch(net, 6, 1), 0, threads);
  for (const float g : training.gradient(net.find_parameter("b.y.weight"))) CHECK(g == 0.0F);
  CHECK(training.gradient(net.find_parameter("b.x.weight"))[0] != 0.0F);
  for (const float bad : {-1.0F, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
    CHECK(toy::error_of([&] { training.set_head_weight(1, bad); }).find("weight of head 'b.one'") == 0);
  CHECK_THROWS_AS(training.set_head_weight(3, 1.0F), xs::Error);
  CHECK_THROWS_AS(training.set_head_weight(net.find_head("typo"), 1.0F), xs::Error);
}

TEST_CASE("gradients from chosen heads: each is that of its loss alone, and their sum is that of all") {
  xs::ThreadPool threads(2);
  Plain net{xs::seed(1)};
  xs::Training training(net), alone(net), kept(net);
  const xs::Batch batch = support::random_batch(net, 6, 1);
  const double total = training.compute_gradients(batch, 3, threads).total;
  const auto all = gradients(training);

  std::vector<std::vector<float>> sum;
  CHECK(kept.forward_keeping(batch, 3, threads).total == total);
  std::vector<std::vector<std::vector<float>>> of_heads;
  for (std::size_t h = 0; h < net.heads().size(); ++h) {  // all backward passes of one forward pass
    kept.backward_from(std::vector<std::size_t>{h}, threads);
    of_heads.push_back(gradients(kept));
  }
  kept.backward_from({}, threads);
  CHECK(same_bits(gradients(kept), all));

  for (std::size_t h = 0; h < net.heads().size(); ++h) {
    const std::vector<std::size_t> heads{h};
    training.compute_gradients(batch, {.step = 3, .heads = heads}, threads);
    CHECK(same_bits(gradients(training), of_heads[h]));
    for (std::size_t other = 0; other < net.heads().size(); ++other)  // the same by weights
      alone.set_head_weight(other, other == h ? 1.0F : 0.0F);
    alone.compute_gradients(batch, 3, threads);
    const auto mine = gradients(alone);
    for (std::size_t i = 0; i < mine.size(); ++i)
      for (std::size_t e = 0; e < mine[i].size(); ++e) CHECK(of_heads[h][i][e] == mine[i][e]);  // -0 is 0
    if (h == 0) sum = of_heads[0];
    for (std::size_t i = 0; h > 0 && i < sum.size(); ++i)
      for (std::size_t e = 0; e < sum[i].size(); ++e) sum[i][e] += of_heads[h][i][e];
  }
  for (std::size_t i = 0; i < sum.size(); ++i)
    for (std::size_t e = 0; e < sum[i].size(); ++e)
      CHECK(static_cast<double>(sum[i][e]) == doctest::Approx(static_cast<double>(all[i][e])).epsilon(1e-4));
  // What a head does not reach is zero, not what was there before.
  for (const float g : of_heads[net.find_head("a")][net.find_parameter("b.y.weight")]) CHECK(g == 0.0F);
  const std::vector<std::size_t> wrong{3};
  CHECK_THROWS_AS(training.compute_gradients(batch, {.heads = wrong}, threads), xs::Error);
  CHECK_THROWS_AS(kept.backward_from(wrong, threads), xs::Error);
}

TEST_CASE("backward_from needs what forward_keeping kept: its memory is told, and who uses it first is not silent") {
  xs::ThreadPool threads(2);
  Plain net{xs::seed(1)};
  xs::Training training(net, support::Descent{}), other(net);
  const xs::Batch batch = support::random_batch(net, 6, 1);
  CHECK(training.keeping_bytes_per_sample() >= net.program().training_plan.bytes_per_sample);
  const auto gone = [&](auto&& use) {
    training.forward_keeping(batch, 0, threads);
    training.backward_from({}, threads);
    use();
    return toy::error_of([&] { training.backward_from({}, threads); }).find("forward_keeping()") != std::string::npos;
  };
  CHECK(toy::error_of([&] { training.backward_from({}, threads); }).find("follows forward_keeping()") !=
        std::string::npos);
  CHECK_FALSE(gone([] {}));
  CHECK(gone([&] { net.evaluate(batch, threads); }));
  CHECK(gone([&] { other.compute_gradients(batch, 0, threads); }));
  CHECK(gone([&] { training.step(batch, threads); }));
  CHECK(gone([&] { net.mutable_parameter(0)[0] = 0.5F; }));
}

TEST_CASE("a loss trains its parameter beside other layers; the gradient is right and no memory of others is read") {
  using Net = xs::CrossStitch<
      xs::Tower<"a", xs::Shape<5>, Dense<"in", 40>, xs::Tanh, xs::Seam<"s">, xs::Linear<"out", 10>, Centre<10>>,
      xs::Tower<"b", xs::Shape<5>, Dense<"in", 40>, xs::Tanh, xs::Seam<"s">, xs::Linear<"out", 1000>, Centre<1000>>>;
  xs::ThreadPool threads(2);
  Net net{xs::seed(1)};
  const std::size_t ten = net.find_parameter("a.loss.centre"), thousand = net.find_parameter("b.loss.centre");
  REQUIRE(ten != xs::AnyNet::npos);
  REQUIRE(net.parameters()[thousand].count == 1000);
  const xs::Batch batch = support::random_batch(net, 4, 1);
  const xs::NetworkGradientReport report = xs::check_network_gradients(net, batch, threads);
  INFO(report.text);
  CHECK(report.ok);
  // Only the loss reads it: its gradient is that of the logits, summed over samples, with the sign turned.
  net.keep_logits(true);
  net.evaluate(batch, threads);
  const auto logits = net.logits(1);
  xs::Training training(net, support::Descent{.learning_rate = 0.5F});
  training.compute_gradients(batch, 0, threads);
  for (std::size_t k = 0; k < 1000; k += 37) {
    double sum = 0.0;
    for (std::size_t n = 0; n < 4; ++n) sum -= (static_cast<double>(logits[n * 1000 + k]) - 0.25) / 4.0;
    CHECK(static_cast<double>(training.gradient(thousand)[k]) == doctest::Approx(sum).epsilon(1e-4));
  }
  for (const bool store : {false, true}) {  // both ways train it
    const double before = net.evaluate(batch, threads).total;
    const float was = net.parameter(thousand)[999];
    for (std::uint64_t step = 0; step < 20; ++step)
      training.step(batch, {.step = step, .learning_rate_factor = 0.05F, .store_gradients = store}, threads);
    CHECK(net.parameter(thousand)[999] != was);
    CHECK(net.evaluate(batch, threads).total < before);
  }
}

TEST_CASE("a loss alone is trained: one parameter, no layer") {
  using Net = xs::OneTask<xs::Tower<"a", xs::Shape<3>, Centre<3>>>;
  xs::ThreadPool threads(1);
  Net net{xs::seed(1)};
  xs::Batch batch = support::random_batch(net, 2, 1);
  batch.inputs[0] = {1, 2, 3, 3, 4, 5};
  xs::Training training(net, support::Descent{.learning_rate = 0.5F});
  for (std::uint64_t step = 0; step < 60; ++step) training.step(batch, {.step = step}, threads);
  for (std::size_t c = 0; c < 3; ++c)
    CHECK(static_cast<double>(net.parameter(0)[c]) == doctest::Approx(2.0 + static_cast<double>(c)).epsilon(1e-5));
}
