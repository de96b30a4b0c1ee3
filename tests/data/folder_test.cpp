// needs: images gzip
#include <xstitch/data/folder.hpp>
#include <xstitch/data/sample_reader.hpp>

#include <doctest/doctest.h>
#include <turbojpeg.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "png_bytes.hpp"
#include "temporary_folder.hpp"

namespace xs = xstitch;
using namespace xstitch_test;
using xs::PixelScaling;
using xs::data::ByteImage;
using xs::data::Folder;
using xs::data::FolderTask;
using xs::data::PictureFit;
using xs::data::PictureOptions;

namespace {

/// A picture of one colour.
ByteImage plain(int height, int width, std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  ByteImage image{{height, width, 3}, {}};
  for (std::size_t i = 0; i < image.shape.pixels(); ++i) image.values.insert(image.values.end(), {red, green, blue});
  return image;
}
void write_jpeg(const std::string& path, const ByteImage& image) {
  tjhandle codec = tjInitCompress();
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  REQUIRE(tjCompress2(codec, image.values.data(), image.shape.width, 0, image.shape.height, TJPF_RGB, &bytes, &size,
                      TJSAMP_444, 95, 0) == 0);
  write_bytes(path, {bytes, bytes + size});
  tjFree(bytes);
  tjDestroy(codec);
}
void write_text(const std::string& path, const std::string& text) { write_bytes(path, {text.begin(), text.end()}); }
constexpr PixelScaling unit = PixelScaling::zero_to_one();
const PictureOptions small{.height = 4, .width = 4, .scaling = unit};

template <class Function>
std::string error(const Function& function) {
  return error_of<xs::Error>(function);
}

}  // namespace

TEST_CASE("PNG of every kind, as a picture and as numbers") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.png");
  const auto picture = [&](const Bytes& bytes, int channels = 3) {
    write_bytes(path, bytes);
    return xs::data::read_picture(path, channels).values;
  };
  const auto numbers = [&](const Bytes& bytes) {
    write_bytes(path, bytes);
    return xs::data::read_label_map(path).values;
  };
  CHECK(picture(small_png(1, 0, 2, {{1, 0}})) == Bytes{255, 255, 255, 0, 0, 0});
  CHECK(picture(small_png(2, 0, 2, {{1, 2}}), 1) == Bytes{85, 170});
  CHECK(picture(small_png(4, 0, 1, {{3}}), 1) == Bytes{51});
  CHECK(picture(small_png(16, 0, 2, {{0x80, 0x00, 0x7F, 0xFF}}), 1) == Bytes{128, 127});
  CHECK(picture(small_png(4, 3, 2, {{9, 1}})) == Bytes(6, 128));
  CHECK(picture(small_png(8, 2, 1, {{10, 20, 30}})) == Bytes{10, 20, 30});
  CHECK(picture(small_png(8, 2, 1, {{10, 20, 30}}), 1) == Bytes{18});  // 2.99 + 11.74 + 3.42
  CHECK(picture(small_png(8, 4, 1, {{70, 9}})) == Bytes{70, 70, 70});
  CHECK(picture(small_png(8, 6, 1, {{10, 20, 30, 9}})) == Bytes{10, 20, 30});
  CHECK(picture(small_png(16, 2, 1, {{10, 10, 20, 20, 30, 30}})) == Bytes{10, 20, 30});
  for (const std::uint8_t depth : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{4}, std::uint8_t{8}})
    for (const std::uint8_t color : {std::uint8_t{0}, std::uint8_t{3}})
      CHECK(numbers(small_png(depth, color, 3, {{1, 0, 1}, {0, 0, 1}})) == std::vector<std::int32_t>{1, 0, 1, 0, 0, 1});
  CHECK(numbers(small_png(16, 0, 2, {{0x01, 0x02, 0xFF, 0xFE}})) == std::vector<std::int32_t>{258, 65534});
  CHECK(contains(error([&] { numbers(small_png(8, 2, 1, {{1, 2, 3}})); }), "RGB, 8 bits, expected grey or palette"));
  CHECK(contains(error([&] { numbers(small_png(8, 4, 1, {{1, 2}})); }), "grey with alpha"));
  write_jpeg(path, plain(2, 2, 1, 2, 3));
  CHECK(contains(error([&] { (void)xs::data::read_label_map(path); }), "found a JPEG, which changes numbers"));
  CHECK(contains(error([&] { picture({1, 2, 3}); }), "3 bytes without the signature of a PNG or JPEG"));
  const Bytes right = small_png(8, 6, 1, {{10, 20, 30, 9}});
  for (std::size_t length = 0; length < right.size(); ++length)
    if (!contains(error([&] { picture(Bytes(right.begin(), right.begin() + static_cast<std::ptrdiff_t>(length))); }),
                  path))
      FAIL_CHECK(length);
}

