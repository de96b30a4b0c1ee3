// Memory of tensors that the system refuses for now.
#include <doctest/doctest.h>

#include <xstitch/core/error.hpp>
#include <xstitch/core/memory.hpp>

#include "refused_memory.hpp"

namespace xs = xstitch;

TEST_CASE("a vector of tensors that is refused memory once is an Error that says how much, and grows the next time") {
  xs::AlignedVector values(3, 1.5F);
  const auto grow = [&] {
    allocations_left = 0;
    values.resize(1000);
  };
  CHECK_THROWS_WITH_AS(grow(), "memory: the system refuses 4000 bytes", xs::Error);
  CHECK(values == xs::AlignedVector(3, 1.5F));
  values.resize(1000);
  CHECK(values.size() == 1000);
}
