#pragma once
/// \file
/// Pieces of files by hand, with whatever they claim: IDX, MAT v5, R, PNG.

#include <zlib.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "temporary_folder.hpp"

namespace xstitch_test {

inline void write_text(const std::string& path, const std::string& text) {
  write_bytes(path, {text.begin(), text.end()});
}

inline std::string big_endian(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  return out;
}
inline std::string little_endian(std::uint32_t value) {
  const std::string big = big_endian(value);
  return {big.rbegin(), big.rend()};
}

/// A zlib (15 window bits) or gzip (31) stream of a text and then so many zeros, without having them in memory.
inline std::string deflated(const std::string& text, std::uint64_t zeros = 0, int window_bits = 15) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
  std::string out;
  const auto put = [&](const std::string& piece, int flush) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
    stream.avail_in = static_cast<uInt>(piece.size());
    int code = Z_OK;
    do {
      char buffer[16384];
      stream.next_out = reinterpret_cast<Bytef*>(buffer);
      stream.avail_out = sizeof buffer;
      code = deflate(&stream, flush);
      out.append(buffer, sizeof buffer - stream.avail_out);
    } while (stream.avail_out == 0 || (flush == Z_FINISH && code != Z_STREAM_END));
  };
  put(text, Z_NO_FLUSH);
  const std::string piece(1 << 20, '\0');
  for (; zeros >= piece.size(); zeros -= piece.size()) put(piece, Z_NO_FLUSH);
  put(std::string(static_cast<std::size_t>(zeros), '\0'), Z_FINISH);
  deflateEnd(&stream);
  return out;
}
inline std::string gzipped(const std::string& text, std::uint64_t zeros = 0) { return deflated(text, zeros, 31); }

inline std::string idx_header(const std::vector<std::uint32_t>& extents) {
  std::string out = std::string("\0\0\x08", 3) + static_cast<char>(extents.size());
  for (const std::uint32_t extent : extents) out += big_endian(extent);
  return out;
}

// MAT v5
inline std::string mat_header() {
  return std::string("MATLAB 5.0 MAT-file") + std::string(105, ' ') + std::string("\0\1IM", 4);
}
inline std::string mat_tag(std::uint32_t type, std::uint64_t size) {
  return little_endian(type) + little_endian(static_cast<std::uint32_t>(size));
}
inline std::string mat_element(std::uint32_t type, const std::string& content) {
  return mat_tag(type, content.size()) + content + std::string((8 - content.size() % 8) % 8, '\0');
}
/// Flags, extents and name of an array.
inline std::string mat_beginning(std::uint32_t array_class, const std::vector<std::uint32_t>& extents,
                                 const std::string& name) {
  std::string all;
  for (const std::uint32_t extent : extents) all += little_endian(extent);
  return mat_element(6, little_endian(array_class) + little_endian(0)) + mat_element(5, all) + mat_element(1, name);
}
inline std::string mat_array(std::uint32_t array_class, const std::vector<std::uint32_t>& extents,
                             const std::string& name, const std::string& content) {
  return mat_element(14, mat_beginning(array_class, extents, name) + content);
}
inline std::string mat_compressed(const std::string& element, std::uint64_t zeros = 0) {
  const std::string stream = deflated(element, zeros);
  return mat_tag(15, stream.size()) + stream;
}

// R's XDR serialisation, version 2
inline std::string r_head() { return "X\n" + big_endian(2) + big_endian(0x30600) + big_endian(0x20300); }
inline std::string r_characters(const std::string& text) {
  return big_endian(9) + big_endian(static_cast<std::uint32_t>(text.size())) + text;
}
inline std::string r_symbol(const std::string& name) { return big_endian(1) + r_characters(name); }
inline std::string r_null() { return big_endian(254); }
inline std::string r_real(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  return big_endian(static_cast<std::uint32_t>(bits >> 32)) + big_endian(static_cast<std::uint32_t>(bits));
}
inline std::string r_reals(const std::vector<double>& values) {
  std::string out = big_endian(14) + big_endian(static_cast<std::uint32_t>(values.size()));
  for (const double value : values) out += r_real(value);
  return out;
}
inline std::string r_texts(const std::vector<std::string>& texts) {
  std::string out = big_endian(16) + big_endian(static_cast<std::uint32_t>(texts.size()));
  for (const std::string& text : texts) out += r_characters(text);
  return out;
}
inline std::string r_names(const std::vector<std::string>& names) {
  return big_endian(0x402) + r_symbol("names") + r_texts(names) + r_null();
}
/// The sequence 1, 2, ..., n as R keeps it.
inline std::string r_sequence(double n) {
  return big_endian(238) + big_endian(2) + r_symbol("compact_intseq") + r_null() + r_reals({n, 1, 1}) + r_null();
}
inline std::string r_list(std::size_t items) { return big_endian(19) + big_endian(static_cast<std::uint32_t>(items)); }
/// A list with names; attributes come after the items.
inline std::string r_named_list(const std::string& items, const std::vector<std::string>& names) {
  return big_endian(19 | 0x200) + big_endian(static_cast<std::uint32_t>(names.size())) + items + r_names(names);
}
/// A data frame of a column x of 1, 2, 3.
inline std::string r_data_frame() { return r_named_list(r_reals({1, 2, 3}), {"x"}); }
/// The index of a package with one entry.
inline std::string r_index(const std::string& name, double offset, double length) {
  const std::string entry = r_named_list(r_reals({offset, length}), {name});
  return r_named_list(entry + r_list(0) + r_reals({1}), {"variables", "references", "compressed"});
}
/// An entry of Rdata.rdb.
inline std::string r_packed(const std::string& value, std::uint64_t zeros = 0) {
  return big_endian(static_cast<std::uint32_t>(value.size() + zeros)) + deflated(value, zeros);
}

// PNG
inline std::string png_chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(static_cast<std::uint32_t>(data.size())) + body + big_endian(static_cast<std::uint32_t>(sum));
}
inline std::string png_start(std::uint32_t width, std::uint32_t height, char depth, char colour) {
  return "\x89PNG\r\n\x1a\n" +
         png_chunk("IHDR", big_endian(width) + big_endian(height) + depth + colour + std::string(3, '\0'));
}
inline std::string png_end(const std::string& pixels) { return png_chunk("IDAT", pixels) + png_chunk("IEND", ""); }

}  // namespace xstitch_test
