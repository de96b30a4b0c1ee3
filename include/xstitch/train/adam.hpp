#pragma once
/// \file
/// Adam (Kingma, Ba 2015) and AdamW (Loshchilov, Hutter 2019), as PyTorch computes them. With t = step + 1:
///
///     G = g + d W                                   (Adam; AdamW: G = g, then W <- W - r d W)
///     m <- beta1 m + (1 - beta1) G
///     v <- beta2 v + (1 - beta2) G^2
///     W <- W - r (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
///
/// r is the learning rate, d the weight decay.
///
/// Groups: biases take `bias_multiplier` (here 1) times the learning rate, alphas `alpha_multiplier` times, neither has
/// weight decay. `alpha_multiplier` means less than in Sgd: Adam divides by the gradient's own size, so the small
/// gradient of an alpha is no reason for a larger one. A step moves an alpha by about learning rate x alpha_multiplier
/// whatever its gradient, which is why the default is 10 and not 100: at a learning rate of 0.001 that is 0.01 of an
/// alpha that lies between 0 and 1.

#include <xstitch/core/number_text.hpp>
#include <xstitch/core/optimizer.hpp>
#include <xstitch/train/setting_range.hpp>
#include <xstitch/train/vector_rule.hpp>

#include <cmath>
#include <string>

namespace xstitch::inline XSTITCH_ISA {
namespace adam_rule {

struct Settings {
  float beta1, beta2, epsilon;
  bool decoupled;  ///< weight decay acts on the weight (AdamW), not through the moments (Adam)
};

XSTITCH_INLINE void update(const UpdateCall& call, const Settings& s) {
  using vector_rule::multiply_add;
  using vector_rule::Vector;
  const double t = static_cast<double>(call.step) + 1.0;
  const double first = 1.0 - std::pow(static_cast<double>(s.beta1), t);
  const double second = 1.0 - std::pow(static_cast<double>(s.beta2), t);
  // r m / first / (sqrt(v / second) + epsilon), with the two scalars folded once and not for each element
  const Vector minus_rate(static_cast<float>(-static_cast<double>(call.learning_rate) / first));
  const Vector root_scale(static_cast<float>(1.0 / std::sqrt(second)));
  const Vector epsilon(s.epsilon), beta1(s.beta1), beta2(s.beta2), rest1(1.0F - s.beta1), rest2(1.0F - s.beta2);
  const Vector decay(s.decoupled ? 0.0F : call.weight_decay);
  const Vector shrink(s.decoupled ? 1.0F - call.learning_rate * call.weight_decay : 1.0F);
  vector_rule::apply<2>(call, [&](Vector& w, auto& state, const Vector& gradient) {
    const Vector g = multiply_add(decay, w, gradient);
    state[0] = multiply_add(beta1, state[0], rest1 * g);
    state[1] = multiply_add(beta2, state[1], (rest2 * g) * g);
    const Vector divisor = multiply_add(vector_rule::square_root(state[1]), root_scale, epsilon);
    w = multiply_add(minus_rate, state[0] / divisor, w * shrink);
  });
}

inline Multipliers multipliers(ParameterGroup group, float weight_decay, float alpha_multiplier,
                               float bias_multiplier) {
  switch (group) {
    case ParameterGroup::weight:
      return {1.0F, weight_decay};
    case ParameterGroup::bias:
      return {bias_multiplier, 0.0F};
    case ParameterGroup::stitch:
      return {alpha_multiplier, 0.0F};
    case ParameterGroup::buffer:
      break;
  }
  return {0.0F, 0.0F};
}

template <class A>
std::string describe(const char* name, const A& a) {
  const auto number = [](float value) { return number_text(value, 9); };  // each float told from its neighbour
  return std::string(name) + "(learning rate " + number(a.learning_rate) + ", beta1 " + number(a.beta1) + ", beta2 " +
         number(a.beta2) + ", epsilon " + number(a.epsilon) + ", weight decay " + number(a.weight_decay) +
         ", alpha_multiplier " + number(a.alpha_multiplier) + ", bias_multiplier " + number(a.bias_multiplier) + ")";
}

template <class A>
void check_settings(const char* name, const A& a) {
  setting_range::at_least_zero(name, "learning_rate", a.learning_rate);
  setting_range::below_one(name, "beta1", a.beta1);
  setting_range::below_one(name, "beta2", a.beta2);
  setting_range::above_zero(name, "epsilon", a.epsilon);
  setting_range::at_least_zero(name, "weight_decay", a.weight_decay);
  setting_range::at_least_zero(name, "alpha_multiplier", a.alpha_multiplier);
  setting_range::at_least_zero(name, "bias_multiplier", a.bias_multiplier);
}

}  // namespace adam_rule

/// Adam: weight decay is an L2 penalty in the gradient.
struct Adam {
  float learning_rate = 0.001F;    ///< at the start, before the schedule
  float beta1 = 0.9F;              ///< decay of the mean of gradients
  float beta2 = 0.999F;            ///< decay of the mean of their squares
  float epsilon = 1e-8F;           ///< added to the root of the second
  float weight_decay = 0.0F;       ///< added to the gradient, times the weight
  float alpha_multiplier = 10.0F;  ///< of the learning rate, for weave units
  float bias_multiplier = 1.0F;    ///< of the learning rate, for biases

  static constexpr std::size_t state_count = 2;  ///< means of gradients and of their squares
  [[nodiscard]] Multipliers multipliers(ParameterGroup group) const {
    return adam_rule::multipliers(group, weight_decay, alpha_multiplier, bias_multiplier);
  }
  void update(const UpdateCall& call) const { adam_rule::update(call, {beta1, beta2, epsilon, false}); }
  [[nodiscard]] std::string describe() const { return adam_rule::describe("Adam", *this); }
  void check_settings() const { adam_rule::check_settings("Adam", *this); }
};

/// AdamW: weight decay shrinks the weight itself, by learning rate x weight decay a step.
struct AdamW {
  float learning_rate = 0.001F;    ///< at the start, before the schedule
  float beta1 = 0.9F;              ///< decay of the mean of gradients
  float beta2 = 0.999F;            ///< decay of the mean of their squares
  float epsilon = 1e-8F;           ///< added to the root of the second
  float weight_decay = 0.01F;      ///< times learning rate and weight, taken from the weight
  float alpha_multiplier = 10.0F;  ///< of the learning rate, for weave units
  float bias_multiplier = 1.0F;    ///< of the learning rate, for biases

  static constexpr std::size_t state_count = 2;  ///< means of gradients and of their squares
  [[nodiscard]] Multipliers multipliers(ParameterGroup group) const {
    return adam_rule::multipliers(group, weight_decay, alpha_multiplier, bias_multiplier);
  }
  void update(const UpdateCall& call) const { adam_rule::update(call, {beta1, beta2, epsilon, true}); }
  [[nodiscard]] std::string describe() const { return adam_rule::describe("AdamW", *this); }
  void check_settings() const { adam_rule::check_settings("AdamW", *this); }
};

static_assert(Optimizer<Adam> && Optimizer<AdamW> && ChecksItsSettings<Adam> && ChecksItsSettings<AdamW>);

}  // namespace xstitch::inline XSTITCH_ISA
