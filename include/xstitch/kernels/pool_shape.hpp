#pragma once
/// \file
/// Geometry of pooling, along one axis of n elements with padding b before and e after them, window k and stride s:
///
///     out = (n + b + e - k) / s + 1, rounded down, or up by CeilMode. Rounded up, the last window must still start
///     inside the input or its left padding, or it is dropped (Caffe's and PyTorch's rule). A window larger than the
///     padded input gives one output where rounding up makes it so: k - n - b - e < s.
///
/// Window o covers elements o s - b .. o s - b + k - 1, clipped to the input: padding is never read.

#include <xstitch/core/shape.hpp>

#include <algorithm>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// A half-open range of elements or of windows.
struct IndexRange {
  int begin = 0, end = 0;
};

struct PoolAxis {
  int in = 0, out = 0, kernel = 1, stride = 1, pad = 0, pad_end = 0;  ///< pad: before the elements

  /// `out` is 0 if not one window fits.
  static constexpr PoolAxis make(int in, int kernel, int stride, int pad, bool ceil) noexcept {
    return make(in, kernel, stride, pad, pad, ceil);
  }
  static constexpr PoolAxis make(int in, int kernel, int stride, int pad, int pad_end, bool ceil) noexcept {
    PoolAxis axis{in, 0, kernel, stride, pad, pad_end};
    const int room = in + pad + pad_end - kernel + (ceil ? stride - 1 : 0);
    if (room < 0) return axis;
    axis.out = room / stride + 1;
    if ((axis.out - 1) * stride >= in + pad) --axis.out;
    return axis;
  }
  /// First element of a window; negative in the padding.
  [[nodiscard]] constexpr int start(int window) const noexcept { return window * stride - pad; }
  [[nodiscard]] constexpr IndexRange elements(int window) const noexcept {
    return {std::max(0, start(window)), std::min(in, start(window) + kernel)};
  }
  /// The windows that cover an element.
  [[nodiscard]] constexpr IndexRange windows(int element) const noexcept {
    const int first = element + pad - kernel + 1;
    return {first <= 0 ? 0 : (first + stride - 1) / stride, std::min(out, (element + pad) / stride + 1)};
  }
  /// Extent of a window for the divisor of an average: the covered elements, or also padding (but nothing beyond it).
  [[nodiscard]] constexpr int divisor(int window, bool include_padding) const noexcept {
    if (include_padding) return std::min(in + pad_end, start(window) + kernel) - start(window);
    return elements(window).end - elements(window).begin;
  }
};

struct PoolShape {
  PoolAxis rows, columns;
  int channels = 1;
  bool include_padding = false;

  [[nodiscard]] constexpr Dims in() const noexcept { return {rows.in, columns.in, channels}; }
  [[nodiscard]] constexpr Dims out() const noexcept { return {rows.out, columns.out, channels}; }
  [[nodiscard]] constexpr bool valid() const noexcept { return rows.out > 0 && columns.out > 0; }
  [[nodiscard]] constexpr bool inside(int row, int column) const noexcept {
    return rows.start(row) >= 0 && rows.start(row) + rows.kernel <= rows.in && columns.start(column) >= 0 &&
           columns.start(column) + columns.kernel <= columns.in;
  }
  [[nodiscard]] constexpr float divisor(int row, int column) const noexcept {
    return static_cast<float>(rows.divisor(row, include_padding) * columns.divisor(column, include_padding));
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
