#include <doctest/doctest.h>

#include <xstitch/core/error.hpp>
#include <xstitch/core/memory.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
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

TEST_CASE("memory that cannot be had is an Error that says how much was wanted") {
  volatile std::size_t bytes = SIZE_MAX / 4;  // hidden from the compiler, which would warn
  CHECK_THROWS_WITH_AS(xs::Memory{bytes}, doctest::Contains("memory: 4611686018427387903 bytes are wanted"), xs::Error);
  bytes = SIZE_MAX - 5;  // rounded up it would be nothing
  CHECK_THROWS_AS(xs::Memory{bytes}, xs::Error);
  bytes = std::size_t{4} << 40;  // granted where the system overcommits, and deadly when written
  CHECK_THROWS_WITH_AS(xs::Memory{bytes}, doctest::Contains("memory: 4398046511104 bytes are wanted"), xs::Error);
}

TEST_CASE("a vector of tensors that cannot be had is an Error, too, and loses nothing") {
  xs::AlignedVector values(3, 1.5F);
  volatile std::size_t count = std::size_t{1} << 40;  // 4 TiB
  CHECK_THROWS_WITH_AS(values.resize(count), doctest::Contains("memory: 4398046511104 bytes are wanted"), xs::Error);
  CHECK(values == xs::AlignedVector(3, 1.5F));
  xs::AlignedAllocator<float> allocator;
  count = SIZE_MAX / 2;  // the bytes do not fit into a size_t
  CHECK_THROWS_AS((void)allocator.allocate(count), xs::Error);
}
