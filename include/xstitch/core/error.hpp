#pragma once
/// \file
/// The one exception type of the library.

#include <xstitch/core/isa.hpp>

#include <sstream>
#include <stdexcept>
#include <string>

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

/// Throws Error with the parts written one after the other: fail("file ", path, ": found ", a, ", expected ", b).
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Error(text.str());
}

}  // namespace XSTITCH_ISA
}  // namespace xstitch
