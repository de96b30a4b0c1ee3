#pragma once
/// \file
/// Maxima over a grid of bins in regions of a map (Girshick: Fast R-CNN, 2015), with the rounding of Caffe's layer and
/// of torchvision.ops.roi_pool. Along each axis, with a region from a to b in pixels of the image and n bins:
///
///     start = round(a scale)        size = max(round(b scale) - start + 1, 1)       all in float
///     bin i = [floor(i size / n), ceil((i + 1) size / n)) + start, clipped to the map
///
/// Bins share a row or column where size / n is not whole. A bin that has nothing in the map gives 0, and so does a
/// region that is not used; their index is -1. The first of equal maxima counts, and a NaN wins over every number.
///
/// The gradient goes through the bins in their order, one task for some channels of a map: any number of threads adds
/// in the same order.

#include <xstitch/core/error.hpp>
#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/simd.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Maps [maps, height, width, channels], regions [maps, regions, 5], results [maps, regions, rows, columns, channels].
struct RoiPoolShape {
  std::size_t maps = 0, regions = 0, channels = 0;
  int height = 0, width = 0, rows = 0, columns = 0;
  float scale = 1.0F;

  [[nodiscard]] std::size_t pixels() const noexcept {
    return static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  }
  [[nodiscard]] std::size_t bins() const noexcept {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  }
};

namespace detail {

/// The bins of a region along one axis of the map.
struct RoiAxis {
  int start = 0, extent = 0;
  float bin = 0.0F;

  RoiAxis(float from, float to, float scale, int bins, int map) noexcept : start(rounded(from * scale)), extent(map) {
    const int size = std::max(rounded(to * scale) - start + 1, 1);
    bin = static_cast<float>(size) / static_cast<float>(bins);
  }
  [[nodiscard]] int begin(int i) const noexcept { return clip(std::floor(static_cast<float>(i) * bin)); }
  [[nodiscard]] int end(int i) const noexcept { return clip(std::ceil(static_cast<float>(i + 1) * bin)); }

 private:
  /// Far outside is far outside: no float is too large for an integer.
  static int rounded(float v) noexcept {
    constexpr float far = 1048576.0F;
    return static_cast<int>(std::round(std::clamp(v, -far, far)));
  }
  [[nodiscard]] int clip(float offset) const noexcept {
    return std::clamp(static_cast<int>(offset) + start, 0, extent);
  }
};

/// The maxima of one bin, all channels, and the pixels where they are. `window` are its pixels.
template <bool KeepArgmax>
void roi_maxima(const float* map, const RoiPoolShape& s, int top, int bottom, int left, int right, float* y,
                std::int32_t* argmax) noexcept {
  using Integers = xsimd::batch<std::int32_t>;
  const auto channels = static_cast<Index>(s.channels);
  for (Index c = 0; c < channels; c += lanes) {
    const int count = static_cast<int>(std::min<Index>(lanes, channels - c));
    Vector best(-std::numeric_limits<float>::infinity());
    // Integers carried as floats, so that a comparison of floats chooses among them.
    Vector index = bits_as<Vector>(Integers(top * s.width + left));
    for (int row = top; row < bottom; ++row)
      for (int column = left; column < right; ++column) {
        const int pixel = row * s.width + column;
        const float* at = map + static_cast<Index>(pixel) * channels + c;
        const Vector v = count == lanes ? load(at) : load_some(at, count);
        const auto wins = (v > best) | !(v == v);
        best = xsimd::select(wins, v, best);
        if constexpr (KeepArgmax) index = xsimd::select(wins, bits_as<Vector>(Integers(pixel)), index);
      }
    if (count == lanes)
      store(y + c, best);
    else
      store_some(y + c, best, count);
    if constexpr (KeepArgmax) {
      alignas(64) std::int32_t buffer[lanes];
      bits_as<Integers>(index).store_aligned(buffer);
      std::copy_n(buffer, count, argmax + c);
    }
  }
}

}  // namespace detail

/// `argmax`, as large as y, gets the pixels of the maxima; null: nobody wants them.
inline void roi_pool(const RoiPoolShape& s, const float* x, const float* regions, float* y, std::int32_t* argmax,
                     ThreadPool& threads) {
  threads.parallel_for(s.maps * s.regions, [&](std::size_t task) {
    const float* region = regions + task * 5;
    const std::size_t size = s.bins() * s.channels;
    float* to = y + task * size;
    std::int32_t* index = argmax == nullptr ? nullptr : argmax + task * size;
    if (region[0] == 0.0F) {
      std::fill_n(to, size, 0.0F);
      if (index != nullptr) std::fill_n(index, size, -1);
      return;
    }
    for (int i = 0; i < 5; ++i)
      if (!std::isfinite(region[i]))
        fail("RoiPool: sample ", task / s.regions, " of the batch, region ", task % s.regions, ": found (", region[0],
             ", ", region[1], ", ", region[2], ", ", region[3], ", ", region[4], "), expected finite numbers");
    const float* map = x + task / s.regions * s.pixels() * s.channels;
    const detail::RoiAxis down(region[2], region[4], s.scale, s.rows, s.height),
        across(region[1], region[3], s.scale, s.columns, s.width);
    for (int row = 0; row < s.rows; ++row)
      for (int column = 0; column < s.columns; ++column, to += s.channels) {
        const int top = down.begin(row), bottom = down.end(row), left = across.begin(column),
                  right = across.end(column);
        if (bottom <= top || right <= left) {
          std::fill_n(to, s.channels, 0.0F);
          if (index != nullptr) std::fill_n(index, s.channels, -1);
        } else if (index == nullptr) {
          detail::roi_maxima<false>(map, s, top, bottom, left, right, to, nullptr);
        } else {
          detail::roi_maxima<true>(map, s, top, bottom, left, right, to, index);
        }
        if (index != nullptr) index += s.channels;
      }
  });
}

inline void roi_pool_gradient(const RoiPoolShape& s, const float* dy, const std::int32_t* argmax, float* dx,
                              ThreadPool& threads) {
  constexpr std::size_t block = 16;  // channels: a cache line
  const std::size_t blocks = (s.channels + block - 1) / block;
  threads.parallel_for(s.maps * blocks, [&](std::size_t task) {
    const std::size_t map = task / blocks, first = task % blocks * block, count = std::min(block, s.channels - first);
    float* to = dx + map * s.pixels() * s.channels + first;
    for (std::size_t p = 0; p < s.pixels(); ++p) std::fill_n(to + p * s.channels, count, 0.0F);
    const std::size_t from = map * s.regions * s.bins() * s.channels + first;
    for (std::size_t i = 0; i < s.regions * s.bins(); ++i)
      for (std::size_t c = 0; c < count; ++c) {
        const std::size_t at = from + i * s.channels + c;
        if (argmax[at] >= 0) to[static_cast<std::size_t>(argmax[at]) * s.channels + c] += dy[at];
      }
  });
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
