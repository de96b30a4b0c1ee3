#pragma once
/// \file
/// Bytes as text of 64 characters (RFC 4648, section 4): three bytes are four characters, padded with =.

#include <xstitch/core/isa.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA::report {

XSTITCH_INLINE std::string base64(std::string_view bytes) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t k) -> unsigned {
      return i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U;
    };
    const unsigned bits = byte(0) << 16 | byte(1) << 8 | byte(2);
    text += digits[bits >> 18];
    text += digits[bits >> 12 & 63U];
    text += i + 1 < bytes.size() ? digits[bits >> 6 & 63U] : '=';
    text += i + 2 < bytes.size() ? digits[bits & 63U] : '=';
  }
  return text;
}

}  // namespace xstitch::inline XSTITCH_ISA::report
