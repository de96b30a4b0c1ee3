#include <xstitch/data/augment_boxes.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <vector>

namespace xs = xstitch;
using Boxes = std::vector<float>;

namespace {
constexpr xs::Dims image{10, 20, 3};

Boxes moved(Boxes boxes, const xs::augment::Window& window, bool mirrored) {
  xs::augment::move_boxes(boxes, image, window, mirrored);
  return boxes;
}
}  // namespace

TEST_CASE("a mirror swaps the edges") {
  CHECK(moved({1, 3, 2, 8, 6}, {}, true) == Boxes{1, 12, 2, 17, 6});
  CHECK(moved({1, 0, 0, 20, 10}, {}, true) == Boxes{1, 0, 0, 20, 10});
  CHECK(moved({0, 3, 2, 8, 6, 1, 3, 2, 3, 2}, {}, true) == Boxes{0, 3, 2, 8, 6, 1, 17, 2, 17, 2});
  CHECK(moved(moved({1, 3.5F, 2, 8.25F, 6}, {}, true), {}, true) == Boxes{1, 3.5F, 2, 8.25F, 6});
}

TEST_CASE("a crop shifts, scales and clips; what leaves it is unused") {
  const xs::augment::Window half{.top = 0.2, .left = 0.25, .share = 0.5};  // rows 2 to 7, columns 5 to 15
  CHECK(moved({1, 6, 3, 10, 5}, half, false) == Boxes{1, 2, 2, 10, 6});
  CHECK(moved({1, 0, 0, 20, 10}, half, false) == Boxes{1, 0, 0, 20, 10});  // clipped on all sides
  CHECK(moved({1, 4, 3, 10, 9}, half, false) == Boxes{1, 0, 2, 10, 10});
  CHECK(moved({1, 0, 3, 5, 5}, half, false) == Boxes{0, 0, 0, 0, 0});  // it ends where the window begins
  CHECK(moved({1, 6, 7, 10, 9}, half, false) == Boxes{0, 0, 0, 0, 0});
  CHECK(moved({0, 0, 3, 5, 5, 1, 6, 3, 10, 5}, half, false) == Boxes{0, 0, 3, 5, 5, 1, 2, 2, 10, 6});
  CHECK(moved({1, 6, 3, 10, 5}, half, true) == Boxes{1, 10, 2, 18, 6});  // cropped, then mirrored, as the image
}

TEST_CASE("boxes that are none are said with field and row") {
  CHECK_NOTHROW(xs::augment::check_boxes({0, 9, 9, 1, 1, 1, 1, 1, 1, 2}, "boxes"));
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (const Boxes& bad : {Boxes{1, 2, 0, 1, 1}, Boxes{1, 0, 2, 1, 1}, Boxes{0.5F, 0, 0, 1, 1}, Boxes{1, 0, nan, 1, 1}})
    CHECK_THROWS_AS(xs::augment::check_boxes(bad, "boxes"), xs::Error);
  CHECK_THROWS_WITH_AS(
      xs::augment::check_boxes({0, 0, 0, 0, 0, 1, 2, 0, 1, 1}, "a.boxes"),
      "input \"a.boxes\", row 1: found (1, 2, 0, 1, 1), expected (1 if used or 0, x0, y0, x1, y1) with "
      "x0 <= x1 and y0 <= y1",
      xs::Error);
}
