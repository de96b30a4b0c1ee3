#pragma once
/// \file
/// Depthwise convolution (groups = channels, one output each), a vector of channels at a time:
///
///     y[n, i, j, c] = b[c] + sum over u, v of x[n, i s - p + u d, j s - p + v d, c] W[u, v, c]
///
/// Each number is used a few times only, so memory decides; both precisions compute in fp32.

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/conv_shape.hpp>
#include <xstitch/kernels/simd.hpp>

#include <algorithm>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

class DepthwiseConv {
  /// One direction of a window: taps [first, last) at inputs start + tap * step.
  struct Reach {
    int first, last, start, step;
  };
  static constexpr Reach forward_reach(int at, int size, int kernel, int stride, int dilation, int pad) noexcept {
    const int start = at * stride - pad;
    const int first = start >= 0 ? 0 : (-start + dilation - 1) / dilation;
    const int last = size - 1 - start < 0 ? 0 : (size - 1 - start) / dilation + 1;
    return {std::min(first, kernel), std::clamp(last, std::min(first, kernel), kernel), start, dilation};
  }

  /// f(c, count) for each vector of channels, count lanes of which exist.
  template <class Function>
  static void for_each_vector(int channels, Function&& f) {
    int c = 0;
    for (; c + lanes <= channels; c += lanes) f(c, lanes);
    if (c < channels) f(c, channels - c);
  }
  static Vector get(const float* p, int count) noexcept { return count == lanes ? load(p) : load_some(p, count); }
  static void put(float* p, const Vector& v, int count) noexcept {
    if (count == lanes)
      store(p, v);
    else
      store_some(p, v, count);
  }

 public:
  static void forward(const ConvShape& s, std::size_t batch, const float* in, const float* weights, const float* bias,
                      bool with_relu, float* out, ThreadPool& threads) {
    const auto height = static_cast<std::size_t>(s.out_height());
    const Index channels = s.in.channels;
    threads.parallel_for(batch * height, [&](std::size_t task) {
      const float* image = in + task / height * s.in.size();
      float* row = out + task * static_cast<std::size_t>(s.out_width() * channels);
      const Reach v = forward_reach(static_cast<int>(task % height), s.in.height, s.kernel.height, s.stride.height,
                                    s.dilation.height, s.pad.top);
      for (int x = 0; x < s.out_width(); ++x, row += channels) {
        const Reach h = forward_reach(x, s.in.width, s.kernel.width, s.stride.width, s.dilation.width, s.pad.left);
        for_each_vector(s.in.channels, [&](int c, int count) {
          Vector sum = bias != nullptr ? get(bias + c, count) : Vector(0.0F);
          for (int u = v.first; u < v.last; ++u)
            for (int w = h.first; w < h.last; ++w)
              sum = multiply_add(
                  get(image + ((v.start + u * v.step) * Index{s.in.width} + h.start + w * h.step) * channels + c,
                      count),
                  get(weights + (u * s.kernel.width + w) * channels + c, count), sum);
          put(row + c, with_relu ? relu(sum) : sum, count);
        });
      }
    });
  }

  static void backward_data(const ConvShape& s, std::size_t batch, const float* out_gradient, const float* weights,
                            float* in_gradient, ThreadPool& threads) {
    const auto height = static_cast<std::size_t>(s.in.height);
    const Index channels = s.in.channels;
    threads.parallel_for(batch * height, [&](std::size_t task) {
      const float* dy = out_gradient + task / height * s.out().size();
      float* row = in_gradient + task * static_cast<std::size_t>(s.in.width * channels);
      for (int x = 0; x < s.in.width; ++x, row += channels)
        for_each_vector(s.in.channels, [&](int c, int count) {
          Vector sum(0.0F);
          for (int u = 0; u < s.kernel.height; ++u) {
            const int i = static_cast<int>(task % height) + s.pad.top - u * s.dilation.height;
            if (i < 0 || i % s.stride.height != 0 || i / s.stride.height >= s.out_height()) continue;
            for (int w = 0; w < s.kernel.width; ++w) {
              const int j = x + s.pad.left - w * s.dilation.width;
              if (j < 0 || j % s.stride.width != 0 || j / s.stride.width >= s.out_width()) continue;
              sum = multiply_add(
                  get(dy + (i / s.stride.height * Index{s.out_width()} + j / s.stride.width) * channels + c, count),
                  get(weights + (u * s.kernel.width + w) * channels + c, count), sum);
            }
          }
          put(row + c, sum, count);
        });
    });
  }

  /// bias_gradient may be null.
  static void backward_weights(const ConvShape& s, std::size_t batch, const float* in, const float* out_gradient,
                               float* weight_gradient, float* bias_gradient, ThreadPool& threads) {
    const Index channels = s.in.channels;
    const auto vectors = static_cast<std::size_t>(divide_up(s.in.channels, lanes));
    threads.parallel_for(vectors * static_cast<std::size_t>(s.kernel.height), [&](std::size_t task) {
      const int u = static_cast<int>(task / vectors), c = static_cast<int>(task % vectors) * lanes;
      const int count = std::min(lanes, s.in.channels - c);
      Vector bias_sum(0.0F);
      for (int w = 0; w < s.kernel.width; ++w) {
        Vector sum(0.0F);
        for (int n = 0; n < static_cast<int>(batch); ++n)
          for (int y = 0; y < s.out_height(); ++y) {
            const int i = y * s.stride.height - s.pad.top + u * s.dilation.height;
            const float* dy = out_gradient + (Index{n} * s.out_height() + y) * s.out_width() * channels + c;
            const float* row = in + (Index{n} * s.in.height + i) * s.in.width * channels + c;
            for (int x = 0; x < s.out_width(); ++x) {
              const Vector g = get(dy + x * channels, count);
              if (w == 0) bias_sum += g;
              const int j = x * s.stride.width - s.pad.left + w * s.dilation.width;
              if (i >= 0 && i < s.in.height && j >= 0 && j < s.in.width)
                sum = multiply_add(get(row + j * channels, count), g, sum);
            }
          }
        put(weight_gradient + (u * s.kernel.width + w) * channels + c, sum, count);
      }
      if (u == 0 && bias_gradient != nullptr) put(bias_gradient + c, bias_sum, count);
    });
  }
};

/// The same as the passes of one shape, see conv_algorithms.hpp.
template <ConvShape S>
struct DepthwisePasses {
  static void run(std::size_t batch, const float* in, const float* weights, const float* bias, bool with_relu,
                  float* out, std::byte* /*workspace*/, ThreadPool& threads, const std::byte* /*packed*/) {
    DepthwiseConv::forward(S, batch, in, weights, bias, with_relu, out, threads);
  }
  static void run(std::size_t batch, const float* out_gradient, const float* weights, float* in_gradient,
                  std::byte* /*workspace*/, ThreadPool& threads) {
    DepthwiseConv::backward_data(S, batch, out_gradient, weights, in_gradient, threads);
  }
  static void run_all(std::size_t batch, const float* in, const float* out_gradient, float* weight_gradient,
                      float* bias_gradient, std::byte* /*workspace*/, ThreadPool& threads) {
    DepthwiseConv::backward_weights(S, batch, in, out_gradient, weight_gradient, bias_gradient, threads);
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
