#pragma once
/// \file
/// Pictures of a report from what networks see and say (component xstitch::images):
///
///     photograph(values, shape)      a network's input: its least value black, its largest white
///     class_picture(classes, h, w)   a colour a class; ignored pixels black
///     scores_picture(scores, shape)  the class of the largest score a pixel
///     normal_picture(normals, h, w)  of unit vectors; where the mask is 0, black
///     class_legend(names)            what the colours of classes mean

#include <xstitch/data/png_image.hpp>
#include <xstitch/report/colours.hpp>
#include <xstitch/report/picture.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::report {

/// A picture of red, green, blue or grey; sharp: pixels are not smoothed when it is enlarged.
inline Picture picture_of(const data::ByteImage& image, bool sharp = false) {
  const std::vector<std::uint8_t> bytes = data::encode_png(image);
  return {.png = std::string(bytes.begin(), bytes.end()),
          .height = image.shape.height,
          .width = image.shape.width,
          .sharp = sharp};
}

namespace pictures {

/// A picture with colour(p) at pixel p; `values` must hold `each` numbers a pixel.
template <class ColourOf>
Picture paint(const char* who, int height, int width, std::size_t values, std::size_t each, bool sharp,
              ColourOf&& colour) {
  data::ByteImage image{{height, width, 3}, {}};
  if (!image.shape.valid() || values != image.shape.pixels() * each)
    fail(who, ": found ", values, " values, expected ", each, " for each pixel of ", height, "x", width);
  image.values.resize(image.shape.size());
  for (std::size_t p = 0; p < image.shape.pixels(); ++p) {
    const Colour rgb = colour(p);
    std::copy(rgb.begin(), rgb.end(), image.values.begin() + static_cast<std::ptrdiff_t>(3 * p));
  }
  return picture_of(image, sharp);
}

}  // namespace pictures

/// 1 channel (grey) or 3 (red, green, blue). Values that are not finite are black.
inline Picture photograph(std::span<const float> values, Dims shape) {
  if (shape.channels != 1 && shape.channels != 3) fail("photograph: ", shape.channels, " channels, expected 1 or 3");
  float least = 0.0F, most = 0.0F;
  bool some = false;
  for (const float v : values) {
    if (!std::isfinite(v)) continue;
    least = some ? std::min(least, v) : v;
    most = some ? std::max(most, v) : v;
    some = true;
  }
  const double scale = most > least ? 255.0 / (static_cast<double>(most) - static_cast<double>(least)) : 0.0;
  const auto channels = static_cast<std::size_t>(shape.channels);
  return pictures::paint("photograph", shape.height, shape.width, values.size(), channels, false, [&](std::size_t p) {
    Colour rgb{};
    for (std::size_t c = 0; c < 3; ++c) {
      const float v = values[p * channels + std::min(c, channels - 1)];
      if (std::isfinite(v))
        rgb[c] = static_cast<std::uint8_t>((static_cast<double>(v) - static_cast<double>(least)) * scale);
    }
    return rgb;
  });
}

/// Of classes, each in its colour.
inline Picture class_picture(std::span<const std::int32_t> classes, int height, int width) {
  return pictures::paint("class picture", height, width, classes.size(), 1, true,
                         [&](std::size_t p) { return class_colour(classes[p]); });
}

/// Scores [height, width, classes]. Of equal ones the first counts.
inline Picture scores_picture(std::span<const float> scores, Dims shape) {
  const auto classes = static_cast<std::size_t>(std::max(1, shape.channels));
  return pictures::paint("scores picture", shape.height, shape.width, scores.size(), classes, true, [&](std::size_t p) {
    const auto row = scores.subspan(p * classes, classes);
    return class_colour(static_cast<std::int32_t>(std::max_element(row.begin(), row.end()) - row.begin()));
  });
}

/// Normals [height, width, 3]; `mask` one a pixel, or empty.
inline Picture normal_picture(std::span<const float> normals, int height, int width,
                              std::span<const std::uint8_t> mask = {}) {
  return pictures::paint("normal picture", height, width, normals.size(), 3, false, [&](std::size_t p) {
    const bool shown = (p >= mask.size() || mask[p] != 0) && std::isfinite(normals[3 * p]);
    return shown ? normal_colour(&normals[3 * p]) : Colour{};
  });
}

/// What the colours of classes mean.
template <class Names>
std::vector<LegendEntry> class_legend(const Names& names) {
  std::vector<LegendEntry> legend;
  for (const auto& name : names)
    legend.push_back({class_colour(static_cast<std::int32_t>(legend.size())), std::string(name)});
  return legend;
}

}  // namespace xstitch::inline XSTITCH_ISA::report
