// Readers of data sets: MAT v5, R, CSV; and builders of MAT and R files, which are right but for what the dice change.
#include "fuzz.hpp"

#include <xstitch/data/mat_file.hpp>
#include <xstitch/data/nyuv2_classes.hpp>
#include <xstitch/data/table_csv.hpp>
#include <xstitch/data/table_r.hpp>
#include <xstitch/data/table_set.hpp>
#include <xstitch/data/voc_proposals.hpp>

#include "../data/voc_files.hpp"

#include <lzma.h>

#include <filesystem>

namespace fuzz {
namespace {

using namespace xstitch_test;
namespace data = xs::data;

// --- MAT ---

void check(const data::MatArray& array) {
  const std::uint64_t count = product(array.extents);
  using Kind = data::MatArray::Kind;
  XSTITCH_FUZZ_REQUIRE(array.kind != Kind::numbers || count == array.numbers.size());
  XSTITCH_FUZZ_REQUIRE(array.kind != Kind::cell || count == array.items.size());
  for (const std::string& name : array.field_names) (void)array.field(name);
  for (const data::MatArray& item : array.items) check(item);
}
void read_mat(const std::string& bytes) {
  put(file(), bytes);
  accepted(bytes.size(), file(), [&] {
    const data::MatFile found(file());
    for (const std::string& name : found.names()) accepted(bytes.size(), file(), [&] { check(found.at(name)); });
  });
}
/// Byte 0: whether all elements are compressed here.
void run_mat(Input input) {
  Dice dice(input);
  const bool packed = dice.one_of(2);
  const std::string bytes(dice.rest().begin(), dice.rest().end());
  read_mat(packed && bytes.size() > 128 ? bytes.substr(0, 128) + mat_compressed(bytes.substr(128)) : bytes);
}

std::string element(Dice& dice, std::uint32_t type, const std::string& content) {
  if (dice.one_of(40)) return mat_tag(dice.below(20), content.size()) + content;  // of another type, not padded
  if (dice.one_of(40)) return mat_tag(type, dice.length()) + content;
  if (content.size() <= 4 && dice.one_of(3)) {  // the small form
    std::string small = little_endian(static_cast<std::uint32_t>(content.size()) << 16 | type) + content;
    small.resize(8);
    return small;
  }
  return mat_element(type, content);
}
std::string mat_value(Dice& dice, int depth) {
  constexpr std::uint32_t classes[] = {6, 1, 2, 4, 9, 6, 12, 3, 5, 7, 8, 13, 15, 17};
  const std::uint32_t array_class = classes[dice.below(dice.one_of(8) ? 14 : 6)];
  std::vector<std::uint32_t> extents;
  std::uint64_t count = 1;
  for (std::uint32_t rank = dice.one_of(10) ? dice.below(5) : 2; rank > 0; --rank) {
    extents.push_back(dice.one_of(60) ? dice.length() : dice.below(4));
    count *= std::min(extents.back(), 10U);
  }
  std::string all, content;
  for (const std::uint32_t extent : extents) all += little_endian(extent);
  const std::uint32_t flags = array_class | (dice.one_of(10) ? dice.below(16) << 8 : 0);
  const std::string name = depth == 0 ? "v" + dice.text() : dice.one_of(20) ? dice.text() : std::string{};
  const std::string begin =
      element(dice, 6, little_endian(flags) + little_endian(0)) + element(dice, 5, all) + element(dice, 1, name);
  if (array_class == 1) {
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(count, 12) && depth < 5; ++i)
      content += mat_value(dice, depth + 1);
  } else if (array_class == 2 || array_class == 3) {
    const std::uint32_t fields = dice.below(4), length = dice.one_of(20) ? dice.length() : 8;
    std::string names;
    for (std::uint32_t f = 0; f < fields; ++f)
      names += std::string(1, static_cast<char>('a' + f)) + std::string(7, '\0');
    content = element(dice, 5, little_endian(length)) + element(dice, 1, names);
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(count, 6) * fields && depth < 5; ++i)
      content += mat_value(dice, depth + 1);
  } else {
    struct Stored {
      std::uint32_t type, size;
    };
    constexpr Stored kinds[] = {{9, 8}, {2, 1}, {16, 1}, {4, 2},  {5, 4},  {7, 4}, {12, 8},
                                {1, 1}, {3, 2}, {6, 4},  {13, 8}, {17, 2}, {18, 4}};
    const Stored kind = kinds[dice.below(13)];
    std::string numbers;
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(count, 40) * kind.size; ++i)
      numbers += static_cast<char>(dice.byte());
    content = element(dice, kind.type, numbers);
  }
  return element(dice, 14, begin + content);
}
void run_mat_built(Input input) {
  Dice dice(input);
  std::string bytes = mat_header();
  for (std::uint32_t variables = 1 + dice.below(3); variables > 0; --variables) {
    const std::string value = mat_value(dice, 0);
    bytes += dice.one_of(3) ? mat_compressed(value) : value;
  }
  if (dice.one_of(20)) bytes.resize(dice.word() % (bytes.size() + 1));
  read_mat(bytes);
}
std::vector<std::string> seeds_of_mat() {
  const std::string cell = mat_cell("boxes", {mat_rows("", {{1, 2, 3, 4}}), mat_text("a")});
  const std::string fields =
      mat_element(5, little_endian(8)) + mat_element(1, std::string("a\0\0\0\0\0\0\0b\0\0\0\0\0\0\0", 16));
  const std::string record = mat_array(2, {1, 1}, "s", fields + mat_text("x") + mat_rows("", {{1, 2, 3, 4}}));
  return {'\0' + mat_header() + mat_rows("v", {{1, 2, 3, 4}, {5, 6, 7, 8}}), '\1' + mat_header() + cell,
          '\0' + mat_header() + mat_compressed(record) + mat_text("t"), '\1' + mat_header() + record};
}
std::vector<std::string> random_seeds() {
  std::vector<std::string> all;
  for (std::uint32_t k = 0; k < 12; ++k) {
    std::string one;
    for (std::uint32_t i = 0, x = 77 + k; i < 200; ++i)
      one += static_cast<char>((x = x * 1664525U + 1013904223U) >> 24);
    all.push_back(one);
  }
  return all;
}

