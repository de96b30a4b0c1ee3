#pragma once
/// \file
/// A number as text with at most so many digits that matter, as printf's %.*g in the C locale:
///
///     number_text(0.05F, 9)   "0.0500000007"        number_text(100.0, 9)   "100"
///
/// What is compared or kept is made of such texts, not by a stream: one that runs out of memory leaves digits away
/// without a word, and one writes what the program's locale says.

#include <xstitch/core/isa.hpp>

#include <charconv>
#include <string>

namespace xstitch::inline XSTITCH_ISA {

/// `digits`: 1 to 17, with which every double is told from its neighbour; 9 do for a float.
inline std::string number_text(double value, int digits) {
  char text[32];  // the longest: -1.2345678901234567e-308
  return {text, std::to_chars(text, text + sizeof text, value, std::chars_format::general, digits).ptr};
}
inline std::string number_text(float value, int digits) { return number_text(static_cast<double>(value), digits); }

}  // namespace xstitch::inline XSTITCH_ISA
