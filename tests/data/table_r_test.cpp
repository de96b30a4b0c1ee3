// needs: gzip xz
#include <xstitch/data/table_r.hpp>

#include <doctest/doctest.h>
#include <lzma.h>
#include <zlib.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "temporary_folder.hpp"

namespace xs = xstitch;
using namespace xstitch_test;

namespace {

/// R's XDR serialisation, version 3.
class RWriter {
 public:
  Bytes bytes = {'X', '\n'};

  RWriter() {
    for (const std::uint32_t x : {3U, 0x040202U, 0x030500U, 5U}) integer(x);
    text("UTF-8");
  }
  void integer(std::uint32_t x) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(x >> shift));
  }
  void text(const std::string& s) { bytes.insert(bytes.end(), s.begin(), s.end()); }
  void characters(const std::string& s) {
    integer(0x00040009);
    integer(static_cast<std::uint32_t>(s.size()));
    text(s);
  }
  void texts(const std::vector<std::string>& all, std::uint32_t flags = 16) {
    integer(flags);
    integer(static_cast<std::uint32_t>(all.size()));
    for (const std::string& s : all) characters(s);
  }
  void integers(const std::vector<std::uint32_t>& all, std::uint32_t flags = 13) {
    integer(flags);
    integer(static_cast<std::uint32_t>(all.size()));
    for (const std::uint32_t x : all) integer(x);
  }
  void reals(const std::vector<double>& all) {
    integer(14);
    integer(static_cast<std::uint32_t>(all.size()));
    for (const double x : all) {
      const auto bits = std::bit_cast<std::uint64_t>(x);
      integer(static_cast<std::uint32_t>(bits >> 32));
      integer(static_cast<std::uint32_t>(bits));
    }
  }
  void list(std::size_t items, bool attributes) {
    integer(attributes ? 19 | 0x200 : 19);
    integer(static_cast<std::uint32_t>(items));
  }
  void attribute(const std::string& name) {  // a pair with a new symbol as its tag
    integer(2 | 0x400);
    integer(1);
    characters(name);
  }
  void again(std::uint32_t symbol) {  // a pair whose tag was seen before
    integer(2 | 0x400);
    integer(255 | (symbol << 8));
  }
  void end() { integer(254); }
};

Bytes gzipped(const TemporaryFolder& folder, const Bytes& bytes) {
  const std::string path = folder.file("packed");
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  return read_bytes(path);
}

/// A data frame: reals with NA, integers with NA, a factor, texts (to be left out), and row names as a compact
/// sequence.
Bytes frame() {
  RWriter w;
  w.list(4, true);
  w.reals({1.5, std::nan(""), -2e10});
  w.integers({7, 0x80000000U, 0xffffffffU});
  w.integers({2, 1, 2}, 13 | 0x200 | 0x100);
  w.attribute("levels");
  w.texts({"low", "high"});
  w.end();
  w.texts({"a", "b", "c"});
  w.attribute("names");
  w.texts({"real", "whole", "factor", "words"});
  w.attribute("row.names");
  w.integer(238);  // ALTREP: class info, state, attributes
  w.attribute("unused");
  w.integer(1);
  w.characters("compact_intseq");
  w.end();
  w.reals({3, 1, 1});
  w.end();
  w.end();
  return w.bytes;
}

/// compressed: 1 for zlib, 3 for a letter and LZMA2, as R's tools write them.
void write_package(const TemporaryFolder& folder, const Bytes& entry, std::uint32_t compressed = 1) {
  Bytes packed(entry.size() + 1000);
  std::size_t size = 0;
  if (compressed == 1) {
    uLongf length = static_cast<uLongf>(packed.size());
    REQUIRE(compress(packed.data(), &length, entry.data(), static_cast<uLong>(entry.size())) == Z_OK);
    size = length;
  } else {
    lzma_options_lzma options{};
    lzma_lzma_preset(&options, 6 | LZMA_PRESET_EXTREME);
    const std::vector<lzma_filter> filters = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
    packed[size++] = 'Z';
    REQUIRE(lzma_raw_buffer_encode(filters.data(), nullptr, entry.data(), entry.size(), packed.data(), &size,
                                   packed.size()) == LZMA_OK);
  }
  Bytes data = {'j', 'u', 'n', 'k'};
  for (int shift = 24; shift >= 0; shift -= 8) data.push_back(static_cast<std::uint8_t>(entry.size() >> shift));
  for (std::size_t i = 0; i < size; ++i) data.push_back(packed[i]);
  write_bytes(folder.file("Rdata.rdb"), data);
  RWriter w;
  w.list(3, true);
  w.list(2, true);
  w.integers({0, 4});
  w.integers({4, static_cast<std::uint32_t>(size) + 4});
  w.attribute("names");
  w.texts({"other", "frame"});
  w.end();
  w.list(0, false);
  w.integers({compressed});
  w.again(1);
  w.texts({"variables", "references", "compressed"});
  w.end();
  write_bytes(folder.file("Rdata.rdx"), gzipped(folder, w.bytes));
}

}  // namespace

