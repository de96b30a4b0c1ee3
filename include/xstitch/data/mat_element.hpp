#pragma once
/// \file
/// The elements that a MAT-file of version 5 is made of: type, size, content, padded to 8 bytes, perhaps compressed.

#include <xstitch/core/error.hpp>
#include <xstitch/core/little_endian.hpp>
#include <xstitch/io/limits.hpp>

#include <zlib.h>

#include <algorithm>
#include <array>
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
  /// Bytes that follow.
  [[nodiscard]] std::size_t left() const noexcept { return bytes_.size() - at_; }

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
    element.content = take(partial ? std::min<std::size_t>(size, left()) : size);
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
    if (count > left()) broken("found ", left(), " bytes where ", count, " more were expected (a cut file?)");
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
  numbers.reserve(numbers.size() + bytes.size() / sizeof(T));
  for (std::size_t i = 0; i + sizeof(T) <= bytes.size(); i += sizeof(T)) {
    T value;
    std::memcpy(&value, bytes.data() + i, sizeof(T));
    numbers.push_back(static_cast<double>(little_endian(value)));
  }
}

/// Bytes of a number of a storage type; 0 for a type that is none.
inline std::size_t mat_number_size(std::uint32_t type) {
  switch (type) {
    case 1:
    case 2:
    case 16:
      return 1;
    case 3:
    case 4:
    case 17:
      return 2;
    case 5:
    case 6:
    case 7:
    case 18:
      return 4;
    case 9:
    case 12:
    case 13:
      return 8;
    default:
      return 0;
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

/// As much as an element has.
inline constexpr std::size_t whole_element = std::size_t{1} << 33;

/// Inflates the element in a zlib stream, or its beginning of at least `wanted` bytes. Its own first eight bytes say
/// how many it has; that many are taken from the budget first. What follows it in the stream is dropped.
inline std::vector<std::uint8_t> inflate_mat(std::span<const std::uint8_t> bytes, const MatCursor& cursor,
                                             limits::Budget& budget, std::size_t wanted = whole_element) {
  struct Stream : z_stream {  // ended however this function is left
    Stream() : z_stream{} {}
    ~Stream() { inflateEnd(this); }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
  } stream;
  if (inflateInit(&stream) != Z_OK) cursor.broken("zlib cannot start");
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  int code = Z_OK;
  const auto inflate_into = [&](std::span<std::uint8_t> place) {
    stream.next_out = place.data();
    stream.avail_out = static_cast<uInt>(place.size());
    while (code == Z_OK && stream.avail_out > 0) code = inflate(&stream, Z_NO_FLUSH);
    return place.size() - stream.avail_out;
  };
  constexpr std::size_t tag = 8;
  std::vector<std::uint8_t> out(tag);
  out.resize(inflate_into(out));
  std::size_t needed = tag;
  if (out.size() == tag) {
    std::uint32_t type = 0, size = 0;
    std::memcpy(&type, out.data(), sizeof type);
    std::memcpy(&size, out.data() + sizeof type, sizeof size);
    type = little_endian(type);
    size = little_endian(size);
    needed = std::min<std::size_t>(tag + ((type >> 16) != 0 ? 0 : std::size_t{size}), wanted);
    budget.take(needed);
    out.reserve(needed);
    while (code == Z_OK && out.size() < needed) {  // touches only what is really there: the size may be wrong
      const std::size_t before = out.size();
      out.resize(std::min(needed, before + (std::size_t{1} << 18)));
      out.resize(before + inflate_into(std::span(out).subspan(before)));
    }
  }
  const bool whole = wanted == whole_element;
  if (whole) {
    std::array<std::uint8_t, 4096> dropped;
    while (code == Z_OK) (void)inflate_into(dropped);
  }
  if (code != Z_STREAM_END && (whole || out.size() < needed))
    cursor.broken("found a compressed element that does not decompress (zlib code ", code, ")");
  return out;
}

}  // namespace xstitch::inline XSTITCH_ISA::data::detail
