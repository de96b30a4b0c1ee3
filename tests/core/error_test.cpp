#include <doctest/doctest.h>

#include <xstitch/core/error.hpp>

#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <string>

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
