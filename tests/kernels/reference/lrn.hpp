#pragma once
/// \file
/// The plain scalar references of kernels/lrn.hpp, in double; its tests compare with it. One pixel.

#include <xstitch/core/isa.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels::reference {

struct LrnSetting {
  int channels, size;
  double alpha, beta, k;

  [[nodiscard]] double scale(const float* x, int c) const {
    double sum = 0;
    for (int i = std::max(0, c - size / 2); i <= std::min(channels - 1, c + size / 2); ++i)
      sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    return k + alpha / size * sum;
  }
};

inline void lrn(const LrnSetting& s, const float* x, float* y) {
  for (int c = 0; c < s.channels; ++c) y[c] = static_cast<float>(x[c] * std::pow(s.scale(x, c), -s.beta));
}

/// dx_c = sum_i dy_i dy_i/dx_c, term by term.
inline void lrn_gradient(const LrnSetting& s, const float* x, const float* dy, float* dx) {
  for (int c = 0; c < s.channels; ++c) {
    double sum = 0;
    for (int i = std::max(0, c - s.size / 2); i <= std::min(s.channels - 1, c + s.size / 2); ++i) {
      const double scale = s.scale(x, i);
      double derivative = -s.beta * std::pow(scale, -s.beta - 1) * 2 * s.alpha / s.size * x[c] * x[i];
      if (i == c) derivative += std::pow(scale, -s.beta);
      sum += static_cast<double>(dy[i]) * derivative;
    }
    dx[c] = static_cast<float>(sum);
  }
}

}  // namespace kernels::reference
}  // namespace xstitch::inline XSTITCH_ISA
