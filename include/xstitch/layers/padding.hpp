#pragma once
/// \file
/// The padding that the options of a convolution or pool ask for: Pad<1>, Pad<Size{height, width}>,
/// Pad<Sides{top, left, bottom, right}>, or SamePad, TensorFlow's "same": as much as makes the output ceil(in /
/// stride),
///
///     total = max(0, (out - 1) stride + dilation (kernel - 1) + 1 - in) in each direction,
///
/// half of it on each side, an odd pixel below and right.

#include <xstitch/core/attribute.hpp>
#include <xstitch/layers/options.hpp>

#include <algorithm>

namespace xstitch::inline XSTITCH_ISA {

/// Output extents ceil(in / stride).
struct SamePad {};

namespace layer_details {

struct PadEnds {
  int begin, end;
};
constexpr PadEnds same_padding(int in, int kernel, int stride, int dilation) noexcept {
  const int out = (in + stride - 1) / stride;
  const int total = std::max(0, (out - 1) * stride + dilation * (kernel - 1) + 1 - in);
  return {total / 2, total - total / 2};
}

template <class... Options>
constexpr Sides padding(Dims in, Size kernel, Size stride, Size dilation = 1) noexcept {
  if constexpr (options::has<SamePad, Options...>) {
    static_assert(!(options::is<Pad, Options> || ...), "xstitch: a layer got both Pad and SamePad");
    if (stride.height < 1 || stride.width < 1) return 0;  // refused elsewhere
    const PadEnds rows = same_padding(in.height, kernel.height, stride.height, dilation.height);
    const PadEnds columns = same_padding(in.width, kernel.width, stride.width, dilation.width);
    return {rows.begin, columns.begin, rows.end, columns.end};
  } else {
    return options::FindValue<Pad, Pad<0>, Options...>::type::value;
  }
}

template <class Option>
constexpr bool pads = options::is<Pad, Option> || options::has<Option, SamePad>;

/// Where opposite sides must be equal.
template <class Option>
constexpr bool symmetric_pad = false;
template <Sides Value>
constexpr bool symmetric_pad<Pad<Value>> = Value.symmetric();

/// "pad 1 1" where opposite sides are equal, else "pad top left bottom right".
constexpr Attribute pad_attribute(Sides pad) {
  return pad.symmetric() ? Attribute::integers("pad", pad.top, pad.left)
                         : Attribute::integers("pad", pad.top, pad.left, pad.bottom, pad.right);
}

}  // namespace layer_details
}  // namespace xstitch::inline XSTITCH_ISA
