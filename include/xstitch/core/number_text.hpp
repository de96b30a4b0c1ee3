#pragma once
/// \file
/// A number as text, as printf writes it in the C locale: with at most so many digits that matter (%.*g), or with so
/// many after the point (%.*f):
///
///     number_text(0.05F, 9)   "0.0500000007"        number_text(100.0, 9)   "100"        fixed_text(0.05, 1)   "0.1"
///
/// What is compared, kept or shown is made of such texts, not by a stream: one that runs out of memory leaves digits
/// away without a word, and one writes what the program's locale says.

#include <xstitch/core/isa.hpp>

#include <charconv>
#include <cstddef>
#include <string>

namespace xstitch::inline XSTITCH_ISA {

/// `digits`: 1 to 17, with which every double is told from its neighbour; 9 do for a float.
inline std::string number_text(double value, int digits) {
  char text[32];  // the longest: -1.2345678901234567e-308
  return {text, std::to_chars(text, text + sizeof text, value, std::chars_format::general, digits).ptr};
}
/// The same, of the float's value as a double.
inline std::string number_text(float value, int digits) { return number_text(static_cast<double>(value), digits); }

/// `decimals`: 0 to 60.
inline std::string fixed_text(double value, int decimals) {
  char text[400];  // the largest double has 309 digits
  return {text, std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, decimals).ptr};
}

/// Bytes as "12.5 MiB".
inline std::string mebibytes_text(std::size_t bytes) {
  return fixed_text(static_cast<double>(bytes) / (1024.0 * 1024.0), 1) + " MiB";
}

}  // namespace xstitch::inline XSTITCH_ISA
