#include <xstitch/core/crc32c.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace xs = xstitch;

namespace {

std::uint32_t crc(std::string_view text, std::uint32_t before = 0) {
  return xs::crc32c(std::as_bytes(std::span(text)), before);
}

/// Bit by bit, as the definition reads.
std::uint32_t plain(std::string_view text) {
  std::uint32_t remainder = ~0U;
  for (const char c : text)
    for (int bit = 0; bit < 8; ++bit) {
      const std::uint32_t out = (remainder ^ (static_cast<std::uint8_t>(c) >> bit)) & 1U;
      remainder = (remainder >> 1) ^ (out != 0 ? 0x82F63B78U : 0U);
    }
  return ~remainder;
}

}  // namespace

TEST_CASE("CRC-32C: the check value, and those of RFC 3720") {
  CHECK(crc("123456789") == 0xE3069283U);
  CHECK(crc("") == 0U);
  CHECK(crc(std::string(32, '\0')) == 0x8A9136AAU);
  CHECK(crc(std::string(32, '\xff')) == 0x62A8AB43U);
  std::string up, down;
  for (int i = 0; i < 32; ++i) up += static_cast<char>(i), down += static_cast<char>(31 - i);
  CHECK(crc(up) == 0x46DD794EU);
  CHECK(crc(down) == 0x113FDB5CU);
}

TEST_CASE("CRC-32C: any length and place, in pieces, by tables as by instruction") {
  std::string text;
  for (int i = 0; i < 200; ++i) text += static_cast<char>(i * 37 + i / 7);
  for (std::size_t begin = 0; begin < 9; ++begin)
    for (std::size_t size = 0; begin + size <= text.size(); size += 1 + size / 5) {
      const std::string_view part = std::string_view(text).substr(begin, size);
      const std::uint32_t whole = plain(part);
      CHECK(crc(part) == whole);
      CHECK(crc(part.substr(size / 3), crc(part.substr(0, size / 3))) == whole);
    }
  std::uint32_t by_instruction = 17, by_table = 17;
  for (std::uint64_t i = 1; i < 50; ++i) {
    const std::uint64_t word = i * 0x9E3779B97F4A7C15U;
    by_instruction = xs::crc32c_detail::word_step(by_instruction, word);
    by_table = xs::crc32c_detail::word_by_tables(by_table, word);
    CHECK(by_instruction == by_table);
    const auto byte = static_cast<std::uint8_t>(word);
    CHECK(xs::crc32c_detail::byte_step(by_table, byte) == xs::crc32c_detail::byte_by_table(by_table, byte));
  }
}

TEST_CASE("CRC-32C: every flipped bit is seen") {
  std::string text(64, 'x');
  const std::uint32_t right = crc(text);
  for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
    CHECK(crc(text) != right);
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
  }
}
