// needs: gzip
// MAT-files written byte by byte: text beyond ASCII, kinds that are not read, and variables that nobody asks for.
#include <xstitch/data/mat_file.hpp>

#include <doctest/doctest.h>
#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "temporary_folder.hpp"

namespace xs = xstitch;
using namespace xstitch_test;
using xs::data::MatFile;

namespace {

constexpr std::uint8_t int8 = 1, int16 = 3, uint16 = 4, int32 = 5, uint32 = 6, float64 = 9, int64 = 12, matrix = 14,
                       compressed = 15, utf8 = 16, utf16 = 17, utf32 = 18;
constexpr std::uint8_t char_class = 4, sparse_class = 5, double_class = 6, int64_class = 14, function_class = 16,
                       opaque_class = 17;

void append(Bytes& to, const Bytes& from) { to.insert(to.end(), from.begin(), from.end()); }

template <class T>
Bytes raw(const std::vector<T>& values) {
  Bytes bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}
Bytes raw(const std::string& text) { return {text.begin(), text.end()}; }

/// Type, size, content, padded to 8 bytes.
Bytes element(std::uint32_t type, const Bytes& content) {
  Bytes out = raw(std::vector<std::uint32_t>{type, static_cast<std::uint32_t>(content.size())});
  append(out, content);
  out.resize((out.size() + 7) / 8 * 8);
  return out;
}

/// A variable of one row, as scipy 1.10 writes it: flags, extents, name, content.
Bytes variable(const std::string& name, std::uint32_t array_class, std::int32_t columns, const Bytes& content,
               std::uint32_t flags_type = uint32) {
  Bytes body = element(flags_type, raw(std::vector<std::uint32_t>{array_class, 0}));
  append(body, element(int32, raw(std::vector<std::int32_t>{1, columns})));
  append(body, element(int8, raw(name)));
  append(body, content);
  return element(matrix, body);
}

/// MATLAB's tables, strings and dates: no extents; the name, the type system, the class, and a reference.
Bytes opaque(const std::string& name) {
  Bytes body = element(uint32, raw(std::vector<std::uint32_t>{opaque_class, 0}));
  for (const std::string& text : {name, std::string("MCOS"), std::string("datetime")})
    append(body, element(int8, raw(text)));
  append(body, variable("", 13, 2, element(uint32, raw(std::vector<std::uint32_t>{0xdd000000U, 2}))));
  return element(matrix, body);
}

Bytes deflated(const Bytes& bytes) {
  Bytes out(compressBound(static_cast<uLong>(bytes.size())));
  uLongf size = static_cast<uLongf>(out.size());
  REQUIRE(compress(out.data(), &size, bytes.data(), static_cast<uLong>(bytes.size())) == Z_OK);
  out.resize(size);
  Bytes element = raw(std::vector<std::uint32_t>{compressed, static_cast<std::uint32_t>(size)});
  append(element, out);
  return element;
}

std::string written(const TemporaryFolder& folder, const std::vector<Bytes>& variables) {
  Bytes file(128, ' ');
  file[124] = 0, file[125] = 1, file[126] = 'I', file[127] = 'M';
  for (const Bytes& each : variables) append(file, each);
  write_bytes(folder.file("a.mat"), file);
  return folder.file("a.mat");
}

}  // namespace

TEST_CASE("what scipy writes for {'train': [1., 2.], 'room': 'Küche'}, plain and compressed") {
  const TemporaryFolder folder;
  const Bytes train = variable("train", double_class, 2, element(float64, raw(std::vector<double>{1, 2})));
  const Bytes room = variable("room", char_class, 5, element(utf8, raw(std::string("Küche"))));
  const Bytes count = variable("count", int64_class, 2, element(int64, raw(std::vector<std::int64_t>{-7, 1LL << 40})));
  for (const bool packed : {false, true}) {
    const auto packed_or_not = [&](const Bytes& bytes) { return packed ? deflated(bytes) : bytes; };
    const MatFile file(written(folder, {packed_or_not(train), packed_or_not(room), packed_or_not(count)}));
    CHECK(file.names() == std::vector<std::string>{"count", "room", "train"});
    CHECK(file.at("train").numbers == std::vector<double>{1, 2});
    CHECK(file.at("room").text == "Küche");
    CHECK(file.at("room").extents == std::vector<std::size_t>{1, 5});
    CHECK(file.at("count").numbers == std::vector<double>{-7, 1099511627776.0});
  }
}