TEST_CASE("a folder a class: three lines") {
  const TemporaryFolder folder;
  for (const char* name : {"dog", "cat", ".cache", "empty"}) std::filesystem::create_directories(folder.file(name));
  xs::data::write_png(folder.file("dog/b.PNG"), plain(8, 6, 255, 0, 51));
  write_jpeg(folder.file("dog/a.jpeg"), plain(5, 5, 0, 0, 0));
  xs::data::write_png(folder.file("cat/x.png"), plain(4, 4, 51, 102, 204));
  write_text(folder.file("cat/readme.txt"), "no picture");
  write_text(folder.file("list.csv"), "beside");
  const Folder set = Folder::of_classes(folder.path(), "breed", small);
  CHECK(set.class_names("breed") == std::vector<std::string>{"cat", "dog", "empty"});
  REQUIRE(set.size() == 3);
  CHECK((set.labels()[0].name == "breed" && set.labels()[0].spec.classes == 3));
  xs::Sample sample;
  set.load(0, sample);
  CHECK(sample.labels[0].indices == std::vector<std::int32_t>{0});
  CHECK(sample.inputs[0].size() == 48);
  CHECK(sample.inputs[0][4] == doctest::Approx(0.4));
  set.load(1, sample);
  CHECK(contains(set.describe(1), "dog/a.jpeg"));
  CHECK(std::abs(sample.inputs[0][0]) < 0.02F);
  set.load(2, sample);
  CHECK(sample.labels[0].indices == std::vector<std::int32_t>{1});
  CHECK(sample.inputs[0][2] == doctest::Approx(0.2));
  // Another set by the names of this one, in their order.
  const TemporaryFolder other;
  std::filesystem::create_directories(other.file("dog"));
  xs::data::write_png(other.file("dog/1.png"), plain(2, 2, 0, 0, 0));
  const Folder test = Folder::of_classes(other.path(), {"breed", set.class_names("breed")}, small);
  test.load(0, sample);
  CHECK((sample.labels[0].indices[0] == 1 && test.labels()[0].spec.classes == 3));
  std::filesystem::create_directories(other.file("wolf"));
  xs::data::write_png(other.file("wolf/1.png"), plain(2, 2, 0, 0, 0));
  CHECK(contains(error([&] {
                   (void)Folder::of_classes(other.path(), {"breed", set.class_names("breed")}, small);
                 }),
                 "found 'wolf' for 'breed', expected one of [cat, dog, empty]"));
  CHECK(contains(error([&] { (void)Folder::of_classes(folder.file("none"), "breed", small); }), "no subfolders"));
  write_bytes(other.file("dog/1.png"), {1, 2, 3});
  CHECK(contains(error([&] { test.load(0, sample); }), "dog/1.png: found 3 bytes"));
}

TEST_CASE("a CSV of paths and several tasks, some labels missing") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.file("pictures"));
  for (const char* name : {"1", "2", "3"})
    xs::data::write_png(folder.file(std::string("pictures/") + name + ".png"), plain(4, 4, 9, 9, 9));
  write_bytes(folder.file("map.png"), small_png(2, 3, 4, {{0, 1, 2, 0}, {0, 0, 0, 0}, {1, 1, 1, 1}, {2, 2, 2, 0}}));
  const std::string csv = folder.file("list.csv");
  write_text(csv,
             "path,breed,age,coat,map\npictures/1.png,poodle,3.5,1,map.png\npictures/2.png,,,0,\n"
             "pictures/3.png,beagle,1,,map.png\n");
  const Folder set = Folder::of_csv(
      csv, {"breed", FolderTask::real("age"), FolderTask::classes_of("coat", 2), FolderTask::pixels("map", 3)}, small);
  CHECK(set.class_names("breed") == std::vector<std::string>{"beagle", "poodle"});
  CHECK(error([&] { (void)set.class_names("weight"); }) ==
        csv + ": found no task 'weight', expected one of those it was made with");
  const std::string numbered = folder.file("numbered.csv");
  write_text(numbered, "path,breed\n7,poodle\n8,beagle\n");
  CHECK(error([&] { (void)Folder::of_csv(numbered, {"breed"}, small); }) ==
        "file " + numbered + ", column 'path', row 1: found the number 7, expected a path");
  std::vector<xs::Sample> samples(3);
  for (std::size_t i = 0; i < 3; ++i) set.load(i, samples[i]);
  CHECK((samples[0].labels[0].indices[0] == 1 && samples[2].labels[0].indices[0] == 0));
  CHECK((samples[0].labels[1].values[0] == 3.5F && samples[0].labels[2].indices[0] == 1));
  CHECK(samples[0].labels[3].indices == std::vector<std::int32_t>{0, 1, 2, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 0});
  const std::vector<bool> present{true, true, true, true, false, false, true, false, true, true, false, true};
  for (std::size_t i = 0; i < 12; ++i) CHECK(samples[i / 4].labels[i % 4].present == present[i]);
  // What a loader checks holds for each of them.
  xs::SampleReader reader(set, xs::augment::uses_of(set.inputs()), {});
  xs::SampleReader::Buffers buffers;
  std::vector<std::string> skipped;
  for (std::size_t i = 0; i < 3; ++i) (void)reader.load(i, 0, 0, buffers, skipped);

  const auto wrong = [&](const std::string& text, std::vector<FolderTask> tasks) {
    write_text(csv, text);
    return error([&] {
      const Folder made = Folder::of_csv(csv, std::move(tasks), small);
      xs::Sample sample;
      for (std::size_t i = 0; i < made.size(); ++i) made.load(i, sample);
    });
  };
  const std::string row = "pictures/1.png,";
  CHECK(contains(wrong("path,a\n" + row + "2\n", {FolderTask::classes_of("a", 2)}), "row 1: found class 2, expected"));
  CHECK(contains(wrong("path,a\n" + row + "x\n", {FolderTask::classes_of("a", 2)}), "found 1 classes of 'a' [x]"));
  CHECK(contains(wrong("path,a\n" + row + "x\n", {FolderTask::real("a")}), "found 'x', expected numbers"));
  CHECK(contains(wrong("path,a\n" + row + "1\n", {"a"}), "no number of classes for 'a'"));
  CHECK(contains(wrong("path,a\n" + row + "1\n", {FolderTask::classes_of("b", 2)}), "expected 'b' among them"));
  CHECK(contains(wrong("path,a\n,1\n" + row + "1\n", {FolderTask::real("a")}), "row 1: found no path"));
  CHECK(contains(wrong("path,a\nnone.png,1\n", {FolderTask::real("a")}), "none.png: found no such file"));
  CHECK(contains(wrong("path,a\n" + row + "map.png\n", {FolderTask::pixels("a", 2)}), "map.png: found class 2"));
  CHECK(contains(wrong("path,a\n" + row + "1\n", {FolderTask::real("a"), FolderTask::real("a")}), "two tasks 'a'"));
  write_bytes(folder.file("map.png"), small_png(8, 0, 2, {{0, 1}}));
  CHECK(contains(wrong("path,a\n" + row + "map.png\n", {FolderTask::pixels("a", 2)}),
                 "map.png: found 1 x 2 pixels, expected 4 x 4 as in"));
}

