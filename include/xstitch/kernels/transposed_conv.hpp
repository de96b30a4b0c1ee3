#pragma once
/// \file
/// Transposed convolution,
///
///     y[i, j, o] = b[o] + sum over u, v, c with i = i' s - p + u, j = j' s - p + v of x[i', j', c] W[u, v, o, c]
///
/// is the gradient of a convolution with regard to its input, from x to y; weights {kernel height, kernel width,
/// out / groups, in} are that convolution's own. So its three passes are a convolution's, with input and output
/// exchanged. A group for each channel (`single`: FCN's upsampling, kernel 64, stride 32) has passes of its own here,
/// along the channels and in gather form: rows of y and of dL/dx are independent.

#include <xstitch/kernels/channel_block.hpp>
#include <xstitch/kernels/conv_shape.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

struct TransposedConvShape {
  Dims in{};
  int out_channels = 1;
  Size kernel{}, stride{}, pad{};
  int groups = 1;

  [[nodiscard]] constexpr Dims out() const noexcept {
    return {(in.height - 1) * stride.height - 2 * pad.height + kernel.height,
            (in.width - 1) * stride.width - 2 * pad.width + kernel.width, out_channels};
  }
  [[nodiscard]] constexpr bool valid() const noexcept {
    return in.valid() && out().valid() && kernel.height > 0 && kernel.width > 0 && stride.height > 0 &&
           stride.width > 0 && pad.height >= 0 && pad.width >= 0 && groups > 0 && in.channels % groups == 0 &&
           out_channels % groups == 0;
  }
  [[nodiscard]] constexpr bool single() const noexcept { return groups == in.channels && groups == out_channels; }
  [[nodiscard]] constexpr int group_out() const noexcept { return out_channels / groups; }
  /// The convolution from y to x.
  [[nodiscard]] constexpr ConvShape conv() const noexcept {
    return {out(), in.channels, kernel, stride, pad, Size{1}, groups};
  }
};

namespace detail {

/// The input pixels that reach one output along one axis, and by which taps; pixels descend.
template <int Most>
struct Hits {
  std::array<int, Most> tap{}, pixel{};
  int count = 0;

  constexpr Hits() = default;
  constexpr Hits(int out, int in, int kernel, int stride, int pad) {
    int at = (out + pad) / stride;
    for (int t = (out + pad) % stride; t < kernel && at >= 0; t += stride, --at)
      if (at < in) {
        tap[static_cast<std::size_t>(count)] = t;
        pixel[static_cast<std::size_t>(count++)] = at;
      }
  }
};

template <TransposedConvShape S>
inline constexpr auto column_hits = [] {
  constexpr int most = static_cast<int>(divide_up(S.kernel.width, S.stride.width));
  std::array<Hits<most>, static_cast<std::size_t>(S.out().width)> all{};
  for (int column = 0; column < S.out().width; ++column)
    all[static_cast<std::size_t>(column)] = {column, S.in.width, S.kernel.width, S.stride.width, S.pad.width};
  return all;
}();

/// The taps that carry a pixel to an output inside, and the first such output.
struct TapRange {
  int begin, end, out;
};
inline TapRange taps_inside(int pixel, int out, int kernel, int stride, int pad) {
  const int start = pixel * stride - pad, begin = std::max(0, -start);
  return {begin, std::min(kernel, out - start), start + begin};
}

}  // namespace detail

/// One output row; `x` is the sample, `bias` may be null. For shapes that are single().
template <TransposedConvShape S>
void transposed_conv_row(const float* x, const float* weight, const float* bias, float* y, int row) {
  using Block = ChannelBlock<S.in.channels>;
  constexpr int most_down = static_cast<int>(divide_up(S.kernel.height, S.stride.height));
  const detail::Hits<most_down> down(row, S.in.height, S.kernel.height, S.stride.height, S.pad.height);
  for (int column = 0; column < S.out().width; ++column) {
    const auto& across = detail::column_hits<S>[static_cast<std::size_t>(column)];
    Block::for_each([&](int c) {
      auto sum = bias != nullptr ? Block::load(bias + c) : typename Block::Batch(0.0F);
      XSTITCH_UNROLL
      for (std::size_t i = 0; i < down.tap.size(); ++i) {
        if (static_cast<int>(i) >= down.count) break;
        const float* pixels = x + static_cast<Index>(down.pixel[i]) * S.in.width * S.in.channels + c;
        const float* taps = weight + static_cast<Index>(down.tap[i]) * S.kernel.width * S.in.channels + c;
        XSTITCH_UNROLL
        for (std::size_t j = 0; j < across.tap.size(); ++j) {
          if (static_cast<int>(j) >= across.count) break;
          sum = multiply_add(Block::load(pixels + static_cast<Index>(across.pixel[j]) * S.in.channels),
                             Block::load(taps + static_cast<Index>(across.tap[j]) * S.in.channels), sum);
        }
      }
      Block::store(y + static_cast<Index>(column) * S.in.channels + c, sum);
    });
  }
}

