#pragma once
/// \file
/// What labels are: the kind and extents of one sample's label, and the labels of a batch.

#include <xstitch/core/shape.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// What the elements of a label mean; augmentation and metrics depend on it.
enum class LabelKind : std::uint8_t {
  class_index,  ///< std::int32_t per position of `shape` (channels 1); a negative value or 255 means "ignore"
  real,         ///< float per element of `shape`; valid where the mask is not 0
  binary,       ///< float 0 or 1 per element; valid where the mask is not 0
  unit_normal,  ///< float[3] per pixel: x right, y up, z to the camera; a mirror negates x
  box_target,   ///< float[5] of a region: class (0 background, -1 not used), dx, dy, dw, dh; a mirror negates dx
};

/// Type and extents of a label of one sample.
struct LabelSpec {
  LabelKind kind = LabelKind::class_index;  ///< class, number, direction
  Dims shape{};                             ///< of one row
  Dims mask{};                              ///< {0, 0, 0}: no mask
  int classes = 0;                          ///< for class_index: values are below this
  int rows = 1;                             ///< a sample: each has a label of this shape

  /// Whether its values are int32 and not float.
  [[nodiscard]] constexpr bool integral() const noexcept { return kind == LabelKind::class_index; }
  constexpr bool operator==(const LabelSpec&) const noexcept = default;
};

constexpr std::int32_t ignore_label = 255;  ///< the class of pixels without a label, as in Pascal VOC
/// Whether an element of this class has no label: negative, or 255.
constexpr bool is_ignored(std::int32_t label) noexcept { return label < 0 || label == ignore_label; }
/// The same where the number of classes is known: 255 is an ordinary class of a head with more than 255 of them.
constexpr bool is_ignored(std::int32_t label, int classes) noexcept {
  return label < 0 || (label == ignore_label && classes <= ignore_label);
}

/// The labels of a batch for one head.
struct LabelBatch {
  std::vector<std::int32_t> indices;  ///< [batch, shape] for class_index
  std::vector<float> values;          ///< [batch, shape] otherwise
  std::vector<std::uint8_t> mask;     ///< [batch, mask] (empty: all valid)
  std::vector<std::uint8_t> present;  ///< [batch]: 0 where the sample has no label for this head (empty: all have)
  std::size_t rows = 1;               ///< of a sample; indices, values and mask then hold batch x rows of them
};

}  // namespace xstitch::inline XSTITCH_ISA
