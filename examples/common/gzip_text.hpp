#pragma once
// A text as a gzip file: always the same bytes for the same text, no time and no name in it.
#include <xstitch/io/file.hpp>
#include <xstitch/io/limits.hpp>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>

#include <zlib.h>

namespace protocol {

namespace xs = xstitch;

inline void write_gzip(const std::filesystem::path& path, std::string text) {
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
    xs::fail("file ", path.string(), ": zlib does not begin");
  const std::unique_ptr<z_stream, void (*)(z_stream*)> ends(&stream, [](z_stream* s) { deflateEnd(s); });
  std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());  // NOLINT: zlib's bytes
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());  // NOLINT
  stream.avail_out = static_cast<uInt>(packed.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) xs::fail("file ", path.string(), ": zlib does not pack it");
  packed.resize(stream.total_out);
  xs::write_file_atomically(path, packed);
}

inline std::string read_gzip(const std::filesystem::path& path) {
  std::string packed = xs::read_file(path);
  xs::limits::Budget budget("file " + path.string(), packed.size());
  z_stream stream{};
  if (inflateInit2(&stream, MAX_WBITS + 16) != Z_OK) xs::fail("file ", path.string(), ": zlib does not begin");
  const std::unique_ptr<z_stream, void (*)(z_stream*)> ends(&stream, [](z_stream* s) { inflateEnd(s); });
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());  // NOLINT: zlib's bytes
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text, part(std::size_t{1} << 20, '\0');
  int state = Z_OK;
  while (state == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(part.data());  // NOLINT
    stream.avail_out = static_cast<uInt>(part.size());
    state = inflate(&stream, Z_NO_FLUSH);
    const std::size_t count = part.size() - stream.avail_out;
    budget.take(count);
    text.append(part, 0, count);
    if (state == Z_OK && count == 0 && stream.avail_in == 0) break;
  }
  if (state != Z_STREAM_END || stream.avail_in != 0)
    xs::fail("file ", path.string(), ": found no whole gzip file, expected one that `paper record` wrote");
  return text;
}

}  // namespace protocol
