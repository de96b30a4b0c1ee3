// needs: gzip xz images
// Small files that ask for much: each is refused, or read, within the memory that its size allows (io/limits.hpp).
#include <xstitch/data/fashion_mnist.hpp>
#include <xstitch/data/idx_file.hpp>
#include <xstitch/data/mat_file.hpp>
#include <xstitch/data/picture_file.hpp>
#include <xstitch/data/png_image.hpp>
#include <xstitch/data/table_csv.hpp>
#include <xstitch/data/table_r.hpp>
#include <xstitch/io/limits.hpp>
#include <xstitch/io/npz.hpp>
#include <xstitch/io/npz_write.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "bounded_memory.hpp"
#include "hostile_bytes.hpp"
#include "irregular_files.hpp"
#include "temporary_folder.hpp"

namespace xs = xstitch;
using namespace xstitch_test;

namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

/// What reading a file of these bytes does in the memory that its size allows, and a little for libraries.
template <class Read>
std::string outcome(const std::string& path, const std::string& bytes, const Read& read) {
  write_text(path, bytes);
  return outcome_within(xs::limits::memory_for(bytes.size()) + 16 * mib, read);
}
/// Whether it was refused by what it asks for, and not because memory had ended.
bool too_much(const std::string& found, const std::string& path) {
  return found.starts_with("xs::Error: file " + path) && contains(found, "bytes that ask for more than");
}

}  // namespace

TEST_CASE("only regular files are opened") {
  const TemporaryFolder folder;
  for (const auto& [path, kind] : irregular_files(folder)) {
    CAPTURE(path);
    const std::string found = "file " + path + ": found " + kind;
    CHECK(contains(error_of<xs::Error>([&] { (void)xs::data::read_csv(path); }), found));
    CHECK(contains(error_of<xs::Error>([&] { (void)xs::data::read_idx_file(path, 3); }), found));
    CHECK(contains(error_of<xs::Error>([&] { (void)xs::data::read_png(path, {0, 0, 1}); }), found));
    CHECK(contains(error_of<xs::Error>([&] { const xs::data::MatFile file(path); }), found));
    CHECK(contains(error_of<xs::Error>([&] { (void)xs::data::read_picture(path, 3); }), found));
    CHECK(contains(error_of<xs::Error>([&] { (void)xs::data::read_label_map(path); }), found));
    CHECK(contains(error_of<xs::Error>([&] { const xs::NpzFile file(path); }), found));
  }
  const TemporaryFolder tables;
  for (const auto& [path, kind] : irregular_files(tables, ".rdx"))
    CHECK(contains(error_of<xs::Error>([&] { (void)xs::data::read_r_table(path, "t"); }),
                   "file " + path + ".rdx: found " + kind));
  const TemporaryFolder entries;
  for (const auto& [path, kind] : irregular_files(entries, ".rdb")) {
    write_text(path + ".rdx", r_head() + r_index("t", 0, 100));
    CHECK(contains(error_of<xs::Error>([&] { (void)xs::data::read_r_table(path, "t"); }),
                   "file " + path + ".rdb: found " + kind));
  }
  CHECK(contains(error_of<xs::Error>([&] { (void)xs::data::read_csv(std::string(5000, 'a')); }), "cannot be read"));
}

TEST_CASE("R: an index of few bytes that stands for much") {
  const TemporaryFolder folder;
  const std::string base = folder.file("Rdata"), path = base + ".rdx";
  const auto index = [&](const std::string& value) {
    return outcome(path, gzipped(r_head() + value), [&] { (void)xs::data::read_r_table(base, "t"); });
  };
  CHECK(too_much(index(r_list(20) + repeated(r_sequence(99999999), 20)), path));
  CHECK(too_much(index(r_list(1) + r_sequence(99999999)), path));
  CHECK(too_much(index(r_list(300) + repeated(r_sequence(100000), 300)), path));
  // References to a symbol of 1 MB; as values, and as tags of a pairlist.
  const std::string long_symbol = r_symbol(std::string(1000000, 'a')), reference = big_endian(255 | 1 << 8);
  CHECK(too_much(index(r_list(200001) + long_symbol + repeated(reference, 200000)), path));
  CHECK(too_much(index(r_list(2) + long_symbol + repeated(big_endian(0x402) + reference + r_null(), 50000) + r_null()),
                 path));
  // Four bytes an item.
  CHECK(too_much(index(r_list(4000000) + repeated(r_null(), 4000000)), path));
  CHECK(too_much(index(repeated(big_endian(2) + r_null(), 2000000) + r_null()), path));
  CHECK(too_much(index(big_endian(16) + big_endian(3000000) + repeated(r_characters(""), 3000000)), path));
  // What unpacks to much before anything is read of it.
  CHECK(too_much(outcome(path, gzipped(r_head(), 120 * mib), [&] { (void)xs::data::read_r_table(base, "t"); }), path));
}

