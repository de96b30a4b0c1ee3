#pragma once
/// \file
/// FAMO: weights by which all losses fall by the same share of themselves (Liu, Feng, Stone, Liu 2023: Fast Adaptive
/// Multitask Optimization, NeurIPS), without a gradient a head. With logits x, and losses of one batch before and after
/// the update, L and L':
///
///     z = softmax(x),     w_h = c z_h / (L_h + 1e-8),     c such that the w_h sum up to 1
///     d_h = log(L_h + 1e-8) - log(L'_h + 1e-8)            the share by which the loss fell
///     gradient of x_h     = z_h (d_h - sum over j of z_j d_j) + decay x_h
///
/// x moves by Adam, as the authors' program does it. L' comes from a second forward pass of the batch with the same
/// dropout, which moves no running statistics; weights hang on the losses of their own batch, so with accumulate > 1
/// there is a forward pass of all slices first. Where an L' is not finite nothing is learned from the step. Softmax and
/// sums are over the heads that have labels in the batch; the others weigh 0 in it and do not move.

#include <xstitch/core/number_text.hpp>
#include <xstitch/kernels/multiply_add.hpp>
#include <xstitch/run/loss_balance.hpp>
#include <xstitch/train/balance/adam_step.hpp>
#include <xstitch/train/setting_range.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

struct Famo {
  float learning_rate = 0.025F;  ///< of the logits
  float decay = 0.001F;          ///< of the logits, towards equal shares

  static constexpr std::string_view name = "Famo";
  static constexpr BalanceNeeds needs{.losses_first = true, .losses_after = true, .positive_losses = true};
  static constexpr double smallest = 1e-8;  ///< added to losses, so that none is 0

  [[nodiscard]] std::vector<BalanceArray> arrays(const BalanceSetup& setup) const {
    std::vector<BalanceArray> list{balance::array(setup, "logit", 0.0)};
    balance::add_adam_arrays(list, setup);
    return list;
  }
  void weigh(const BalanceCall& call) const {
    std::vector<double> z = shares(call);
    double sum = 0.0;
    for (std::size_t h = 0; h < z.size(); ++h) sum += z[h] /= call.losses[h] + smallest;
    for (std::size_t h = 0; h < z.size(); ++h) call.weights[h] = sum > 0.0 ? z[h] / sum : 0.0;
  }
  XSTITCH_INLINE void update(const BalanceCall& call) const {
    using kernels::multiply_add;
    const std::vector<double> z = shares(call);
    std::vector<double> fell(z.size(), 0.0);
    double mean = 0.0;
    for (std::size_t h = 0; h < z.size(); ++h) {
      if (call.present[h] == 0) continue;
      fell[h] = std::log(call.losses[h] + smallest) - std::log(std::max(call.losses_after[h], 0.0) + smallest);
      mean = multiply_add(z[h], fell[h], mean);
    }
    for (std::size_t h = 0; h < z.size(); ++h) {
      if (call.present[h] == 0) continue;
      double& x = call.state[0].values[h];
      const double gradient = multiply_add(z[h], fell[h] - mean, static_cast<double>(decay) * x);
      balance::adam_step(x, gradient, call.state.subspan(1), h, static_cast<double>(learning_rate));
    }
  }

  void check(const BalanceSetup&) const {
    setting_range::at_least_zero(name, "learning_rate", static_cast<double>(learning_rate));
    setting_range::at_least_zero(name, "decay", static_cast<double>(decay));
  }
  [[nodiscard]] std::string describe() const {
    return "Famo(learning rate " + number_text(learning_rate, 9) + ", decay " + number_text(decay, 9) + ")";
  }

 private:
  /// z: softmax over the heads that are present, 0 elsewhere.
  XSTITCH_INLINE static std::vector<double> shares(const BalanceCall& call) {
    const std::vector<double>& x = call.state[0].values;
    std::vector<double> z(x.size(), 0.0);
    double most = -std::numeric_limits<double>::infinity(), sum = 0.0;
    for (std::size_t h = 0; h < x.size(); ++h)
      if (call.present[h] != 0) most = std::max(most, x[h]);
    for (std::size_t h = 0; h < x.size(); ++h)
      if (call.present[h] != 0) sum += z[h] = std::exp(x[h] - most);
    for (double& one : z) one = sum > 0.0 ? one / sum : 0.0;
    return z;
  }
};

static_assert(BalanceRule<Famo>);

}  // namespace xstitch::inline XSTITCH_ISA
