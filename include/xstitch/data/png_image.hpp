#pragma once
/// \file
/// PNG files, read as they are stored (no gamma, no alpha) and written.
///
///     read_png(path, {0, 0, 3})                            RGB, 8 bits
///     read_png(path, {0, 0, 1})                            grey or palette, 1 to 8 bits: the numbers in the file, so
///     that
///                                                          a label map of 2 bits is 0 1 2 3; of a palette the indices
///     read_png(path, {0, 0, 1}, PngValues::brightness)     grey as a picture: black 0, white 255 whatever the bits are
///
/// Needs libpng. Errors: no such file, no PNG, another type or size than expected, a cut or damaged file.

#include <xstitch/core/error.hpp>
#include <xstitch/data/image.hpp>
#include <xstitch/io/file.hpp>
#include <xstitch/io/limits.hpp>
#include <xstitch/io/regular_file.hpp>

#include <png.h>

#include <array>
#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

/// What the numbers of a grey PNG of fewer than 8 bits become.
enum class PngValues : std::uint8_t {
  stored,      ///< what they are: classes, masks
  brightness,  ///< 0 to 255
};

namespace detail {

/// libpng reports errors by longjmp. The functions below that call setjmp therefore hold no object with a destructor;
/// whatever must be freed lives in this object, outside them.
struct PngCodec {
  png_structp png = nullptr;
  png_infop info = nullptr;
  bool writing = false;
  std::array<char, 200> message{};
  std::vector<std::uint8_t> bytes;
  std::size_t position = 0;
  std::uint32_t height = 0, width = 0;
  int depth = 0, color = 0;

  explicit PngCodec(bool write) : writing(write) {
    png = write ? png_create_write_struct(PNG_LIBPNG_VER_STRING, this, error, warning)
                : png_create_read_struct(PNG_LIBPNG_VER_STRING, this, error, warning);
    if (png != nullptr) info = png_create_info_struct(png);
    if (info == nullptr) throw std::bad_alloc();
  }
  ~PngCodec() {
    if (writing)
      png_destroy_write_struct(&png, &info);
    else
      png_destroy_read_struct(&png, &info, nullptr);
  }
  PngCodec(const PngCodec&) = delete;
  PngCodec& operator=(const PngCodec&) = delete;

