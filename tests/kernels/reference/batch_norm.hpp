#pragma once
/// \file
/// The plain scalar references of kernels/batch_norm.hpp, in double; its tests compare with it. One channel, `rows`
/// values at a distance of `stride`.

#include <xstitch/core/isa.hpp>

#include <cmath>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels::reference {

struct Moments {
  double mean = 0.0, variance = 0.0;  ///< of the population
};

inline Moments moments(const float* x, std::size_t rows, std::size_t stride) {
  Moments m;
  for (std::size_t i = 0; i < rows; ++i) m.mean += static_cast<double>(x[i * stride]) / static_cast<double>(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    const double d = static_cast<double>(x[i * stride]) - m.mean;
    m.variance += d * d / static_cast<double>(rows);
  }
  return m;
}

struct NormGradient {
  double gamma = 0.0, beta = 0.0;
};

/// Writes dx and returns the gradients of gamma and beta.
inline NormGradient batch_norm_gradient(const float* x, const float* dy, float* dx, std::size_t rows,
                                        std::size_t stride, double gamma, double epsilon) {
  const Moments m = moments(x, rows, stride);
  const double inverse = 1.0 / std::sqrt(m.variance + epsilon), n = static_cast<double>(rows);
  NormGradient sums;
  for (std::size_t i = 0; i < rows; ++i) {
    const auto g = static_cast<double>(dy[i * stride]);
    sums.beta += g;
    sums.gamma += g * (static_cast<double>(x[i * stride]) - m.mean) * inverse;
  }
  for (std::size_t i = 0; i < rows; ++i) {
    const double normalised = (static_cast<double>(x[i * stride]) - m.mean) * inverse;
    const auto g = static_cast<double>(dy[i * stride]);
    dx[i * stride] = static_cast<float>(gamma * inverse * (g - sums.beta / n - normalised * sums.gamma / n));
  }
  return sums;
}

}  // namespace kernels::reference
}  // namespace xstitch::inline XSTITCH_ISA
