#pragma once
// Memory that ends while a file is read: every k-th operator new of the program that includes this fails in turn.
#include <xstitch/core/error.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>

#include "../core/failing_new.hpp"
#include "temporary_folder.hpp"

namespace xstitch_test {

namespace xs = xstitch;

/// How often read() found no memory before it found all that it takes: each time an Error with a part of the path.
template <class Read>
std::size_t failures(const std::string& path, const Read& read) {
  for (std::size_t k = 1; k < 100'000; ++k) {
    bool done = false;
    std::string found = "nothing";
    fail_at = k;
    try {
      read();
      done = true;
    } catch (const xs::Error& error) {
      fail_at = 0;
      found = error.what();
    }
    fail_at = 0;
    if (done) return k - 1;
    CAPTURE(k);
    CHECK(contains(found, path));
  }
  return 0;
}

}  // namespace xstitch_test
