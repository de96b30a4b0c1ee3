#include <doctest/doctest.h>

#include <array>
#include <filesystem>
#include <string>

#include "../../data/png_bytes.hpp"
#include "../../data/temporary_folder.hpp"

namespace {

/// Left half of one colour, right half of another.
xs::data::ByteImage halves(int height, int width, const std::vector<std::uint8_t>& left,
                           const std::vector<std::uint8_t>& right) {
  xs::data::ByteImage image{{height, width, static_cast<int>(left.size())}, {}};
  for (int i = 0; i < height * width; ++i) {
    const auto& colour = i % width < width / 2 ? left : right;
    image.values.insert(image.values.end(), colour.begin(), colour.end());
  }
  return image;
}

}  // namespace

TEST_CASE("photos and their label maps: standardised pixels, the nearest class") {
  const xstitch_test::TemporaryFolder folder;
  for (const char* below : {"photos", "classes"}) std::filesystem::create_directories(folder.file(below));
  xs::data::write_png(folder.file("photos/a.png"), halves(120, 160, {255, 0, 51}, {0, 255, 51}));
  xs::data::write_png(folder.file("classes/a.png"), halves(120, 160, {3}, {255}));
  const Photos photos(folder.path(), {"a", "b"});
  CHECK(photos.size() == 2);
  CHECK(photos.describe(1) == "photo b");
  xs::Sample sample;
  photos.load(0, sample);
  REQUIRE(sample.inputs[0].size() == 240 * 320 * 3);
  CHECK(sample.inputs[0][0] == doctest::Approx((1.0 - 0.485) / 0.229));
  CHECK(sample.inputs[0][1] == doctest::Approx((0.0 - 0.456) / 0.224));
  CHECK(sample.inputs[0][2] == doctest::Approx((0.2 - 0.406) / 0.225));
  REQUIRE(sample.labels[0].indices.size() == 240 * 320);
  CHECK(sample.labels[0].indices[159] == 3);
  CHECK(sample.labels[0].indices[160] == xs::ignore_label);
  CHECK(xstitch_test::contains(xstitch_test::error_of<xs::Error>([&] { photos.load(1, sample); }), "photos/b.png"));
}

TEST_CASE("the greys of a picture of two bits; a coloured one is refused") {
  const xstitch_test::TemporaryFolder folder;
  const std::string path = folder.file("a.png");
  xstitch_test::write_bytes(path, xstitch_test::small_png(2, 0, 4, {{0, 1, 2, 3}}));
  const std::vector<float> greys = grey(path);  // of 0, 85, 170, 255
  REQUIRE(greys.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(greys[i] == doctest::Approx(std::array{-2.0, -2.0 / 3, 2.0 / 3, 2.0}[i]));
  xs::data::write_png(path, halves(2, 2, {255, 255, 255}, {0, 0, 0}));
  CHECK(xstitch_test::contains(xstitch_test::error_of<xs::Error>([&] { (void)grey(path); }), "RGB"));
}

TEST_CASE("a thumbnail keeps what is where") {
  const xstitch_test::TemporaryFolder folder;
  xs::data::write_png(folder.file("large.png"), halves(240, 320, {250, 10, 20}, {0, 100, 200}));
  thumbnail(folder.file("large.png"), folder.file("small.png"));
  const xs::data::ByteImage small = xs::data::read_png(folder.file("small.png"), {60, 80, 3});
  CHECK(xstitch_test::Bytes(small.values.begin(), small.values.begin() + 3) == xstitch_test::Bytes{250, 10, 20});
  CHECK(xstitch_test::Bytes(small.values.end() - 3, small.values.end()) == xstitch_test::Bytes{0, 100, 200});
}
