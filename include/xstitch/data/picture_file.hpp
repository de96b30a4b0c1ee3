#pragma once
/// \file
/// Pictures and label maps from files of any usual kind: which it is, the file itself says.
///
///     read_picture(path, 3)      RGB, 8 bits: JPEG; PNG of every kind (grey, palette, RGB, with alpha or not, 1 to 16
///     bits) read_picture(path, 1)      its brightness, 0 to 255 read_label_map(path)       the numbers in a PNG, grey
///     or palette, 1 to 16 bits: of a palette the indices
///
/// Alpha is left out, 16 bits of a picture are rounded to 8. A label map is no JPEG, which changes numbers, and has no
/// colours, which are no numbers. Needs libpng and libturbojpeg (component images).
/// Errors: no such file, neither PNG nor JPEG, a cut or damaged file, pictures beyond io/limits.hpp.

#include <xstitch/core/error.hpp>
#include <xstitch/data/image.hpp>
#include <xstitch/data/jpeg_image.hpp>
#include <xstitch/data/png_image.hpp>
#include <xstitch/io/limits.hpp>
#include <xstitch/io/regular_file.hpp>

#include <png.h>

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

/// A number a pixel, rows from the top.
struct LabelMap {
  int height = 0, width = 0;
  std::vector<std::int32_t> values;
};

namespace detail {

/// Rows of `row_bytes`: RGB of 8 bits, or the numbers as they are stored. Holds no object with a destructor: PngCodec.
inline bool read_any_png(PngCodec& codec, png_bytepp rows, bool numbers, std::size_t row_bytes) noexcept {
  if (setjmp(png_jmpbuf(codec.png)) != 0) return false;
  if (numbers) {
    if (codec.depth < 8) png_set_packing(codec.png);  // a byte each
  } else {
    png_set_expand(codec.png);
    png_set_scale_16(codec.png);
    png_set_strip_alpha(codec.png);
    png_set_gray_to_rgb(codec.png);
  }
  (void)png_set_interlace_handling(codec.png);
  png_read_update_info(codec.png, codec.info);
  if (png_get_rowbytes(codec.png, codec.info) != row_bytes) png_error(codec.png, "rows of another length");
  png_read_image(codec.png, rows);
  png_read_end(codec.png, nullptr);
  return true;
}

/// Height, width and rows of `bytes_each` a pixel.
inline ByteImage decode_png(const std::string& path, std::vector<std::uint8_t> bytes, bool numbers) {
  PngCodec codec(false);
  codec.bytes = std::move(bytes);
  open_png(path, codec);
  if (numbers && codec.color != PNG_COLOR_TYPE_GRAY && codec.color != PNG_COLOR_TYPE_PALETTE)
    fail("file ", path, ": found a PNG that is ", png_type(codec.color, codec.depth),
         ", expected grey or palette: a number a pixel");
  const int each = numbers ? (codec.depth == 16 ? 2 : 1) : 3;
  const std::size_t width = codec.width, stride = width * static_cast<std::size_t>(each);
  return read_pixels(path, codec, each, stride + 4 * width,
                     [&](png_bytepp rows) { return read_any_png(codec, rows, numbers, stride); });
}

inline ByteImage read_picture(const std::string& path, int channels) {
  if (channels != 1 && channels != 3)
    fail("file ", path, ": found that ", channels, " channels are wanted of a picture, expected 1 or 3");
  std::vector<std::uint8_t> bytes = file::read_regular(path, "a picture");
  if (JpegMarkers::signature(bytes)) return data::read_jpeg(path, {0, 0, channels});
  if (!is_png(bytes))
    fail("file ", path, ": found ", bytes.size(), " bytes without the signature of a PNG or JPEG, expected a picture");
  ByteImage image = decode_png(path, std::move(bytes), false);
  if (channels == 3) return image;
  for (std::size_t i = 0; i < image.shape.pixels(); ++i) {  // ITU-R BT.601, as JPEG has it
    const std::uint8_t* v = &image.values[3 * i];
    const unsigned sum = 299U * v[0] + 587U * v[1] + 114U * v[2];
    image.values[i] = static_cast<std::uint8_t>((sum + 500U) / 1000U);
  }
  image.shape.channels = 1;
  image.values.resize(image.shape.size());
  return image;
}

inline LabelMap read_label_map(const std::string& path) {
  std::vector<std::uint8_t> bytes = file::read_regular(path, "a label map");
  if (!is_png(bytes))
    fail("file ", path, ": found ", JpegMarkers::signature(bytes) ? "a JPEG, which changes numbers" : "no PNG",
         ", expected a PNG with a number a pixel");
  const ByteImage image = decode_png(path, std::move(bytes), true);
  LabelMap map{image.shape.height, image.shape.width, {}};
  map.values.resize(image.shape.pixels());
  for (std::size_t i = 0; i < map.values.size(); ++i)
    map.values[i] = image.shape.channels == 1 ? image.values[i] : image.values[2 * i] << 8 | image.values[2 * i + 1];
  return map;
}

}  // namespace detail

inline ByteImage read_picture(const std::string& path, int channels) {
  return limits::guard(path, [&] { return detail::read_picture(path, channels); });
}
inline LabelMap read_label_map(const std::string& path) {
  return limits::guard(path, [&] { return detail::read_label_map(path); });
}

}  // namespace xstitch::inline XSTITCH_ISA::data
