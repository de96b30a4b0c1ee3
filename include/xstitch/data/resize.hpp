#pragma once
/// \file
/// Changing the size of pictures and of labels.
///
/// Pixel i of n covers [i, i + 1) of an axis of length n; sizes change by scaling that axis.
/// * `resize_smooth`: bilinear when growing. When shrinking the triangle widens with the factor, so that every input
///   pixel counts (no aliasing); Pillow's BILINEAR is the same. Separable: first columns, then rows.
/// * `nearest_index`: the input pixel that holds the centre of output pixel i. For labels, depth and normals: an
///   average over an edge is the class, distance or direction of nothing.

#include <xstitch/core/error.hpp>
#include <xstitch/core/shape.hpp>
#include <xstitch/data/image.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

/// floor((i + 1/2) from / to), exact.
constexpr int nearest_index(int i, int from, int to) noexcept {
  return static_cast<int>((2LL * i + 1) * from / (2LL * to));
}

namespace detail {

/// For each output position: first input position and weights, which sum to 1.
struct ResizeWeights {
  std::vector<int> first;
  std::vector<std::vector<float>> weights;

  ResizeWeights(int from, int to) {
    const double scale = static_cast<double>(from) / to;
    const double radius = std::max(1.0, scale);
    for (int i = 0; i < to; ++i) {
      const double centre = (i + 0.5) * scale;
      const int low = std::max(0, static_cast<int>(centre - radius + 0.5));
      const int high = std::min(from, static_cast<int>(centre + radius + 0.5));
      std::vector<double> raw;
      double sum = 0;
      for (int j = low; j < high; ++j) {
        raw.push_back(std::max(0.0, 1.0 - std::abs((j + 0.5 - centre) / radius)));
        sum += raw.back();
      }
      first.push_back(low);
      weights.emplace_back();
      for (const double w : raw) weights.back().push_back(static_cast<float>(w / sum));
    }
  }
};

}  // namespace detail

/// Smooth change of size, rounded back to bytes.
inline ByteImage resize_smooth(const ByteImage& image, int height, int width) {
  if (height < 1 || width < 1 || !image.shape.valid())
    fail("resize: found ", to_string(image.shape), " to ", height, "x", width, ", expected extents of at least 1");
  if (image.shape.height == height && image.shape.width == width) return image;
  const auto channels = static_cast<std::size_t>(image.shape.channels);
  const auto columns = static_cast<std::size_t>(width);
  const detail::ResizeWeights across(image.shape.width, width), down(image.shape.height, height);
  std::vector<float> narrow(static_cast<std::size_t>(image.shape.height) * columns * channels);
  for (int r = 0; r < image.shape.height; ++r)
    for (std::size_t c = 0; c < columns; ++c) {
      float* to = &narrow[(static_cast<std::size_t>(r) * columns + c) * channels];
      const std::uint8_t* from = image.pixel(r, across.first[c]);
      for (const float weight : across.weights[c])
        for (std::size_t k = 0; k < channels; ++k) to[k] += weight * static_cast<float>(*from++);
    }
  ByteImage out{{height, width, image.shape.channels}, {}};
  out.values.resize(out.shape.size());
  std::vector<float> row(columns * channels);
  for (std::size_t r = 0; r < static_cast<std::size_t>(height); ++r) {
    std::fill(row.begin(), row.end(), 0.0F);
    const float* from = &narrow[static_cast<std::size_t>(down.first[r]) * row.size()];
    for (const float weight : down.weights[r])
      for (float& value : row) value += weight * *from++;
    for (std::size_t i = 0; i < row.size(); ++i)
      out.values[r * row.size() + i] = static_cast<std::uint8_t>(std::clamp(row[i] + 0.5F, 0.0F, 255.0F));
  }
  return out;
}

/// Nearest change of size of anything: [from_height, from_width, channels] to [height, width, channels].
template <class T>
void resize_nearest(const T* from, int from_height, int from_width, T* to, int height, int width, int channels) {
  for (int r = 0; r < height; ++r)
    for (int c = 0; c < width; ++c) {
      const std::ptrdiff_t source =
          (std::ptrdiff_t{nearest_index(r, from_height, height)} * from_width + nearest_index(c, from_width, width)) *
          channels;
      to = std::copy_n(from + source, channels, to);
    }
}

}  // namespace xstitch::inline XSTITCH_ISA::data