/// Proposals and the tables of NYU's classes, which lie in MAT files. Byte 0: which of them.
void run_proposals(Input input) {
  Dice dice(input);
  const std::uint32_t which = dice.below(5);
  const std::string tables = file("tables");
  std::filesystem::create_directories(tables);
  const char* name = which == 2 ? "classMapping40.mat" : which == 3 ? "class13Mapping.mat" : "splits.mat";
  const std::string path = which < 2 ? file() : tables + "/" + name;
  put(path, dice.rest());
  accepted(2 * input.size(), file("").substr(0, file("").size() - 1), [&] {
    if (which == 0) {
      const std::vector<std::string> ids{"2008_000001", "2008_000002"};
      for (const auto& [id, boxes] : data::read_proposal_file(path, ids, 100))
        XSTITCH_FUZZ_REQUIRE(boxes.size() <= 100);
    } else if (which == 1) {
      XSTITCH_FUZZ_REQUIRE(data::read_image_proposals(path, 100).size() <= 100);
    } else if (which == 4) {
      (void)data::read_nyu_splits(tables, 4);
    } else {
      XSTITCH_FUZZ_REQUIRE(!data::read_nyu_class_table(tables, which == 2 ? 40 : 13).empty());
    }
  });
  std::filesystem::remove(path);
}
std::vector<std::string> seeds_of_proposals() {
  const std::string rows = mat_rows("", {{1, 2, 30, 40}, {5, 6, 70, 80}});
  const std::string splits = mat_array(6, {2, 1}, "trainNdxs", mat_element(2, "\1\2")) +
                             mat_array(6, {2, 1}, "testNdxs", mat_element(2, "\3\4"));
  return {
      '\0' + mat_header() + mat_cell("boxes", {rows, rows}) +
          mat_cell("images", {mat_text("2008_000001"), mat_text("2008_000002")}),
      '\0' + mat_header() + mat_compressed(mat_cell("boxes", {rows, rows})),
      '\1' + mat_header() + mat_rows("boxes", {{1, 2, 30, 40}}),
      '\2' + mat_header() + mat_compressed(mat_array(6, {1, 894}, "mapClass", mat_element(2, std::string(894, '\7')))),
      '\4' + mat_header() + splits};
}

// --- R ---

