// needs: voc
// Annotations, pictures and lists that are cut, changed or made to ask for much: refused or read, within the memory
// that their size allows (io/limits.hpp), and with an Error where that ends earlier.
#include <xstitch/core/random.hpp>
#include <xstitch/data/jpeg_image.hpp>
#include <xstitch/data/voc_annotation.hpp>
#include <xstitch/data/voc_lists.hpp>
#include <xstitch/data/voc_options.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "bounded_memory.hpp"
#include "irregular_files.hpp"
#include "refused_reads.hpp"
#include "voc_files.hpp"

using namespace xstitch_test;
using xs::data::read_jpeg;

namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20;
const std::vector<std::string>& classes = xs::data::voc_class_names();

template <class Read>
std::string outcome(const std::string& path, const std::string& bytes, const Read& read) {
  write_text(path, bytes);
  return outcome_within(xs::limits::memory_for(bytes.size()) + 16 * mib, read);
}

/// Text of the Error, or "read".
template <class Read>
std::string plain(const std::string& path, const std::string& bytes, const Read& read) {
  std::filesystem::remove(path);  // a new file: some file systems flush one that is written again
  write_text(path, bytes);
  const std::string error = error_of<xs::Error>(read);
  return error.empty() ? "read" : error;
}

/// The bytes with some of them replaced.
std::string changed(std::string bytes, std::uint64_t seed) {
  const xs::RandomKey key{xs::seed(seed)};
  for (std::uint64_t k = 0; k < 1 + key.below(0, 4); ++k)
    bytes[static_cast<std::size_t>(key.below(10 + k, bytes.size()))] = static_cast<char>(key.below(20 + k, 256));
  return bytes;
}

/// SOI, a frame of so many components of 8 bits, and no more.
std::string jpeg_start(std::uint32_t height, std::uint32_t width, char frame = '\xC0') {
  const auto word = [](std::uint32_t v) { return big_endian(v).substr(2); };
  const std::string components = std::string("\x01\x11\x00\x02\x11\x00\x03\x11\x00", 9);
  return std::string("\xFF\xD8\xFF") + frame + word(17) + '\x08' + word(height) + word(width) + '\x03' + components;
}
const std::string jpeg_scan = std::string("\xFF\xDA\x00\x0C\x03\x01\x00\x02\x00\x03\x00\x00\x3F\x00", 14);
const std::string jpeg_end = "\xFF\xD9";

}  // namespace

TEST_CASE("JPEG: what is read") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.jpg");
  const xs::data::ByteImage image = two_colours(24, 40);
  for (const bool progressive : {false, true}) {
    write_text(path, jpeg_bytes(image, progressive));
    const xs::data::ByteImage back = read_jpeg(path, {24, 0, 3});
    REQUIRE(back.shape == image.shape);
    int worst = 0;
    for (std::size_t i = 0; i < back.values.size(); ++i)
      worst = std::max(worst, std::abs(int{back.values[i]} - int{image.values[i]}));
    CHECK(worst < 12);
    CHECK(read_jpeg(path, {0, 0, 1}).shape == xs::Dims{24, 40, 1});
  }
  write_text(path, jpeg_bytes({{8, 8, 1}, std::vector<std::uint8_t>(64, 77)}));
  const xs::data::ByteImage grey = read_jpeg(path, {0, 0, 3});
  for (const std::uint8_t v : grey.values) CHECK(std::abs(int{v} - 77) < 3);
  CHECK(error_of<xs::Error>([&] {
          (void)read_jpeg(path, {0, 9, 3});
        }) == "file " + path + ": found 8 rows of 8 pixels, expected 0 rows of 9");
  CHECK(contains(error_of<xs::Error>([&] { (void)read_jpeg(path, {0, 0, 2}); }), "found that 2 channels"));
}

TEST_CASE("JPEG: cut anywhere, it is refused; changed, it is refused or read") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.jpg");
  for (const bool progressive : {false, true}) {
    const std::string whole = jpeg_bytes(two_colours(24, 40), progressive);
    for (std::size_t n = 0; n < whole.size(); ++n) {
      const std::string found = plain(path, whole.substr(0, n), [&] { (void)read_jpeg(path, {24, 40, 3}); });
      CAPTURE(n);
      CHECK(found.starts_with("file " + path + ": found "));
    }
    // With an end where it was cut: what libjpeg would make up.
    std::size_t refused = 0;
    for (std::size_t n = whole.size() / 2; n + 8 < whole.size(); ++n)
      refused += plain(path, whole.substr(0, n) + jpeg_end,
                       [&] {
                         (void)read_jpeg(path, {24, 40, 3});
                       }) == "read"
                     ? 0
                     : 1;
    CHECK(refused > (whole.size() / 2 - 8) * 8 / 10);
    for (std::uint64_t seed = 0; seed < 300; ++seed)
      (void)plain(path, changed(whole, seed), [&] { (void)read_jpeg(path, {0, 0, 3}); });
  }
}