TEST_CASE("R: an entry of few bytes that stands for much") {
  const TemporaryFolder folder;
  const std::string base = folder.file("Rdata"), path = base + ".rdb";
  const auto entry = [&](const std::string& packed) {
    write_text(base + ".rdx", gzipped(r_head() + r_index("t", 0, static_cast<double>(packed.size()))));
    return outcome(path, packed, [&] { (void)xs::data::read_r_table(base, "t"); });
  };
  CHECK(too_much(entry(big_endian(1 << 30) + "1abcdefgh"), path));
  CHECK(too_much(entry(r_packed(r_head() + r_named_list(r_sequence(50000000), {"x"}))), path));
  CHECK(too_much(entry(r_packed(r_head() + big_endian(13) + big_endian(100000000), 400000000)), path));
  // Half a million rows that R keeps as a sequence are read.
  CHECK(entry(r_packed(r_head() + r_named_list(r_sequence(500000), {"x"}))) == "read");
  const xs::data::Table table = xs::data::read_r_table(base, "t");
  CHECK(table.rows() == 500000);
  CHECK(table.columns[0].back() == 500000);
}

TEST_CASE("MAT: compressed elements and empty cells") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.mat");
  const auto read = [&](const std::string& elements) {
    return outcome(path, mat_header() + elements, [&] { (void)xs::data::MatFile(path).at("x"); });
  };
  const auto numbers = [](std::uint32_t type, std::uint32_t count) {
    const std::string beginning = mat_beginning(6, {1, count}, "x");
    return mat_tag(14, beginning.size() + 8 + count) + beginning + mat_tag(type, count);
  };
  CHECK(too_much(read(mat_compressed(numbers(2, 500U << 20), 500 * mib)), path));
  CHECK(too_much(read(mat_compressed(numbers(2, 40U << 20), 40 * mib)), path));
  // A text, cells without content, names of fields.
  const std::string text = mat_beginning(4, {1, 20U << 20}, "x");
  CHECK(too_much(
      read(mat_compressed(mat_tag(14, text.size() + 8 + (20U << 20)) + text + mat_tag(16, 20U << 20), 20 * mib)),
      path));
  CHECK(too_much(read(mat_compressed(mat_array(1, {1, 2000000}, "x", repeated(mat_tag(14, 0), 2000000)))), path));
  const std::string fields = mat_element(5, little_endian(1)) + mat_element(1, std::string(8000000, '\0'));
  CHECK(too_much(read(mat_compressed(mat_array(2, {0, 0}, "x", fields))), path));
  // What claims more than is there.
  CHECK(contains(read(mat_array(1, {1 << 20, 1 << 20}, "x", "")), "xs::Error: file " + path + ": damaged"));
  CHECK(contains(read(mat_array(6, {1, 1 << 30}, "x", mat_element(2, "1"))), "xs::Error: file " + path + ": damaged"));
  CHECK(contains(read(mat_compressed(mat_tag(14, 120U << 20) + mat_element(6, little_endian(6) + little_endian(0)) +
                                         mat_tag(5, 100U << 20),
                                     100 * mib)),
                 "xs::Error: file " + path));
  // Many variables together.
  std::string many;
  for (char name = 'a'; name < 'y'; ++name) {
    const std::string beginning = mat_beginning(6, {1, 2U << 20}, std::string(1, name));
    many += mat_compressed(mat_tag(14, beginning.size() + 8 + (2U << 20)) + beginning + mat_tag(2, 2U << 20), 2 * mib);
  }
  CHECK(read(many) == "read");
  CHECK(too_much(outcome(path, mat_header() + many,
                         [&] {
                           const xs::data::MatFile file(path);
                           for (const std::string& name : file.names()) (void)file.at(name);
                         }),
                 path));
  // Cells as they are stored are no attack.
  CHECK(read(mat_array(1, {1, 200000}, "x", repeated(mat_tag(14, 0), 200000))) == "read");
}

TEST_CASE("PNG: chunks and pixels that are not there") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.png");
  const auto read = [&](const std::string& bytes) {
    return outcome(path, bytes, [&] { (void)xs::data::read_png(path, {0, 0, 1}); });
  };
  const std::string start = png_start(1, 1, 8, 0), one = deflated(std::string(2, '\0'));
  const std::string long_chunk = start + big_endian(1300U << 20) + "tEXt" + "k" + std::string(15, '\0');
  CHECK(long_chunk.size() == 57);
  CHECK(contains(read(long_chunk), "xs::Error: file " + path + ": found a damaged PNG (a chunk of 1363148800 bytes"));
  for (const char* type : {"iCCP", "zTXt", "IDAT", "abCd"})
    CHECK(contains(read(start + big_endian(0x7fffffff) + type + "k"), "xs::Error: file " + path + ": found a damaged"));
  // A text of 7 MB in 7 kB, eight hundred times.
  const std::string text = png_chunk("zTXt", std::string("k\0\0", 3) + deflated("", 7 * mib));
  CHECK(read(start + repeated(text, 800) + png_end(one)) == "read");
  CHECK(contains(read(png_start(7, 1000000, 8, 0) + png_end("")), "expected more for a PNG of 1000000 rows"));
  CHECK(contains(read(png_start(1000000, 1000000, 8, 0) + png_end("")), "expected more for a PNG of 1000000 rows"));
  // Black to 25000 x 25000: what libpng would unpack in 600 kB.
  CHECK(too_much(read(png_start(25000, 25000, 1, 0) + png_end(deflated("", std::uint64_t{25000} * 3126))), path));
  CHECK(read(png_start(4000, 4000, 1, 0) + png_end(deflated("", std::uint64_t{4000} * 501))) == "read");
}

