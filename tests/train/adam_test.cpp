#include <xstitch/train/adam.hpp>

#include <doctest/doctest.h>

#include <cstring>
#include <iterator>
#include <vector>

namespace xs = xstitch;

namespace golden {
#include "../golden/adam.inc"
}

namespace {

constexpr std::size_t count = 21;

template <class A>
std::vector<float> five_steps(const A& adam, std::size_t piece) {
  std::vector<float> weight(std::begin(golden::start), std::end(golden::start)), m(count), v(count);
  const xs::Multipliers multipliers = adam.multipliers(xs::ParameterGroup::weight);
  for (std::size_t t = 0; t < 5; ++t)
    for (std::size_t at = 0; at < count; at += piece)
      adam.update({weight.data() + at,
                   {m.data() + at, v.data() + at},
                   golden::gradients + t * count + at,
                   std::min(piece, count - at),
                   adam.learning_rate * multipliers.learning_rate,
                   multipliers.weight_decay,
                   t});
  return weight;
}

}  // namespace

TEST_CASE("Adam is PyTorch's") {
  const xs::Adam adam{.learning_rate = 0.01F, .beta1 = 0.8F, .beta2 = 0.95F, .epsilon = 1e-6F, .weight_decay = 0.1F};
  const std::vector<float> after = five_steps(adam, count);
  for (std::size_t i = 0; i < count; ++i) {
    CHECK(std::abs(after[i] - golden::after_adam[i]) < 2e-6F);
    CHECK(std::abs(after[i] - golden::start[i]) > 1e-5F);
  }
}

TEST_CASE("AdamW is PyTorch's and not Adam") {
  const xs::AdamW adam{.learning_rate = 0.01F, .beta1 = 0.8F, .beta2 = 0.95F, .epsilon = 1e-6F, .weight_decay = 0.1F};
  const std::vector<float> after = five_steps(adam, count);
  float difference = 0.0F;
  for (std::size_t i = 0; i < count; ++i) {
    CHECK(std::abs(after[i] - golden::after_adamw[i]) < 2e-6F);
    difference = std::max(difference, std::abs(after[i] - golden::after_adam[i]));
  }
  CHECK(difference > 1e-4F);
}

TEST_CASE("bits do not depend on where the pieces are cut") {
  const xs::Adam adam{.learning_rate = 0.01F, .weight_decay = 0.1F};
  const std::vector<float> whole = five_steps(adam, count);
  for (const std::size_t piece : {1UL, 2UL, 5UL, 16UL, 19UL}) {
    const std::vector<float> cut = five_steps(adam, piece);
    CHECK(std::memcmp(cut.data(), whole.data(), count * sizeof(float)) == 0);
  }
}

TEST_CASE("a zero gradient from the start leaves the weight, no 0/0") {
  const xs::Adam adam{.epsilon = 0.0F + 1e-8F};
  float weight = 1.5F, m = 0.0F, v = 0.0F;
  const float gradient = 0.0F;
  adam.update({&weight, {&m, &v}, &gradient, 1, 0.1F, 0.0F, 0});
  CHECK(weight == 1.5F);
}

TEST_CASE("groups: alpha_multiplier multiplies the learning rate; biases and alphas have no weight decay") {
  const xs::AdamW adam{.learning_rate = 0.001F, .alpha_multiplier = 10.0F};
  CHECK(adam.multipliers(xs::ParameterGroup::stitch).learning_rate == 10.0F);
  CHECK(adam.multipliers(xs::ParameterGroup::stitch).weight_decay == 0.0F);
  CHECK(adam.multipliers(xs::ParameterGroup::bias).weight_decay == 0.0F);
  CHECK(adam.multipliers(xs::ParameterGroup::weight).weight_decay == 0.01F);
  // whatever the size of the gradient, the first step moves an alpha by learning rate x alpha_multiplier
  for (const float gradient : {1e-4F, 1.0F, 1e4F}) {
    float weight = 0.5F, m = 0.0F, v = 0.0F;
    adam.update({&weight, {&m, &v}, &gradient, 1, adam.learning_rate * 10.0F, 0.0F, 0});
    CHECK(weight == doctest::Approx(0.49).epsilon(1e-3));
  }
}

TEST_CASE("describe names the rule") {
  CHECK(xs::Adam{}.describe().starts_with("Adam("));
  CHECK(xs::AdamW{}.describe().starts_with("AdamW("));
}
