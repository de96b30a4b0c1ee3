#pragma once
/// \file
/// Sizes of a sample: height, width, channels. Activations are NHWC, row-major, dense: a batch of N samples is
/// an [N * height * width, channels] matrix. And Size and Sides, extents as settings of layers.

#include <xstitch/core/isa.hpp>

#include <cstddef>
#include <string>

namespace xstitch::inline XSTITCH_ISA {

/// Extents of one sample as a value (usable as a template argument). A vector of C numbers is {1, 1, C}.
struct Dims {
  int height = 0;    ///< rows of pixels
  int width = 0;     ///< pixels of a row
  int channels = 0;  ///< numbers of a pixel, the innermost extent

  /// Height * width.
  [[nodiscard]] constexpr std::size_t pixels() const noexcept {
    return static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  }
  /// Height * width * channels.
  [[nodiscard]] constexpr std::size_t size() const noexcept { return pixels() * static_cast<std::size_t>(channels); }
  /// Whether each extent is at least 1.
  [[nodiscard]] constexpr bool valid() const noexcept { return height > 0 && width > 0 && channels > 0; }
  constexpr bool operator==(const Dims&) const noexcept = default;
};

/// The same as a type, as users write it: Shape<36, 36, 1>, or Shape<100> for a vector.
template <int... Extents>
struct Shape;
template <int Height, int Width, int Channels>
struct Shape<Height, Width, Channels> {
  static_assert(Height > 0 && Width > 0 && Channels > 0, "xstitch: every extent of a Shape is at least 1");
  static constexpr Dims dims{Height, Width, Channels};  ///< the extents as a value
};
/// A vector of `Channels` numbers.
template <int Channels>
struct Shape<Channels> {
  static_assert(Channels > 0, "xstitch: every extent of a Shape is at least 1");
  static constexpr Dims dims{1, 1, Channels};  ///< the extents as a value
};

/// "55x55x96", for reports and run-time messages.
[[gnu::cold]] XSTITCH_INLINE std::string to_string(Dims d) {
  return std::to_string(d.height) + "x" + std::to_string(d.width) + "x" + std::to_string(d.channels);
}

/// A pair of sizes for rectangular windows: Conv<"c", 8, Size{3, 5}>. A plain number is square.
struct Size {
  int height = 1;  ///< in pixels
  int width = 1;   ///< in pixels
  constexpr Size() = default;
  /// Square.
  constexpr Size(int both) : height(both), width(both) {}  // NOLINT(google-explicit-constructor)
  /// Height, then width.
  constexpr Size(int h, int w) : height(h), width(w) {}
  constexpr bool operator==(const Size&) const noexcept = default;
};

/// What is added on each side: Pad<Sides{0, 0, 1, 1}>. A number is all four, a Size both of each direction.
struct Sides {
  int top = 0;     ///< pixels above
  int left = 0;    ///< pixels on the left
  int bottom = 0;  ///< pixels below
  int right = 0;   ///< pixels on the right
  constexpr Sides() = default;
  /// The same on all sides.
  constexpr Sides(int all) : Sides(all, all, all, all) {}  // NOLINT(google-explicit-constructor)
  /// The same above and below, and left and right.
  constexpr Sides(Size both) : Sides(both.height, both.width, both.height, both.width) {}  // NOLINT
  /// Top, left, bottom, right.
  constexpr Sides(int t, int l, int b, int r) : top(t), left(l), bottom(b), right(r) {}
  /// Whether opposite sides are equal.
  [[nodiscard]] constexpr bool symmetric() const noexcept { return top == bottom && left == right; }
  constexpr bool operator==(const Sides&) const noexcept = default;
};

/// An amount of memory for a batch of n samples: per_sample * n + fixed (bytes).
struct Extent {
  std::size_t per_sample = 0;  ///< bytes for each sample of a batch
  std::size_t fixed = 0;       ///< bytes however large the batch is

  /// Of a batch of that many samples.
  [[nodiscard]] constexpr std::size_t bytes(std::size_t batch) const noexcept { return per_sample * batch + fixed; }
  constexpr bool operator==(const Extent&) const noexcept = default;
};
/// Enough for either.
constexpr Extent larger(const Extent& a, const Extent& b) noexcept {
  return {a.per_sample > b.per_sample ? a.per_sample : b.per_sample, a.fixed > b.fixed ? a.fixed : b.fixed};
}

/// Rounds up to a multiple of 64 bytes (a cache line, and the widest vector).
constexpr std::size_t align_up(std::size_t bytes, std::size_t alignment = 64) noexcept {
  return (bytes + alignment - 1) / alignment * alignment;
}

}  // namespace xstitch::inline XSTITCH_ISA
