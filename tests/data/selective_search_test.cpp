// needs: voc selective_search
// Selective search finds what stands out, the same regions each time.
#include <xstitch/data/selective_search.hpp>
#include <xstitch/data/voc.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "voc_files.hpp"

using namespace xstitch_test;
using xs::Box;
using xs::data::SelectiveSearch;

TEST_CASE("a square on a plain ground is found, in the whole picture and in a smaller one") {
  xs::data::ByteImage image{{80, 120, 3}, std::vector<std::uint8_t>(80 * 120 * 3, 90)};
  const Box square{30, 20, 70, 60};
  for (int r = 20; r < 60; ++r)
    for (int c = 30; c < 70; ++c) image.values[static_cast<std::size_t>(r * 120 + c) * 3] = 250;
  for (const double smaller : {1.0, 2.0}) {
    const SelectiveSearch search{.smaller = smaller};
    const std::vector<Box> boxes = search(image);
    REQUIRE(!boxes.empty());
    CHECK(search(image) == boxes);
    double best = 0;
    for (const Box& box : boxes) best = std::max(best, xs::overlap(box, square));
    CHECK(best > 0.8);
  }
  CHECK((SelectiveSearch{false, 1, 1}(image).size()) == 1);
  CHECK_THROWS_WITH_AS((void)(SelectiveSearch{false, 0.5}(image)),
                       "selective search: found a picture of 80x120x3 to be divided by 0.5, expected 3 channels and a "
                       "divisor of at least 1",
                       xs::Error);
  CHECK_THROWS_WITH_AS((void)SelectiveSearch{}(xs::data::ByteImage{{4, 4, 1}, std::vector<std::uint8_t>(16)}),
                       doctest::Contains("found a picture of 4x4x1 to be divided by 1"), xs::Error);
}

TEST_CASE("Pascal VOC without a file of proposals computes them") {
  const VocFiles files;
  const xs::data::Voc voc(files.folder.path(), {.propose = SelectiveSearch{}});
  CHECK(voc.proposals_from() == xs::data::VocProposals::computed);
  const std::vector<Box> boxes = voc.proposals(0);
  double best = 0;
  for (const Box& box : boxes) best = std::max(best, xs::overlap(box, {0, 0, 40, 60}));  // the red half
  CHECK(best > 0.9);
}
