#pragma once
/// \file
/// Sizes of a convolution, as a value that can be a template argument, and the arithmetic of sizes that follows.
///
///     out = floor((in + begin + end - dilation (kernel - 1) - 1) / stride) + 1        in each direction
///
/// begin and end: the padding above and below, left and right. Only the output's extents know of the end.
///
/// Input [batch, height, width, channels], weights [kernel height, kernel width, channels / groups, out channels],
/// output [batch, out height, out width, out channels]. Group g reads input channels [g, g + 1) * channels / groups and
/// writes output channels [g, g + 1) * out_channels / groups.

#include <xstitch/core/shape.hpp>

#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

struct ConvShape {
  Dims in{};
  int out_channels = 0;
  Size kernel{};
  Size stride{};
  Sides pad{};
  Size dilation{};
  int groups = 1;

  /// Whether the sizes fit together; nothing else may be asked if not.
  [[nodiscard]] constexpr bool valid() const noexcept {
    return in.valid() && out_channels > 0 && kernel.height > 0 && kernel.width > 0 && stride.height > 0 &&
           stride.width > 0 && pad.top >= 0 && pad.left >= 0 && pad.bottom >= 0 && pad.right >= 0 &&
           dilation.height > 0 && dilation.width > 0 && groups > 0 && in.channels % groups == 0 &&
           out_channels % groups == 0 && padded_height() >= dilation.height * (kernel.height - 1) + 1 &&
           padded_width() >= dilation.width * (kernel.width - 1) + 1;
  }
  [[nodiscard]] constexpr int padded_height() const noexcept { return in.height + pad.top + pad.bottom; }
  [[nodiscard]] constexpr int padded_width() const noexcept { return in.width + pad.left + pad.right; }
  [[nodiscard]] constexpr int out_height() const noexcept {
    return (padded_height() - dilation.height * (kernel.height - 1) - 1) / stride.height + 1;
  }
  [[nodiscard]] constexpr int out_width() const noexcept {
    return (padded_width() - dilation.width * (kernel.width - 1) - 1) / stride.width + 1;
  }
  [[nodiscard]] constexpr Dims out() const noexcept { return {out_height(), out_width(), out_channels}; }
  [[nodiscard]] constexpr int group_in() const noexcept { return in.channels / groups; }
  [[nodiscard]] constexpr int group_out() const noexcept { return out_channels / groups; }
  [[nodiscard]] constexpr int taps() const noexcept { return kernel.height * kernel.width; }
  /// Products that one output sums.
  [[nodiscard]] constexpr int depth() const noexcept { return taps() * group_in(); }
  [[nodiscard]] constexpr std::size_t weight_count() const noexcept {
    return static_cast<std::size_t>(depth()) * static_cast<std::size_t>(out_channels);
  }
  [[nodiscard]] constexpr std::size_t multiply_adds() const noexcept {
    return out().pixels() * static_cast<std::size_t>(depth()) * static_cast<std::size_t>(out_channels);
  }
  /// Every output pixel is a function of one input pixel at the same place.
  [[nodiscard]] constexpr bool pointwise() const noexcept {
    return kernel == Size{1} && stride == Size{1} && pad == Sides{0};
  }
  constexpr bool operator==(const ConvShape&) const noexcept = default;
};

/// The same convolution in the form that the kernels like best.
constexpr ConvShape canonical(ConvShape s) noexcept {
  if (s.kernel.height == 1) s.dilation.height = 1;
  if (s.kernel.width == 1) s.dilation.width = 1;
  if (s.pointwise()) s.in = {1, s.in.height * s.in.width, s.in.channels};
  return s;
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
