#pragma once
/// \file
/// Reader of the IDX format of the MNIST family, plain or compressed by gzip (found out from the file itself).
///
///     offset 0   0, 0, element type, rank      (type 8: unsigned byte, the only one read here)
///     offset 4   one big-endian 32-bit extent for each dimension
///     then       the elements, row-major, and nothing after them
///
/// Needs zlib (component gzip).
/// Errors: no such file, wrong type or rank, a zero extent, too few or too many bytes, a damaged gzip stream.

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <xstitch/core/error.hpp>
#include <xstitch/io/limits.hpp>
#include <xstitch/io/regular_file.hpp>

namespace xstitch::inline XSTITCH_ISA::data {

struct IdxFile {
  std::vector<std::size_t> extents;
  std::vector<std::uint8_t> elements;
};

namespace detail {

/// Bytes of a file, decompressed on the way if it is a gzip stream.
class GzipReader {
 public:
  /// `expected` is for messages: "an IDX file".
  GzipReader(std::string path, std::string_view expected)
      : path_(std::move(path)), file_bytes_(file::regular_size(path_, expected)) {
    file_.reset(gzopen(path_.c_str(), "rb"));
    if (!file_) fail("file ", path_, ": found a file that cannot be opened, expected a readable one");
    gzbuffer(file_.get(), 1U << 17);
  }

  /// Of the file as it is stored.
  [[nodiscard]] std::uint64_t file_bytes() const noexcept { return file_bytes_; }

  /// Reads up to `count` bytes; less only at the end of the file.
  std::size_t read(std::uint8_t* into, std::size_t count) {
    std::size_t done = 0;
    while (done < count) {
      const auto piece = static_cast<unsigned>(std::min<std::size_t>(count - done, 1U << 24));
      const int got = gzread(file_.get(), into + done, piece);
      int code = Z_OK;
      const char* message = gzerror(file_.get(), &code);
      if (got < 0 || (code != Z_OK && code != Z_STREAM_END))
        fail("file ", path_, ": found a damaged or cut gzip stream after ",
             bytes_ + done + static_cast<std::size_t>(std::max(got, 0)), " bytes of content (", message,
             "), expected an intact one");
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    bytes_ += done;
    return done;
  }

 private:
  struct Close {
    void operator()(gzFile file) const { gzclose(file); }
  };
  std::string path_;
  std::uint64_t file_bytes_;
  std::unique_ptr<gzFile_s, Close> file_;
  std::size_t bytes_ = 0;
};

inline IdxFile read_idx_file(const std::string& path, int rank) {
  GzipReader reader(path, "an IDX file");
  std::array<std::uint8_t, 4> magic{};
  const std::size_t got = reader.read(magic.data(), magic.size());
  if (got < magic.size())
    fail("file ", path, ": found ", got, " bytes, expected the 4-byte magic number of an IDX file");
  if (magic[0] != 0 || magic[1] != 0 || magic[2] != 8 || magic[3] != rank)
    fail("file ", path, ": found magic number ", int{magic[0]}, " ", int{magic[1]}, " ", int{magic[2]}, " ",
         int{magic[3]}, ", expected 0 0 8 ", rank, " (unsigned bytes of rank ", rank, ")");

  IdxFile file;
  std::size_t count = 1;
  for (int i = 0; i < rank; ++i) {
    std::array<std::uint8_t, 4> big{};
    if (reader.read(big.data(), big.size()) < big.size())
      fail("file ", path, ": found the end of the file in extent ", i, ", expected ", rank, " extents");
    const std::size_t extent =
        (std::size_t{big[0]} << 24) | (std::size_t{big[1]} << 16) | (std::size_t{big[2]} << 8) | big[3];
    // No set of the family comes near 2^40 bytes; a header that says more is damaged.
    if (extent == 0 || count > (std::size_t{1} << 40) / extent)
      fail("file ", path, ": found extent ", extent, " in dimension ", i,
           ", expected at least 1 and less than 2^40 bytes in all");
    file.extents.push_back(extent);
    count *= extent;
  }

  limits::Budget("file " + path, reader.file_bytes()).take(count);
  file.elements.reserve(count);
  while (file.elements.size() < count) {  // touches only what is really there: the header may be wrong
    const std::size_t before = file.elements.size();
    const std::size_t piece = std::min<std::size_t>(count - before, std::size_t{1} << 22);
    file.elements.resize(before + piece);
    const std::size_t read = reader.read(file.elements.data() + before, piece);
    if (read < piece) fail("file ", path, ": found ", before + read, " elements, expected ", count);
  }
  std::uint8_t more = 0;
  if (reader.read(&more, 1) != 0)
    fail("file ", path, ": found bytes after the last element, expected ", count, " elements");
  return file;
}

}  // namespace detail

/// Reads an IDX file of unsigned bytes of the given rank.
inline IdxFile read_idx_file(const std::string& path, int rank) {
  return limits::guard(path, [&] { return detail::read_idx_file(path, rank); });
}

}  // namespace xstitch::inline XSTITCH_ISA::data