TEST_CASE("text in every encoding becomes UTF-8") {
  const TemporaryFolder folder;
  const auto text = [&](std::int32_t count, std::uint32_t type, const Bytes& content) {
    return MatFile(written(folder, {variable("t", char_class, count, element(type, content))})).at("t").text;
  };
  CHECK(text(2, uint16, raw(std::vector<std::uint16_t>{0xe9, 0x20ac})) == "é€");  // as MATLAB writes it
  CHECK(text(3, utf16, raw(std::vector<std::uint16_t>{'x', 0xd83d, 0xde00})) == "x😀");
  CHECK(text(2, utf16, raw(std::vector<std::uint16_t>{'x', 0xd83d})) == "x\uFFFD");  // half a pair
  CHECK(text(2, utf32, raw(std::vector<std::uint32_t>{0x1f600, 0x4e2d})) == "😀中");
  CHECK(text(2, 2, Bytes{'a', 0xfc}) == "aü");         // 8 bits: Latin-1
  CHECK(text(2, utf8, raw(std::string("😀"))) == "😀");  // counted as MATLAB counts, in UTF-16
  CHECK(text(1, utf8, raw(std::string("😀"))) == "😀");  // as Python counts
  CHECK(text(4, utf8, raw(std::string("😀"))) == "😀");  // in bytes
  CHECK(text(2, utf8, Bytes{'a', 0xff}) == "a\uFFFD");
  CHECK(text(0, utf8, {}).empty());
  CHECK(contains(error_of<xs::Error>([&] { (void)text(3, utf8, raw(std::string("😀"))); }), "found 4 elements in 't'"));
  CHECK(contains(error_of<xs::Error>([&] { (void)text(1, 77, raw(std::string("a"))); }),
                 "type 77 in 't', expected text"));
}

TEST_CASE("variables that are not asked for are no obstacle, whatever they are") {
  const TemporaryFolder folder;
  const Bytes good = variable("good", double_class, 2, element(int16, raw(std::vector<std::int16_t>{-3, 300})));
  const Bytes sparse = variable("sparse", sparse_class, 2, element(int32, raw(std::vector<std::int32_t>{0})));
  const Bytes function = variable("function", function_class, 1, variable("", 2, 1, {}));
  const Bytes strange = variable("strange", double_class, 2, element(77, Bytes(16, 1)));
  const Bytes shorter = variable("shorter", double_class, 9, element(float64, raw(std::vector<double>{1, 2})));
  Bytes broken =
      deflated(variable("broken", double_class, 1000, element(float64, raw(std::vector<double>(1000, 0.1)))));
  broken[broken.size() - 1] ^= 0x55;  // the checksum at the end of the stream
  const Bytes subsystem = variable("", 9, 3, element(2, Bytes{0, 1, 2}));
  const MatFile file(written(folder, {opaque("when"), subsystem, sparse, deflated(opaque("packed")), function, strange,
                                      shorter, broken, good}));
  CHECK(file.names().size() == 8);
  CHECK(file.at("good").numbers == std::vector<double>{-3, 300});
  const auto error = [&](const std::string& name) { return error_of<xs::Error>([&] { (void)file.at(name); }); };
  CHECK(
      contains(error("when"), "found that 'when' is of MATLAB's class 17, expected numbers, text, a cell or a struct"));
  CHECK(contains(error("packed"), "class 17"));
  CHECK(contains(error("sparse"), "class 5"));
  CHECK(contains(error("function"), "class 16"));
  CHECK(contains(error("strange"), "elements of type 77 in 'strange', expected numbers"));
  CHECK(contains(error("shorter"), "found 2 elements in 'shorter', expected 9"));
  CHECK(contains(error("broken"), "does not decompress"));
  CHECK(contains(error("none"), "[broken, function, good, packed, shorter, sparse, strange, when], expected 'none'"));

  // Inside a cell they are `other`, and the items beside them are read.
  Bytes items = opaque("");
  append(items, variable("", double_class, 1, element(float64, raw(std::vector<double>{5}))));
  const MatFile cells(written(folder, {variable("cell", 1, 2, items)}));
  REQUIRE(cells.at("cell").items.size() == 2);
  CHECK(cells.at("cell").items[0].kind == xs::data::MatArray::Kind::other);
  CHECK(cells.at("cell").items[1].numbers == std::vector<double>{5});
}

TEST_CASE("names of many bytes, and cells nested deeply, are refused") {
  const TemporaryFolder folder;
  const Bytes number = element(float64, raw(std::vector<double>{5}));
  const auto error = [&](const std::string& name, int cells) {
    Bytes array = variable(cells == 0 ? name : "", double_class, 1, number);
    for (int depth = cells; depth > 0; --depth) array = variable(depth == 1 ? name : "", 1, 1, array);
    return error_of<xs::Error>([&] { (void)MatFile(written(folder, {array})).at(name); });
  };
  CHECK(error(std::string(1024, 'n'), 0).empty());
  CHECK(contains(error(std::string(1025, 'n'), 0), "found a name of 1025 bytes, expected at most 1024"));
  CHECK(error("x", 16).empty());
  CHECK(contains(error("x", 17), "damaged MAT-file: found cells nested more than 16 deep"));
}

TEST_CASE("array flags of 32 bits with a sign are flags") {
  const TemporaryFolder folder;
  const Bytes numbers = element(float64, raw(std::vector<double>{4, 5}));
  const Bytes text = element(uint16, raw(std::vector<std::uint16_t>{'o', 'k'}));
  const MatFile file(written(
      folder, {variable("x", double_class, 2, numbers, int32), deflated(variable("t", char_class, 2, text, int32))}));
  CHECK(file.at("x").numbers == std::vector<double>{4, 5});
  CHECK(file.at("t").text == "ok");
  CHECK(contains(
      error_of<xs::Error>([&] { MatFile(written(folder, {variable("x", double_class, 2, numbers, float64)})); }),
      "no array flags"));
}
