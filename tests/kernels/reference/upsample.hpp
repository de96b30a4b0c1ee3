#pragma once
/// \file
/// The plain scalar references of kernels/upsample.hpp, in double; its tests compare with it. One sample.

#include <xstitch/kernels/upsample.hpp>

#include <cmath>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels::reference {

/// The share of an input pixel in an output, along one axis: a tent of width 2, its ends held.
inline double upsample_share(int out, int pixel, int in, int factor) {
  const double u = std::min(std::max((out + 0.5) / factor - 0.5, 0.0), in - 1.0);
  return std::max(0.0, 1.0 - std::abs(u - pixel));
}

/// f(output index, input index, share) for every pair.
template <class Function>
void for_shares(const UpsampleShape& s, const Function& f) {
  const Dims out = s.out();
  for (int oy = 0; oy < out.height; ++oy)
    for (int ox = 0; ox < out.width; ++ox)
      for (int iy = 0; iy < s.in.height; ++iy)
        for (int ix = 0; ix < s.in.width; ++ix)
          for (int c = 0; c < s.in.channels; ++c)
            f(static_cast<std::size_t>((oy * out.width + ox) * out.channels + c),
              static_cast<std::size_t>((iy * s.in.width + ix) * out.channels + c),
              upsample_share(oy, iy, s.in.height, s.factor.height) *
                  upsample_share(ox, ix, s.in.width, s.factor.width));
}

inline void upsample(const UpsampleShape& s, const float* x, float* y) {
  std::vector<double> sums(s.out().size());
  for_shares(s, [&](std::size_t o, std::size_t i, double share) { sums[o] += share * static_cast<double>(x[i]); });
  for (std::size_t o = 0; o < sums.size(); ++o) y[o] = static_cast<float>(sums[o]);
}

inline void upsample_gradient(const UpsampleShape& s, const float* dy, float* dx) {
  std::vector<double> sums(s.in.size());
  for_shares(s, [&](std::size_t o, std::size_t i, double share) { sums[i] += share * static_cast<double>(dy[o]); });
  for (std::size_t i = 0; i < sums.size(); ++i) dx[i] = static_cast<float>(sums[i]);
}

}  // namespace kernels::reference
}  // namespace xstitch::inline XSTITCH_ISA
