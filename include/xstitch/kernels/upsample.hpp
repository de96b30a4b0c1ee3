#pragma once
/// \file
/// Bilinear enlargement by a whole factor f in each direction, pixel centres aligned (not corners): output o lies at
/// u = (o + 1/2) / f - 1/2 of the input, at least 0, between pixels floor(u) and floor(u) + 1 (the last one repeated).
/// The gradient is gathered: an input pixel looks at the outputs it has a share in, in row-major order.

#include <xstitch/core/shape.hpp>
#include <xstitch/kernels/channel_block.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

struct UpsampleTap {
  int low = 0, high = 0;
  float share = 0.0F;  ///< of `high`
};

struct UpsampleShape {
  Dims in{};
  Size factor{};
  [[nodiscard]] constexpr Dims out() const noexcept {
    return {in.height * factor.height, in.width * factor.width, in.channels};
  }
};

namespace detail {

/// The two pixels of each output along one axis.
template <int In, int Factor>
inline constexpr auto upsample_taps = [] {
  std::array<UpsampleTap, static_cast<std::size_t>(In) * Factor> taps{};
  for (int o = 0; o < In * Factor; ++o) {
    const double u = std::max(0.0, (o + 0.5) / Factor - 0.5);
    const int low = static_cast<int>(u);
    taps[static_cast<std::size_t>(o)] = {low, std::min(low + 1, In - 1), static_cast<float>(u - low)};
  }
  return taps;
}();

/// The outputs with a share in a pixel, and how large.
template <int In, int Factor>
struct UpsampleShares {
  int first = 0, count = 0;
  std::array<float, static_cast<std::size_t>(3 * Factor)> share{};

  UpsampleShares() = default;
  explicit UpsampleShares(int pixel) {
    const int end = std::min(In, pixel + 2) * Factor;
    first = std::max(0, pixel - 1) * Factor;
    for (int o = first; o < end; ++o) {
      const UpsampleTap& tap = upsample_taps<In, Factor>[static_cast<std::size_t>(o)];
      const float s = (tap.low == pixel ? 1.0F - tap.share : 0.0F) + (tap.high == pixel ? tap.share : 0.0F);
      if (s == 0.0F && count == 0) first = o + 1;
      if (s != 0.0F) share[static_cast<std::size_t>(count++)] = s;  // the outputs with a share are neighbours
    }
  }
};

}  // namespace detail

/// One output row; `x` is the sample.
template <UpsampleShape S>
void upsample_row(const float* x, float* y, int row) {
  using Block = ChannelBlock<S.in.channels>;
  using Batch = typename Block::Batch;
  const UpsampleTap& down = detail::upsample_taps<S.in.height, S.factor.height>[static_cast<std::size_t>(row)];
  const Index row_size = static_cast<Index>(S.in.width) * S.in.channels;
  const float *upper = x + down.low * row_size, *lower = x + down.high * row_size;
  for (int column = 0; column < S.out().width; ++column) {
    const UpsampleTap& across = detail::upsample_taps<S.in.width, S.factor.width>[static_cast<std::size_t>(column)];
    const Index left = static_cast<Index>(across.low) * S.in.channels,
                right = static_cast<Index>(across.high) * S.in.channels;
    const Batch right_share(across.share), left_share(1.0F - across.share);
    Block::for_each([&](int c) {
      const auto across_row = [&](const float* pixels) {
        return multiply_add(left_share, Block::load(pixels + left + c), right_share * Block::load(pixels + right + c));
      };
      Block::store(y + static_cast<Index>(column) * S.in.channels + c,
                   multiply_add(Batch(1.0F - down.share), across_row(upper), Batch(down.share) * across_row(lower)));
    });
  }
}

/// One row of dL/dx; `dy` is the sample. A row of dy is used for all pixels before the next, while it is in cache.
template <UpsampleShape S>
void upsample_gradient_row(const float* dy, float* dx, int row) {
  using Block = ChannelBlock<S.in.channels>;
  using Batch = typename Block::Batch;
  using Across = detail::UpsampleShares<S.in.width, S.factor.width>;
  constexpr auto width = static_cast<std::size_t>(S.in.width);
  const detail::UpsampleShares<S.in.height, S.factor.height> down(row);
  std::array<Across, width> across;
  for (std::size_t column = 0; column < width; ++column) across[column] = Across(static_cast<int>(column));
  Block::for_each([&](int c) {
    std::array<Batch, width> sums;
    sums.fill(Batch(0.0F));
    for (int i = 0; i < down.count; ++i) {
      const float* dy_row = dy + static_cast<Index>(down.first + i) * S.out().width * S.in.channels + c;
      const Batch share(down.share[static_cast<std::size_t>(i)]);
      for (std::size_t column = 0; column < width; ++column) {
        const float* g = dy_row + static_cast<Index>(across[column].first) * S.in.channels;
        Batch sum(0.0F);
        for (int j = 0; j < across[column].count; ++j, g += S.in.channels)
          sum = multiply_add(Batch(across[column].share[static_cast<std::size_t>(j)]), Block::load(g), sum);
        sums[column] = multiply_add(share, sum, sums[column]);
      }
    }
    for (std::size_t column = 0; column < width; ++column)
      Block::store(dx + static_cast<Index>(column) * S.in.channels + c, sums[column]);
  });
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
