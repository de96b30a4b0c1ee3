#pragma once
/// \file
/// How pictures of all sizes become one of the network's: scaled to it, or scaled and cut out of the middle. Label maps
/// go the same way, but for the arithmetic: the nearest pixel (data/resize.hpp).
///
///     {.height = 224, .width = 224}                                                            scaled, whatever the
///     shape
///     {.height = 224, .width = 224, .fit = PictureFit::centre}                                 as small as covers it,
///     cut
///     {.height = 224, .width = 224, .fit = PictureFit::centre, .shorter_side = 256}            torchvision's usual one

#include <xstitch/core/error.hpp>
#include <xstitch/core/pixel_scaling.hpp>
#include <xstitch/data/image.hpp>
#include <xstitch/data/resize.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

/// Scale height and width each by its own factor, or scale by one and cut from the centre.
enum class PictureFit : std::uint8_t { stretch, centre };

/// Size, colours and scaling that pictures are brought to.
struct PictureOptions {
  int height = 224, width = 224;         ///< of the result, in pixels
  int channels = 3;                      ///< or 1: brightness
  PictureFit fit = PictureFit::stretch;  ///< how a picture of another shape becomes one of this
  int shorter_side = 0;                  ///< of the scaled picture that is cut; 0: as small as covers height and width
  /// Of its values.
  PixelScaling scaling = PixelScaling::torchvision();

  /// Extents of an input.
  [[nodiscard]] Dims shape() const noexcept { return {height, width, channels}; }
  /// An Error where a setting is outside its range.
  void check() const {
    if (height < 1 || width < 1 || (channels != 1 && channels != 3))
      fail("PictureOptions: found ", to_string(shape()), ", expected extents of at least 1 and 1 or 3 channels");
    if (shorter_side < 0 || (shorter_side > 0 && fit == PictureFit::stretch))
      fail("PictureOptions: found a shorter side of ", shorter_side, ", expected one with PictureFit::centre alone");
    for (const float deviation : scaling.standard_deviation)
      if (!(deviation > 0.0F))
        fail("PictureOptions: found a standard deviation of ", deviation, ", expected more than 0");
  }
};

/// Where a picture of some size lies in the network's: scaled to height x width, and cut at (top, left).
struct PicturePlace {
  int height, width, top = 0, left = 0;  ///< extents of the scaled picture, and the first row and column that are kept

  /// For a picture of these extents.
  PicturePlace(int from_height, int from_width, const PictureOptions& o) : height(o.height), width(o.width) {
    if (o.fit == PictureFit::stretch) return;
    const double rows = from_height, columns = from_width;
    const double scale =
        o.shorter_side > 0 ? o.shorter_side / std::min(rows, columns) : std::max(o.height / rows, o.width / columns);
    height = static_cast<int>(std::lround(rows * scale));
    width = static_cast<int>(std::lround(columns * scale));
    if (o.shorter_side == 0) height = std::max(height, o.height), width = std::max(width, o.width);
    top = (height - o.height) / 2, left = (width - o.width) / 2;
    if (height < o.height || width < o.width)
      fail("a picture of ", from_height, " x ", from_width, " whose shorter side becomes ", o.shorter_side, " has ",
           height, " x ", width, " pixels, expected ", o.height, " x ", o.width, " to be cut out of it");
  }
};

namespace detail {

template <class T>
void cut_out(const T* from, const PicturePlace& place, const PictureOptions& o, std::size_t channels, T* to) {
  for (int r = 0; r < o.height; ++r) {
    const auto first = static_cast<std::size_t>(place.top + r) * static_cast<std::size_t>(place.width) +
                       static_cast<std::size_t>(place.left);
    to = std::copy_n(from + first * channels, static_cast<std::size_t>(o.width) * channels, to);
  }
}

}  // namespace detail

/// What the network sees: [height, width, channels].
inline void fit_picture(const ByteImage& picture, const PictureOptions& o, std::vector<float>& out) {
  const PicturePlace place(picture.shape.height, picture.shape.width, o);
  const auto channels = static_cast<std::size_t>(o.channels);
  const ByteImage scaled = resize_smooth(picture, place.height, place.width);
  std::vector<std::uint8_t> cut(o.shape().size());
  detail::cut_out(scaled.values.data(), place, o, channels, cut.data());
  out.resize(cut.size());
  if (channels == 3) return o.scaling.apply(cut.data(), o.shape().pixels(), out.data());
  for (std::size_t i = 0; i < cut.size(); ++i)
    out[i] = (static_cast<float>(cut[i]) / 255.0F - o.scaling.mean[0]) / o.scaling.standard_deviation[0];
}

/// The label of each of its pixels: [height, width].
inline void fit_labels(const std::int32_t* labels, int height, int width, const PictureOptions& o,
                       std::vector<std::int32_t>& out) {
  const PicturePlace place(height, width, o);
  std::vector<std::int32_t> scaled(static_cast<std::size_t>(place.height) * static_cast<std::size_t>(place.width));
  resize_nearest(labels, height, width, scaled.data(), place.height, place.width, 1);
  out.resize(o.shape().pixels());
  detail::cut_out(scaled.data(), place, o, 1, out.data());
}

}  // namespace xstitch::inline XSTITCH_ISA::data
