// needs: gzip
#include <xstitch/io/npz.hpp>
#include <xstitch/io/npz_write.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "../data/temporary_folder.hpp"

namespace xs = xstitch;
using namespace xstitch_test;

namespace {

xt::xtensor<float, 3> ramp() {
  xt::xtensor<float, 3> tensor(std::array<std::size_t, 3>{2, 3, 4});
  for (std::size_t i = 0; i < tensor.size(); ++i) tensor.data()[i] = static_cast<float>(i) * 0.25F - 2.0F;
  return tensor;
}
void save(const std::string& path) {
  xs::save_npz(path, {{"images", ramp()},
                      {"labels", {xs::NpyArray{{3}, {5, -1, 255}}, xs::NpyType::int32}},
                      {"scores", {xs::NpyArray{{2, 2}, {1, -0.5F, 0.333251953125F, 65504}}, xs::NpyType::float16}}});
}
bool numpy() { return std::system("/usr/bin/python3 -c 'import numpy' > /dev/null 2>&1") == 0; }
bool python(const std::string& script) {
  return std::system(("/usr/bin/python3 -c \"import numpy; " + script + "\"").c_str()) == 0;
}

}  // namespace

TEST_CASE("halves: every one comes back, and floats go to the nearest") {
  for (std::uint32_t half = 0; half < 0x10000; ++half) {
    const float value = xs::from_half(static_cast<std::uint16_t>(half));
    if (std::isnan(value))
      CHECK(std::isnan(xs::from_half(xs::to_half(value))));
    else if (xs::to_half(value) != half)
      FAIL_CHECK(half);
    if (half >= 0x7BFF) continue;  // between two neighbours: to the even one in the middle, else to the nearer
    const float next = xs::from_half(static_cast<std::uint16_t>(half + 1)), middle = 0.5F * (value + next);
    if (xs::to_half(middle) != half + (half & 1U)) FAIL_CHECK("middle after " << half);
    if (xs::to_half(std::nextafter(middle, 0.0F)) != half) FAIL_CHECK("below the middle after " << half);
    if (xs::to_half(std::nextafter(middle, 1e9F)) != half + 1) FAIL_CHECK("above the middle after " << half);
  }
  CHECK(xs::to_half(65519.996F) == 0x7BFF);
  CHECK(xs::to_half(65520.0F) == 0x7C00);
  CHECK(xs::to_half(-1e30F) == 0xFC00);
}

TEST_CASE("arrays of three types go there and back") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.npz");
  save(path);
  const xs::NpzFile file(path);
  CHECK(file.names() == std::vector<std::string>{"images", "labels", "scores"});
  CHECK((file.contains("labels") && !file.contains("label")));
  CHECK(file.load<3>("images") == ramp());
  CHECK(file.at("labels").values == std::vector<float>{5, -1, 255});
  CHECK(file.at("scores").values == std::vector<float>{1, -0.5F, 0.333251953125F, 65504});
  CHECK(file.at("scores").extents == std::vector<std::size_t>{2, 2});
  xs::save_npz(path, {});  // the open file stays what it was
  CHECK(file.at("labels").values.size() == 3);
  CHECK(xs::NpzFile(path).names().empty());
}

