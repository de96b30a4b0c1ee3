#pragma once
/// \file
/// The order of a weight's axes in files of other libraries.
///
///     ours      fully connected [in, out]     convolution [height, width, in, out]     transposed [height, width, out,
///     in] PyTorch   fully connected [out, in]     convolution [out, in, height, width]     transposed [in, out,
///     height, width]
///
/// PyTorch's axes are ours without height and width, in reverse, then height and width. Where a fully connected layer
/// reads an image as one long vector, its inputs run over height, width, channels here, and over channels, height,
/// width there.
///
/// A file says whose it is: metadata "format" is "xstitch" or "pt". Where it does not, the shape may tell; where
/// neither does (a square matrix), the weight is refused, never guessed.

#include <xstitch/core/parameter.hpp>
#include <xstitch/io/safetensors_format.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

enum class WeightOrder : std::uint8_t {
  as_marked,  ///< as the file's metadata say, else as the shapes tell
  xstitch,
  pytorch,
};

namespace weight_order {

using Shape = std::vector<std::uint64_t>;

/// `order`, or what the file's metadata say.
[[gnu::cold]] inline WeightOrder of_file(WeightOrder order, const TextMap& metadata) {
  if (order != WeightOrder::as_marked) return order;
  const auto format = metadata.find("format");
  if (format == metadata.end()) return order;
  return format->second == "xstitch" ? WeightOrder::xstitch : format->second == "pt" ? WeightOrder::pytorch : order;
}

/// Extents as a shape of a file.
[[gnu::cold]] inline Shape shape_of(const Extents& extents) {
  Shape shape;
  for (int i = 0; i < extents.rank; ++i)
    shape.push_back(static_cast<std::uint64_t>(extents.size[static_cast<std::size_t>(i)]));
  return shape;
}

/// For each axis of PyTorch's the number of ours.
[[gnu::cold]] inline std::vector<std::size_t> pytorch_axes(std::string_view axes) {
  std::vector<std::size_t> order;
  for (std::size_t i = axes.size(); i-- > 0;)
    if (axes[i] != 'H' && axes[i] != 'W') order.push_back(i);
  for (std::size_t i = 0; i < axes.size(); ++i)
    if (axes[i] == 'H' || axes[i] == 'W') order.push_back(i);
  return order;
}

/// The shape that PyTorch gives this parameter: {out, in, height, width} or {out, in}.
[[gnu::cold]] inline Shape pytorch_shape(const ParameterSpec& spec) {
  const Shape ours = shape_of(spec.extents);
  if (spec.axes.size() != ours.size()) return ours;
  Shape shape;
  for (const std::size_t axis : pytorch_axes(spec.axes)) shape.push_back(ours[axis]);
  return shape;
}

/// Whether the inputs of a fully connected layer are an image whose elements have another order elsewhere.
inline bool takes_image(const ParameterSpec& spec) {
  return spec.axes == "IO" && spec.input.channels > 1 &&
         spec.input.size() > static_cast<std::size_t>(spec.input.channels);
}

/// What a tensor of a file is to a parameter.
struct Fit {
  /// Whether a tensor of a file can become the parameter, and how.
  enum class Kind : std::uint8_t { as_it_is, pytorch, wrong_shape, refused };
  Kind kind = Kind::as_it_is;  ///< what was decided
  std::string reason{};        ///< why it is refused

  /// Whether it can be read.
  [[nodiscard]] bool fits() const noexcept { return kind == Kind::as_it_is || kind == Kind::pytorch; }
  /// To be added to a message.
  [[nodiscard]] std::string remark() const { return reason.empty() ? "" : ": " + reason; }
};

/// `order` is that of the file, as_marked if nothing is known of it.
[[gnu::cold]] XSTITCH_INLINE Fit fit(const ParameterSpec& spec, const Shape& found, WeightOrder order) {
  using Kind = Fit::Kind;
  const Shape ours = shape_of(spec.extents), theirs = pytorch_shape(spec);
  const auto long_axes = std::count_if(ours.begin(), ours.end(), [](std::uint64_t extent) { return extent > 1; });
  const bool known = spec.axes.size() == ours.size();
  const bool same_either_way = long_axes < 2 && !takes_image(spec);
  if (order == WeightOrder::xstitch || same_either_way) {
    if (found == ours) return {};
    return {same_either_way && found == theirs && order != WeightOrder::xstitch ? Kind::pytorch : Kind::wrong_shape};
  }
  if (order == WeightOrder::pytorch) {
    if (!known && found == ours)
      return {Kind::refused,
              "the file is in PyTorch's order, and the layer does not say what the parameter's axes are"};
    if (found == theirs) return {Kind::pytorch};
    if (found == ours)
      return {Kind::refused, "the file is in PyTorch's order, where it should be " + safetensors::to_text(theirs) +
                                 "; if it is in xstitch's, say WeightOrder::xstitch"};
    return {Kind::wrong_shape};
  }
  const std::string say = ": say WeightOrder::xstitch or WeightOrder::pytorch";
  const bool ambiguous = known ? ours == theirs : ours.size() == 2 && ours[0] == ours[1];
  if (found == ours && ambiguous)
    return {Kind::refused, "neither the file's metadata nor the shape says in which order its axes are" + say};
  if (found == ours) return {};
  if (found == theirs && takes_image(spec))
    return {Kind::refused, "the file's metadata do not say in which order the inputs, an image's elements, are" + say};
  return {found == theirs ? Kind::pytorch : Kind::wrong_shape};
}

/// Values in PyTorch's order to ours.
XSTITCH_INLINE void from_pytorch(const ParameterSpec& spec, std::span<const float> from, std::span<float> to) {
  const std::size_t rank = spec.axes.size();
  const std::vector<std::size_t> axes = pytorch_axes(spec.axes);
  const auto extent = [&](std::size_t axis) { return static_cast<std::size_t>(spec.extents.size[axis]); };
  std::array<std::size_t, 4> stride{}, index{};  // of our axes, in the file
  std::size_t next = 1;
  for (std::size_t i = rank; i-- > 0;) {
    stride[axes[i]] = next;
    next *= extent(axes[i]);
  }
  const bool image = takes_image(spec);
  const auto channels = static_cast<std::size_t>(spec.input.channels);
  for (float& value : to) {
    std::size_t at = 0;
    for (std::size_t axis = 0; axis < rank; ++axis) {
      const std::size_t i = index[axis];
      const bool moved = image && spec.axes[axis] == 'I';  // (pixel, channel) lies at (channel, pixel)
      at += (moved ? i % channels * (extent(axis) / channels) + i / channels : i) * stride[axis];
    }
    value = from[at];
    for (std::size_t axis = rank; axis-- > 0;) {
      if (++index[axis] < extent(axis)) break;
      index[axis] = 0;
    }
  }
}

}  // namespace weight_order
}  // namespace xstitch::inline XSTITCH_ISA
