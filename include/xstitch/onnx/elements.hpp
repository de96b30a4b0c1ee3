#pragma once
/// \file
/// The elements of an ONNX tensor that is written: those of a parameter in another order of axes, element by element as
/// they are asked for (weights of 150 MB are not copied), or numbers of our own.
///
///     element [i, j, k, l] = data[i s0 + j s1 + k s2 + l s3]

#include <xstitch/core/error.hpp>
#include <xstitch/core/parameter.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace onnx {

/// Four axes of floats somewhere else; the memory must stay while the file is written.
struct Strided {
  const float* data = nullptr;
  std::array<std::size_t, 4> extents{1, 1, 1, 1}, strides{0, 0, 0, 0};

  [[nodiscard]] std::size_t count() const noexcept { return extents[0] * extents[1] * extents[2] * extents[3]; }
  /// Elements [begin, begin + out.size()) in row-major order.
  void read(std::size_t begin, std::span<float> out) const noexcept {
    std::array<std::size_t, 4> index{};
    for (std::size_t axis = 4, rest = begin; axis-- > 0; rest /= extents[axis]) index[axis] = rest % extents[axis];
    for (float& value : out) {
      value = data[index[0] * strides[0] + index[1] * strides[1] + index[2] * strides[2] + index[3] * strides[3]];
      for (std::size_t axis = 4; axis-- > 0;) {
        if (++index[axis] < extents[axis]) break;
        index[axis] = 0;
      }
    }
  }
};

/// A parameter's elements as they are.
inline Strided as_they_are(std::span<const float> values) {
  return {values.data(), {values.size(), 1, 1, 1}, {1, 0, 0, 0}};
}

/// A parameter with its axes in another order: axes[i] says which of the parameter's comes i-th.
inline Strided permuted(const float* data, const Extents& extents, std::array<std::size_t, 4> axes) {
  std::array<std::size_t, 4> size{1, 1, 1, 1}, stride{};
  std::size_t step = 1;
  for (auto axis = static_cast<std::size_t>(extents.rank); axis-- > 0;) {
    size[axis] = static_cast<std::size_t>(extents.size[axis]);
    stride[axis] = step;
    step *= size[axis];
  }
  Strided result{data};
  for (std::size_t i = 0; i < 4; ++i) {
    result.extents[i] = size[axes[i]];
    result.strides[i] = stride[axes[i]];
  }
  return result;
}

using Elements = std::variant<Strided, std::vector<float>, std::vector<std::int64_t>>;

}  // namespace onnx
}  // namespace xstitch::inline XSTITCH_ISA
