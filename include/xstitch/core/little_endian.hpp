#pragma once
/// \file
/// Numbers as files have them, the lowest byte first, on machines of either byte order. On a little-endian machine,
/// which almost all are, nothing of this costs an instruction.

#include <xstitch/core/isa.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

inline constexpr bool is_big_endian = std::endian::native == std::endian::big;
static_assert(is_big_endian || std::endian::native == std::endian::little, "xstitch: a machine of mixed byte order");

/// A number copied byte by byte from a file, or to be copied into one.
template <class Number>
Number little_endian(Number value) noexcept {
  if constexpr (is_big_endian && sizeof(Number) > 1) {
    std::byte bytes[sizeof(Number)];
    std::memcpy(bytes, &value, sizeof(Number));
    std::reverse(bytes, bytes + sizeof(Number));
    std::memcpy(&value, bytes, sizeof(Number));
  }
  return value;
}

/// The bytes that a file gets of numbers of `size` bytes each: their own, or those of `copy`, which is made for it.
inline std::span<const std::byte> little_endian_bytes(std::span<const std::byte> numbers, std::size_t size,
                                                      std::vector<std::byte>& copy) {
  if (!is_big_endian || size <= 1) return numbers;
  copy.assign(numbers.begin(), numbers.end());
  for (auto at = copy.begin(); static_cast<std::size_t>(copy.end() - at) >= size;
       at += static_cast<std::ptrdiff_t>(size))
    std::reverse(at, at + static_cast<std::ptrdiff_t>(size));
  return copy;
}

}  // namespace xstitch::inline XSTITCH_ISA
