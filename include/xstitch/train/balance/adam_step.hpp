#pragma once
/// \file
/// The step by which a rule moves its own weights of the heads: Adam (Kingma, Ba 2015) on an element a head. It hangs
/// on the signs and the steadiness of a gradient, not on its size, which for these rules is that of losses and of
/// norms: one learning rate does for all networks.
///
///     m <- 0.9 m + 0.1 g,   v <- 0.999 v + 0.001 g^2,   x <- x - learning_rate m' / (sqrt(v') + 1e-8)
///
/// m' = m / (1 - 0.9^t), v' = v / (1 - 0.999^t), t the updates of this very element: a head without labels in a batch
/// does not move.

#include <xstitch/kernels/multiply_add.hpp>
#include <xstitch/run/loss_balance.hpp>

#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace balance {

/// An array with the same value for every head.
inline BalanceArray array(const BalanceSetup& setup, std::string name, double value) {
  return {std::move(name), std::vector<double>(setup.heads.size(), value)};
}

/// The arrays of adam_step, in its order.
XSTITCH_INLINE void add_adam_arrays(std::vector<BalanceArray>& arrays, const BalanceSetup& setup) {
  for (const char* name : {"first moment", "second moment", "updates"}) arrays.push_back(array(setup, name, 0.0));
}

/// Moves x[head]; `own`: the three arrays.
inline void adam_step(double& x, double gradient, std::span<BalanceArray> own, std::size_t head, double learning_rate) {
  using kernels::multiply_add;
  double &m = own[0].values[head], &v = own[1].values[head], &updates = own[2].values[head];
  updates += 1.0;
  m = multiply_add(0.9, m, 0.1 * gradient);
  v = multiply_add(0.999, v, 0.001 * gradient * gradient);
  const double first = m / (1.0 - std::pow(0.9, updates)), second = v / (1.0 - std::pow(0.999, updates));
  x = multiply_add(-learning_rate, first / (std::sqrt(second) + 1e-8), x);
}

}  // namespace balance
}  // namespace xstitch::inline XSTITCH_ISA
