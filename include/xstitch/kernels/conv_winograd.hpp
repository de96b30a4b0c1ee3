#pragma once
/// \file
/// Convolution of stride 1 by Winograd's minimal filtering (Lavin and Gray, CVPR 2016): a tile of 2 x 2 outputs needs
/// 16 products a pair of channels instead of 36 for 3x3 taps, 36 instead of 100 for 5x5.
///
///     Y = A' [sum over channels of (G g G') * (B' d B)] A
///
/// d: inputs of a tile, g: taps, * by element, ' the transpose; winograd_transform.hpp has the matrices. Sums over
/// channels alone are a ninth (25th) as long as direct ones, which outweighs what the transformations lose: the error
/// is half that of the direct convolution for 3x3, about the same for 5x5 (tests/kernels/conv_winograd_test.cpp shows
/// both). A number that is not finite spreads over its tile (inf - inf is NaN).
///
/// All arithmetic is fp32. Where a processor has no instruction for bf16, numbers are rounded to it before they are
/// transformed; with one, the instruction would round the transformed ones, too, so there it is not used.
///
/// One task takes some tiles of all images of one group: it transforms their inputs to matrices [tiles][channels], one
/// for each element of a tile, multiplies each by the transformed weights (the register tile of conv_tile.hpp), and
/// transforms back.

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/conv_backward_data.hpp>
#include <xstitch/kernels/conv_forward.hpp>
#include <xstitch/kernels/conv_tile.hpp>
#include <xstitch/kernels/pack.hpp>
#include <xstitch/kernels/winograd_transform.hpp>

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
          s.out_height(),  s.out_width(), s.group_out(), s.pad.height, s.pad.width};
}
/// The gradient to the input is the correlation of the output's gradient with the flipped kernel.
constexpr Sizes backward_sizes(const ConvShape& s) noexcept {
  const int reach = s.kernel.height - 1;
  return {s.kernel.height, s.out_height(), s.out_width(), s.group_out(),        s.groups,
          s.in.height,     s.in.width,     s.group_in(),  reach - s.pad.height, reach - s.pad.width};
}

