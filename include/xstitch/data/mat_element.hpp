#pragma once
/// \file
/// The elements that a MAT-file of version 5 is made of: type, size, content, padded to 8 bytes, perhaps compressed.

#include <xstitch/core/error.hpp>

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data::detail {

/// Walks the elements of a MAT-file in memory; every read is checked against the end.
class MatCursor {
 public:
  MatCursor(std::span<const std::uint8_t> bytes, const std::string& path) : bytes_(bytes), path_(path) {}

  struct Element {
    std::uint32_t type = 0;
    std::span<const std::uint8_t> content;
  };

  [[nodiscard]] bool done() const noexcept { return at_ >= bytes_.size(); }

  /// The next element; with `partial` its content may end where the bytes do.
  Element next(bool partial = false) {
    Element element;
    const std::uint32_t first = word();
    if ((first >> 16) != 0) {  // small form: size in the upper half, content in the next four bytes
      element.type = first & 0xffffU;
      const std::uint32_t size = first >> 16;
      if (size > 4) broken("found a short element of ", size, " bytes, expected at most 4");
      element.content = take(4).first(size);
      return element;
    }
    element.type = first;
    const std::uint32_t size = word();
    element.content = take(partial ? std::min<std::size_t>(size, bytes_.size() - at_) : size);
    // Compressed elements are not padded, so that what follows them need not begin at a multiple of 8; writers may
    // leave out the padding at the end of the file.
    if (element.type != compressed) at_ = std::min(bytes_.size(), at_ + (8 - element.content.size() % 8) % 8);
    return element;
  }

  static constexpr std::uint32_t matrix = 14, compressed = 15;

  template <class... Parts>
  [[noreturn]] void broken(const Parts&... parts) const {
    fail("file ", path_, ": damaged MAT-file: ", parts...);
  }

 private:
  std::span<const std::uint8_t> take(std::size_t count) {
    if (count > bytes_.size() - at_)
      broken("found ", bytes_.size() - at_, " bytes where ", count, " more were expected (a cut file?)");
    const auto piece = bytes_.subspan(at_, count);
    at_ += count;
    return piece;
  }
  std::uint32_t word() {
    const auto b = take(4);
    return std::uint32_t{b[0]} | (std::uint32_t{b[1]} << 8) | (std::uint32_t{b[2]} << 16) | (std::uint32_t{b[3]} << 24);
  }

  std::span<const std::uint8_t> bytes_;
  const std::string& path_;
  std::size_t at_ = 0;
};

template <class T>
void append_numbers(std::span<const std::uint8_t> bytes, std::vector<double>& numbers) {
  for (std::size_t i = 0; i + sizeof(T) <= bytes.size(); i += sizeof(T)) {
    T value;
    std::memcpy(&value, bytes.data() + i, sizeof(T));
    numbers.push_back(static_cast<double>(value));
  }
}

/// Numbers of any storage type; false for a type that is none.
inline bool append_numbers(const MatCursor::Element& element, std::vector<double>& numbers) {
  switch (element.type) {
    case 1:
      append_numbers<std::int8_t>(element.content, numbers);
      return true;
    case 2:
    case 16:
      append_numbers<std::uint8_t>(element.content, numbers);
      return true;
    case 3:
      append_numbers<std::int16_t>(element.content, numbers);
      return true;
    case 4:
    case 17:
      append_numbers<std::uint16_t>(element.content, numbers);
      return true;
    case 5:
      append_numbers<std::int32_t>(element.content, numbers);
      return true;
    case 6:
    case 18:
      append_numbers<std::uint32_t>(element.content, numbers);
      return true;
    case 7:
      append_numbers<float>(element.content, numbers);
      return true;
    case 9:
      append_numbers<double>(element.content, numbers);
      return true;
    case 12:
      append_numbers<std::int64_t>(element.content, numbers);
      return true;
    case 13:
      append_numbers<std::uint64_t>(element.content, numbers);
      return true;
    default:
      return false;
  }
}

/// Inflates a zlib stream whose size is not known before, or its beginning: at least `wanted` bytes. Grows with what is
/// really there.
inline std::vector<std::uint8_t> inflate_mat(std::span<const std::uint8_t> bytes, const MatCursor& cursor,
                                             std::size_t wanted = std::size_t{1} << 30) {
  std::vector<std::uint8_t> out;
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) cursor.broken("zlib cannot start");
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  int code = Z_OK;
  const std::size_t piece = std::min(wanted, std::size_t{1} << 18);
  while (code == Z_OK && out.size() < wanted) {
    const std::size_t before = out.size();
    out.resize(before + piece);
    stream.next_out = out.data() + before;
    stream.avail_out = static_cast<uInt>(piece);
    code = inflate(&stream, Z_NO_FLUSH);
    out.resize(before + piece - stream.avail_out);
  }
  inflateEnd(&stream);
  const bool whole = wanted == std::size_t{1} << 30;
  if (code != Z_STREAM_END && (whole || out.size() < wanted))
    cursor.broken("found a compressed element that does not decompress (zlib code ", code, ")");
  return out;
}

}  // namespace xstitch::inline XSTITCH_ISA::data::detail
