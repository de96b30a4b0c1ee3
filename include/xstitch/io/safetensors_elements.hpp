#pragma once
/// \file
/// Elements of a tensor in a safetensors file as numbers: floats from F64, F32, F16, BF16 and from integers of at most
/// 2^24 (beyond it not every one is a float), 64-bit integers from BOOL, I8 .. I64 and U8 .. U64.

#include <xstitch/core/isa.hpp>
#include <xstitch/core/little_endian.hpp>
#include <xstitch/io/half.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace xstitch::inline XSTITCH_ISA {
namespace safetensors {

/// For messages, after a type that is none of them.
inline constexpr std::string_view expected_types = ", expected F32, F16, BF16, F64 or integers";

/// How elements of a type are read: `float_of`, or `integer_of`, or neither.
struct ElementReader {
  float (*float_of)(const std::byte*) = nullptr;
  std::int64_t (*integer_of)(const std::byte*) = nullptr;
  bool is_unsigned = false;

  [[nodiscard]] bool numbers() const noexcept { return float_of != nullptr || integer_of != nullptr; }
  /// False where the number is none of the type that is asked for.
  bool read(const std::byte* bytes, std::int64_t& to) const {
    to = integer_of(bytes);
    return to >= 0 || !is_unsigned;  // U64 of 2^63 or more comes out below 0
  }
  bool read(const std::byte* bytes, float& to) const {
    if (float_of != nullptr) {
      to = float_of(bytes);
      return true;
    }
    constexpr std::int64_t most = std::int64_t{1} << 24;
    std::int64_t integer = 0;
    const bool fits = read(bytes, integer) && integer >= -most && integer <= most;
    to = fits ? static_cast<float>(integer) : 0.0F;
    return fits;
  }
};

namespace detail {

template <class T>
T element(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return little_endian(value);
}
template <class T>
constexpr ElementReader integers() {
  return {nullptr, [](const std::byte* bytes) { return static_cast<std::int64_t>(element<T>(bytes)); },
          std::is_unsigned_v<T>};
}

}  // namespace detail

[[gnu::cold]] XSTITCH_INLINE ElementReader element_reader(std::string_view dtype) {
  using detail::element;
  if (dtype == "F32") return {element<float>, nullptr};
  if (dtype == "F64")
    return {[](const std::byte* bytes) { return static_cast<float>(element<double>(bytes)); }, nullptr};
  if (dtype == "F16") return {[](const std::byte* bytes) { return from_half(element<std::uint16_t>(bytes)); }, nullptr};
  if (dtype == "BF16")
    return {[](const std::byte* bytes) {
              return std::bit_cast<float>(static_cast<std::uint32_t>(element<std::uint16_t>(bytes)) << 16);
            },
            nullptr};
  if (dtype == "BOOL" || dtype == "U8") return detail::integers<std::uint8_t>();
  if (dtype == "I8") return detail::integers<std::int8_t>();
  if (dtype == "I16") return detail::integers<std::int16_t>();
  if (dtype == "U16") return detail::integers<std::uint16_t>();
  if (dtype == "I32") return detail::integers<std::int32_t>();
  if (dtype == "U32") return detail::integers<std::uint32_t>();
  if (dtype == "I64") return detail::integers<std::int64_t>();
  if (dtype == "U64") return detail::integers<std::uint64_t>();
  return {};
}

}  // namespace safetensors
}  // namespace xstitch::inline XSTITCH_ISA