TEST_CASE("a data frame of an R package is read without R") {
  const TemporaryFolder folder;
  std::uint32_t compressed = 1;
  SUBCASE("by zlib") { compressed = 1; }
  SUBCASE("by xz") { compressed = 3; }
  write_package(folder, frame(), compressed);
  const xs::data::Table table = xs::data::read_r_table(folder.file("Rdata"), "frame");
  CHECK(table.names == std::vector<std::string>{"real", "whole", "factor"});
  REQUIRE(table.rows() == 3);
  CHECK(table.column("real")[0] == 1.5);
  CHECK(std::isnan(table.column("real")[1]));
  CHECK(table.column("real")[2] == -2e10);
  CHECK(table.column("whole")[0] == 7);
  CHECK(std::isnan(table.column("whole")[1]));
  CHECK(table.column("whole")[2] == -1);
  CHECK(table.column("factor") == std::vector<double>{1, 0, 1});
  CHECK(table.class_names("factor") == std::vector<std::string>{"low", "high"});
}

TEST_CASE("wrong R data are refused at any length") {
  const TemporaryFolder folder;
  const auto error = [&](const std::string& name = "frame") {
    return error_of<xs::Error>([&] { (void)xs::data::read_r_table(folder.file("Rdata"), name); });
  };
  CHECK(contains(error(), "Rdata.rdx: found no such file"));
  const Bytes whole = frame();
  write_package(folder, whole);
  CHECK(error().empty());
  CHECK(contains(error("none"), "[other, frame], expected 'none'"));
  // Without files, which are slow: the serialisation alone.
  const auto parse = [](const Bytes& bytes) {
    xs::limits::Budget budget("here", bytes.size());
    return error_of<xs::Error>([&] { (void)xs::data::detail::RReader(bytes, "here", budget).value(); });
  };
  CHECK(parse(whole).empty());
  for (std::size_t length = 0; length < whole.size(); ++length)
    CHECK_MESSAGE(contains(parse({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)}), "here"),
                  length);
  for (std::size_t i = 0; i < whole.size(); ++i)  // no crash, whatever is there
    for (const unsigned change : {0x81U, 0xffU, 0x04U}) {
      Bytes damaged = whole;
      damaged[i] = static_cast<std::uint8_t>(damaged[i] ^ change);
      (void)parse(damaged);
    }
  write_package(folder, whole);
  const Bytes data = read_bytes(folder.file("Rdata.rdb"));
  write_bytes(folder.file("Rdata.rdb"), {data.begin(), data.end() - 1});
  CHECK(contains(error(), "cut file"));
  Bytes damaged = data;
  damaged[20] ^= 0xff;
  write_bytes(folder.file("Rdata.rdb"), damaged);
  CHECK(contains(error(), "do not unpack"));
  write_package(folder, whole, 3);
  damaged = read_bytes(folder.file("Rdata.rdb"));
  for (std::size_t i = 8; i < damaged.size(); i += 11) {
    Bytes wrong = damaged;
    wrong[i] ^= 0x81;
    write_bytes(folder.file("Rdata.rdb"), wrong);
    (void)error();
  }
  damaged[8] = '2';
  write_bytes(folder.file("Rdata.rdb"), damaged);
  CHECK(contains(error(), "compression '2'"));
  std::filesystem::remove(folder.file("Rdata.rdb"));
  CHECK(contains(error(), "Rdata.rdb: found no such file"));
  RWriter text;
  text.texts({"no", "frame"});
  write_package(folder, text.bytes);
  CHECK(contains(error(), "no data frame"));
  RWriter uneven, words;
  uneven.list(2, true);
  uneven.reals({1, 2, 3});
  uneven.reals({4, 5});
  uneven.attribute("names");
  uneven.texts({"long", "short"});
  uneven.end();
  write_package(folder, uneven.bytes);
  CHECK(contains(error(), "Rdata.rdb, 'frame': found 2 rows in column 'short', expected 3"));
  words.list(1, true);
  words.texts({"a", "b"});
  words.attribute("names");
  words.texts({"words"});
  words.end();
  write_package(folder, words.bytes);
  CHECK(contains(error(), "Rdata.rdb, 'frame': found no columns of numbers, expected some"));
  RWriter nothing, deep;
  nothing.integer(255 | (1 << 8));  // the first symbol, before there is one
  CHECK(parse(nothing.bytes) ==
        "here: found a reference to nothing at byte 27, expected a value of R that a table needs");
  for (int depth = 0; depth <= 100; ++depth) deep.list(1, false);
  deep.end();
  CHECK(contains(parse(deep.bytes), "here: found values nested more than 100 deep at byte"));
}

TEST_CASE("the meats of Debian's package r-cran-modeldata, where it is installed") {
  const std::string base = "/usr/lib/R/site-library/modeldata/data/Rdata";
  if (!std::filesystem::exists(base + ".rdx")) {
    MESSAGE("skipped: package r-cran-modeldata is not installed");
    return;
  }
  const xs::data::Table meats = xs::data::read_r_table(base, "meats");
  CHECK(meats.rows() == 215);
  CHECK(meats.names_starting_with("x_").size() == 100);
  double water = 0, fat = 0, protein = 0;
  for (std::size_t i = 0; i < 215; ++i)
    water += meats.column("water")[i], fat += meats.column("fat")[i], protein += meats.column("protein")[i];
  CHECK(water / 215 == doctest::Approx(63.20).epsilon(1e-3));  // as R's summary() has it
  CHECK(fat / 215 == doctest::Approx(18.14).epsilon(1e-3));
  CHECK(protein / 215 == doctest::Approx(17.68).epsilon(1e-3));
}
