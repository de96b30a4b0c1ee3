#pragma once
/// \file
/// The one exception type of the library.

#include <xstitch/core/isa.hpp>

#include <cstdio>
#include <initializer_list>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace xstitch {

/// Something from outside is not as it must be. The text says which file or name, what was found, what was expected.
/// Outside the instruction set's namespace and visible from shared objects, so that what one translation unit throws
/// another one catches, whatever -march and -fvisibility each is compiled with. Nothing of it is worth a vector
/// instruction, so one body may serve all.
class [[gnu::visibility("default")]] Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline namespace XSTITCH_ISA {

namespace detail {

/// A part of a message as text: numbers as streams write them. (Not by a stream: finding the right operator<< of a
/// hundred for each part of each message is what compiling a message would cost.)
template <class Part>
std::string text_of(const Part& part) {
  if constexpr (std::is_convertible_v<const Part&, std::string_view>) {
    return std::string(std::string_view(part));
  } else if constexpr (std::is_same_v<Part, char>) {
    return std::string(1, part);
  } else if constexpr (std::is_same_v<Part, bool>) {
    return part ? "1" : "0";
  } else if constexpr (std::is_integral_v<Part> && sizeof(Part) > 1) {
    return std::to_string(part);
  } else if constexpr (std::is_floating_point_v<Part>) {
    char text[64];
    std::snprintf(text, sizeof text, "%g", static_cast<double>(part));
    return text;
  } else {
    std::ostringstream text;
    text << part;
    return text.str();
  }
}

[[noreturn]] inline void fail_with(std::initializer_list<std::string> parts) {
  std::string text;
  for (const std::string& part : parts) text += part;
  throw Error(text);
}

}  // namespace detail

/// Throws Error with the parts written one after the other: fail("file ", path, ": found ", a, ", expected ", b).
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  detail::fail_with({detail::text_of(parts)...});
}

}  // namespace XSTITCH_ISA
}  // namespace xstitch
