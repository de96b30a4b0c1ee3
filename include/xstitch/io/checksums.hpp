#pragma once
/// \file
/// Checksums of a safetensors file, in its metadata: two texts, which belong together.
///
///     "xstitch_version"   "1": what the other means
///     "crc32c"            CRC-32C in hexadecimal, with a space between: of the header (its eight length bytes and its
///                         text, with these eight digits as zeros), then of each tensor's bytes in the order of the
///                         data
///
/// A file with one of them alone is damaged. A file with neither is another program's, and is read on trust.

#include <xstitch/core/crc32c.hpp>
#include <xstitch/core/error.hpp>
#include <xstitch/core/little_endian.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace checksums {

inline constexpr std::string_view version_key = "xstitch_version", version = "1", key = "crc32c";
inline constexpr std::size_t digits = 8;

inline std::string hexadecimal(std::uint32_t value) {
  std::string text(digits, '0');
  for (std::size_t i = 0; i < digits; ++i) text[digits - 1 - i] = "0123456789abcdef"[(value >> (4 * i)) & 0xFU];
  return text;
}

/// The metadata's text for these tensors, with zeros for the header.
XSTITCH_INLINE std::string text_of(std::span<const std::uint32_t> tensors) {
  std::string text(digits, '0');
  for (const std::uint32_t tensor : tensors) text += " " + hexadecimal(tensor);
  return text;
}

/// The other way round: [0] is the header's. An Error if the text is no list of `count` checksums.
XSTITCH_INLINE std::vector<std::uint32_t> parse(std::string_view text, std::size_t count) {
  if (text.size() != count * (digits + 1) - 1)
    fail("metadata \"", key, "\" has ", text.size(), " characters, expected ", count * (digits + 1) - 1, ", for ",
         count, " checksums: damaged");
  std::vector<std::uint32_t> values(count, 0);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool decimal = c >= '0' && c <= '9', letter = c >= 'a' && c <= 'f';
    const bool between = i % (digits + 1) == digits;
    if (between ? c != ' ' : !decimal && !letter)
      fail("metadata \"", key, "\" has an unexpected character at ", i, ": damaged");
    if (!between)
      values[i / (digits + 1)] =
          values[i / (digits + 1)] << 4 | static_cast<std::uint32_t>(decimal ? c - '0' : c - 'a' + 10);
  }
  return values;
}

/// Where the header's own digits lie in its text as we write it, or npos.
inline std::size_t place_in(std::string_view header) {
  const std::string before = "\"" + std::string(key) + "\": \"";
  const std::size_t found = header.find(before);
  return found == std::string_view::npos || found + before.size() + digits > header.size() ? std::string_view::npos
                                                                                           : found + before.size();
}

/// Of a header whose own digits begin at `place`.
inline std::uint32_t of_header(std::string_view header, std::size_t place) {
  const std::uint64_t length = little_endian(std::uint64_t{header.size()});
  static constexpr std::array<char, digits> zeros{'0', '0', '0', '0', '0', '0', '0', '0'};
  std::uint32_t crc = crc32c(std::as_bytes(std::span(&length, 1)));
  crc = crc32c(std::as_bytes(std::span(header.substr(0, place))), crc);
  crc = crc32c(std::as_bytes(std::span(zeros)), crc);
  return crc32c(std::as_bytes(std::span(header.substr(place + digits))), crc);
}

}  // namespace checksums
}  // namespace xstitch::inline XSTITCH_ISA
