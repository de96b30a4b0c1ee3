// Pictures of every size in a canvas, boxes there and back.
#include <xstitch/data/letterbox.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <vector>

namespace xs = xstitch;
using xs::Box;
using xs::data::ByteImage;
using xs::data::Letterbox;

TEST_CASE("one factor for both axes, in the middle, and it always fits") {
  const int extents[] = {1, 2, 7, 30, 31, 40, 333, 1000};
  for (const int height : extents)
    for (const int width : extents) {
      CAPTURE(height);
      CAPTURE(width);
      const Letterbox box(height, width, 30, 40);
      CHECK(box.scaled_height() >= 1);
      CHECK(box.scaled_width() >= 1);
      CHECK(box.scaled_height() <= 30);
      CHECK(box.scaled_width() <= 40);
      CHECK((box.scaled_height() == 30 || box.scaled_width() == 40));
      const double factor = std::min(30.0 / height, 40.0 / width);
      CHECK(std::abs(box.scaled_height() - std::max(1.0, height * factor)) <= 0.5);
      CHECK(std::abs(box.scaled_width() - std::max(1.0, width * factor)) <= 0.5);
      CHECK(std::abs(box.top() - (30 - box.scaled_height() - box.top())) <= 1);
      CHECK(std::abs(box.left() - (40 - box.scaled_width() - box.left())) <= 1);
      const auto w = static_cast<float>(width), h = static_cast<float>(height);
      const Box whole = box.place({0, 0, w, h});
      CHECK(whole == Box{static_cast<float>(box.left()), static_cast<float>(box.top()),
                         static_cast<float>(box.left() + box.scaled_width()),
                         static_cast<float>(box.top() + box.scaled_height())});
      CHECK(box.restore(whole) == Box{0, 0, w, h});
      CHECK(box.restore({-5, -5, 50, 50}) == Box{0, 0, w, h});
      const Box part{0.25F * w, 0.5F * h, 0.75F * w, h};
      CHECK(xs::overlap(box.restore(box.place(part)), part) > 0.9999);
    }
}

TEST_CASE("the canvas holds the scaled picture, and 0 around it") {
  const ByteImage image{{2, 2, 3}, std::vector<std::uint8_t>(12, 255)};
  const Letterbox box(2, 2, 4, 8);
  std::vector<float> canvas(7, 9.0F);
  box.fill(box.shrink(image), {}, canvas);
  REQUIRE(canvas.size() == 4 * 8 * 3);
  for (std::size_t i = 0; i < canvas.size(); ++i) {
    const std::size_t column = i / 3 % 8;
    CHECK(canvas[i] == doctest::Approx(column >= 2 && column < 6 ? 2.0 : 0.0));
  }
  CHECK_THROWS_WITH_AS((void)box.shrink({{2, 3, 3}, std::vector<std::uint8_t>(18)}),
                       "letterbox: found a picture of 2x3x3, expected 2x2x3", xs::Error);
  CHECK_THROWS_AS(Letterbox(0, 3, 4, 4), xs::Error);
}
