#pragma once
/// \file
/// The one exception type of the library.

#include <xstitch/core/isa.hpp>

#include <sstream>
#include <stdexcept>
#include <string>

namespace xstitch::inline XSTITCH_ISA {

/// Something from outside is not as it must be. The text says which file or name, what was found, what was expected.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws Error with the parts written one after the other: fail("file ", path, ": found ", a, ", expected ", b).
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Error(text.str());
}

}  // namespace xstitch::inline XSTITCH_ISA
