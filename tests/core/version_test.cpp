// Versions are ordered and written as those of packages are.
#include <xstitch/core/version.hpp>

#include <doctest/doctest.h>

namespace xs = xstitch;

static_assert(xs::library_version >= xs::Version{0, 1, 0});
static_assert(xs::Version{0, 9, 9} < xs::Version{1, 0, 0} && xs::Version{1, 2, 13} < xs::Version{1, 10, 0});

TEST_CASE("a version as text") { CHECK(xs::Version{1, 20, 3}.text() == "1.20.3"); }
