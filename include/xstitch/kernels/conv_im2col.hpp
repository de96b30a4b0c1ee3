#pragma once
/// \file
/// A convolution with many weights and few output pixels (the fully connected layers of a fully convolutional network)
/// as a fully connected layer: each output pixel is a sample, whose inputs are the elements under the window (im2col).
/// The weights, [taps * channels][out], are read once and in place. One group only.

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/conv_shape.hpp>
#include <xstitch/kernels/linear.hpp>

#include <algorithm>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// More weights than the second-level cache holds, for fewer pixels than would pay for packing them. (FCN-32s at a
/// quarter of the width on 128 x 96, fc6 with 2.4 million weights for 12 pixels: a step takes half the time. FCN-32s on
/// 320 x 240, fc6 with 38 million for 88 pixels, whose padded gradient would be correlated with zeros for a third: 0.72
/// of the time.)
constexpr bool suits_im2col(const ConvShape& s) noexcept {
  const std::size_t pixels = s.out().pixels(), weights = s.weight_count();
  return s.groups == 1 &&
         ((pixels <= 32 && weights >= (std::size_t{1} << 20)) || (pixels <= 512 && weights >= (std::size_t{8} << 20)));
}

/// Calls f(tap, input row, input column, inside) for each tap of one output pixel.
template <class Function>
constexpr void for_each_tap(const ConvShape& s, int y, int x, Function&& f) {
  for (int u = 0; u < s.kernel.height; ++u)
    for (int v = 0; v < s.kernel.width; ++v) {
      const int i = y * s.stride.height - s.pad.top + u * s.dilation.height;
      const int j = x * s.stride.width - s.pad.left + v * s.dilation.width;
      f(u * s.kernel.width + v, i, j, i >= 0 && i < s.in.height && j >= 0 && j < s.in.width);
    }
}

/// [batch * out pixels][taps * channels]: what lies under the window at each output pixel, zeros in the padding.
inline void im2col(const ConvShape& s, std::size_t batch, const float* in, float* matrix, ThreadPool& threads) {
  const auto height = static_cast<std::size_t>(s.out_height());
  threads.parallel_for(batch * height, [&](std::size_t task) {
    const float* image = in + task / height * s.in.size();
    float* to = matrix + task * static_cast<std::size_t>(s.out_width()) * static_cast<std::size_t>(s.depth());
    for (int x = 0; x < s.out_width(); ++x, to += s.depth())
      for_each_tap(s, static_cast<int>(task % height), x, [&](int tap, int i, int j, bool inside) {
        float* p = to + Index{tap} * s.in.channels;
        if (inside)
          std::copy_n(image + (Index{i} * s.in.width + j) * s.in.channels, s.in.channels, p);
        else
          std::fill_n(p, s.in.channels, 0.0F);
      });
  });
}

/// The adjoint of im2col: each input element becomes the sum of its copies, in the order of output pixels.
inline void col2im(const ConvShape& s, std::size_t batch, const float* matrix, float* in, ThreadPool& threads) {
  // A task owns an image and some channels.
  constexpr int range = 64;
  const auto ranges = static_cast<std::size_t>(divide_up(s.in.channels, range));
  threads.parallel_for(batch * ranges, [&](std::size_t task) {
    const int first = static_cast<int>(task % ranges) * range, count = std::min(range, s.in.channels - first);
    float* image = in + task / ranges * s.in.size() + first;
    for (std::size_t p = 0; p < s.in.pixels(); ++p)
      std::fill_n(image + p * static_cast<std::size_t>(s.in.channels), count, 0.0F);
    const float* from = matrix + task / ranges * s.out().pixels() * static_cast<std::size_t>(s.depth()) + first;
    for (int y = 0; y < s.out_height(); ++y)
      for (int x = 0; x < s.out_width(); ++x, from += s.depth())
        for_each_tap(s, y, x, [&](int tap, int i, int j, bool inside) {
          if (!inside) return;
          float* to = image + (Index{i} * s.in.width + j) * s.in.channels;
          const float* p = from + Index{tap} * s.in.channels;
          for (int c = 0; c < count; ++c) to[c] += p[c];
        });
  });
}

constexpr Extent im2col_workspace(const ConvShape& s) noexcept {
  const std::size_t pixels = s.out().pixels();
  const std::size_t matrix = s.pointwise() ? 0 : align_up(pixels * static_cast<std::size_t>(s.depth()) * sizeof(float));
  const Extent linear = linear_workspace(s.depth(), s.out_channels);
  return {2 * matrix + linear.per_sample * pixels,
          linear.fixed + align_up(static_cast<std::size_t>(s.out_channels) * 4)};
}

template <ConvShape S, class Arithmetic>
struct Im2colConv {
  static constexpr std::size_t im2col_bytes =
      S.pointwise() ? 0 : align_up(S.out().pixels() * static_cast<std::size_t>(S.depth()) * sizeof(float));

  static void pack(const float* weights, std::byte* to, ThreadPool& threads) {
    Linear<Arithmetic>::Forward::pack(S.depth(), S.out_channels, weights, to, threads);
  }

  static void run(std::size_t batch, const float* in, const float* weights, const float* bias, bool with_relu,
                  float* out, std::byte* workspace, ThreadPool& threads, const std::byte* packed = nullptr) {
    const float* x = in;
    if constexpr (!S.pointwise()) {
      im2col(S, batch, in, reinterpret_cast<float*>(workspace), threads);
      x = reinterpret_cast<float*>(workspace);
      workspace += batch * im2col_bytes;
    }
    Linear<Arithmetic>::Forward::run(batch * S.out().pixels(), S.depth(), S.out_channels, x, weights, bias, with_relu,
                                     out, workspace, threads, packed);
  }

  /// See Conv in conv.hpp.
  template <class Gradients, class Emit>
  static void backward(std::size_t batch, const float* in, const float* out_gradient, const float* weights,
                       bool has_bias, Gradients to, Emit&& emit, std::byte* workspace, ThreadPool& threads) {
    const float* x = in;
    float* dx = to.input;
    if constexpr (!S.pointwise()) {
      if (to.wants_weight) im2col(S, batch, in, reinterpret_cast<float*>(workspace), threads);
      x = reinterpret_cast<float*>(workspace);
      if (dx != nullptr) dx = reinterpret_cast<float*>(workspace + batch * im2col_bytes);
      workspace += 2 * batch * im2col_bytes;
    }
    has_bias = has_bias && to.wants_bias;
    float* bias = !has_bias ? nullptr : to.bias != nullptr ? to.bias : reinterpret_cast<float*>(workspace);
    Linear<Arithmetic>::Backward::run(
        batch * S.out().pixels(), S.depth(), S.out_channels, x, out_gradient, weights, dx, to.weight, bias,
        [&](std::size_t offset, const float* gradient, std::size_t count) { emit(0, offset, gradient, count); },
        workspace + align_up(std::size_t{S.out_channels} * sizeof(float)), threads, to.wants_weight);
    if (has_bias && to.bias == nullptr) emit(1, 0, bias, std::size_t{S.out_channels});
    if constexpr (!S.pointwise())
      if (to.input != nullptr) col2im(S, batch, dx, to.input, threads);
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