/// Reads entry "t" that is packed with the letter and what it unpacks to, or takes `index` as the index.
void read_r(const std::string& value, std::uint32_t letter, bool lettered) {
  std::string packed = big_endian(static_cast<std::uint32_t>(value.size()));
  if (!lettered || letter == 0) {
    packed += (lettered ? "1" : "") + deflated(value);
  } else if (letter == 1) {
    lzma_options_lzma options{};
    lzma_lzma_preset(&options, 0);
    const lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
    std::string stream(2 * value.size() + 1000, '\0');
    std::size_t size = 0;
    if (lzma_raw_buffer_encode(filters, nullptr, reinterpret_cast<const std::uint8_t*>(value.data()), value.size(),
                               reinterpret_cast<std::uint8_t*>(stream.data()), &size, stream.size()) != LZMA_OK)
      return;
    packed += "Z" + stream.substr(0, size);
  } else {
    packed += (letter == 2 ? "0" : letter == 3 ? "q" : "1") + value;
  }
  const std::string entry = r_named_list(r_reals({0, static_cast<double>(packed.size())}), {"t"});
  put(file("R.rdx"), gzipped(r_head() + r_named_list(entry + r_list(0) + r_reals({lettered ? 2.0 : 1.0}),
                                                     {"variables", "references", "compressed"})));
  put(file("R.rdb"), packed);
  accepted(packed.size(), file("R"), [&] {
    const data::Table table = data::read_r_table(file("R"), "t");
    XSTITCH_FUZZ_REQUIRE(table.names.size() == table.columns.size() && table.rows() > 0);
    for (const auto& column : table.columns) XSTITCH_FUZZ_REQUIRE(column.size() == table.rows());
  });
}
/// Byte 0: how the rest, R's serialisation, is packed.
void run_r(Input input) {
  Dice dice(input);
  const std::uint8_t how = dice.byte();
  read_r({dice.rest().begin(), dice.rest().end()}, (how >> 1) % 5U, (how & 1) != 0);
}
/// The index, as it is or compressed here; its data are eight bytes.
void run_r_index(Input input) {
  Dice dice(input);
  const bool packed = dice.one_of(2);
  std::string bytes(dice.rest().begin(), dice.rest().end());
  if (packed) bytes = gzipped(bytes);
  put(file("R.rdx"), bytes);
  put(file("R.rdb"), big_endian(4) + "abcdefgh");
  accepted(bytes.size(), file("R"), [&] { (void)data::read_r_table(file("R"), "t"); });
}
std::string r_value(Dice& dice, int depth) {
  if (depth > 6 || dice.done()) return r_reals({1, 2, 3});
  const auto items = [&](std::uint32_t n) {
    std::string all;
    for (; n > 0; --n) all += r_value(dice, depth + 1);
    return all;
  };
  const std::uint32_t n = dice.below(4), flags = dice.one_of(4) ? 0x200 : 0;
  const std::string attributes = flags == 0 ? "" : dice.one_of(2) ? r_names({"x", "y"}) : r_value(dice, depth + 1);
  const auto claimed = [&](std::uint32_t count) { return big_endian(dice.one_of(30) ? dice.length() : count); };
  switch (dice.below(14)) {
    case 0:
      return r_null();
    case 1:
      return r_symbol(dice.text());
    case 2:
      return big_endian(255U | dice.below(4) << 8);
    case 3:
      return big_endian(2U | flags | (dice.one_of(2) ? 0x400U : 0U)) + attributes + r_value(dice, depth + 1) +
             r_value(dice, depth + 1) + r_null();
    case 4: {
      std::string texts = big_endian(16U | flags) + claimed(n);
      for (std::uint32_t i = 0; i < n; ++i)
        texts += dice.one_of(9) ? big_endian(9) + big_endian(0xffffffff) : r_characters(dice.text());
      return texts + attributes;
    }
    case 5:
      return r_sequence(dice.one_of(5) ? dice.length() : 3);
    case 6:
      return big_endian(238) + r_symbol(dice.one_of(2) ? "wrap_real" : dice.text()) + r_value(dice, depth + 1) +
             r_null();
    case 7:
      return big_endian(238) + big_endian(2) + r_symbol("wrap_integer") + r_null() + r_list(1) +
             r_value(dice, depth + 1) + (dice.one_of(2) ? r_null() : r_names({"levels"}));
    case 8:
    case 9: {
      std::string whole = big_endian((dice.one_of(2) ? 10U : 13U) | flags) + claimed(n);
      for (std::uint32_t i = 0; i < n; ++i) whole += big_endian(dice.one_of(9) ? 0x80000000 : dice.byte());
      return whole + attributes;
    }
    case 10: {  // a factor
      std::string whole = big_endian(13U | 0x200U) + big_endian(3);
      for (int i = 0; i < 3; ++i) whole += big_endian(dice.byte() % 5U);
      return whole + big_endian(0x402) + r_symbol("levels") + r_value(dice, depth + 1) + r_null();
    }
    case 11:
    case 12:
      return big_endian((dice.one_of(3) ? 20U : 19U) | flags) + claimed(n) + items(n) + attributes;
    default:
      return big_endian(dice.one_of(3) ? dice.word() : 14U | flags) + claimed(n) + std::string(n * 8, '\1') +
             attributes;
  }
}
void run_r_built(Input input) {
  Dice dice(input);
  const std::uint8_t how = dice.byte();
  const std::uint32_t columns = 1 + dice.below(4);
  std::string all;
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < columns; ++i)
    all += r_value(dice, 0), names.push_back("c" + std::to_string(i) + dice.text());
  if (dice.one_of(20)) names.pop_back();
  std::string head = r_head();
  if ((how & 16) != 0)
    head = "X\n" + big_endian(3) + big_endian(0x40000) + big_endian(0x30500) + big_endian(5) + "UTF-8";
  const std::string value = head + big_endian(19 | 0x200) + big_endian(columns) + all + r_names(names);
  read_r(value, (how >> 1) % 3U, (how & 1) != 0);
}
std::vector<std::string> seeds_of_r() {
  const std::string factor = big_endian(13 | 0x200) + big_endian(3) + big_endian(1) + big_endian(2) + big_endian(1) +
                             big_endian(0x402) + r_symbol("levels") + r_texts({"red", "white"}) + r_null();
  const std::string frame =
      r_head() + r_named_list(r_reals({1, 2, 3}) + factor + r_sequence(3) + r_texts({"a", "b", "c"}),
                              {"x", "kind", "row", "text"});
  return {'\0' + frame, '\1' + frame, '\3' + frame, '\5' + frame, '\1' + r_head() + r_data_frame()};
}
std::vector<std::string> seeds_of_r_index() {
  return {'\0' + gzipped(r_head() + r_index("t", 0, 12)), '\1' + r_head() + r_index("t", 0, 12),
          '\1' + r_head() + r_index("u", 4, 1e9)};
}

