#pragma once
/// \file
/// The plain scalar references of kernels/activations.hpp, in double; its tests compare with it.

#include <xstitch/core/isa.hpp>

#include <cmath>
#include <numbers>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels::reference {

inline double relu(double x) { return x <= 0 ? 0 : x; }
inline double leaky_relu(double x, double slope) { return x <= 0 ? slope * x : x; }
inline double relu6(double x) { return x <= 0 ? 0 : x >= 6 ? 6 : x; }
inline double elu(double x, double alpha) { return x > 0 ? x : alpha * std::expm1(x); }
inline double softplus(double x) { return (x > 0 ? x : 0) + std::log1p(std::exp(-std::abs(x))); }
inline double swish(double x) { return x / (1 + std::exp(-x)); }
inline double hard_sigmoid(double x) { return x <= -3 ? 0 : x >= 3 ? 1 : x / 6 + 0.5; }
inline double hard_swish(double x) { return x * hard_sigmoid(x); }
inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
inline double gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2)); }
inline double gelu_tanh(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}
/// d gelu / dx
inline double gelu_slope(double x) {
  return 0.5 * (1 + std::erf(x / std::numbers::sqrt2)) + x * std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi);
}
/// d swish / dx
inline double swish_slope(double x) {
  const double s = sigmoid(x);
  return s + x * s * (1 - s);
}

}  // namespace kernels::reference
}  // namespace xstitch::inline XSTITCH_ISA
