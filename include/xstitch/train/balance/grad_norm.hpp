#pragma once
/// \file
/// Weights that bring the gradients of all losses to comparable norms, larger for tasks that lag (Chen, Badrinarayanan,
/// Lee, Rabinovich 2018: GradNorm, ICML). G_h is the norm of the gradient of w_h L_h over the trained parameters that
/// every head reaches (the paper: of the last shared layer, to save time; a backward pass a head gives all of them),
/// l_h = L_h / L_h(first) how much of its first loss a head still has:
///
///     target_h = mean(G) (l_h / mean(l))^alpha,     sum over heads of |G_h - target_h| -> min over w, targets constant
///
/// w moves by Adam with a learning rate of its own, whatever the scale of gradients; then all are multiplied so that
/// their sum stays the number of heads. The parameters move by the gradient with the weights of before, as in the
/// paper's algorithm 1. Means, and the sum that stays, are over the heads that have labels in the batch; the others
/// do not move. A head takes part from its first loss above 0 on.

#include <xstitch/core/number_text.hpp>
#include <xstitch/run/loss_balance.hpp>
#include <xstitch/train/balance/adam_step.hpp>
#include <xstitch/train/setting_range.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

struct GradNorm {
  float alpha = 1.5F;            ///< restoring force: 0 makes all norms equal
  float learning_rate = 0.025F;  ///< of the weights' own optimizer

  static constexpr std::string_view name = "GradNorm";
  static constexpr BalanceNeeds needs{.positive_losses = true, .gradients = HeadGradients::norms};
  static constexpr double least_weight = 1e-3;  ///< below which no weight falls

  [[nodiscard]] XSTITCH_INLINE std::vector<BalanceArray> arrays(const BalanceSetup& setup) const {
    std::vector<BalanceArray> list{balance::array(setup, "weight", 1.0), balance::array(setup, "first loss", 0.0)};
    balance::add_adam_arrays(list, setup);
    return list;
  }
  void weigh(const BalanceCall& call) const { std::ranges::copy(call.state[0].values, call.weights.begin()); }
  XSTITCH_INLINE void update(const BalanceCall& call) const {
    const std::size_t heads = call.weights.size();
    std::vector<double>&weight = call.state[0].values, &first = call.state[1].values;
    double count = 0.0, mean_norm = 0.0, mean_share = 0.0, sum = 0.0, moved = 0.0;
    const auto takes_part = [&](std::size_t h) { return call.present[h] != 0 && first[h] > 0.0; };
    const auto norm = [&](std::size_t h) { return std::sqrt(call.products[h * heads + h]); };
    for (std::size_t h = 0; h < heads; ++h) {
      if (call.present[h] != 0 && first[h] == 0.0) first[h] = call.losses[h];
      if (!takes_part(h)) continue;
      count += 1.0;
      mean_norm += norm(h);
      mean_share += call.losses[h] / first[h];
      sum += weight[h];
    }
    mean_norm /= count;
    mean_share /= count;
    if (!(mean_share > 0.0)) return;  // nobody takes part, or all losses are 0
    for (std::size_t h = 0; h < heads; ++h) {
      if (!takes_part(h)) continue;
      const double share = call.losses[h] / first[h] / mean_share;
      const double above = norm(h) - mean_norm * std::pow(share, static_cast<double>(alpha));
      const double gradient = (above > 0.0 ? 1.0 : above < 0.0 ? -1.0 : 0.0) * norm(h) / weight[h];
      balance::adam_step(weight[h], gradient, call.state.subspan(2), h, static_cast<double>(learning_rate));
      weight[h] = std::max(weight[h], least_weight);
      moved += weight[h];
    }
    for (std::size_t h = 0; h < heads; ++h)
      if (takes_part(h)) weight[h] *= sum / moved;
  }

  void check(const BalanceSetup&) const {
    setting_range::at_least_zero(name, "alpha", static_cast<double>(alpha));
    setting_range::at_least_zero(name, "learning_rate", static_cast<double>(learning_rate));
  }
  [[nodiscard]] std::string describe() const {
    return "GradNorm(alpha " + number_text(alpha, 9) + ", learning rate " + number_text(learning_rate, 9) + ")";
  }
};

static_assert(BalanceRule<GradNorm>);

}  // namespace xstitch::inline XSTITCH_ISA
