#pragma once
/// \file
/// The tiles of Winograd's minimal filtering: 2 x 2 outputs of a correlation of stride 1, and the inputs d that they
/// need, which a source reads and transforms to B' d B (conv_winograd.hpp has the formula, winograd_transform.hpp the
/// matrices).

#include <xstitch/kernels/conv_shape.hpp>
#include <xstitch/kernels/conv_tile.hpp>
#include <xstitch/kernels/simd.hpp>
#include <xstitch/kernels/winograd_transform.hpp>

#include <array>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {
namespace winograd {

/// Sizes of a correlation of stride 1.
struct Sizes {
  int taps = 0;
  int in_height = 0, in_width = 0, group_in = 0, groups = 1;
  int out_height = 0, out_width = 0, group_out = 0;
  int top = 0, left = 0;  ///< padding

  [[nodiscard]] constexpr int tile_columns() const noexcept { return (out_width + 1) / 2; }
  [[nodiscard]] constexpr int image_tiles() const noexcept { return (out_height + 1) / 2 * tile_columns(); }
  [[nodiscard]] constexpr int blocks() const noexcept { return static_cast<int>(divide_up(group_out, block_width)); }
  [[nodiscard]] constexpr int window() const noexcept { return taps + outputs - 1; }
  [[nodiscard]] constexpr int elements() const noexcept { return window() * window(); }
  /// Floats of the transformed weights: [group][block][element][channel][columns].
  [[nodiscard]] constexpr Index weights() const noexcept { return Index{groups} * elements() * group_in * group_out; }
};

constexpr Sizes forward_sizes(const ConvShape& s) noexcept {
  return {s.kernel.height, s.in.height,   s.in.width,    s.group_in(), s.groups,
          s.out_height(),  s.out_width(), s.group_out(), s.pad.top,    s.pad.left};
}
/// The gradient to the input is the correlation of the output's gradient with the flipped kernel.
constexpr Sizes transposed_sizes(const ConvShape& s) noexcept {
  const int reach = s.kernel.height - 1;
  return {s.kernel.height, s.out_height(), s.out_width(), s.group_out(),     s.groups,
          s.in.height,     s.in.width,     s.group_in(),  reach - s.pad.top, reach - s.pad.left};
}

/// Products of a sample, the transformations not counted.
constexpr std::size_t products(const Sizes& s) noexcept {
  return static_cast<std::size_t>(s.weights()) * static_cast<std::size_t>(s.image_tiles());
}

/// Whole vectors of channels, enough of them to pay for the transformations.
constexpr bool channels_suit(const ConvShape& s) noexcept {
  const int taps = s.kernel.height, least_channels = taps == 3 ? 64 : 48;
  return s.valid() && (s.kernel == Size{3} || s.kernel == Size{5}) && s.stride == Size{1} && s.dilation == Size{1} &&
         s.pad.top < taps && s.pad.left < taps && s.group_in() % lanes == 0 && s.group_out() % lanes == 0 &&
         s.group_in() >= least_channels && s.group_out() >= least_channels;
}
/// So many pixels that most tiles lie inside, and that an ordinary batch pays for the transformed weights, which take
/// 16 / 9 of their memory.
constexpr bool suits(const ConvShape& s) noexcept {
  constexpr std::size_t least_pixels = 48;
  return channels_suit(s) && s.out().pixels() >= least_pixels && s.in.pixels() >= least_pixels;
}
/// The gradient of the weights transforms none: it pays for small images, too.
constexpr bool suits_weight_gradient(const ConvShape& s) noexcept {
  constexpr std::size_t least_pixels = 12;
  return channels_suit(s) && s.out().pixels() >= least_pixels && s.in.pixels() >= least_pixels;
}

/// A tile of a batch's outputs: its image, and its first output.
template <Sizes S>
struct Place {
  Index image;
  int y, x;
  explicit constexpr Place(Index tile) noexcept
      : image(tile / S.image_tiles()),
        y(static_cast<int>(tile % S.image_tiles()) / S.tile_columns() * outputs),
        x(static_cast<int>(tile % S.image_tiles()) % S.tile_columns() * outputs) {}
};

/// f(i) for each element of a tile, without a loop: they are variables. (Two loops because one of 36 would not be
/// unrolled.)
template <int Window, class Function>
[[gnu::always_inline]] inline void for_each_element(Function&& f) noexcept {
  XSTITCH_UNROLL
  for (int y = 0; y < Window; ++y) {
    XSTITCH_UNROLL
    for (int x = 0; x < Window; ++x) f(y * Window + x);
  }
}

/// B' d B of one tile, to[element * step + channel], for `count` channels, the first of an element d at its `from`.
template <int Taps, class Arithmetic>
void transform_tile(const float* const (&from)[Transform<Taps>::elements], Index count, float* to,
                    Index step) noexcept {
  constexpr int window = Transform<Taps>::window, elements = Transform<Taps>::elements;
  for (Index c = 0; c < count; c += lanes) {
    Vector d[elements];
    for_each_element<window>([&](int i) { d[i] = Arithmetic::rounded(load(from[i] + c)); });
    Transform<Taps>::input(d);
    for_each_element<window>([&](int i) { store(to + i * step + c, d[i]); });
  }
}

/// How much a task has at most, so that what it works on stays in the second-level cache.
struct TaskLimits {
  int tiles = 0;                                 ///< of the forward pass
  int weight_tiles = 0, outputs = 0, parts = 0;  ///< of the weights' gradient: tiles at a time, output channels; parts
};
constexpr TaskLimits pixel_limits(int taps) noexcept {
  return {taps == 3 ? 56 : 28, taps == 3 ? 48 : 28, 2 * block_width, 8};
}

/// Where tiles come from: here from images whose pixels are the points of the correlation (winograd_cells.hpp has
/// another source). The terms of a product are the channels of a group.
template <Sizes S, class Arithmetic>
struct PixelSource {
  static constexpr Sizes sizes = S;
  static constexpr Index scratch = 0;  ///< floats that load() needs
  static constexpr TaskLimits limits = pixel_limits(S.taps);