TEST_CASE("npz: what is wrong is said by name") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.npz");
  const auto error = [&](const std::string& name) {
    return error_of<xs::Error>([&] { (void)xs::NpzFile(path).at(name); });
  };
  CHECK(contains(error("x"), "found no such file"));
  CHECK(contains(error_of<xs::Error>([&] {
                   xs::save_npz(path, {{"labels", {xs::NpyArray{{1}, {0.5F}}, xs::NpyType::int32}}});
                 }),
                 "array 'labels': found the value 0.5, expected whole numbers"));
  CHECK(contains(error("x"), "found no such file"));  // nothing half done
  save(path);
  CHECK(contains(error("label"), "found the arrays [images, labels, scores], expected 'label' among them"));
  CHECK(contains(error_of<xs::Error>([&] { (void)xs::NpzFile(path).load<2>("images"); }),
                 "array 'images': found an array of rank 3, expected 2"));
  const Bytes right = read_bytes(path);
  for (std::size_t length = 0; length < right.size(); length += 5) {  // cut anywhere
    write_bytes(path, Bytes(right.begin(), right.begin() + static_cast<std::ptrdiff_t>(length)));
    if (!contains(error("images"), path)) FAIL_CHECK(length);
  }
  std::size_t intact = 0;
  for (std::size_t at = 0; at < right.size(); at += 2) {  // a byte changed: the right numbers, or an Error
    Bytes damaged = right;
    damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ (at % 4 == 0 ? 0x01 : 0x80));
    write_bytes(path, damaged);
    try {
      const xs::NpzFile file(path);
      if (!file.contains("images")) continue;  // its name was changed
      if (file.load<3>("images") != ramp()) FAIL_CHECK("byte " << at << " changed, and so did the array");
      ++intact;
    } catch (const xs::Error& e) {
      if (!contains(e.what(), path)) FAIL_CHECK(e.what());
    }
  }
  CHECK(intact > 0);
  const std::string labels = "labels";
  // A name with a null byte in it does not end the message.
  Bytes renamed = right;
  for (auto at = renamed.begin(); (at = std::search(at, renamed.end(), labels.begin(), labels.end())) != renamed.end();
       ++at)
    at[2] = 0;
  write_bytes(path, renamed);
  CHECK(contains(error("labels"), "found the arrays [images, la\\x00els, scores], expected 'labels' among them"));
}

TEST_CASE("numpy: compressed files, other arrays beside, and back") {
  if (!numpy()) {
    MESSAGE("skipped: no numpy");
    return;
  }
  const TemporaryFolder folder;
  const std::string path = folder.file("a.npz"), back = folder.file("b.npz");
  REQUIRE(python("numpy.savez_compressed('" + path +
                 "', images=(numpy.arange(24000) % 100).astype('f2').reshape(2, 3, 4000), labels=numpy.array([1, 2]), "
                 "names=numpy.array(['cat', 'dog']), things=numpy.array([{}], dtype=object), z=numpy.array([1j]))"));
  const xs::NpzFile file(path);
  CHECK(file.names().size() == 5);
  const auto images = file.load<3>("images");
  CHECK((images(1, 2, 3999) == 99 && images(0, 1, 7) == 7));
  CHECK(file.at("labels").values == std::vector<float>{1, 2});
  for (const char* name : {"names", "things", "z"})
    CHECK(contains(error_of<xs::Error>([&] { (void)file.at(name); }), std::string("array '") + name + "'"));
  Bytes bytes = read_bytes(path);
  bytes[200] ^= 0x10;  // in the stream of "images"
  write_bytes(path, bytes);
  const xs::NpzFile damaged(path);
  CHECK(contains(error_of<xs::Error>([&] { (void)damaged.at("images"); }), "array 'images': found"));
  CHECK(damaged.at("labels").values == std::vector<float>{1, 2});

  save(back);
  CHECK(python("f = numpy.load('" + back +
               "'); assert f['images'].dtype == numpy.float32 and f['images'][1, 2, 3] == 3.75; "
               "assert f['labels'].dtype == numpy.int32 and f['labels'].tolist() == [5, -1, 255]; "
               "assert f['scores'].dtype == numpy.float16 and f['scores'][1, 1] == 65504"));
  REQUIRE(python("numpy.savez('" + path + "', a=numpy.asfortranarray([[1.0, 2], [3, 4]]), b=numpy.zeros(0))"));
  CHECK(xs::NpzFile(path).at("a").values == std::vector<float>{1, 2, 3, 4});
  CHECK(xs::NpzFile(path).at("b").values.empty());
}
