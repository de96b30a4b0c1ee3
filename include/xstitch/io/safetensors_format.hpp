#pragma once
/// \file
/// What readers and writers of safetensors files (io/safetensors.hpp) share: element types and sizes.

#include <xstitch/core/isa.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// Texts by name, as a file's metadata.
using TextMap = std::map<std::string, std::string>;

namespace safetensors {

constexpr std::uint64_t largest_header = 100'000'000;

/// Bytes of an element, 0 if the type is not one of the format's (of whole bytes).
XSTITCH_INLINE std::uint64_t element_size(std::string_view dtype) {
  if (dtype == "BOOL" || dtype == "U8" || dtype == "I8" || dtype == "F8_E4M3" || dtype == "F8_E5M2") return 1;
  if (dtype == "I16" || dtype == "U16" || dtype == "F16" || dtype == "BF16") return 2;
  if (dtype == "I32" || dtype == "U32" || dtype == "F32") return 4;
  if (dtype == "I64" || dtype == "U64" || dtype == "F64" || dtype == "C64") return 8;
  return 0;
}

/// a * b, or the largest number if that is beyond 64 bits.
inline std::uint64_t saturating_product(std::uint64_t a, std::uint64_t b) {
  return a != 0 && b > std::numeric_limits<std::uint64_t>::max() / a ? std::numeric_limits<std::uint64_t>::max()
                                                                     : a * b;
}
inline std::uint64_t byte_count(std::string_view dtype, const std::vector<std::uint64_t>& shape) {
  std::uint64_t bytes = element_size(dtype);
  for (const std::uint64_t extent : shape)
    if (extent == 0) return 0;
  for (const std::uint64_t extent : shape) bytes = saturating_product(bytes, extent);
  return bytes;
}

[[gnu::cold]] inline std::string to_text(const std::vector<std::uint64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

}  // namespace safetensors
}  // namespace xstitch::inline XSTITCH_ISA