  /// The terms that an element of a transformed tile has, as offsets in those of all elements; the lengths of runs that
  /// are not all terms; and how many terms the elements before it have.
  static constexpr Taps terms(int /*element*/) noexcept { return {1, 1, 0, 0, S.group_in}; }
  static constexpr std::array<int, 0> partial_runs{};
  static constexpr Index terms_before(int element) noexcept { return Index{element} * S.group_in; }
  /// Where a term is among those of an element; -1: the element has it not.
  static constexpr Index place(int /*element*/, Index term) noexcept { return term; }
  /// Row of the weights, [kernel height * kernel width * channels of a group][out]; -1: none.
  static constexpr Index weight_row(int tap, Index term) noexcept { return tap * S.group_in + term; }

  /// B' d B of `tiles` tiles of a batch from `first` on, to[element * step + tile * pixel + term], for `count` channels
  /// from `channel` on; zeros: as many.
  static void load(const float* in, Index channel, Index count, Index first, int tiles, const float* zeros,
                   float* /*scratch*/, float* to, Index pixel, Index step) noexcept {
    constexpr int window = S.window(), elements = S.elements();
    constexpr Index channels = Index{S.groups} * S.group_in;
    for (int i = 0; i < tiles; ++i) {
      const Place<S> at(first + i);
      const float* image = in + at.image * S.in_height * S.in_width * channels + channel;
      const float* from[elements];
      for (int e = 0; e < elements; ++e) {
        const int y = at.y + e / window - S.top, x = at.x + e % window - S.left;
        const bool inside = y >= 0 && y < S.in_height && x >= 0 && x < S.in_width;
        from[e] = inside ? image + (Index{y} * S.in_width + x) * channels : zeros;
      }
      transform_tile<S.taps, Arithmetic>(from, count, to + i * pixel, step);
    }
  }
};

}  // namespace winograd
}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