/// One row of dL/dx; `dy` is the sample. For shapes that are single(). A row of dy and of the kernel is used for all
/// pixels before the next, while it is in cache; its products are summed by themselves first (64 x 64 terms lose less
/// that way), a few channel blocks side by side.
template <TransposedConvShape S>
void transposed_conv_data_row(const float* dy, const float* weight, float* dx, int row) {
  using Block = ChannelBlock<S.in.channels>;
  using Batch = typename Block::Batch;
  constexpr int blocks = static_cast<int>(divide_up(S.in.channels, Block::used)), together = std::min(blocks, 4);
  const auto channel = [](int block) { return std::min(block * Block::used, S.in.channels - Block::used); };
  const auto down = detail::taps_inside(row, S.out().height, S.kernel.height, S.stride.height, S.pad.height);
  for (int first = 0; first < blocks; first += together) {
    const int count = std::min(together, blocks - first);
    std::array<std::array<Batch, together>, static_cast<std::size_t>(S.in.width)> sums;
    for (auto& pixel : sums) pixel.fill(Batch(0.0F));
    for (int u = down.begin; u < down.end; ++u) {
      const float* dy_row = dy + static_cast<Index>(down.out + u - down.begin) * S.out().width * S.in.channels;
      const float* taps = weight + static_cast<Index>(u) * S.kernel.width * S.in.channels;
      for (int column = 0; column < S.in.width; ++column) {
        const auto across = detail::taps_inside(column, S.out().width, S.kernel.width, S.stride.width, S.pad.width);
        const float* g = dy_row + static_cast<Index>(across.out - across.begin) * S.in.channels;
        std::array<Batch, together> row_sums;
        row_sums.fill(Batch(0.0F));
        for (int v = across.begin; v < across.end; ++v) {
          const Index at = static_cast<Index>(v) * S.in.channels;
          XSTITCH_UNROLL
          for (int b = 0; b < together; ++b)
            if (b < count) {
              const Index c = at + channel(first + b);
              auto& sum = row_sums[static_cast<std::size_t>(b)];
              sum = multiply_add(Block::load(g + c), Block::load(taps + c), sum);
            }
        }
        for (std::size_t b = 0; b < row_sums.size(); ++b) sums[static_cast<std::size_t>(column)][b] += row_sums[b];
      }
    }
    for (int column = 0; column < S.in.width; ++column)
      for (int b = 0; b < count; ++b)
        Block::store(dx + static_cast<Index>(column) * S.in.channels + channel(first + b),
                     sums[static_cast<std::size_t>(column)][static_cast<std::size_t>(b)]);
  }
}

/// dL/dW of one tap (u, v), {1, in}, over the whole batch: rows are summed first, then added in order. For shapes that
/// are single().
template <TransposedConvShape S>
void transposed_conv_weight_tap(const float* x, const float* dy, float* dw, std::size_t batch, int u, int v) {
  using Block = ChannelBlock<S.in.channels>;
  using Batch = typename Block::Batch;
  Block::for_each([&](int c) {
    Batch total(0.0F);
    for (std::size_t n = 0; n < batch; ++n)
      for (int iy = 0; iy < S.in.height; ++iy) {
        const int oy = iy * S.stride.height - S.pad.height + u;
        if (oy < 0 || oy >= S.out().height) continue;
        const float* pixels = x + n * S.in.size() + static_cast<Index>(iy) * S.in.width * S.in.channels + c;
        const float* g = dy + n * S.out().size() + static_cast<Index>(oy) * S.out().width * S.in.channels + c;
        Batch sum(0.0F);
        for (int ix = 0; ix < S.in.width; ++ix) {
          const int ox = ix * S.stride.width - S.pad.width + v;
          if (ox < 0 || ox >= S.out().width) continue;
          sum = multiply_add(Block::load(pixels + static_cast<Index>(ix) * S.in.channels),
                             Block::load(g + static_cast<Index>(ox) * S.in.channels), sum);
        }
        total += sum;
      }
    Block::store(dw + c, total);
  });
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
