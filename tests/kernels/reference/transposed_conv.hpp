#pragma once
/// \file
/// The plain scalar references of transposed convolution, in scatter form and in double; its tests compare with it.

#include <xstitch/kernels/transposed_conv.hpp>

#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels::reference {

/// f(input index, weight index, output index) for every product of one sample.
template <class Function>
void for_transposed_products(const TransposedConvShape& s, const Function& f) {
  const Dims out = s.out();
  for (int iy = 0; iy < s.in.height; ++iy)
    for (int ix = 0; ix < s.in.width; ++ix)
      for (int u = 0; u < s.kernel.height; ++u)
        for (int v = 0; v < s.kernel.width; ++v) {
          const int oy = iy * s.stride.height - s.pad.height + u, ox = ix * s.stride.width - s.pad.width + v;
          if (oy < 0 || oy >= out.height || ox < 0 || ox >= out.width) continue;
          for (int c = 0; c < s.in.channels; ++c)
            for (int o = 0; o < s.group_out(); ++o) {
              const int o_all = c / (s.in.channels / s.groups) * s.group_out() + o;
              f(static_cast<std::size_t>((iy * s.in.width + ix) * s.in.channels + c),
                static_cast<std::size_t>(((u * s.kernel.width + v) * s.group_out() + o) * s.in.channels + c),
                static_cast<std::size_t>((oy * out.width + ox) * out.channels + o_all));
            }
        }
}

/// `bias` may be null.
inline void transposed_conv(const TransposedConvShape& s, const float* x, const float* w, const float* bias, float* y) {
  std::vector<double> sums(s.out().size());
  for_transposed_products(s, [&](std::size_t i, std::size_t k, std::size_t o) {
    sums[o] += static_cast<double>(x[i]) * static_cast<double>(w[k]);
  });
  const auto channels = static_cast<std::size_t>(s.out_channels);
  for (std::size_t o = 0; o < sums.size(); ++o)
    y[o] = static_cast<float>(sums[o] + (bias != nullptr ? static_cast<double>(bias[o % channels]) : 0.0));
}

inline void transposed_conv_data(const TransposedConvShape& s, const float* dy, const float* w, float* dx) {
  std::vector<double> sums(s.in.size());
  for_transposed_products(s, [&](std::size_t i, std::size_t k, std::size_t o) {
    sums[i] += static_cast<double>(dy[o]) * static_cast<double>(w[k]);
  });
  for (std::size_t i = 0; i < sums.size(); ++i) dx[i] = static_cast<float>(sums[i]);
}

/// Over `batch` samples.
inline std::vector<double> transposed_conv_weight(const TransposedConvShape& s, const float* x, const float* dy,
                                                  std::size_t batch) {
  std::vector<double> sums(static_cast<std::size_t>(s.kernel.height * s.kernel.width * s.group_out() * s.in.channels));
  for (std::size_t n = 0; n < batch; ++n)
    for_transposed_products(s, [&](std::size_t i, std::size_t k, std::size_t o) {
      sums[k] += static_cast<double>(x[n * s.in.size() + i]) * static_cast<double>(dy[n * s.out().size() + o]);
    });
  return sums;
}

}  // namespace kernels::reference
}  // namespace xstitch::inline XSTITCH_ISA
