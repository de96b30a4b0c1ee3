#pragma once
/// \file
/// PNG files of all kinds for tests.

#include <doctest/doctest.h>
#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "temporary_folder.hpp"

namespace xstitch_test {

inline void append(Bytes& to, const Bytes& from) { to.insert(to.end(), from.begin(), from.end()); }

inline Bytes big_endian(std::size_t x) {
  Bytes out;
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(x >> shift));
  return out;
}

inline Bytes png_chunk(const std::string& type, const Bytes& content) {
  Bytes body(type.begin(), type.end());
  append(body, content);
  Bytes out = big_endian(content.size());
  append(out, body);
  append(out, big_endian(crc32(0, body.data(), static_cast<uInt>(body.size()))));
  return out;
}

/// A small PNG, byte by byte. `color` 0: grey, 2: RGB, 3: palette (of 2^depth colours, all of them grey 128), 4: grey
/// with alpha, 6: RGB with alpha. A row is a number a sample, of 16 bits two bytes.
inline Bytes small_png(std::uint8_t depth, std::uint8_t color, std::size_t width, const std::vector<Bytes>& rows) {
  Bytes out = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}, header = big_endian(width), packed;
  append(header, big_endian(rows.size()));
  append(header, {depth, color, 0, 0, 0});
  append(out, png_chunk("IHDR", header));
  if (color == 3) append(out, png_chunk("PLTE", Bytes(std::size_t{3} << depth, 0x80)));
  for (const Bytes& row : rows) {
    packed.push_back(0);  // no filter
    unsigned bits = 0, byte = 0;
    const unsigned step = depth < 8 ? depth : 8;
    for (const std::uint8_t value : row) {
      byte = (byte << step) | value;
      bits += step;
      if (bits == 8) packed.push_back(static_cast<std::uint8_t>(byte)), bits = byte = 0;
    }
    if (bits > 0) packed.push_back(static_cast<std::uint8_t>(byte << (8 - bits)));
  }
  Bytes data(compressBound(static_cast<uLong>(packed.size())));
  uLongf size = static_cast<uLongf>(data.size());
  REQUIRE(compress(data.data(), &size, packed.data(), static_cast<uLong>(packed.size())) == Z_OK);
  data.resize(size);
  append(out, png_chunk("IDAT", data));
  append(out, png_chunk("IEND", {}));
  return out;
}

}  // namespace xstitch_test
