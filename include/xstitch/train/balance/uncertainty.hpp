#pragma once
/// \file
/// Weights from the homoscedastic uncertainty of each task (Kendall, Gal, Cipolla 2018: Multi-Task Learning Using
/// Uncertainty to Weigh Losses, CVPR). A log variance s_h a head is trained beside the network's parameters:
///
///     total = sum over heads of  exp(-s_h) L_h + s_h / 2        w_h = exp(-s_h),   d/ds_h = 1/2 - w_h L_h
///
/// At rest s_h = log(2 L_h), so that w_h L_h = 1/2 for every head. L_h is taken for a negative log likelihood at
/// variance 1, and s_h = log variance: SoftmaxCrossEntropy and SigmoidCrossEntropy are one (as the paper takes them),
/// half a squared error is one. L2 is the whole squared error: there exp(s_h) is twice the variance; objective and
/// gradient are the same, but for a constant. L1 and Cosine have no Gaussian likelihood and are weighed alike.
///
/// s_h starts at 0, the plain sum. It is a parameter of the model, as in the paper: the training's optimizer and
/// schedule move it, with learning_rate_multiplier times the learning rate and no weight decay. clip_norm does not see
/// it.

#include <xstitch/core/number_text.hpp>
#include <xstitch/run/loss_balance.hpp>
#include <xstitch/train/balance/adam_step.hpp>
#include <xstitch/train/setting_range.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

struct Uncertainty {
  float learning_rate_multiplier = 1.0F;  ///< of the training's learning rate

  static constexpr std::string_view name = "Uncertainty";
  static constexpr BalanceNeeds needs{.positive_losses = true};

  [[nodiscard]] XSTITCH_INLINE std::vector<BalanceArray> arrays(const BalanceSetup& setup) const {
    std::vector<BalanceArray> list{balance::array(setup, "log variance", 0.0)};
    for (std::size_t k = 0; k < setup.optimizer_states; ++k)
      list.push_back(balance::array(setup, "optimizer." + std::to_string(k), 0.0));
    return list;
  }
  void weigh(const BalanceCall& call) const {
    for (std::size_t h = 0; h < call.weights.size(); ++h) call.weights[h] = std::exp(-call.state[0].values[h]);
  }
  XSTITCH_INLINE void update(const BalanceCall& call) const {
    for (std::size_t h = 0; h < call.weights.size(); ++h) {
      if (call.present[h] == 0) continue;
      const auto gradient = static_cast<float>(0.5 - call.weights[h] * call.losses[h]);
      std::array<float, 3> own{};  // the log variance and the optimizer's state: doubles that hold floats
      for (std::size_t k = 0; k < call.state.size(); ++k) own[k] = static_cast<float>(call.state[k].values[h]);
      UpdateCall move;
      move.weight = own.data();
      for (std::size_t k = 0; k + 1 < call.state.size(); ++k) move.state[k] = &own[k + 1];
      move.gradient = &gradient;
      move.count = 1;
      move.learning_rate = call.learning_rate * learning_rate_multiplier;
      move.step = call.step;
      call.optimizer->update(move);
      for (std::size_t k = 0; k < call.state.size(); ++k) call.state[k].values[h] = static_cast<double>(own[k]);
    }
  }

  void check(const BalanceSetup&) const {
    setting_range::at_least_zero(name, "learning_rate_multiplier", static_cast<double>(learning_rate_multiplier));
  }
  [[nodiscard]] std::string describe() const {
    return "Uncertainty(learning_rate_multiplier " + number_text(learning_rate_multiplier, 9) + ")";
  }
};

static_assert(BalanceRule<Uncertainty>);

}  // namespace xstitch::inline XSTITCH_ISA
