// needs: images gzip
#include <xstitch/data/image.hpp>
#include <xstitch/data/png_image.hpp>
#include <xstitch/data/resize.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "png_bytes.hpp"
#include "temporary_folder.hpp"

namespace xs = xstitch;
using namespace xstitch_test;
using xs::PixelScaling;
using xs::data::ByteImage;

namespace {

ByteImage made(int height, int width, int channels) {
  ByteImage image{{height, width, channels}, {}};
  for (std::size_t i = 0; i < image.shape.size(); ++i)
    image.values.push_back(static_cast<std::uint8_t>((i * i * 7 + i * 13) % 256));
  return image;
}

}  // namespace

TEST_CASE("PNG files of few bits are read as they are stored, or as a picture where that is wanted") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.png");
  const auto read = [&](const Bytes& file, xs::data::PngValues values = xs::data::PngValues::stored) {
    write_bytes(path, file);
    return xs::data::read_png(path, {0, 0, 1}, values).values;
  };
  using xs::data::PngValues;
  const Bytes two = small_png(2, 0, 5, {{0, 1, 2, 3, 0}, {3, 3, 2, 1, 1}});
  CHECK(read(two) == Bytes{0, 1, 2, 3, 0, 3, 3, 2, 1, 1});
  CHECK(read(two, PngValues::brightness) == Bytes{0, 85, 170, 255, 0, 255, 255, 170, 85, 85});
  const Bytes one = small_png(1, 0, 3, {{1, 0, 1}});
  CHECK(read(one) == Bytes{1, 0, 1});
  CHECK(read(one, PngValues::brightness) == Bytes{255, 0, 255});
  const Bytes four = small_png(4, 0, 3, {{0, 7, 15}, {1, 2, 3}, {4, 5, 6}});
  CHECK(read(four) == Bytes{0, 7, 15, 1, 2, 3, 4, 5, 6});
  CHECK(read(four, PngValues::brightness) == Bytes{0, 119, 255, 17, 34, 51, 68, 85, 102});
  const Bytes eight = small_png(8, 0, 3, {{0, 7, 255}});
  CHECK(read(eight) == Bytes{0, 7, 255});
  CHECK(read(eight, PngValues::brightness) == Bytes{0, 7, 255});
  // Label maps with a palette: the indices are the classes, the colours are for people.
  CHECK(read(small_png(8, 3, 4, {{0, 20, 3, 255}})) == Bytes{0, 20, 3, 255});
  CHECK(read(small_png(4, 3, 3, {{15, 0, 9}, {1, 2, 3}})) == Bytes{15, 0, 9, 1, 2, 3});
  CHECK(read(small_png(1, 3, 9, {{1, 0, 1, 1, 0, 0, 0, 1, 1}})) == Bytes{1, 0, 1, 1, 0, 0, 0, 1, 1});
  const auto error = [&](const Bytes& file, xs::Dims expected, PngValues values) {
    write_bytes(path, file);
    return error_of<xs::Error>([&] { (void)xs::data::read_png(path, expected, values); });
  };
  CHECK(contains(error(small_png(4, 3, 1, {{1}}), {0, 0, 1}, PngValues::brightness),
                 "palette, 4 bits, expected grey, up to 8 bits"));
  CHECK(contains(error(small_png(4, 3, 1, {{1}}), {0, 0, 3}, PngValues::stored), "palette, 4 bits, expected RGB"));
  CHECK(contains(error(two, {0, 0, 2}, PngValues::stored), "2 channels are wanted"));
}

TEST_CASE("scalings: to -2..2, Caffe's blue first, torchvision's") {
  const std::vector<std::uint8_t> rgb = {0, 128, 255, 10, 20, 30};
  std::vector<float> out(6);
  PixelScaling{}.apply(rgb.data(), 2, out.data());
  CHECK(out[0] == doctest::Approx(-2));
  CHECK(out[2] == doctest::Approx(2));
  CHECK(out[4] == doctest::Approx((20 / 255.0 - 0.5) / 0.25));
  PixelScaling::caffe().apply(rgb.data(), 2, out.data());
  CHECK(out[0] == doctest::Approx(255 - 104));
  CHECK(out[2] == doctest::Approx(0 - 123));
  CHECK(out[4] == doctest::Approx(20 - 117));
  PixelScaling::torchvision().apply(rgb.data(), 2, out.data());
  CHECK(out[0] == doctest::Approx((0 - 0.485) / 0.229));
}

