// Compiled twice, with different -march and -DPREFIX=lower or -DPREFIX=upper: Error and fail().
#include "errors.hpp"

#include <xstitch/core/error.hpp>
#include <xstitch/core/fixed_string.hpp>

#include <string>

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define VISIBLE [[gnu::visibility("default")]]

VISIBLE void JOIN(PREFIX, _throw)(const char* text) { xstitch::fail("", text, " 1"); }
VISIBLE bool JOIN(PREFIX, _catches)(void (*thrower)(const char*), const char* text) {
  try {
    thrower(text);
  } catch (const xstitch::Error& error) {
    return error.what() == std::string(text) + " 1";
  } catch (...) {
    return false;
  }
  return false;
}
