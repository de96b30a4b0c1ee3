#pragma once
/// \file
/// Messages of Protocol Buffers, as far as they are written here: fields one after the other.
///
///     key = field number * 8 + wire type;  whole numbers (type 0) and lengths (type 2) as varints: 7 bits a byte,
///     least first, the top bit set in all bytes but the last;  doubles (type 1) and floats (type 5) little-endian
///
/// protobuf.dev/programming-guides/encoding. A field that has its default value may be written: it reads the same. A
/// length comes before what it counts, so a message is made before the one around it; data of many megabytes are not
/// put into a message but announced, and written after it.

#include <xstitch/core/isa.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

class ProtobufWriter {
 public:
  /// Of int64 and the like, too, whose negative numbers are written as ten bytes.
  template <std::integral Whole>
  ProtobufWriter& whole(unsigned field, Whole value) {
    key(field, 0);
    varint(static_cast<std::uint64_t>(value));
    return *this;
  }
  ProtobufWriter& real(unsigned field, double value) {
    key(field, 1);
    fixed(std::bit_cast<std::uint64_t>(value), 8);
    return *this;
  }
  ProtobufWriter& real(unsigned field, float value) {
    key(field, 5);
    fixed(std::bit_cast<std::uint32_t>(value), 4);
    return *this;
  }
  /// A text, bytes, or another message's bytes().
  ProtobufWriter& bytes(unsigned field, std::string_view value) {
    announce(field, value.size());
    out_ += value;
    return *this;
  }
  ProtobufWriter& message(unsigned field, const ProtobufWriter& value) { return bytes(field, value.out_); }
  /// Says that `size` bytes follow, which the caller writes.
  ProtobufWriter& announce(unsigned field, std::uint64_t size) {
    key(field, 2);
    varint(size);
    return *this;
  }
  /// The fields of another message, after those that are there.
  ProtobufWriter& append(const ProtobufWriter& fields) {
    out_ += fields.out_;
    return *this;
  }
  /// A packed list.
  XSTITCH_INLINE ProtobufWriter& reals(unsigned field, std::span<const double> values) {
    announce(field, 8 * values.size());
    for (const double value : values) fixed(std::bit_cast<std::uint64_t>(value), 8);
    return *this;
  }
  [[nodiscard]] const std::string& bytes() const noexcept { return out_; }

 private:
  void key(unsigned field, unsigned type) { varint(field << 3 | type); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>((value & 0x7F) | 0x80);
    out_ += static_cast<char>(value);
  }
  void fixed(std::uint64_t bits, int count) {
    for (int k = 0; k < count; ++k) out_ += static_cast<char>((bits >> (8 * k)) & 0xFF);
  }

  std::string out_;
};

}  // namespace xstitch::inline XSTITCH_ISA