TEST_CASE("PNG files come back as they were written; a gamma in the file changes nothing") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.png");
  for (const int channels : {1, 3}) {
    const ByteImage image = made(5, 7, channels);
    xs::data::write_png(path, image);
    CHECK(xs::data::read_png(path, {5, 7, channels}).values == image.values);
    CHECK(xs::data::read_png(path, {0, 0, channels}).shape == image.shape);
    CHECK(contains(error_of<xs::Error>([&] { (void)xs::data::read_png(path, {5, 7, 4 - channels}); }), "expected"));
    CHECK(contains(error_of<xs::Error>([&] { (void)xs::data::read_png(path, {7, 5, channels}); }), "5 rows of 7"));
  }
  const ByteImage image = made(4, 4, 3);
  xs::data::write_png(path, image);
  Bytes bytes = read_bytes(path);
  const Bytes gamma = {0, 0, 0, 4, 'g', 'A', 'M', 'A', 0, 0, 0x27, 0x10, 0, 0, 0, 0};  // 0.1; its checksum is computed
  Bytes chunk = gamma;
  const auto sum = crc32(0, chunk.data() + 4, 8);
  for (std::size_t i = 0; i < 4; ++i) chunk[12 + i] = static_cast<std::uint8_t>(sum >> (24 - 8 * i));
  Bytes with(bytes.begin(), bytes.begin() + 33);
  for (const std::uint8_t b : chunk) with.push_back(b);
  for (std::size_t i = 33; i < bytes.size(); ++i) with.push_back(bytes[i]);
  write_bytes(path, with);
  CHECK(xs::data::read_png(path, {4, 4, 3}).values == image.values);
  CHECK(contains(error_of<xs::Error>([&] { xs::data::write_png(path, made(2, 2, 2)); }), "2x2x2"));
  CHECK(contains(error_of<xs::Error>([&] { xs::data::write_png(folder.file("no/such/a.png"), image); }), "no/such"));
}

TEST_CASE("a PNG that promises more pixels than its bytes can hold is refused before memory is allocated") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.png");
  xs::data::write_png(path, made(4, 4, 3));
  Bytes bytes = read_bytes(path);
  bytes[17] = 0x7f, bytes[21] = 0x7f;  // width and height above 8 million
  const auto sum = crc32(0, bytes.data() + 12, 17);
  for (std::size_t i = 0; i < 4; ++i) bytes[29 + i] = static_cast<std::uint8_t>(sum >> (24 - 8 * i));
  write_bytes(path, bytes);
  CHECK(contains(error_of<xs::Error>([&] { (void)xs::data::read_png(path, {0, 0, 3}); }), path));
}

TEST_CASE("smooth resizing: as PyTorch's bilinear filter with antialiasing does it") {
  // PyTorch 1.13: interpolate(values, (2, 3), mode="bilinear", antialias=True), and (3, 13); rounded.
  ByteImage image{{6, 8, 1}, {}};
  for (int i = 0; i < 48; ++i) image.values.push_back(static_cast<std::uint8_t>(i * i % 251));
  CHECK(xs::data::resize_smooth(image, 2, 3).values == Bytes{59, 102, 138, 99, 122, 126});
  CHECK(xs::data::resize_smooth(image, 3, 13).values ==
        Bytes{28, 33,  41,  50,  59,  70,  81, 92, 105, 118, 132, 126, 121, 40, 57, 83, 109, 136, 164, 130,
              96, 126, 157, 189, 149, 118, 59, 89, 128, 105, 113, 158, 133, 95, 77, 96, 145, 133, 122});
  CHECK(xs::data::resize_smooth(image, 6, 8).values == image.values);
  // Channels do not mix, and a constant stays.
  ByteImage flat{{7, 5, 3}, {}};
  for (int i = 0; i < 35; ++i)
    for (const std::uint8_t v : Bytes{0, 100, 255}) flat.values.push_back(v);
  const ByteImage small = xs::data::resize_smooth(flat, 3, 9);
  for (std::size_t i = 0; i < 27; ++i) {
    CHECK(small.values[3 * i] == 0);
    CHECK(small.values[3 * i + 1] == 100);
    CHECK(small.values[3 * i + 2] == 255);
  }
  CHECK_THROWS_AS((void)xs::data::resize_smooth(image, 0, 3), xs::Error);
}

TEST_CASE("shrinking has no aliasing: stripes of one pixel become grey") {
  ByteImage stripes{{32, 32, 1}, {}};
  for (int i = 0; i < 1024; ++i) stripes.values.push_back(i % 2 == 0 ? 0 : 255);
  for (const std::uint8_t v : xs::data::resize_smooth(stripes, 8, 8).values) CHECK(std::abs(v - 127) < 20);
}

TEST_CASE("nearest resizing takes the pixel at the centre") {
  CHECK(xs::data::nearest_index(0, 3, 1) == 1);
  CHECK(xs::data::nearest_index(0, 4, 2) == 1);
  CHECK(xs::data::nearest_index(1, 4, 2) == 3);
  CHECK(xs::data::nearest_index(5, 3, 6) == 2);
  for (int n = 1; n < 50; ++n)
    for (int i = 0; i < n; ++i) CHECK_EQ(xs::data::nearest_index(i, n, n), i);
  for (int from = 1; from < 20; ++from)
    for (int to = 1; to < 20; ++to) CHECK_LT(xs::data::nearest_index(to - 1, from, to), from);
  std::vector<int> grid(2 * 3 * 2);
  std::iota(grid.begin(), grid.end(), 0);
  std::vector<int> out(4 * 3 * 2, -1);
  xs::data::resize_nearest(grid.data(), 2, 3, out.data(), 4, 3, 2);
  CHECK(out[0] == 0);
  CHECK(out[6] == 0);
  CHECK(out[12] == 6);
  CHECK(out[23] == 11);
}
