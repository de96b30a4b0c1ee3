#pragma once
/// \file
/// Convolution written as its formula, in double: the oracle of the fast kernels.

#include <xstitch/kernels/conv_shape.hpp>

#include <cstddef>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels::reference {

/// Calls f(input index, weight index, output index) for every product of the convolution, sample by sample.
template <class Function>
void for_each_product(const ConvShape& s, std::size_t batch, Function&& f) {
  const int group_in = s.group_in(), group_out = s.group_out();
  for (int n = 0; n < static_cast<int>(batch); ++n)
    for (int y = 0; y < s.out_height(); ++y)
      for (int x = 0; x < s.out_width(); ++x)
        for (int u = 0; u < s.kernel.height; ++u)
          for (int v = 0; v < s.kernel.width; ++v) {
            const int i = y * s.stride.height - s.pad.top + u * s.dilation.height;
            const int j = x * s.stride.width - s.pad.left + v * s.dilation.width;
            if (i < 0 || i >= s.in.height || j < 0 || j >= s.in.width) continue;
            for (int o = 0; o < s.out_channels; ++o)
              for (int c = 0; c < group_in; ++c) {
                const int in_channel = o / group_out * group_in + c;
                f(static_cast<std::size_t>(((n * s.in.height + i) * s.in.width + j) * s.in.channels + in_channel),
                  static_cast<std::size_t>(((u * s.kernel.width + v) * group_in + c) * s.out_channels + o),
                  static_cast<std::size_t>(((n * s.out_height() + y) * s.out_width() + x) * s.out_channels + o));
              }
          }
}

inline std::vector<double> conv_forward(const ConvShape& s, std::size_t batch, const float* in, const float* weights,
                                        const float* bias) {
  std::vector<double> out(batch * s.out().size());
  if (bias != nullptr)
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = bias[i % static_cast<std::size_t>(s.out_channels)];
  for_each_product(s, batch, [&](std::size_t i, std::size_t w, std::size_t o) {
    out[o] += static_cast<double>(in[i]) * static_cast<double>(weights[w]);
  });
  return out;
}

inline std::vector<double> conv_backward_data(const ConvShape& s, std::size_t batch, const float* out_gradient,
                                              const float* weights) {
  std::vector<double> in_gradient(batch * s.in.size());
  for_each_product(s, batch, [&](std::size_t i, std::size_t w, std::size_t o) {
    in_gradient[i] += static_cast<double>(out_gradient[o]) * static_cast<double>(weights[w]);
  });
  return in_gradient;
}

inline std::vector<double> conv_backward_weights(const ConvShape& s, std::size_t batch, const float* in,
                                                 const float* out_gradient) {
  std::vector<double> weight_gradient(s.weight_count());
  for_each_product(s, batch, [&](std::size_t i, std::size_t w, std::size_t o) {
    weight_gradient[w] += static_cast<double>(in[i]) * static_cast<double>(out_gradient[o]);
  });
  return weight_gradient;
}

/// Sums over all but the last axis of [pixels, channels].
inline std::vector<double> bias_gradient(std::size_t pixels, std::size_t channels, const float* out_gradient) {
  std::vector<double> sums(channels);
  for (std::size_t i = 0; i < pixels * channels; ++i) sums[i % channels] += static_cast<double>(out_gradient[i]);
  return sums;
}

}  // namespace kernels::reference
}  // namespace xstitch::inline XSTITCH_ISA
