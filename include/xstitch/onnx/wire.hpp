#pragma once
/// \file
/// Protocol Buffers' wire format, as far as writing a file takes it (protobuf.dev/programming-guides/encoding):
///
///     message  = field*          field = key value          key = varint(8 * number + type)
///     type 0   varint: 7 bits a byte, the lowest first, the top bit says that more follow
///     type 2   length (varint), then so many bytes: a text, a message, packed numbers
///     type 5   4 bytes, little-endian: a float
///
/// A length comes before what it counts, so a message is made before the one around it. Data of many megabytes are not
/// put into a message but announced (announce) and written after it.

#include <xstitch/core/isa.hpp>

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {
namespace onnx {

class Message {
 public:
  Message& integer(int field, std::int64_t value) {
    key(field, 0);
    varint(static_cast<std::uint64_t>(value));
    return *this;
  }
  Message& number(int field, float value) {
    key(field, 5);
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) bytes_ += static_cast<char>(bits >> shift & 0xFFU);
    return *this;
  }
  Message& text(int field, std::string_view value) {
    announce(field, value.size());
    bytes_ += value;
    return *this;
  }
  Message& message(int field, const Message& value) { return text(field, value.bytes_); }
  /// Says that `size` bytes follow, which the caller writes.
  Message& announce(int field, std::uint64_t size) {
    key(field, 2);
    varint(size);
    return *this;
  }
  Message& append(const Message& fields) {
    bytes_ += fields.bytes_;
    return *this;
  }

  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

 private:
  void key(int field, unsigned type) { varint(static_cast<std::uint64_t>(field) << 3U | type); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80U; value >>= 7U) bytes_ += static_cast<char>((value & 0x7FU) | 0x80U);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

}  // namespace onnx
}  // namespace xstitch::inline XSTITCH_ISA