TEST_CASE("JPEG: small files that ask for much") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.jpg");
  const auto read = [&](const std::string& bytes) {
    return outcome(path, bytes, [&] { (void)read_jpeg(path, {0, 0, 3}); });
  };
  const std::string refused = "xs::Error: file " + path + ": found ";
  for (const char frame : {'\xC0', '\xC2'})
    for (const std::uint32_t side : {65500U, 20000U, 5000U})
      CHECK(contains(read(jpeg_start(side, side, frame) + jpeg_scan + jpeg_end), "bytes that ask for more than"));
  CHECK(read(jpeg_start(1000, 1000) + jpeg_scan + jpeg_end).starts_with(refused + "a damaged JPEG"));
  CHECK(contains(read(jpeg_start(0, 9) + jpeg_scan + jpeg_end), "(it has no picture)"));
  CHECK(contains(read(jpeg_start(9, 9) + jpeg_start(9, 9).substr(2) + jpeg_scan + jpeg_end), "(it has two frames)"));
  CHECK(contains(read(jpeg_start(9, 9) + jpeg_end), "(it has no picture)"));
  CHECK(contains(read(jpeg_start(9, 9, '\xC2') + repeated(jpeg_scan, 65) + jpeg_end), "(it has more than 64 scans)"));
  CHECK(contains(read("\xFF\xD8\xFF\xE0\xFF\xFFJFIF"), "(a segment reaches beyond its end)"));
  CHECK(contains(read(jpeg_start(9, 9) + "x"), "(a marker is missing)"));
  CHECK(contains(read("\x89PNG"), "without the signature of a JPEG"));
  CHECK(contains(read(""), "found 0 bytes without the signature of a JPEG"));
  for (const auto& [irregular, kind] : irregular_files(folder))
    CHECK(contains(error_of<xs::Error>([&] { (void)read_jpeg(irregular, {0, 0, 3}); }), "found " + kind));
}

TEST_CASE("annotations: cut anywhere, changed, or made to ask for much") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.xml");
  const auto read = [&] { (void)xs::data::read_voc_annotation(path, classes); };
  const std::string whole = xml_annotation(60, 80, xml_object("cat", xml_box(1, 2, 3, 4), "<difficult>0</difficult>"));
  for (std::size_t n = 0; n + 1 < whole.size(); ++n) {  // the last byte is a line's end
    CAPTURE(n);
    CHECK(plain(path, whole.substr(0, n), read).starts_with("file " + path + ", line "));
  }
  CHECK(plain(path, whole, read) == "read");
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const std::string found = plain(path, changed(whole, seed), read);
    CHECK((found == "read" || found.starts_with("file " + path + ", line ")));
  }
  const auto bounded = [&](const std::string& text) { return outcome(path, text, read); };
  const std::size_t most = (std::size_t{4} << 20) - 100;
  for (const char* piece : {"<a/>x", "<a>", "x<a>", "<a b=''/>", "<", "<![CDATA[]]>x", "<object/>", "&amp;", "<?a?>"})
    CHECK(bounded("<annotation>" + repeated(piece, most / std::string(piece).size())).starts_with("xs::Error: file "));
  CHECK(contains(bounded(std::string(5 * mib, ' ')), "expected an annotation of at most 4194304"));
  CHECK(contains(bounded("<!DOCTYPE a [<!ENTITY b \"" + repeated("c", 1000) + "\">]><annotation>" +
                         repeated("&b;", 100000) + "</annotation>"),
                 "found no <size>"));
  CHECK(contains(bounded("<annotation>" + repeated("<a>", 200000) + repeated("</a>", 200000) + "</annotation>"),
                 "found no <size>"));
}

TEST_CASE("lists that ask for much") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.txt");
  const auto set = [&](const std::string& text) {
    return outcome(path, text, [&] { (void)xs::data::read_image_set(path); });
  };
  std::string ids;
  for (int i = 0; i < 300000; ++i) ids += std::to_string(i) + "\n";
  CHECK(set(ids) == "read");
  CHECK(contains(set(ids + "77\n"), "line 300001: found '77' twice"));
  const TemporaryFolder others;
  for (const auto& [irregular, kind] : irregular_files(others)) {
    const std::string found = "file " + irregular + ": found " + kind;
    CHECK(contains(error_of<xs::Error>([&] { (void)xs::data::read_image_set(irregular); }), found));
    CHECK(contains(error_of<xs::Error>([&] { (void)xs::data::read_voc_annotation(irregular, classes); }), found));
  }
  CHECK(outcome(path, repeated("a\n", 2000000), [&] { (void)xs::data::read_attribute_names(path); }) == "read");
  CHECK(contains(outcome(path, std::string(20 * mib, 'a'), [&] { (void)xs::data::read_attribute_rows(path, 64); }),
                 "found 1 fields, expected 70"));
  CHECK(contains(outcome(path, repeated("a ", 2000000), [&] { (void)xs::data::read_attribute_rows(path, 64); }),
                 "found 2000000 fields, expected 70"));
}

TEST_CASE("memory that ends" * doctest::skip(!new_can_fail)) {
  const TemporaryFolder folder;
  std::filesystem::current_path(folder.path());
  const std::string xml = "a.xml", jpeg = "a.jpg", list = "a.txt";
  write_text(xml,
             xml_annotation(60, 80, xml_object("cat", xml_box(1, 2, 3, 4)) + xml_object("cat", xml_box(1, 2, 3, 4))));
  CHECK(failures(xml, [&] { (void)xs::data::read_voc_annotation(xml, classes); }) >= 3);
  write_text(jpeg, jpeg_bytes(two_colours(8, 8)));
  CHECK(failures(jpeg, [&] { (void)read_jpeg(jpeg, {0, 0, 3}); }) >= 2);
  write_text(list, "a_rather_long_name_1 cat 1 1 5 5 0 1\na_rather_long_name_2 cat 1 1 5 5 0 1\n");
  CHECK(failures(list, [&] { (void)xs::data::read_attribute_rows(list, 2); }) >= 4);
  CHECK(failures(list, [&] { (void)xs::data::read_attribute_names(list); }) >= 3);
  std::filesystem::current_path("/");
}