/// Whole vectors of channels, enough of them to pay for the transformations, and tiles that mostly lie inside.
constexpr bool suits(const ConvShape& s) noexcept {
  constexpr int least_pixels = 100, least_width = 8;
  const int taps = s.kernel.height, least_channels = taps == 3 ? 64 : 48;
  return (s.kernel == Size{3} || s.kernel == Size{5}) && s.stride == Size{1} && s.dilation == Size{1} &&
         s.pad.height < taps && s.pad.width < taps && s.group_in() % lanes == 0 && s.group_out() % lanes == 0 &&
         s.group_in() >= least_channels && s.group_out() >= least_channels && s.out_height() > 0 &&
         s.out().pixels() >= least_pixels && s.in.pixels() >= least_pixels && s.out_width() >= least_width &&
         s.in.width >= least_width;
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

/// B' d B of one tile, to[element * step + channel] for `count` channels; image: the first of them; zeros: as many.
template <Sizes S, class Arithmetic>
void load_tile(const float* image, const Place<S>& at, const float* zeros, Index count, float* to,
               Index step) noexcept {
  constexpr int window = S.window(), elements = S.elements();
  const float* from[elements];
  for (int i = 0; i < elements; ++i) {
    const int y = at.y + i / window - S.top, x = at.x + i % window - S.left;
    const bool inside = y >= 0 && y < S.in_height && x >= 0 && x < S.in_width;
    from[i] = inside ? image + (Index{y} * S.in_width + x) * S.groups * S.group_in : zeros;
  }
  for (Index c = 0; c < count; c += lanes) {
    Vector d[elements];
    for_each_element<window>([&](int i) { d[i] = Arithmetic::rounded(load(from[i] + c)); });
    Transform<S.taps>::input(d);
    for_each_element<window>([&](int i) { store(to + i * step + c, d[i]); });
  }
}

template <Sizes S, class Arithmetic>
class Correlate {
  using Transform = winograd::Transform<S.taps>;
  static constexpr int window = S.window(), elements = S.elements();
  static constexpr int blocks = S.blocks();
  static constexpr Index pixel = S.group_in * 4 % 2048 == 0 ? S.group_in + 16 : S.group_in;  // not all in one cache set
  static constexpr Index channels = Index{S.groups} * S.group_in, out_channels = Index{S.groups} * S.group_out;
  // Transformed inputs and products of a task have about the size of the second-level cache.
  static constexpr int task_tiles = static_cast<int>(divide_up(S.taps == 3 ? 56 : 28, tile_rows)) * tile_rows;
  static constexpr int half = tile_rows / 2;
  // From one element's matrix to the next: a line more than their size, so that those of a tile lie in different cache
  // sets.
  static constexpr Index inputs_step = task_tiles * pixel + 16;
  static constexpr Index products_step(Index columns) noexcept { return task_tiles * columns + 16; }
  static constexpr Index wanted_tasks = 24;

 public:
  static void run(std::size_t batch, const float* in, const float* weights, const float* bias, bool with_relu,
                  float* out, ThreadPool& threads) {
    const Index all = static_cast<Index>(batch) * S.image_tiles(), parts = divide_up(all, task_tiles);
    const Index chunks = std::clamp<Index>(divide_up(wanted_tasks, parts * S.groups), 1, blocks);
    threads.parallel_for(static_cast<std::size_t>(parts * S.groups * chunks), [&](std::size_t task) {
      const Index t = static_cast<Index>(task), chunk = t % chunks, group = t / chunks % S.groups;
      const Index first = t / chunks / S.groups * task_tiles;
      const int tiles = static_cast<int>(std::min<Index>(task_tiles, all - first));
      const Index first_block = chunk * blocks / chunks, last_block = (chunk + 1) * blocks / chunks;
      const Index first_column = first_block * block_width;
      const Index columns = std::min<Index>(S.group_out, last_block * block_width) - first_column;

      float* inputs = reinterpret_cast<float*>(thread_scratch(
          static_cast<std::size_t>(elements * (inputs_step + products_step(columns)) + pixel) * sizeof(float)));
      float* products = inputs + elements * inputs_step;
      float* zeros = products + elements * products_step(columns);
      std::fill_n(zeros, pixel, 0.0F);
      for (int i = 0; i < tiles; ++i) {
        const Place<S> at(first + i);
        load_tile<S, Arithmetic>(in + (at.image * S.in_height * S.in_width) * channels + group * S.group_in, at, zeros,
                                 S.group_in, inputs + i * pixel, inputs_step);
      }
      const float* w = weights + (group * elements * S.group_out + elements * first_column) * S.group_in;
      for (int element = 0; element < elements; ++element) multiply(inputs, w, element, tiles, columns, products);
      const Index channel = group * S.group_out + first_column;
      for (int i = 0; i < tiles; ++i) {
        const Place<S> at(first + i);
        store_tile(products + i * columns, columns, at, bias != nullptr ? bias + channel : zeros, bias != nullptr,
                   with_relu, out + at.image * S.out_height * S.out_width * out_channels + channel);
      }
    });
  }

 private:
  /// products[element][tile][column] = sum over channels of inputs[element][tile][channel] *
  /// weights[..][channel][column].
  static void multiply(const float* inputs, const float* weights, int element, int tiles, Index columns,
                       float* products) noexcept {
    const Taps run{1, 1, 0, 0, S.group_in};
    const float* from = inputs + element * inputs_step;
    float* to = products + element * products_step(columns);
    for (Index column = 0; column < columns; column += block_width) {
      const Index width = std::min<Index>(block_width, columns - column);
      const float* w = weights + (elements * column + element * width) * S.group_in;
      // Tiles after the last are computed from whatever is there, and not stored in the end.
      int i = 0;
      for (; tiles - i > half; i += tile_rows) multiply_tile<tile_rows>(from, i, w, run, columns, width, to + column);
      for (; i < tiles; i += half) multiply_tile<half>(from, i, w, run, columns, width, to + column);
    }
  }
  template <int M>
  static void multiply_tile(const float* from, int first, const float* weights, const Taps& run, Index columns,
                            Index width, float* to) noexcept {
    constexpr int step = static_cast<int>(pixel);
    if (width == block_width)
      correlate_tile<Fp32, M, tile_vectors, step>(from + first * pixel, weights, run, Epilogue{}, to + first * columns,
                                                  columns, block_width);
    else
      correlate_tile<Fp32, M, 1, step>(from + first * pixel, weights, run, Epilogue{}, to + first * columns, columns,
                                       lanes);
  }

  static void store_tile(const float* products, Index columns, const Place<S>& at, const float* bias, bool with_bias,
                         bool with_relu, float* image) noexcept {
    const bool right = at.x + 1 < S.out_width, below = at.y + 1 < S.out_height;
    float* const to = image + (Index{at.y} * S.out_width + at.x) * out_channels;
    constexpr Index row = Index{S.out_width} * out_channels;
    for (Index c = 0; c < columns; c += lanes) {
      Vector m[elements], y[outputs * outputs];
      for_each_element<window>([&](int i) { m[i] = load(products + i * products_step(columns) + c); });
      Transform::output(m, y);
      XSTITCH_UNROLL
      for (Vector& v : y) {
        if (with_bias) v += load(bias + c);
        if (with_relu) v = relu(v);
      }
      store(to + c, y[0]);
      if (right) store(to + out_channels + c, y[1]);
      if (below) store(to + row + c, y[2]);
      if (right && below) store(to + row + out_channels + c, y[3]);
    }
  }
};

}  // namespace winograd

