#pragma once
/// \file
/// What a tensor of a network is: how many rows a sample has (1, or 64 regions of an image), the extents of a row, and
/// the type of its elements. A batch of n samples is n x rows x height x width x channels elements, dense, row-major.

#include <xstitch/core/shape.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace xstitch::inline XSTITCH_ISA {

/// What an element is; 4, 2 and 4 bytes.
enum class ElementType : std::uint8_t { float32, bfloat16, int32 };

/// Bytes of one element.
constexpr std::size_t element_size(ElementType type) noexcept { return type == ElementType::bfloat16 ? 2 : 4; }

/// One tensor of a sample (usable as a template argument).
struct TensorShape {
  Dims dims{};                                 ///< extents of a row
  int rows = 1;                                ///< a sample
  ElementType element = ElementType::float32;  ///< what an element is
  bool differentiable = true;                  ///< false: no gradient flows through it (integers never have one)

  constexpr TensorShape() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): the extents are what most operations speak of
  /// Of one sample: rows of extents d.
  constexpr TensorShape(Dims d, int rows_of_sample = 1, ElementType type = ElementType::float32, bool gradient = true)
      : dims(d), rows(rows_of_sample), element(type), differentiable(gradient && type != ElementType::int32) {}

  /// Elements of one sample.
  [[nodiscard]] constexpr std::size_t size() const noexcept { return static_cast<std::size_t>(rows) * dims.size(); }
  /// Bytes of one sample, rounded up to a cache line, so that offsets are batch x constant.
  [[nodiscard]] constexpr std::size_t bytes() const noexcept { return align_up(size() * element_size(element)); }
  /// Whether there is a row and each extent is at least 1.
  [[nodiscard]] constexpr bool valid() const noexcept { return dims.valid() && rows > 0; }
  constexpr bool operator==(const TensorShape&) const noexcept = default;
};

/// The shapes of an operation's inputs or outputs, as a value and as a template argument: Shapes{in[0], in[1]}.
template <std::size_t N>
struct Shapes {
  TensorShape items[N > 0 ? N : 1]{};  ///< shape k of each tensor

  constexpr Shapes() = default;
  /// As many shapes as N says.
  template <class... Items>
  requires(sizeof...(Items) == N && N > 0) constexpr Shapes(Items... all)  // NOLINT(google-explicit-constructor)
      : items{TensorShape(all)...} {}

  /// How many tensors.
  [[nodiscard]] static constexpr std::size_t size() noexcept { return N; }
  /// Shape i.
  constexpr const TensorShape& operator[](std::size_t i) const noexcept { return items[i]; }
  /// Shape i, to change.
  constexpr TensorShape& operator[](std::size_t i) noexcept { return items[i]; }
  /// Whether all of them are.
  [[nodiscard]] constexpr bool valid() const noexcept {
    for (std::size_t i = 0; i < N; ++i)
      if (!items[i].valid()) return false;
    return true;
  }
  constexpr bool operator==(const Shapes&) const noexcept = default;
};
/// The number follows from what is given.
template <class... Items>
Shapes(Items...) -> Shapes<sizeof...(Items)>;

/// "55x55x96", or "64 rows of 1x1x5".
[[gnu::cold]] inline std::string to_string(const TensorShape& shape) {
  return (shape.rows == 1 ? std::string{} : std::to_string(shape.rows) + " rows of ") + to_string(shape.dims);
}

}  // namespace xstitch::inline XSTITCH_ISA
