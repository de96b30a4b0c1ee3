#include <doctest/doctest.h>

#include <xstitch/core/memory.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace xs = xstitch;

static_assert(!std::is_copy_constructible_v<xs::Memory>);
static_assert(!std::is_copy_assignable_v<xs::Memory>);

namespace {

bool all_zero(const xs::Memory& memory) {
  return std::all_of(memory.data(), memory.data() + memory.bytes(), [](std::byte b) { return b == std::byte{0}; });
}

std::uintptr_t address(const xs::Memory& memory) { return reinterpret_cast<std::uintptr_t>(memory.data()); }

}  // namespace

TEST_CASE("Memory is aligned and zero, whatever was there before") {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{63}, std::size_t{64}, std::size_t{4097},
                                  (std::size_t{2} << 20) - 1, std::size_t{2} << 20, (std::size_t{5} << 20) + 12}) {
    for (int round = 0; round < 3; ++round) {
      const xs::Memory memory(bytes);
      CAPTURE(bytes);
      CHECK(memory.bytes() == bytes);
      CHECK(address(memory) % 64 == 0);
      if (bytes >= std::size_t{2} << 20) CHECK(address(memory) % (std::size_t{2} << 20) == 0);
      CHECK(all_zero(memory));
      std::memset(memory.data(), 0xff, bytes);  // dirty it for the next round
    }
  }
}

TEST_CASE("Memory of no bytes owns nothing") {
  const xs::Memory none;
  CHECK(none.data() == nullptr);
  CHECK(none.bytes() == 0);
  const xs::Memory zero(0);
  CHECK(zero.data() == nullptr);
  CHECK(zero.bytes() == 0);
}

TEST_CASE("Memory moves without a copy") {
  xs::Memory first(256);
  first.floats()[3] = 2.5F;
  const std::byte* where = first.data();

  xs::Memory second(std::move(first));
  CHECK(second.data() == where);
  CHECK(second.bytes() == 256);
  CHECK(second.floats()[3] == 2.5F);
  CHECK(first.data() == nullptr);  // NOLINT(bugprone-use-after-move): that is what is tested
  CHECK(first.bytes() == 0);

  xs::Memory third(64);
  third = std::move(second);
  CHECK(third.data() == where);
  CHECK(third.bytes() == 256);
}

TEST_CASE("Memory that cannot be had is an exception") {
  volatile std::size_t bytes = SIZE_MAX / 4;  // hidden from the compiler, which would warn
  CHECK_THROWS_AS(xs::Memory{bytes}, std::bad_alloc);
}
