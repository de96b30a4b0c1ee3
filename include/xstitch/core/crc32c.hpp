#pragma once
/// \file
/// CRC-32C (Castagnoli): the checksum of iSCSI, ext4, TensorFlow's event files and ours.
///
///     crc(bytes) = remainder of the bytes as a polynomial over two elements, by 0x1EDC6F41, bits reflected; begins and
///     ends with all bits turned over
///
/// crc32c("123456789") is 0xE3069283. RFC 3720, appendix B.4. In pieces: crc32c(second, crc32c(first)).
///
/// By the processor's instruction where the compiler may use it (8 bytes in 3 cycles), else by eight tables that the
/// compiler makes (8 bytes in some 12 cycles).

#include <xstitch/core/isa.hpp>
#include <xstitch/core/little_endian.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#if defined(__SSE4_2__)
#include <nmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace xstitch::inline XSTITCH_ISA {
namespace crc32c_detail {

/// tables[k][b]: what byte b does to the remainder, k bytes later.
inline constexpr auto tables = [] {
  std::array<std::array<std::uint32_t, 256>, 8> t{};
  for (std::uint32_t b = 0; b < 256; ++b) {
    std::uint32_t remainder = b;
    for (int bit = 0; bit < 8; ++bit) remainder = (remainder >> 1) ^ ((remainder & 1U) != 0 ? 0x82F63B78U : 0U);
    t[0][b] = remainder;
  }
  for (std::size_t k = 1; k < 8; ++k)
    for (std::size_t b = 0; b < 256; ++b) t[k][b] = (t[k - 1][b] >> 8) ^ t[0][t[k - 1][b] & 0xFFU];
  return t;
}();

inline std::uint32_t byte_by_table(std::uint32_t remainder, std::uint8_t byte) noexcept {
  return (remainder >> 8) ^ tables[0][(remainder ^ byte) & 0xFFU];
}
inline std::uint32_t word_by_tables(std::uint32_t remainder, std::uint64_t word) noexcept {
  word ^= remainder;
  std::uint32_t result = 0;
  for (std::size_t k = 0; k < 8; ++k) result ^= tables[7 - k][(word >> (8 * k)) & 0xFFU];
  return result;
}

inline std::uint32_t byte_step(std::uint32_t remainder, std::uint8_t byte) noexcept {
#if defined(__SSE4_2__)
  return _mm_crc32_u8(remainder, byte);
#elif defined(__ARM_FEATURE_CRC32)
  return __crc32cb(remainder, byte);
#else
  return byte_by_table(remainder, byte);
#endif
}
inline std::uint32_t word_step(std::uint32_t remainder, std::uint64_t word) noexcept {
#if defined(__SSE4_2__) && defined(__x86_64__)
  return static_cast<std::uint32_t>(_mm_crc32_u64(remainder, word));
#elif defined(__ARM_FEATURE_CRC32)
  return __crc32cd(remainder, word);
#else
  return word_by_tables(remainder, word);
#endif
}

}  // namespace crc32c_detail

/// `before`: the checksum of what comes first.
inline std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before = 0) noexcept {
  std::uint32_t remainder = ~before;
  const std::byte* p = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; p += 8, left -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, p, 8);
    remainder = crc32c_detail::word_step(remainder, little_endian(word));
  }
  for (; left > 0; ++p, --left) remainder = crc32c_detail::byte_step(remainder, static_cast<std::uint8_t>(*p));
  return ~remainder;
}

}  // namespace xstitch::inline XSTITCH_ISA
