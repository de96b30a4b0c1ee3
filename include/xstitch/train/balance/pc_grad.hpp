#pragma once
/// \file
/// PCGrad: gradients that point against each other are projected (Yu, Kumar, Gupta, Levine, Hausman, Finn 2020:
/// Gradient Surgery for Multi-Task Learning, NeurIPS). For each head i, over the other heads j in random order,
///
///     g = g_i;     if <g, g_j> < 0:  g <- g - <g, g_j> / |g_j|^2 g_j;          the update takes the sum over i of g
///
/// g_h is the gradient of L_h over the trained parameters that two heads or more reach; others have one gradient. The
/// order is a function of the network's seed and the step. Each g is a combination of the heads' gradients, so that
/// their products are all that is needed: no vector is projected, one sum is made at the end.

#include <xstitch/kernels/multiply_add.hpp>
#include <xstitch/run/loss_balance.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

struct PcGrad {
  static constexpr std::string_view name = "PcGrad";
  static constexpr BalanceNeeds needs{.gradients = HeadGradients::products};

  [[nodiscard]] std::vector<BalanceArray> arrays(const BalanceSetup&) const { return {}; }
  void weigh(const BalanceCall&) const {}
  XSTITCH_INLINE void update(const BalanceCall& call) const {
    const std::size_t heads = call.weights.size();
    std::vector<std::size_t> order(heads);
    std::vector<double> g(heads);  // the projected gradient, in terms of all
    std::ranges::fill(call.combination, 0.0);
    for (std::size_t i = 0; i < heads; ++i) {
      if (call.present[i] == 0) continue;
      shuffle(order, call.random.with(i));
      std::ranges::fill(g, 0.0);
      g[i] = 1.0;
      for (const std::size_t j : order) {
        const double square = call.products[j * heads + j];
        if (j == i || !(square > 0.0)) continue;
        double product = 0.0;
        for (std::size_t k = 0; k < heads; ++k)
          product = kernels::multiply_add(g[k], call.products[k * heads + j], product);
        if (product < 0.0) g[j] -= product / square;
      }
      for (std::size_t k = 0; k < heads; ++k) call.combination[k] += g[k];
    }
  }
  [[nodiscard]] std::string describe() const { return "PcGrad"; }

 private:
  static void shuffle(std::vector<std::size_t>& order, RandomKey key) {
    for (std::size_t k = 0; k < order.size(); ++k) order[k] = k;
    for (std::size_t k = order.size(); k > 1; --k) std::swap(order[k - 1], order[key.below(k, k)]);
  }
};

static_assert(BalanceRule<PcGrad>);

}  // namespace xstitch::inline XSTITCH_ISA
