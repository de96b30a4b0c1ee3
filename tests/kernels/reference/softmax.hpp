#pragma once
/// \file
/// The plain scalar reference of kernels/softmax.hpp, in double; its tests compare with it.

#include <xstitch/core/isa.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels::reference {

/// log sum_c exp(x_c); NaN if a logit is not finite.
inline double log_sum_exp(const float* x, std::size_t channels) {
  double maximum = static_cast<double>(x[0]);
  double poison = 0.0;
  for (std::size_t c = 0; c < channels; ++c) {
    maximum = std::max(maximum, static_cast<double>(x[c]));
    poison += static_cast<double>(x[c]) * 0.0;
  }
  double sum = 0.0;
  for (std::size_t c = 0; c < channels; ++c) sum += std::exp(static_cast<double>(x[c]) - maximum);
  return maximum + std::log(sum) + poison;
}

/// sum over c of weight[c] (x[c] - shift), each weight 1 where `weight` is null.
inline double shifted_sum(const float* x, double shift, const float* weight, std::size_t channels) {
  double sum = 0.0;
  for (std::size_t c = 0; c < channels; ++c)
    sum += (weight == nullptr ? 1.0 : static_cast<double>(weight[c])) * (static_cast<double>(x[c]) - shift);
  return sum;
}

/// p = softmax(x).
inline void softmax_row(const float* x, float* p, std::size_t channels) {
  const double total = log_sum_exp(x, channels);
  for (std::size_t c = 0; c < channels; ++c) p[c] = static_cast<float>(std::exp(static_cast<double>(x[c]) - total));
}

}  // namespace kernels::reference
}  // namespace xstitch::inline XSTITCH_ISA
