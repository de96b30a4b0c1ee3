// Readers of pictures and of what lies beside them: PNG, JPEG, label maps, folders by CSV, annotations, lists.
#include "fuzz.hpp"

#include <xstitch/data/folder.hpp>
#include <xstitch/data/jpeg_image.hpp>
#include <xstitch/data/picture_file.hpp>
#include <xstitch/data/png_image.hpp>
#include <xstitch/data/voc_annotation.hpp>
#include <xstitch/data/voc_lists.hpp>
#include <xstitch/data/voc_options.hpp>

#include "../data/voc_files.hpp"

namespace fuzz {
namespace {

using namespace xstitch_test;
namespace data = xs::data;

/// The chunks' checksums set right, as far as there are chunks.
std::string mended(std::string png) {
  const auto byte = [&](std::size_t at) { return std::size_t{static_cast<std::uint8_t>(png[at])}; };
  for (std::size_t at = 8; at + 12 <= png.size();) {
    const std::size_t length = byte(at) << 24 | byte(at + 1) << 16 | byte(at + 2) << 8 | byte(at + 3);
    if (length > png.size() - at - 12) break;
    const auto sum = crc32(0, reinterpret_cast<const Bytef*>(png.data()) + at + 4, static_cast<uInt>(length + 4));
    png.replace(at + 8 + length, 4, big_endian(static_cast<std::uint32_t>(sum)));
    at += 12 + length;
  }
  return png;
}
void check(const data::ByteImage& image) { XSTITCH_FUZZ_REQUIRE(image.values.size() == image.shape.size()); }

/// Byte 0: which reader, and whether checksums are set right.
void run_png(Input input) {
  Dice dice(input);
  const std::uint8_t how = dice.byte();
  std::string bytes(dice.rest().begin(), dice.rest().end());
  if ((how & 1) == 0) bytes = mended(std::move(bytes));
  put(file("x.png"), bytes);
  accepted(bytes.size(), file("x.png"), [&] {
    switch (how >> 1 & 7) {
      case 0:
        return check(data::read_png(file("x.png"), {0, 0, 1}));
      case 1:
        return check(data::read_png(file("x.png"), {0, 0, 1}, data::PngValues::brightness));
      case 2:
        return check(data::read_png(file("x.png"), {4, 4, 3}));
      case 3:
        return check(data::read_picture(file("x.png"), 1));
      case 4: {
        const data::LabelMap map = data::read_label_map(file("x.png"));
        XSTITCH_FUZZ_REQUIRE(map.values.size() ==
                             static_cast<std::size_t>(map.height) * static_cast<std::size_t>(map.width));
        return;
      }
      case 5: {
        const data::ByteImage image = data::read_png(file("x.png"), {0, 0, 3});
        check(image);
        if (image.values.size() > 100000) return;
        data::write_png(file("y.png"), image);
        XSTITCH_FUZZ_REQUIRE(data::read_png(file("y.png"), image.shape).values == image.values);
        return;
      }
      default:
        return check(data::read_picture(file("x.png"), 3));
    }
  });
}
std::string png(char depth, char colour, const std::string& rows, const std::string& more = {}) {
  return png_start(4, 4, depth, colour) + more + png_end(deflated(rows));
}
std::vector<std::string> seeds_of_png() {
  const std::string palette = png_chunk("PLTE", "abcdefghi"), alpha = png_chunk("tRNS", "\1\2");
  std::vector<std::string> all;
  const std::string files[] = {png(8, 0, std::string(20, '\0')),
                               png(8, 2, std::string(52, '\1')),
                               png(16, 0, std::string(36, '\2')),
                               png(1, 0, std::string(8, '\0')),
                               png(2, 3, std::string(8, '\0'), palette + alpha),
                               png(8, 6, std::string(68, '\3')),
                               png(16, 4, std::string(68, '\4'))};
  for (const std::string& one : files)
    for (int how = 0; how < 12; how += 2) all.push_back(static_cast<char>(how) + one);
  return all;
}

void run_jpeg(Input input) {
  Dice dice(input);
  const int channels = dice.one_of(2) ? 1 : 3;
  put(file("x.jpg"), dice.rest());
  accepted(input.size(), file("x.jpg"), [&] { check(data::read_jpeg(file("x.jpg"), {0, 0, channels})); });
}
std::vector<std::string> seeds_of_jpeg() {
  return {'\0' + jpeg_bytes(two_colours(16, 24)), '\1' + jpeg_bytes(two_colours(9, 8), true),
          '\0' + jpeg_bytes({{8, 8, 1}, std::vector<std::uint8_t>(64, 77)})};
}

/// A CSV of pictures and tasks: paths, classes, numbers, label maps. Byte 0: whether the rest is the CSV or the map.
void run_folder(Input input) {
  Dice dice(input);
  const bool map = dice.one_of(2);
  put(file("a.png"), png(8, 2, std::string(52, '\1')));
  put(file("m.png"), map ? mended({dice.rest().begin(), dice.rest().end()}) : png(8, 0, std::string(20, '\0')));
  if (map)
    put(file("x.csv"), "picture,kind,size,map\na.png,1,0.5,m.png\na.png,,,\n");
  else
    put(file("x.csv"), dice.rest());
  accepted(3 * input.size() + 500, "", [&] {
    const data::Folder folder = data::Folder::of_csv(
        file("x.csv"), {"kind", data::FolderTask::real("size"), data::FolderTask::pixels("map", 3)},
        {.height = 4, .width = 4});
    xs::Sample sample;
    sample.inputs.resize(folder.inputs().size());
    sample.labels.resize(folder.labels().size());
    for (std::size_t i = 0; i < std::min<std::size_t>(folder.size(), 20); ++i)
      accepted(3 * input.size() + 500, "", [&] { folder.load(i, sample); });
  });
}
std::vector<std::string> seeds_of_folder() {
  return {std::string(1, '\0') + "picture,kind,size,map\na.png,cat,1.5,m.png\na.png,dog,,\na.png,cat,2,m.png\n",
          '\1' + png(8, 0, std::string(20, '\0')), '\1' + png(16, 0, std::string(36, '\0'))};
}

void run_annotation(Input input) {
  put(file("x.xml"), input);
  accepted(input.size(), file("x.xml"), [&] {
    const data::VocAnnotation found = data::read_voc_annotation(file("x.xml"), data::voc_class_names());
    for (const data::VocObject& object : found.objects) {
      XSTITCH_FUZZ_REQUIRE(!object.box.empty() && object.box.x0 >= 0 && object.box.y0 >= 0);
      XSTITCH_FUZZ_REQUIRE(object.box.x1 <= static_cast<float>(found.width) &&
                           object.box.y1 <= static_cast<float>(found.height));
      XSTITCH_FUZZ_REQUIRE(object.class_index >= 0 && object.class_index < 20);
    }
  });
}
std::vector<std::string> seeds_of_annotation() {
  return {
      xml_annotation(60, 80,
                     xml_object("sofa", xml_box(11, 21, 50, 50), "<occluded>1</occluded>\n") +
                         xml_object("cat", xml_box(1, 1, 80, 60), "<difficult>1</difficult><truncated>0</truncated>")),
      "<?xml version=\"1.0\"?><!-- c --><annotation><size><height>9</height><width>9</width></size><object><bndbox>"
      "<xmin>1.5</xmin><ymin>1</ymin><xmax>10</xmax><ymax>9</ymax></bndbox><name>cat</name></object></annotation>"};
}

/// Byte 0: ids, names or rows of attributes.
void run_lists(Input input) {
  Dice dice(input);
  const std::uint32_t which = dice.below(3);
  put(file("x.txt"), dice.rest());
  accepted(input.size(), file("x.txt"), [&] {
    if (which == 0) XSTITCH_FUZZ_REQUIRE(!data::read_image_set(file("x.txt")).empty());
    if (which == 1) XSTITCH_FUZZ_REQUIRE(!data::read_attribute_names(file("x.txt")).empty());
    if (which == 2)
      for (const auto& row : data::read_attribute_rows(file("x.txt"), 3))
        XSTITCH_FUZZ_REQUIRE(row.attributes.size() == 3);
  });
}
std::vector<std::string> seeds_of_lists() {
  return {std::string(1, '\0') + "2008_000001\n2008_000002\n", "\1Tail\nHead\r\nCloth\n",
          "\2"
          "2008_000001.jpg sofa 11 21 50 50 0 0 1\n2008_000002.jpg cat 2 1 16 40 1 1 0\n"};
}

const Added all[] = {Added({"png", run_png, seeds_of_png}), Added({"jpeg", run_jpeg, seeds_of_jpeg}),
                     Added({"folder", run_folder, seeds_of_folder}),
                     Added({"annotation", run_annotation, seeds_of_annotation}),
                     Added({"lists", run_lists, seeds_of_lists})};

}  // namespace
}  // namespace fuzz