// --- CSV ---

void run_csv(Input input) {
  put(file("x.csv"), input);
  accepted(input.size(), file("x.csv"), [&] {
    const data::Table table = data::read_csv(file("x.csv"));
    XSTITCH_FUZZ_REQUIRE(table.names.size() == table.columns.size() && table.rows() > 0);
    for (const auto& column : table.columns) XSTITCH_FUZZ_REQUIRE(column.size() == table.rows());
    accepted(2 * input.size(), "", [&] {
      const auto [train, test] = data::table_sets(table, {{.name = "input", .columns = {table.names[0]}}},
                                                  {{.name = "y", .columns = {table.names.back()}, .classes = 3}});
      xs::Sample sample;
      sample.inputs.resize(train.inputs().size());
      sample.labels.resize(train.labels().size());
      for (std::size_t i = 0; i < train.size(); ++i) {
        train.load(i, sample);
        XSTITCH_FUZZ_REQUIRE(!train.describe(i).empty());
      }
    });
  });
}
std::vector<std::string> seeds_of_csv() {
  return {"a,b\n1,0\n2,1\n3,2\n4.5e1,NA\n", "\xEF\xBB\xBF\"a \"\"x\"\"\",b\r\n\"1\n2\",red\r\n,blue\r\n",
          "x,y\n+1,0\n-inf,1\nnan,2\n1e999,0\n"};
}

const Added all[] = {Added({"mat", run_mat, seeds_of_mat}),
                     Added({"mat_built", run_mat_built, random_seeds}),
                     Added({"proposals", run_proposals, seeds_of_proposals}),
                     Added({"r", run_r, seeds_of_r}),
                     Added({"r_built", run_r_built, random_seeds}),
                     Added({"r_index", run_r_index, seeds_of_r_index}),
                     Added({"csv", run_csv, seeds_of_csv})};

}  // namespace
}  // namespace fuzz
