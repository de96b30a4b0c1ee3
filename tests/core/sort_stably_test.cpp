// Sorting that keeps equal elements in their order: as sorting by the place, too, does.
#include <xstitch/core/random.hpp>
#include <xstitch/core/sort_stably.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

TEST_CASE("equal elements stay in their order") {
  const xstitch::RandomKey key(xstitch::seed(3));
  for (std::size_t count = 0; count < 100; ++count) {
    std::vector<std::pair<std::uint64_t, std::size_t>> values;
    for (std::size_t i = 0; i < count; ++i) values.emplace_back(key.below(1000 * count + i, 1 + count / 3), i);
    auto expected = values;
    std::sort(expected.begin(), expected.end());
    xstitch::sort_stably(values, [](const auto& a, const auto& b) { return a.first < b.first; });
    CHECK(values == expected);
  }
}