TEST_CASE("label maps beside pictures; cut out of the middle") {
  const TemporaryFolder folder;
  for (const char* name : {"pictures", "maps"}) std::filesystem::create_directories(folder.file(name));
  ByteImage picture = plain(2, 6, 0, 0, 0);
  for (std::size_t i = 0; i < 12; ++i) picture.values[3 * i] = static_cast<std::uint8_t>(10 * (i % 6));
  xs::data::write_png(folder.file("pictures/a.png"), picture);
  write_jpeg(folder.file("pictures/b.jpg"), plain(2, 6, 0, 0, 0));
  write_bytes(folder.file("maps/a.png"), small_png(8, 3, 6, {{0, 1, 2, 3, 255, 5}, {5, 255, 3, 2, 1, 0}}));
  const PictureOptions middle{.height = 2, .width = 2, .fit = PictureFit::centre, .scaling = unit};
  const Folder set =
      Folder::of_label_maps(folder.file("pictures"), folder.file("maps"), {FolderTask::pixels("s", 6)}, middle);
  xs::Sample sample;
  set.load(0, sample);
  CHECK(sample.labels[0].indices == std::vector<std::int32_t>{2, 3, 3, 2});
  CHECK(sample.inputs[0][0] == doctest::Approx(20.0 / 255));
  CHECK(sample.inputs[0][3] == doctest::Approx(30.0 / 255));
  set.load(1, sample);
  CHECK_FALSE(sample.labels[0].present);
  // Twice as large, then the middle; one channel.
  PictureOptions larger = middle;
  larger.shorter_side = 4, larger.channels = 1;
  const Folder twice =
      Folder::of_label_maps(folder.file("pictures"), folder.file("maps"), FolderTask::pixels("s", 6), larger);
  twice.load(0, sample);
  CHECK(sample.labels[0].indices == std::vector<std::int32_t>{2, 3, 3, 2});
  CHECK(sample.inputs[0].size() == 4);
  larger.shorter_side = 1;
  const Folder less =
      Folder::of_label_maps(folder.file("pictures"), folder.file("maps"), FolderTask::pixels("s", 6), larger);
  CHECK(contains(error([&] { less.load(0, sample); }), "a.png: a picture of 2 x 6 whose shorter side becomes 1"));
  CHECK(contains(error([&] {
                   (void)Folder::of_label_maps(folder.file("pictures"), folder.file("none"),
                                               FolderTask::pixels("s", 6));
                 }),
                 "found no label map for any of 2 pictures, expected a.png"));
  CHECK(contains(error([&] { (void)Folder::of_label_maps(folder.file("pictures"), folder.file("maps"), "s"); }),
                 "expected FolderTask::pixels(\"s\""));
  PictureOptions wrong = middle;
  wrong.channels = 2;
  CHECK(contains(error([&] {
                   (void)Folder::of_label_maps(folder.file("pictures"), folder.file("maps"), FolderTask::pixels("s", 6),
                                               wrong);
                 }),
                 "2x2x2, expected extents"));
}
