// Settings of optimizers and schedules that cannot be meant are refused, with setting, found and expected.
#include "toy.hpp"

#include <xstitch/train/adam.hpp>
#include <xstitch/train/schedule.hpp>
#include <xstitch/train/sgd.hpp>
#include <xstitch/train/trainer.hpp>

#include <doctest/doctest.h>

#include <limits>

using namespace toy;
using xs::Schedule;

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN(),
                infinity = std::numeric_limits<float>::infinity();

/// What train says of an optimizer; the network must not move.
std::string refusal(const xs::OptimizerRef& optimizer, const Schedule& schedule = {}) {
  const Stripes data;
  OneTaskA net{xs::seed(1)};
  const std::vector<float> before = values(net);
  xs::TrainOptions options;
  options.iterations = 2000;
  options.threads = 1;
  options.output = nullptr;
  options.schedule = schedule;
  const std::string error = error_of([&] { xs::train(net, data, optimizer, options); });
  CHECK(same_bits(values(net), before));
  return error;
}

/// A rule of a user's own with a check of its own.
struct Careful {
  static constexpr std::size_t state_count = 0;
  float learning_rate = 0.1F;
  float strength = 1.0F;
  void update(const xs::UpdateCall&) const {}
  [[nodiscard]] xs::Multipliers multipliers(xs::ParameterGroup group) const {
    return {group == xs::ParameterGroup::bias ? strength : 1.0F, 0.0F};
  }
  void check_settings() const {
    if (strength > 5.0F) xs::fail("Careful: found strength = ", strength, ", expected at most 5");
  }
};

/// One without.
struct Careless {
  static constexpr std::size_t state_count = 0;
  float learning_rate = 0.1F;
  float multiplier = 1.0F;
  void update(const xs::UpdateCall&) const {}
  [[nodiscard]] xs::Multipliers multipliers(xs::ParameterGroup) const { return {multiplier, 0.0F}; }
};

}  // namespace

TEST_CASE("Sgd") {
  CHECK(refusal(xs::Sgd{.learning_rate = -1}) ==
        "Sgd: found learning_rate = -1, expected a finite number of at least 0");
  CHECK(refusal(xs::Sgd{.learning_rate = not_a_number}) ==
        "Sgd: found learning_rate = nan, expected a finite number of at least 0");
  CHECK(refusal(xs::Sgd{.learning_rate = infinity}).find("learning_rate = inf") != std::string::npos);
  CHECK(refusal(xs::Sgd{.momentum = 2}) == "Sgd: found momentum = 2, expected at least 0 and below 1");
  CHECK(refusal(xs::Sgd{.momentum = 1}).find("momentum = 1") != std::string::npos);
  CHECK(refusal(xs::Sgd{.momentum = not_a_number}).find("momentum = nan") != std::string::npos);
  CHECK(refusal(xs::Sgd{.weight_decay = -5e-4F}).find("weight_decay = -0.0005") != std::string::npos);
  CHECK(refusal(xs::Sgd{.alpha_multiplier = -100}).find("alpha_multiplier = -100") != std::string::npos);
  CHECK(refusal(xs::Sgd{.bias_multiplier = not_a_number}).find("bias_multiplier = nan") != std::string::npos);
  // each finite, their product not
  CHECK(refusal(xs::Sgd{.learning_rate = 1e30F, .alpha_multiplier = 1e30F}).find("expected finite numbers") !=
        std::string::npos);
  CHECK_NOTHROW(xs::OptimizerRef(xs::Sgd{.learning_rate = 0}).check_settings());  // nothing learns, on purpose
}

TEST_CASE("Adam and AdamW") {
  CHECK(refusal(xs::Adam{.beta1 = 1}) == "Adam: found beta1 = 1, expected at least 0 and below 1");
  CHECK(refusal(xs::AdamW{.beta2 = 1}) == "AdamW: found beta2 = 1, expected at least 0 and below 1");
  CHECK(refusal(xs::Adam{.beta2 = -0.5F}).find("beta2 = -0.5") != std::string::npos);
  CHECK(refusal(xs::Adam{.epsilon = 0}) == "Adam: found epsilon = 0, expected a finite number above 0");
  CHECK(refusal(xs::AdamW{.epsilon = not_a_number}).find("epsilon = nan") != std::string::npos);
  CHECK(refusal(xs::Adam{.learning_rate = -0.001F}).find("learning_rate = -0.001") != std::string::npos);
  CHECK(refusal(xs::AdamW{.weight_decay = -1}).find("weight_decay = -1") != std::string::npos);
  CHECK(refusal(xs::AdamW{.alpha_multiplier = infinity}).find("alpha_multiplier = inf") != std::string::npos);
  CHECK_NOTHROW(xs::OptimizerRef(xs::AdamW{.beta1 = 0, .beta2 = 0}).check_settings());
}

TEST_CASE("optimizers of a user's own check themselves, or their learning rates alone are checked") {
  CHECK(refusal(Careful{.strength = 7}) == "Careful: found strength = 7, expected at most 5");
  CHECK(refusal(Careful{.strength = not_a_number}).find("multiplier nan") != std::string::npos);
  CHECK(refusal(Careless{.learning_rate = not_a_number}).find("learning rate of nan") != std::string::npos);
  CHECK(refusal(Careless{.multiplier = infinity}).find("multiplier inf") != std::string::npos);
  CHECK_NOTHROW(xs::OptimizerRef(Careful{.strength = 5}).check_settings());
  CHECK_NOTHROW(xs::OptimizerRef(Careless{.learning_rate = -1}).check_settings());  // uphill may be meant
}

TEST_CASE("schedules check in their factories") {
  CHECK(error_of([] { (void)Schedule::polynomial(-1); }) ==
        "Schedule::polynomial: found power = -1, expected a finite number of at least 0");
  CHECK(error_of([] { (void)Schedule::polynomial(infinity); }).find("power = inf") != std::string::npos);
  CHECK(error_of([] { (void)Schedule::polynomial(not_a_number); }).find("power = nan") != std::string::npos);
  CHECK(error_of([] { (void)Schedule::cosine(-0.1); }) == "Schedule::cosine: found minimum = -0.1, expected 0 to 1");
  CHECK(error_of([] { (void)Schedule::cosine(not_a_number); }).find("minimum = nan") != std::string::npos);
  CHECK(error_of([] { (void)Schedule::step(10, -0.1); }).find("gamma = -0.1") != std::string::npos);
  CHECK(error_of([] { (void)Schedule::multi_step({1, 2}, not_a_number); }).find("gamma = nan") != std::string::npos);
  CHECK(error_of([] { (void)Schedule::warm_up(~std::uint64_t{0}, {}); }).find("18446744073709551615 steps") !=
        std::string::npos);
  const Schedule half = Schedule::warm_up(std::uint64_t{1} << 52, {});
  CHECK(error_of([&] { (void)Schedule::warm_up(std::uint64_t{1} << 52, half); }).find("expected fewer") !=
        std::string::npos);
}

TEST_CASE("a schedule that grows beyond all numbers within the training is refused") {
  const std::string error = refusal(xs::Sgd{}, Schedule::step(1, 2.0));  // 2^1999
  CHECK_MESSAGE(error.find("step(1, 2)") != std::string::npos, error);
  CHECK_MESSAGE(error.find("found a learning rate of inf at iteration 2000") != std::string::npos, error);
}
