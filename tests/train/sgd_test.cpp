#include <xstitch/core/random.hpp>
#include <xstitch/train/schedule.hpp>
#include <xstitch/train/sgd.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace xs = xstitch;

namespace {

/// One parameter with its optimizer array, updated as the engine does it.
struct Parameter {
  std::vector<float> weight, state;

  explicit Parameter(std::vector<float> w) : weight(std::move(w)), state(weight.size()) {}
  void step(const xs::Sgd& sgd, float factor, const std::vector<float>& gradient, std::uint64_t t = 0,
            xs::ParameterGroup group = xs::ParameterGroup::weight) {
    const xs::Multipliers m = sgd.multipliers(group);
    xs::UpdateCall call;
    call.weight = weight.data();
    call.state[0] = state.data();
    call.gradient = gradient.data();
    call.count = weight.size();
    call.learning_rate = sgd.learning_rate * factor * m.learning_rate;
    call.weight_decay = m.weight_decay;
    call.step = t;
    sgd.update(call);
  }
};

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("Sgd follows Caffe through a step of the learning rate, by hand") {
  // All numbers are sums of few powers of two, so that every step is exact in float.
  const xs::Sgd sgd{.learning_rate = 0.5F, .momentum = 0.5F, .weight_decay = 0.25F};
  const xs::Schedule schedule = xs::Schedule::step(2, 0.5);
  Parameter p({2.0F});
  // t = 0, learning rate 0.5: G = 1 + 0.25 * 2 = 1.5; V = 0.75; W = 1.25
  p.step(sgd, schedule.factor(0, 4), {1.0F}, 0);
  CHECK(p.state[0] == 0.75F);
  CHECK(p.weight[0] == 1.25F);
  // t = 1, learning rate 0.5: G = 0.6875 + 0.3125 = 1; V = 0.375 + 0.5 = 0.875; W = 0.375
  p.step(sgd, schedule.factor(1, 4), {0.6875F}, 1);
  CHECK(p.state[0] == 0.875F);
  CHECK(p.weight[0] == 0.375F);
  // t = 2, learning rate 0.25: G = -0.09375 + 0.09375 = 0; V = 0.4375: the old learning rate stays in V (outside it
  // would be halved)
  p.step(sgd, schedule.factor(2, 4), {-0.09375F}, 2);
  CHECK(p.state[0] == 0.4375F);
  CHECK(p.weight[0] == -0.0625F);
  // t = 3, learning rate 0.25: G = 1 - 0.015625; V = 0.21875 + 0.24609375
  p.step(sgd, schedule.factor(3, 4), {1.0F}, 3);
  CHECK(p.state[0] == 0.46484375F);
  CHECK(p.weight[0] == -0.52734375F);
}

TEST_CASE("Nesterov is Caffe's") {
  const xs::Sgd sgd{.learning_rate = 0.5F, .momentum = 0.5F, .nesterov = true};
  Parameter p({1.0F});
  p.step(sgd, 1.0F, {1.0F});  // V = 0.5; W = 1 - (1.5 * 0.5 - 0.5 * 0)
  CHECK(p.weight[0] == 0.25F);
  p.step(sgd, 0.5F, {1.0F});  // V = 0.25 + 0.25 = 0.5; W = 0.25 - (0.75 - 0.25)
  CHECK(p.state[0] == 0.5F);
  CHECK(p.weight[0] == -0.25F);
}

TEST_CASE("without momentum the buffer is not touched") {
  const xs::Sgd sgd{.learning_rate = 0.5F, .weight_decay = 0.5F};
  Parameter p({1.0F, 2.0F, 4.0F});
  p.step(sgd, 1.0F, {1.0F, 1.0F, 1.0F});
  CHECK(p.weight == std::vector<float>{0.25F, 1.0F, 2.5F});
  CHECK(p.state == std::vector<float>{0.0F, 0.0F, 0.0F});
}

TEST_CASE("groups: biases and alphas have their own learning rate and no weight decay, under every schedule") {
  const xs::Sgd sgd{.learning_rate = 0.125F, .weight_decay = 0.5F, .alpha_multiplier = 64.0F};
  CHECK(sgd.multipliers(xs::ParameterGroup::weight).learning_rate == 1.0F);
  CHECK(sgd.multipliers(xs::ParameterGroup::weight).weight_decay == 0.5F);
  CHECK(sgd.multipliers(xs::ParameterGroup::bias).learning_rate == 2.0F);
  CHECK(sgd.multipliers(xs::ParameterGroup::bias).weight_decay == 0.0F);
  CHECK(sgd.multipliers(xs::ParameterGroup::stitch).learning_rate == 64.0F);
  CHECK(sgd.multipliers(xs::ParameterGroup::stitch).weight_decay == 0.0F);
  CHECK(sgd.multipliers(xs::ParameterGroup::buffer).learning_rate == 0.0F);

  const xs::Schedule schedules[] = {
      xs::Schedule::constant(),      xs::Schedule::step(1, 0.5), xs::Schedule::multi_step({1, 2}, 0.5),
      xs::Schedule::polynomial(0.9), xs::Schedule::cosine(0.1),  xs::Schedule::warm_up(2, xs::Schedule::step(1, 0.5))};
  for (const xs::Schedule& schedule : schedules) {
    CAPTURE(schedule.describe());
    for (std::uint64_t t = 0; t < 4; ++t) {
      Parameter weight({0.0F}), alpha({0.0F});
      weight.step(sgd, schedule.factor(t, 4), {1.0F}, t);
      alpha.step(sgd, schedule.factor(t, 4), {1.0F}, t, xs::ParameterGroup::stitch);
      CHECK(weight.weight[0] < 0.0F);
      CHECK(alpha.weight[0] == 64.0F * weight.weight[0]);  // exact: 64 is a power of two
    }
  }
}

TEST_CASE("bits of an element do not depend on where the pieces are cut") {
  constexpr std::size_t count = 173;
  const xs::RandomKey key(xs::seed(3));
  std::vector<float> start(count), gradient(count), momentum(count);
  for (std::size_t i = 0; i < count; ++i) {
    start[i] = key.normal(i);
    gradient[i] = key.normal(1000 + i);
    momentum[i] = key.normal(2000 + i);
  }
  for (const xs::Sgd sgd :
       {xs::Sgd{.learning_rate = 0.013F, .momentum = 0.9F, .weight_decay = 0.0005F},
        xs::Sgd{.learning_rate = 0.013F, .weight_decay = 0.0005F},
        xs::Sgd{.learning_rate = 0.013F, .momentum = 0.9F, .weight_decay = 0.0005F, .nesterov = true}}) {
    std::vector<float> whole = start, whole_state = momentum;
    sgd.update({whole.data(), {whole_state.data(), nullptr}, gradient.data(), count, 0.013F, 0.0005F, 0});
    for (std::size_t i = 0; i < count; ++i) {  // the formula in double
      const double g = static_cast<double>(gradient[i]) + static_cast<double>(0.0005F) * static_cast<double>(start[i]);
      const double mu = static_cast<double>(sgd.momentum);
      const double before = static_cast<double>(momentum[i]);
      const double v = mu * before + static_cast<double>(0.013F) * g;
      const double move = sgd.nesterov ? (1 + mu) * v - mu * before : v;
      CHECK(static_cast<double>(whole[i]) == doctest::Approx(static_cast<double>(start[i]) - move).epsilon(1e-5));
    }
    for (const std::size_t piece : {1UL, 2UL, 3UL, 7UL, 16UL, 33UL, 64UL}) {
      std::vector<float> cut = start, cut_state = momentum;
      for (std::size_t at = 0; at < count; at += piece)
        sgd.update({cut.data() + at,
                    {cut_state.data() + at, nullptr},
                    gradient.data() + at,
                    std::min(piece, count - at),
                    0.013F,
                    0.0005F,
                    0});
      CAPTURE(piece);
      CHECK(same_bits(cut, whole));
      CHECK(same_bits(cut_state, whole_state));
    }
  }
}

TEST_CASE("nothing is read or written beyond the piece") {
  const xs::Sgd sgd{.learning_rate = 1.0F, .momentum = 0.5F};
  for (std::size_t count = 0; count <= 40; ++count) {
    std::vector<float> weight(count + 32, 7.0F), state(count + 32, 0.0F), gradient(count + 32, 1.0F);
    sgd.update({weight.data(), {state.data(), nullptr}, gradient.data(), count, 1.0F, 0.0F, 0});
    for (std::size_t i = 0; i < weight.size(); ++i) {
      REQUIRE(weight[i] == (i < count ? 6.0F : 7.0F));
      REQUIRE(state[i] == (i < count ? 1.0F : 0.0F));
    }
  }
}

TEST_CASE("describe tells settings apart") {
  CHECK(xs::Sgd{.learning_rate = 0.1F}.describe() != xs::Sgd{.learning_rate = std::nextafter(0.1F, 1.0F)}.describe());
  CHECK(xs::Sgd{.nesterov = true}.describe() != xs::Sgd{}.describe());
  const xs::Sgd sgd{.learning_rate = 0.5F};
  const xs::OptimizerRef reference(sgd);
  CHECK(reference.describe().starts_with("Sgd(learning rate 0.5, "));
  CHECK(reference.state_count() == 1);
}
