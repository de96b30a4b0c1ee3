#pragma once
/// \file
/// Stochastic gradient descent with momentum, as Caffe does it (src/caffe/solvers/sgd_solver.cpp and
/// nesterov_solver.cpp):
///
///     G = g + weight_decay W
///     V <- momentum V + learning_rate G
///     W <- W - V                                      (nesterov: W <- W - ((1 + momentum) V - momentum V_before))
///
/// The learning rate is inside the buffer V: after a step of the schedule the old part of V still carries the old one.
/// PyTorch keeps it outside (W <- W - learning_rate V); the two differ from its first change on.
///
/// Groups: weights take learning rate and weight decay as they are; biases `bias_multiplier` times the learning rate
/// and no weight decay; alphas `alpha_multiplier` times the learning rate (the paper: 100 to 1000) and no weight decay.
/// A schedule multiplies all of them alike.

#include <xstitch/core/number_text.hpp>
#include <xstitch/core/optimizer.hpp>
#include <xstitch/train/setting_range.hpp>
#include <xstitch/train/vector_rule.hpp>

#include <string>

namespace xstitch::inline XSTITCH_ISA {

struct Sgd {
  float learning_rate = 0.01F;      ///< at the start, before the schedule
  float momentum = 0.0F;            ///< share of the last update in the next
  float weight_decay = 0.0F;        ///< added to the gradient, times the weight
  float alpha_multiplier = 100.0F;  ///< of the learning rate, for weave units
  float bias_multiplier = 2.0F;     ///< of the learning rate, for biases
  bool nesterov = false;            ///< Nesterov's momentum

  static constexpr std::size_t state_count = 1;  ///< the momentum

  [[nodiscard]] Multipliers multipliers(ParameterGroup group) const {
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

  XSTITCH_INLINE void update(const UpdateCall& call) const {
    using vector_rule::multiply_add;
    using vector_rule::Vector;
    const Vector rate_now(call.learning_rate), decay_now(call.weight_decay), mu(momentum);
    if (momentum == 0.0F) {  // V is never read again: leave it alone, a third less to move
      const Vector minus_rate(-call.learning_rate);
      vector_rule::apply<0>(call, [&](Vector& w, auto&, const Vector& g) {
        w = multiply_add(minus_rate, multiply_add(decay_now, w, g), w);
      });
    } else if (!nesterov) {
      vector_rule::apply<1>(call, [&](Vector& w, auto& state, const Vector& g) {
        state[0] = multiply_add(mu, state[0], rate_now * multiply_add(decay_now, w, g));
        w = w - state[0];
      });
    } else {
      const Vector ahead(1.0F + momentum), back(-momentum);
      vector_rule::apply<1>(call, [&](Vector& w, auto& state, const Vector& g) {
        const Vector before = state[0];
        state[0] = multiply_add(mu, before, rate_now * multiply_add(decay_now, w, g));
        w = w - multiply_add(ahead, state[0], back * before);
      });
    }
  }

  XSTITCH_INLINE void check_settings() const {
    setting_range::at_least_zero("Sgd", "learning_rate", learning_rate);
    setting_range::below_one("Sgd", "momentum", momentum);
    setting_range::at_least_zero("Sgd", "weight_decay", weight_decay);
    setting_range::at_least_zero("Sgd", "alpha_multiplier", alpha_multiplier);
    setting_range::at_least_zero("Sgd", "bias_multiplier", bias_multiplier);
  }

  [[nodiscard]] XSTITCH_INLINE std::string describe() const {
    const auto number = [](float value) { return number_text(value, 9); };  // each float told from its neighbour
    return "Sgd(learning rate " + number(learning_rate) + ", momentum " + number(momentum) + ", weight decay " +
           number(weight_decay) + ", alpha_multiplier " + number(alpha_multiplier) + ", bias_multiplier " +
           number(bias_multiplier) + (nesterov ? ", nesterov)" : ")");
  }
};

static_assert(Optimizer<Sgd> && ChecksItsSettings<Sgd>);

}  // namespace xstitch::inline XSTITCH_ISA