TEST_CASE("IDX: extents that are not there, and zeros that are") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.idx");
  const auto read = [&](const std::string& bytes) {
    return outcome(path, bytes, [&] { (void)xs::data::read_idx_file(path, 3); });
  };
  CHECK(too_much(read(idx_header({1U << 13, 1U << 13, 1U << 13})), path));
  CHECK(too_much(read(gzipped(idx_header({1U << 10, 1U << 10, 1U << 9}))), path));
  CHECK(contains(read(idx_header({1U << 8, 1U << 8, 1U << 8})), "found 0 elements, expected 16777216"));
  CHECK(read(gzipped(idx_header({64, 1024, 1024}), 64 * mib)) == "read");
}

TEST_CASE("CSV: many columns, names and quotes") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.csv");
  const auto read = [&](const std::string& text) {
    return outcome(path, text, [&] { (void)xs::data::read_csv(path); });
  };
  CHECK(too_much(read(std::string(8000000, ',') + "\n" + std::string(8000000, ',')), path));
  CHECK(too_much(read("a\n" + std::string(8000000, ',')), path));
  CHECK(read(std::string(100000, ',') + "\n" + std::string(100000, ',')) == "read");
  CHECK(read("h\n" + std::string(20000000, 'a')) == "read");
  // Linear work: 300 thousand names, each compared with those before it; a field that is opened 300 thousand times
  // after 300 thousand spaces; long names of columns of text, looked up for each row.
  std::string names = "c0", row = "1";
  for (int i = 1; i < 300000; ++i) names += ",c" + std::to_string(i), row += ",1";
  CHECK(read(names + "\n" + row) == "read");
  CHECK(contains(read(names + ",c77\n" + row + ",1"), "found two columns named 'c77'"));
  CHECK(read("h\n" + std::string(300000, ' ') + repeated("\" \" ", 300000) + "\n") == "read");
  const std::string name(2000000, 'n');
  CHECK(read(name + "a," + name + "b\n" + repeated("x,y\n", 300000)) == "read");
  // Distinct texts.
  std::string texts = "h\n";
  for (int i = 0; i < 300000; ++i) texts += "t" + std::to_string(i) + "\n";
  CHECK(read(texts) == "read");
  CHECK(contains(read("h\n\"" + std::string(1000000, 'a')), "found a quote without an end"));
}

TEST_CASE("NPZ: arrays and directories that are not there") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.npz");
  xs::save_npz(path, {{"a", xs::NpyArray{{100}, std::vector<float>(100)}}});
  const Bytes bytes = read_bytes(path);
  const std::string right(bytes.begin(), bytes.end());
  const std::size_t entry = right.find("PK\1\2"), end = right.find("PK\5\6");
  REQUIRE((entry != std::string::npos && end != std::string::npos));
  const auto with = [&](std::size_t at, const std::string& number) {
    std::string changed = right;
    changed.replace(at, number.size(), number);
    return outcome(path, changed, [&] { (void)xs::NpzFile(path).at("a"); });
  };
  std::string deflated = right;
  deflated[entry + 10] = 8;                             // the method
  deflated.replace(entry + 24, 4, "\xF0\xFF\xFF\xFF");  // 4 GB of 528 bytes
  CHECK(contains(outcome(path, deflated, [&] { (void)xs::NpzFile(path).at("a"); }), "bytes that ask for more than"));
  CHECK(contains(with(entry + 20, "\xF0\xFF\xFF\x7F"), "array 'a': found a damaged entry"));
  CHECK(contains(with(entry + 42, "\xF0\xFF\xFF\x7F"), "array 'a': found it beyond the end"));
  CHECK(contains(with(entry + 10, "\x0C"), "found compression method 12"));
  CHECK(contains(with(entry + 8, "\x01"), "found that it is encrypted"));
  CHECK(contains(with(end + 12, "\xF0\xFF\xFF\x7F"), "found a directory beyond its end"));
  CHECK(contains(with(end + 16, "\xF0\xFF\xFF\x7F"), "found a directory beyond its end"));
}