/// Forward pass: see ConvForward.
template <ConvShape S, class Arithmetic = Fp32>
class WinogradForward : public PackAndRun<WinogradForward<S, Arithmetic>> {
  static constexpr winograd::Sizes sizes = winograd::forward_sizes(S);
  static constexpr int taps = S.taps(), elements = sizes.elements();

 public:
  static void pack(const float* weights, std::byte* to, ThreadPool& threads) {
    auto* packed = reinterpret_cast<float*>(to);
    threads.parallel_for(std::size_t{S.groups} * std::size_t(sizes.blocks()), [&](std::size_t task) {
      const Index group = static_cast<Index>(task) / sizes.blocks(), block = static_cast<Index>(task) % sizes.blocks();
      const Index width = std::min<Index>(block_width, S.group_out() - block * block_width);
      const float* from = weights + group * S.group_out() + block * block_width;
      float* p = packed + elements * (group * S.group_out() + block * block_width) * S.group_in();
      for (Index c = 0; c < S.group_in(); ++c)
        for (Index o = 0; o < width; o += lanes) {
          Vector g[taps], u[elements];
          for (int t = 0; t < taps; ++t)
            g[t] = Arithmetic::rounded(load(from + (t * S.group_in() + c) * S.out_channels + o));
          winograd::Transform<sizes.taps>::weights(g, u);
          for (int i = 0; i < elements; ++i) store(p + (i * S.group_in() + c) * width + o, u[i]);
        }
    });
  }
  static void run_packed(std::size_t batch, const float* in, const std::byte* packed, const float* bias, bool with_relu,
                         float* out, ThreadPool& threads) {
    winograd::Correlate<sizes, Arithmetic>::run(batch, in, reinterpret_cast<const float*>(packed), bias, with_relu, out,
                                                threads);
  }
};

/// Gradient to the input: see ConvBackwardData.
template <ConvShape S, class Arithmetic = Fp32>
class WinogradBackwardData {
  static constexpr winograd::Sizes sizes = winograd::backward_sizes(S);
  static constexpr int taps = S.taps(), elements = sizes.elements();

 public:
  static void run(std::size_t batch, const float* out_gradient, const float* weights, float* in_gradient,
                  std::byte* workspace, ThreadPool& threads) {
    pack(weights, reinterpret_cast<float*>(workspace), threads);
    winograd::Correlate<sizes, Arithmetic>::run(batch, out_gradient, reinterpret_cast<const float*>(workspace), nullptr,
                                                false, in_gradient, threads);
  }

 private:
  /// A few output channels at a time: their taps are transposed in the first-level cache, then transformed.
  static void pack(const float* weights, float* packed, ThreadPool& threads) {
    constexpr Index range = taps == 9 ? 16 : 8;
    constexpr Index ranges = divide_up(S.group_out(), range);
    threads.parallel_for(static_cast<std::size_t>(S.groups * sizes.blocks() * ranges), [&](std::size_t task) {
      const Index first = static_cast<Index>(task) % ranges * range, t = static_cast<Index>(task) / ranges;
      const Index group = t / sizes.blocks(), block = t % sizes.blocks();
      const Index width = std::min<Index>(block_width, S.group_in() - block * block_width);
      const Index count = std::min(range, S.group_out() - first);
      alignas(64) float flipped[taps][range * block_width];
      for (int tap = 0; tap < taps; ++tap)
        pack_transposed(weights + ((taps - 1 - tap) * S.group_in() + block * block_width) * S.out_channels +
                            group * S.group_out() + first,
                        S.out_channels, count, static_cast<int>(width), static_cast<int>(width), flipped[tap], Fp32{});
      float* p = packed + elements * (group * S.group_in() + block * block_width) * S.group_out();
      for (Index o = 0; o < count; ++o)
        for (Index c = 0; c < width; c += lanes) {
          Vector g[taps], u[elements];
          for (int tap = 0; tap < taps; ++tap) g[tap] = Arithmetic::rounded(load(flipped[tap] + o * width + c));
          winograd::Transform<sizes.taps>::weights(g, u);
          for (int i = 0; i < elements; ++i) store(p + (i * S.group_out() + first + o) * width + c, u[i]);
        }
    });
  }
};

/// Bytes of the transformed weights, the same for both.
constexpr std::size_t winograd_workspace(const ConvShape& s) noexcept {
  return align_up(static_cast<std::size_t>(winograd::forward_sizes(s).weights()) * sizeof(float));
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
