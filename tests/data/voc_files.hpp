#pragma once
/// \file
/// A small devkit of Pascal VOC, written for a test: pictures, annotations, lists, proposals.

#include <xstitch/data/image.hpp>

#include <turbojpeg.h>

#include <bit>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "hostile_bytes.hpp"
#include "temporary_folder.hpp"

namespace xstitch_test {

namespace xs = xstitch;

/// Left half red, right half blue, upper row of pixels by row number.
inline xs::data::ByteImage two_colours(int height, int width) {
  xs::data::ByteImage image{{height, width, 3}, {}};
  for (int r = 0; r < height; ++r)
    for (int c = 0; c < width; ++c) {
      const bool left = c < width / 2;
      for (const int v : {left ? 220 : 30, 60, left ? 30 : 220}) image.values.push_back(static_cast<std::uint8_t>(v));
    }
  return image;
}

/// RGB (3 channels) or grey (1) as JPEG; with `progressive` in several scans.
inline std::string jpeg_bytes(const xs::data::ByteImage& image, bool progressive = false) {
  tjhandle codec = tjInitCompress();
  unsigned char* out = nullptr;
  unsigned long size = 0;
  const bool grey = image.shape.channels == 1;
  const int flags = progressive ? TJFLAG_PROGRESSIVE : 0;
  const int code = tjCompress2(codec, image.values.data(), image.shape.width, 0, image.shape.height,
                               grey ? TJPF_GRAY : TJPF_RGB, &out, &size, grey ? TJSAMP_GRAY : TJSAMP_444, 95, flags);
  const std::string bytes = code == 0 ? std::string(reinterpret_cast<char*>(out), size) : std::string{};
  tjFree(out);
  tjDestroy(codec);
  return bytes;
}

inline std::string xml_object(const std::string& name, const std::string& box, const std::string& more = {}) {
  return "<object>\n<name>" + name + "</name>\n" + more + "<bndbox>" + box + "</bndbox>\n</object>\n";
}
inline std::string xml_box(int xmin, int ymin, int xmax, int ymax) {
  const auto side = [](const char* name, int v) {
    return std::string("<") + name + ">" + std::to_string(v) + "</" + name + ">";
  };
  return side("xmax", xmax) + side("xmin", xmin) + side("ymax", ymax) + side("ymin", ymin);
}
inline std::string xml_annotation(int height, int width, const std::string& objects) {
  return "<annotation>\n<size><width>" + std::to_string(width) + "</width><height>" + std::to_string(height) +
         "</height><depth>3</depth></size>\n" + objects + "</annotation>\n";
}

/// Three images: 2008_000001 (60 x 80; a sofa with attributes, a difficult chair), 2008_000002 (40 x 30; a cat),
/// 2008_000003 (30 x 60; nothing). Three attributes.
struct VocFiles {
  TemporaryFolder folder;
  std::filesystem::path year = std::filesystem::path(folder.path()) / "VOCdevkit" / "VOC2008";

  VocFiles() {
    for (const char* below : {"Annotations", "JPEGImages", "ImageSets/Main"})
      std::filesystem::create_directories(year / below);
    std::filesystem::create_directories(lists());
    std::filesystem::create_directories(proposals());
    picture("2008_000001", 60, 80);
    picture("2008_000002", 40, 30);
    picture("2008_000003", 30, 60);
    annotate("2008_000001",
             xml_annotation(60, 80,
                            xml_object("sofa", xml_box(11, 21, 50, 50), "<occluded>1</occluded>\n") +
                                xml_object("chair", xml_box(61, 1, 80, 60), "<difficult>1</difficult>\n")));
    annotate("2008_000002", xml_annotation(40, 30, xml_object("cat", xml_box(1, 1, 15, 40))));
    annotate("2008_000003", xml_annotation(30, 60, ""));
    set("train", "2008_000001\n2008_000002\n2008_000003\n");
    write_text((lists() / "attribute_names.txt").string(), "Tail\nHead\nCloth\n");
    write_text((lists() / "apascal_train.txt").string(),
               "2008_000001.jpg sofa 11 21 50 50 0 0 1\n2008_000002.jpg cat 2 1 16 40 1 1 0\n"
               "2008_000009.jpg cat 1 1 15 40 1 1 0\n");
  }
  [[nodiscard]] std::filesystem::path lists() const { return std::filesystem::path(folder.path()) / "attribute_data"; }
  [[nodiscard]] std::filesystem::path proposals() const {
    return std::filesystem::path(folder.path()) / "selective_search_data";
  }
  [[nodiscard]] std::string xml(const std::string& id) const { return (year / "Annotations" / (id + ".xml")).string(); }
  [[nodiscard]] std::string jpeg(const std::string& id) const { return (year / "JPEGImages" / (id + ".jpg")).string(); }
  void annotate(const std::string& id, const std::string& text) const { write_text(xml(id), text); }
  void picture(const std::string& id, int height, int width) const {
    write_text(jpeg(id), jpeg_bytes(two_colours(height, width)));
  }
  void set(const std::string& name, const std::string& text) const {
    write_text((year / "ImageSets" / "Main" / (name + ".txt")).string(), text);
  }
};

/// An N x 4 array of doubles; `rows` are its rows.
inline std::string mat_rows(const std::string& name, const std::vector<std::vector<double>>& rows) {
  std::string content;
  for (std::size_t column = 0; column < 4; ++column)
    for (const auto& row : rows) {
      const auto bits = std::bit_cast<std::uint64_t>(row[column]);
      content +=
          little_endian(static_cast<std::uint32_t>(bits)) + little_endian(static_cast<std::uint32_t>(bits >> 32));
    }
  return mat_array(6, {static_cast<std::uint32_t>(rows.size()), 4}, name, mat_element(9, content));
}
inline std::string mat_text(const std::string& text) {
  return mat_array(4, {1, static_cast<std::uint32_t>(text.size())}, "", mat_element(16, text));
}
inline std::string mat_cell(const std::string& name, const std::vector<std::string>& items) {
  std::string all;
  for (const std::string& each : items) all += each;
  return mat_array(1, {static_cast<std::uint32_t>(items.size()), 1}, name, all);
}

}  // namespace xstitch_test
