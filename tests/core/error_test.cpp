#include <doctest/doctest.h>

#include <xstitch/core/error.hpp>

#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace xs = xstitch;

TEST_CASE("fail writes its parts one after the other") {
  std::string text;
  try {
    xs::fail("file ", std::string("a.npy"), ": found rank ", 3, ", expected ", 4UL, " (", 0.5, ')');
  } catch (const xs::Error& error) {
    text = error.what();
  }
  CHECK(text == "file a.npy: found rank 3, expected 4 (0.5)");
}

TEST_CASE("Error can be caught as a standard exception") {
  CHECK_THROWS_AS(xs::fail("x"), std::runtime_error);
  CHECK_THROWS_AS(xs::fail("x"), std::exception);
}

TEST_CASE("a path stands in quotes, as streams write it") {
  for (const char* name : {"/a/b.txt", "", "with \"quotes\"", "back\\slash"}) {
    std::ostringstream expected;
    expected << std::filesystem::path(name);
    CHECK_THROWS_WITH_AS(xs::fail(std::filesystem::path(name)), expected.str().c_str(), xs::Error);
  }
}

TEST_CASE("control characters of a name are written as numbers: none ends the message or reaches a terminal") {
  using std::string_view_literals::operator""sv;
  CHECK_THROWS_WITH_AS(xs::fail("array '", "a\0b"sv, "': found a wrong checksum"),
                       "array 'a\\x00b': found a wrong checksum", xs::Error);
  CHECK_THROWS_WITH_AS(xs::fail("tensor ", std::string("\x1B[2J\x7F\r")), "tensor \\x1B[2J\\x7F\\x0D", xs::Error);
  CHECK_THROWS_WITH_AS(xs::fail("two lines\n\tor more, \xC3\xA4"), "two lines\n\tor more, \xC3\xA4", xs::Error);
  // More than 16 parts, and what has been written so once stays so.
  CHECK_THROWS_WITH_AS(xs::fail(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, "\1", "\\x02"),
                       "12345678910111213141516\\x01\\x02", xs::Error);
}
