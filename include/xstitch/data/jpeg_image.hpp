#pragma once
/// \file
/// JPEG files, read as they are stored (an orientation in Exif is not looked at; annotated boxes lie in the stored
/// picture).
///
///     read_jpeg(path, {0, 0, 3})      RGB, 8 bits; a grey file has three equal channels
///     read_jpeg(path, {0, 0, 1})      its brightness
///
/// Needs libturbojpeg. Errors: no such file, no JPEG, another size than expected, a cut or damaged file (also where
/// libjpeg would only warn and make up the rest), more than 64 scans, and pictures that ask for more memory than
/// io/limits.hpp allows: the size is read from the header before anything is decoded.

#include <xstitch/core/error.hpp>
#include <xstitch/data/image.hpp>
#include <xstitch/io/limits.hpp>
#include <xstitch/io/regular_file.hpp>

#include <turbojpeg.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {
namespace detail {

/// What the markers of a JPEG say (ITU T.81, B.1): segments of a length each, and coded data after each start of scan.
struct JpegMarkers {
  static constexpr std::size_t most_scans = 64;  // a progressive picture has about ten; each costs a pass over it
  std::size_t height = 0, width = 0, scans = 0;
  bool complete = false;
  const char* damage = nullptr;  ///< null: none

  explicit JpegMarkers(std::span<const std::uint8_t> bytes) : bytes_(bytes) {
    std::size_t at = 2;
    while (damage == nullptr && !complete && at < bytes_.size()) at = segment(at);
    if (damage == nullptr && !complete) damage = "its end is missing";
    if (damage == nullptr && (height == 0 || width == 0 || scans == 0)) damage = "it has no picture";
  }
  static bool signature(std::span<const std::uint8_t> bytes) {
    return bytes.size() >= 4 && bytes[0] == 0xFF && bytes[1] == 0xD8 && bytes[2] == 0xFF;
  }

 private:
  static constexpr std::uint8_t end = 0xD9, scan = 0xDA;
  static bool restart(std::uint8_t marker) { return marker >= 0xD0 && marker <= 0xD7; }
  static bool frame(std::uint8_t marker) {
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
  }
  [[nodiscard]] std::size_t word(std::size_t at) const { return std::size_t{bytes_[at]} << 8 | bytes_[at + 1]; }

  /// Reads the marker at `at`; where the next one begins.
  std::size_t segment(std::size_t at) {
    if (bytes_[at] != 0xFF) {
      damage = "a marker is missing";
      return at;
    }
    while (at < bytes_.size() && bytes_[at] == 0xFF) ++at;  // fill bytes
    if (at >= bytes_.size()) return at;
    const std::uint8_t marker = bytes_[at++];
    if (marker == end) {
      complete = true;
      return at;
    }
    if (restart(marker) || marker == 0x01) return at;
    if (bytes_.size() - at < 2) return bytes_.size();
    const std::size_t length = word(at);
    if (length < 2 || length > bytes_.size() - at) {
      damage = "a segment reaches beyond its end";
      return at;
    }
    if (frame(marker)) {
      if (length < 8 || height != 0) damage = length < 8 ? "its frame is too short" : "it has two frames";
      if (length >= 8) height = word(at + 3), width = word(at + 5);
    }
    at += length;
    if (marker != scan) return at;
    if (++scans > most_scans) damage = "it has more than 64 scans";
    while (at + 1 < bytes_.size() && !(bytes_[at] == 0xFF && bytes_[at + 1] != 0 && !restart(bytes_[at + 1]))) ++at;
    return at + 1 < bytes_.size() ? at : bytes_.size();
  }

  std::span<const std::uint8_t> bytes_;
};

inline ByteImage read_jpeg(const std::string& path, Dims expected) {
  if (expected.channels != 1 && expected.channels != 3)
    fail("file ", path, ": found that ", expected.channels, " channels are wanted of a JPEG, expected 1 or 3");
  const std::vector<std::uint8_t> bytes = file::read_regular(path, "a JPEG");
  if (!JpegMarkers::signature(bytes))
    fail("file ", path, ": found ", bytes.size(), " bytes without the signature of a JPEG, expected a JPEG");
  const auto damaged = [&](const char* why) {
    fail("file ", path, ": found a damaged JPEG (", why, "), expected an intact one");
  };
  const JpegMarkers markers(bytes);
  if (markers.damage != nullptr) damaged(markers.damage);
  if ((expected.height != 0 && markers.height != static_cast<std::size_t>(expected.height)) ||
      (expected.width != 0 && markers.width != static_cast<std::size_t>(expected.width)))
    fail("file ", path, ": found ", markers.height, " rows of ", markers.width, " pixels, expected ", expected.height,
         " rows of ", expected.width);
  // Of pixels in whole blocks: the picture, coefficients of 16 bits of three components where there are several scans,
  // and libjpeg's rows.
  limits::Budget budget("file " + path, bytes.size());
  budget.take(bytes.size());
  budget.take((markers.height + 31) / 32 * 32 * ((markers.width + 31) / 32 * 32), 12);

  const std::unique_ptr<void, int (*)(tjhandle)> codec(tjInitDecompress(), &tjDestroy);
  if (codec == nullptr) throw std::bad_alloc();
  int width = 0, height = 0, subsampling = 0, colours = 0;
  if (tjDecompressHeader3(codec.get(), bytes.data(), static_cast<unsigned long>(bytes.size()), &width, &height,
                          &subsampling, &colours) != 0)
    damaged(tjGetErrorStr2(codec.get()));
  ByteImage image{{static_cast<int>(markers.height), static_cast<int>(markers.width), expected.channels}, {}};
  if (height != image.shape.height || width != image.shape.width) damaged("its sizes contradict each other");
  image.values.resize(image.shape.size());
  if (tjDecompress2(codec.get(), bytes.data(), static_cast<unsigned long>(bytes.size()), image.values.data(), width, 0,
                    height, expected.channels == 3 ? TJPF_RGB : TJPF_GRAY, TJFLAG_ACCURATEDCT) != 0)
    damaged(tjGetErrorStr2(codec.get()));
  return image;
}

}  // namespace detail

/// Reads a JPEG as `expected.channels` (1 or 3); where they are not 0, its height and width must be those expected.
inline ByteImage read_jpeg(const std::string& path, Dims expected) {
  return limits::guard(path, [&] { return detail::read_jpeg(path, expected); });
}

}  // namespace xstitch::inline XSTITCH_ISA::data