  bool read_header() noexcept {
    if (setjmp(png_jmpbuf(png)) != 0) return false;
    png_set_read_fn(png, this, [](png_structp p, png_bytep out, std::size_t count) {
      auto* self = static_cast<PngCodec*>(png_get_io_ptr(p));
      if (count > self->bytes.size() - self->position) png_error(p, "the file ends too early");
      std::memcpy(out, self->bytes.data() + self->position, count);
      self->position += count;
    });
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);  // texts and such, which may unpack to much
    png_read_info(png, info);
    png_get_IHDR(png, info, &width, &height, &depth, &color, nullptr, nullptr, nullptr);
    return true;
  }
  bool read_rows(png_bytepp rows, PngValues values) noexcept {
    if (setjmp(png_jmpbuf(png)) != 0) return false;
    if (depth < 8 && values == PngValues::brightness) png_set_expand_gray_1_2_4_to_8(png);
    if (depth < 8 && values == PngValues::stored) png_set_packing(png);  // a byte each
    png_read_image(png, rows);
    png_read_end(png, nullptr);
    return true;
  }
  bool write(png_bytepp rows) noexcept {
    if (setjmp(png_jmpbuf(png)) != 0) return false;
    png_set_write_fn(
        png, this,
        [](png_structp p, png_bytep data, std::size_t count) {
          auto* self = static_cast<PngCodec*>(png_get_io_ptr(p));
          self->bytes.insert(self->bytes.end(), data, data + count);
        },
        nullptr);
    png_set_IHDR(png, info, width, height, depth, color, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    png_write_image(png, rows);
    png_write_end(png, nullptr);
    return true;
  }

 private:
  static void error(png_structp p, png_const_charp text) {
    auto* self = static_cast<PngCodec*>(png_get_error_ptr(p));
    std::snprintf(self->message.data(), self->message.size(), "%s", text);
    png_longjmp(p, 1);
  }
  static void warning(png_structp, png_const_charp) {}
};

inline std::string png_type(int color, int depth) {
  const char* name = color == PNG_COLOR_TYPE_GRAY         ? "grey"
                     : color == PNG_COLOR_TYPE_GRAY_ALPHA ? "grey with alpha"
                     : color == PNG_COLOR_TYPE_PALETTE    ? "palette"
                     : color == PNG_COLOR_TYPE_RGB        ? "RGB"
                     : color == PNG_COLOR_TYPE_RGB_ALPHA  ? "RGB with alpha"
                                                          : "of unknown type";
  return std::string(name) + ", " + std::to_string(depth) + " bits";
}

/// libpng takes memory for what a chunk says to be its length before it reads it: an Error for one that is longer than
/// the file.
inline void check_png_chunks(const std::vector<std::uint8_t>& bytes, const std::string& path) {
  constexpr std::size_t around = 12;  // length, type, checksum
  for (std::size_t at = 8; at < bytes.size();) {
    const std::size_t left = bytes.size() - at;
    const std::size_t length = left < 4 ? 0
                                        : (std::size_t{bytes[at]} << 24) | (std::size_t{bytes[at + 1]} << 16) |
                                              (std::size_t{bytes[at + 2]} << 8) | bytes[at + 3];
    if (left < around || length > left - around)
      fail("file ", path, ": found a damaged PNG (a chunk of ", length, " bytes at byte ", at, " of ", bytes.size(),
           "), expected an intact one");
    if (std::memcmp(bytes.data() + at + 4, "IEND", 4) == 0) return;
    at += length + around;
  }
}

inline bool is_png(const std::vector<std::uint8_t>& bytes) {
  return bytes.size() >= 8 && png_sig_cmp(const_cast<png_bytep>(bytes.data()), 0, 8) == 0;
}

[[noreturn]] inline void fail_damaged(const std::string& path, const PngCodec& codec) {
  fail("file ", path, ": found a damaged PNG (", codec.message.data(), "), expected an intact one");
}

/// Reads what stands before the pixels of codec.bytes.
inline void open_png(const std::string& path, PngCodec& codec) {
  check_png_chunks(codec.bytes, path);
  if (!codec.read_header()) fail_damaged(path, codec);
}

/// The pixels of an opened PNG, `each` bytes a pixel, by read(rows): false where they are damaged. `further` bytes are
/// what the caller will need for a row besides.
template <class Read>
ByteImage read_pixels(const std::string& path, PngCodec& codec, int each, std::size_t further, const Read& read) {
  // A header may promise more than memory holds: deflate packs at most 1032 to 1, so the file bounds it. A row has its
  // filter before it.
  const std::size_t height = codec.height, stride = std::size_t{codec.width} * static_cast<std::size_t>(each);
  if ((png_get_rowbytes(codec.png, codec.info) + 1) * height > codec.bytes.size() * 1100)
    fail("file ", path, ": found ", codec.bytes.size(), " bytes, expected more for a PNG of ", codec.height,
         " rows of ", codec.width, " pixels");
  limits::Budget budget("file " + path, codec.bytes.size());
  budget.take(height, stride + further + sizeof(png_bytep));
  ByteImage image{{static_cast<int>(codec.height), static_cast<int>(codec.width), each}, {}};
  image.values.resize(stride * height);
  std::vector<png_bytep> rows(height);
  for (std::size_t r = 0; r < rows.size(); ++r) rows[r] = image.values.data() + r * stride;
  if (!read(rows.data())) fail_damaged(path, codec);
  return image;
}

inline ByteImage read_png(const std::string& path, Dims expected, PngValues values) {
  if (expected.channels != 1 && expected.channels != 3)
    fail("file ", path, ": found that ", expected.channels, " channels are wanted of a PNG, expected 1 or 3");
  PngCodec codec(false);
  codec.bytes = file::read_regular(path, "a PNG");
  if (!is_png(codec.bytes))
    fail("file ", path, ": found ", codec.bytes.size(), " bytes without the signature of a PNG, expected a PNG");
  open_png(path, codec);
  const bool rgb = expected.channels == 3, indices = !rgb && values == PngValues::stored;
  const bool fits = rgb ? codec.color == PNG_COLOR_TYPE_RGB && codec.depth == 8
                        : (codec.color == PNG_COLOR_TYPE_GRAY || (indices && codec.color == PNG_COLOR_TYPE_PALETTE)) &&
                              codec.depth <= 8;
  if (!fits)
    fail("file ", path, ": found a PNG that is ", png_type(codec.color, codec.depth), ", expected ",
         rgb       ? "RGB, 8 bits"
         : indices ? "grey or palette, up to 8 bits"
                   : "grey, up to 8 bits");
  if ((expected.height != 0 && codec.height != static_cast<std::uint32_t>(expected.height)) ||
      (expected.width != 0 && codec.width != static_cast<std::uint32_t>(expected.width)))
    fail("file ", path, ": found ", codec.height, " rows of ", codec.width, " pixels, expected ", expected.height,
         " rows of ", expected.width);
  return read_pixels(path, codec, expected.channels, 0, [&](png_bytepp rows) { return codec.read_rows(rows, values); });
}

}  // namespace detail

/// Reads a PNG that must have `expected` channels (1 or 3) and, where they are not 0, its height and width.
inline ByteImage read_png(const std::string& path, Dims expected, PngValues values = PngValues::stored) {
  return limits::guard(path, [&] { return detail::read_png(path, expected, values); });
}

namespace detail {

inline std::vector<std::uint8_t> encode_png(const ByteImage& image, const std::string& what) {
  if (!image.shape.valid() || (image.shape.channels != 1 && image.shape.channels != 3) ||
      image.values.size() != image.shape.size())
    fail(what, ": found ", image.values.size(), " bytes for a picture of ", to_string(image.shape),
         ", expected 1 or 3 channels and a byte for each");
  PngCodec codec(true);
  codec.height = static_cast<std::uint32_t>(image.shape.height);
  codec.width = static_cast<std::uint32_t>(image.shape.width);
  codec.depth = 8;
  codec.color = image.shape.channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB;
  std::vector<png_bytep> rows(codec.height);
  for (int r = 0; r < image.shape.height; ++r)
    rows[static_cast<std::size_t>(r)] = const_cast<png_bytep>(image.pixel(r, 0));
  if (!codec.write(rows.data())) fail(what, ": found that libpng cannot write it (", codec.message.data(), ")");
  return std::move(codec.bytes);
}

}  // namespace detail

/// The bytes of a PNG: grey (1 channel) or RGB (3 channels), 8 bits.
inline std::vector<std::uint8_t> encode_png(const ByteImage& image) { return detail::encode_png(image, "PNG"); }

/// Writes such a file: whole, or the old one stays.
inline void write_png(const std::string& path, const ByteImage& image) {
  const std::vector<std::uint8_t> bytes = detail::encode_png(image, "file " + path);
  AtomicFile output(path);
  output.write(std::as_bytes(std::span(bytes)));
  output.commit();
}

}  // namespace xstitch::inline XSTITCH_ISA::data
