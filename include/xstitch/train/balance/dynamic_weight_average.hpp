#pragma once
/// \file
/// Weights by how fast each loss fell from one epoch to the next (Liu, Johns, Davison 2019: End-to-End Multi-Task
/// Learning with Attention, CVPR): a head whose loss falls slowly gets more. In epoch e, with K heads,
///
///     r_h = L_h(e - 1) / L_h(e - 2),        w_h = K exp(r_h / T) / sum over heads j of exp(r_j / T)
///
/// L_h(e) is the mean over the epoch's batches that had labels for the head. r_h is 1 as long as two such epochs are
/// not known (the paper: w = 1 in the first two), or where L_h(e - 2) is 0. T large: all weights near 1.

#include <xstitch/core/number_text.hpp>
#include <xstitch/run/loss_balance.hpp>
#include <xstitch/train/balance/adam_step.hpp>
#include <xstitch/train/setting_range.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

struct DynamicWeightAverage {
  float temperature = 2.0F;  ///< the higher, the more equal the weights
  std::uint64_t period = 0;  ///< steps from one change of the weights to the next; 0: an epoch

  static constexpr std::string_view name = "DynamicWeightAverage";
  static constexpr BalanceNeeds needs{.positive_losses = true};

  [[nodiscard]] XSTITCH_INLINE std::vector<BalanceArray> arrays(const BalanceSetup& setup) const {
    return {balance::array(setup, "sum", 0.0), balance::array(setup, "batches", 0.0),
            balance::array(setup, "epoch", 0.0), balance::array(setup, "last", unknown),
            balance::array(setup, "before", unknown)};
  }
  XSTITCH_INLINE void weigh(const BalanceCall& call) const {
    close_epochs(call);
    const auto &last = call.state[3].values, &before = call.state[4].values;
    double most = 0.0, all = 0.0;
    for (std::size_t h = 0; h < call.weights.size(); ++h) {
      call.weights[h] = before[h] > 0.0 ? last[h] / before[h] : 1.0;
      most = std::max(most, call.weights[h]);
    }
    for (double& w : call.weights) all += w = std::exp((w - most) / static_cast<double>(temperature));
    for (double& w : call.weights) w *= static_cast<double>(call.weights.size()) / all;
  }
  void update(const BalanceCall& call) const {
    for (std::size_t h = 0; h < call.weights.size(); ++h) {
      if (call.present[h] == 0) continue;
      call.state[0].values[h] += call.losses[h];
      call.state[1].values[h] += 1.0;
    }
  }

  XSTITCH_INLINE void check(const BalanceSetup& setup) const {
    setting_range::above_zero(name, "temperature", static_cast<double>(temperature));
    if (period == 0 && setup.epoch_steps == 0)
      fail(name, ": found period = 0, an epoch, in a training that knows no epochs; expected a number of steps");
  }
  [[nodiscard]] XSTITCH_INLINE std::string describe() const {
    return "DynamicWeightAverage(temperature " + number_text(temperature, 9) + ", period " +
           (period == 0 ? std::string("epoch") : std::to_string(period)) + ")";
  }

 private:
  static constexpr double unknown = -1.0;

  /// What was summed before this epoch becomes the last epoch's mean.
  void close_epochs(const BalanceCall& call) const {
    const auto now = static_cast<double>(period > 0 ? call.step / period : call.epoch);
    for (std::size_t h = 0; h < call.weights.size(); ++h) {
      double &sum = call.state[0].values[h], &batches = call.state[1].values[h], &epoch = call.state[2].values[h];
      if (!(now > epoch)) continue;
      epoch = now;
      if (batches == 0.0) continue;  // no labels in all of it
      call.state[4].values[h] = call.state[3].values[h];
      call.state[3].values[h] = sum / batches;
      sum = batches = 0.0;
    }
  }
};

static_assert(BalanceRule<DynamicWeightAverage>);

}  // namespace xstitch::inline XSTITCH_ISA
