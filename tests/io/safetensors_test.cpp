#include <xstitch/core/little_endian.hpp>
#include <xstitch/core/random.hpp>
#include <xstitch/io/safetensors.hpp>
#include <xstitch/io/verify.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

namespace xs = xstitch;
namespace fs = std::filesystem;
using xs::SafetensorsFile;
using xs::TensorView;

namespace {

struct Folder {
  fs::path path;
  explicit Folder(const std::string& name)
      : path(fs::temp_directory_path() / ("xstitch_" + name + "_" + std::to_string(::getpid()))) {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
};

std::string error_of(const fs::path& path) {
  try {
    const SafetensorsFile file(path);
    for (const auto& [name, entry] : file.entries()) {
      std::vector<float> values(entry.count());
      if (entry.dtype == "F32") file.read(name, values);
    }
  } catch (const xs::Error& error) {
    return error.what();
  }
  return "no error";
}

/// A file from a header and so many bytes of data.
void write_raw(const fs::path& path, const std::string& header, std::size_t data_bytes) {
  const std::uint64_t length = xs::little_endian(std::uint64_t{header.size()});
  std::string text(8, '\0');
  std::memcpy(text.data(), &length, 8);
  xs::write_file_atomically(path, text + header + std::string(data_bytes, '\0'));
}

}  // namespace

TEST_CASE("what is written is read") {
  const Folder folder("st");
  const fs::path path = folder.path / "a.safetensors";
  const std::vector<float> weight{1.0F, -2.5F, 3e-30F, 0.0F, -0.0F, 7.0F}, scalar{42.0F}, none;
  const std::vector<std::int64_t> integers{-1, std::numeric_limits<std::int64_t>::max()};
  const std::vector<std::uint8_t> marks{1, 2, 255};
  const TensorView tensors[] = {TensorView::floats("upper.conv1.weight", {2, 3}, weight),
                                TensorView::bytes("bytes", {3}, marks), TensorView::floats("scalar", {}, scalar),
                                TensorView::floats("empty", {0, 5}, none),
                                TensorView::integers("numbers", {2}, integers)};
  xs::safetensors::write(path, tensors, {{"note", "zwölf \"Boxkämpfer\"\n"}});

  const SafetensorsFile file(path);
  CHECK(file.entries().size() == 5);
  CHECK(file.metadata().at("note") == "zwölf \"Boxkämpfer\"\n");
  REQUIRE(file.find("upper.conv1.weight") != nullptr);
  CHECK(file.find("upper.conv1.weight")->shape == std::vector<std::uint64_t>{2, 3});
  std::vector<float> values(6);
  file.read("upper.conv1.weight", values);
  CHECK(std::memcmp(values.data(), weight.data(), 24) == 0);
  std::vector<float> one(1);
  file.read("scalar", one);
  CHECK(one == scalar);
  std::vector<std::int64_t> read_integers(2);
  file.read("numbers", read_integers);
  CHECK(read_integers == integers);
  std::vector<std::uint8_t> read_marks(3);
  file.read("bytes", read_marks);
  CHECK(read_marks == marks);
  file.read("empty", std::span<float>{});

  CHECK_THROWS_AS(file.read("none", one), xs::Error);
  CHECK_THROWS_AS(file.read("scalar", values), xs::Error);
  CHECK_THROWS_AS(file.read("numbers", values), xs::Error);
  CHECK_THROWS_AS(file.read("bytes", std::span(one)), xs::Error);

  // the data begins at a multiple of 64 bytes
  const std::string bytes = xs::read_file(path);
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  length = xs::little_endian(length);
  CHECK((8 + length) % 64 == 0);
}

TEST_CASE("a file without tensors, and one without metadata") {
  const Folder folder("st_empty");
  xs::safetensors::write(folder.path / "a", {});
  CHECK(SafetensorsFile(folder.path / "a").entries().empty());
  CHECK(SafetensorsFile(folder.path / "a").metadata().empty());
}

TEST_CASE("half, bfloat16 and double become float") {
  const Folder folder("st_types");
  const std::vector<std::uint16_t> half{0x3C00, 0xC000, 0x0001, 0x8000, 0x7C00, 0x7E00, 0x7BFF, 0x3555};
  const std::vector<std::uint16_t> bfloat{0x3F80, 0xC000, 0x7F80};
  const std::vector<double> doubles{0.1, -1e300, 1e-300};
  const TensorView tensors[] = {{"half", "F16", {8}, std::as_bytes(std::span(half))},
                                {"bfloat", "BF16", {3}, std::as_bytes(std::span(bfloat))},
                                {"double", "F64", {3}, std::as_bytes(std::span(doubles))}};
  xs::safetensors::write(folder.path / "a", tensors);
  const SafetensorsFile file(folder.path / "a");
  std::vector<float> h(8), b(3), d(3);
  file.read("half", h);
  file.read("bfloat", b);
  file.read("double", d);
  CHECK(h[0] == 1.0F);
  CHECK(h[1] == -2.0F);
  CHECK(h[2] == 0x1p-24F);
  CHECK(std::signbit(h[3]));
  CHECK(h[3] == 0.0F);
  CHECK(std::isinf(h[4]));
  CHECK(std::isnan(h[5]));
  CHECK(h[6] == 65504.0F);
  CHECK(h[7] == doctest::Approx(0.333252));
  CHECK(b[0] == 1.0F);
  CHECK(b[1] == -2.0F);
  CHECK(std::isinf(b[2]));
  CHECK(d[0] == 0.1F);
  CHECK(std::isinf(d[1]));
  CHECK(d[2] == 0.0F);
}

TEST_CASE("integers of every type are read, as floats where a float holds them") {
  const Folder folder("st_integers");
  const std::vector<std::int8_t> i8{-128, 127};
  const std::vector<std::uint8_t> u8{0, 255}, flags{1, 0};
  const std::vector<std::int16_t> i16{-32768, 32767};
  const std::vector<std::uint16_t> u16{0, 65535};
  const std::vector<std::int32_t> i32{-16777216, 16777216}, i32_beyond{1, 16777217};
  const std::vector<std::uint32_t> u32{0, 4294967295U};
  const std::vector<std::int64_t> i64{std::numeric_limits<std::int64_t>::min(), 5};
  const std::vector<std::uint64_t> u64{7, (std::uint64_t{1} << 63) - 1}, u64_beyond{0, std::uint64_t{1} << 63};
  const auto tensor = [](const char* name, const char* type, const auto& values) {
    return TensorView{name, type, {2}, std::as_bytes(std::span(values))};
  };
  const TensorView tensors[] = {tensor("i8", "I8", i8),
                                tensor("u8", "U8", u8),
                                tensor("flags", "BOOL", flags),
                                tensor("i16", "I16", i16),
                                tensor("u16", "U16", u16),
                                tensor("i32", "I32", i32),
                                tensor("u32", "U32", u32),
                                tensor("i64", "I64", i64),
                                tensor("i32 beyond", "I32", i32_beyond),
                                tensor("u64", "U64", u64),
                                tensor("u64 beyond", "U64", u64_beyond)};
  xs::safetensors::write(folder.path / "a", tensors);
  const SafetensorsFile file(folder.path / "a");
  const auto floats = [&](const char* name) {
    std::vector<float> values(2);
    file.read(name, values);
    return values;
  };
  const auto integers = [&](const char* name) {
    std::vector<std::int64_t> values(2);
    file.read(name, std::span(values));
    return values;
  };
  CHECK(floats("i8") == std::vector<float>{-128, 127});
  CHECK(floats("flags") == std::vector<float>{1, 0});
  CHECK(floats("u8") == std::vector<float>{0, 255});
  CHECK(floats("i16") == std::vector<float>{-32768, 32767});
  CHECK(floats("u16") == std::vector<float>{0, 65535});
  CHECK(floats("i32") == std::vector<float>{-16777216, 16777216});
  CHECK(integers("u32") == std::vector<std::int64_t>{0, 4294967295});
  CHECK(integers("i64") == std::vector<std::int64_t>{i64[0], 5});
  CHECK(integers("u64") == std::vector<std::int64_t>{7, std::numeric_limits<std::int64_t>::max()});
  for (const char* name : {"i32 beyond", "u32", "i64", "u64", "u64 beyond"})
    CHECK_THROWS_WITH_AS(floats(name), doctest::Contains("an integer beyond 2^24"), xs::Error);
  CHECK_THROWS_WITH_AS(integers("u64 beyond"), doctest::Contains("an integer beyond 2^63"), xs::Error);
}

TEST_CASE("a tensor of an unknown type is no obstacle to the others") {
  const Folder folder("st_unknown");
  const fs::path path = folder.path / "a";
  // F4: two numbers a byte; F8_E8M0: a byte each; a name that does not exist. The wanted tensor is between them.
  write_raw(path,
            R"({"scale": {"dtype": "F8_E8M0", "shape": [3], "data_offsets": [0, 3]},
                "w": {"dtype": "F32", "shape": [2], "data_offsets": [3, 11]},
                "packed": {"dtype": "F4", "shape": [4], "data_offsets": [11, 13]},
                "none": {"dtype": "X9", "shape": [0], "data_offsets": [13, 13]}})",
            13);
  const SafetensorsFile file(path);
  CHECK(file.entries().size() == 4);
  std::vector<float> values(2, 1.0F), four(4);
  file.read("w", values);
  CHECK(values == std::vector<float>{0, 0});
  CHECK(file.find("packed")->dtype == "F4");
  CHECK(file.find("packed")->count() == 0);
  CHECK_THROWS_WITH_AS(file.read("packed", four), doctest::Contains("\"packed\" is of the type F4, expected F32"),
                       xs::Error);
  std::vector<std::uint8_t> bytes(3);
  CHECK_THROWS_WITH_AS(file.read("scale", bytes), doctest::Contains("the type F8_E8M0, expected"), xs::Error);
  bytes.resize(2);
  CHECK_THROWS_WITH_AS(file.read("w", bytes), doctest::Contains("tensor \"w\" has type F32, expected U8"), xs::Error);
  std::vector<std::int64_t> integers(2);
  CHECK_THROWS_WITH_AS(file.read("w", integers), doctest::Contains("tensor \"w\" has type F32, expected integers"),
                       xs::Error);
}

TEST_CASE("wrong files are refused with the reason") {
  const Folder folder("st_wrong");
  const fs::path path = folder.path / "wrong";
  const auto refused = [&](const std::string& header, std::size_t bytes, const char* reason) {
    write_raw(path, header, bytes);
    const std::string error = error_of(path);
    CHECK_MESSAGE(error.find(reason) != std::string::npos, error);
    CHECK(error.starts_with(path.string()));
  };
  const auto tensor = [](const char* name, const char* dtype, const char* shape, const char* offsets) {
    return std::string("\"") + name + "\": {\"dtype\": \"" + dtype + "\", \"shape\": " + shape +
           ", \"data_offsets\": " + offsets + "}";
  };
  const std::string a = tensor("a", "F32", "[2]", "[0, 8]");
  refused("{" + a + "}", 9, "the tensors take 8 bytes, but the file holds 9");
  refused("{" + a + "}", 7, "the tensors take 8 bytes, but the file holds 7");
  refused("{" + a + ", " + tensor("b", "F32", "[1]", "[4, 8]") + "}", 8, "inside");
  refused("{" + a + ", " + tensor("b", "F32", "[1]", "[12, 16]") + "}", 16, "hole");
  refused("{" + a + ", " + a + "}", 8, "comes twice");
  refused("{" + tensor("a", "F32", "[3]", "[0, 8]") + "}", 8, "takes 12");
  refused("{" + tensor("a", "F32", "[2]", "[8, 0]") + "}", 8, "takes 8");
  refused("{" + tensor("a", "F33", "[2]", "[8, 0]") + "}", 8, "takes 0");
  refused("{" + tensor("a", "F33", "[2]", "[0, 8]") + "}", 9, "the tensors take 8 bytes, but the file holds 9");
  refused("{" + a + ", " + tensor("b", "F4", "[2]", "[9, 10]") + "}", 10, "hole");
  refused("{" + tensor("a", "F32", "[-2]", "[0, 8]") + "}", 8, "whole number");
  refused("{" + tensor("a", "F32", "[2]", "[0]") + "}", 8, "expected 2");
  refused("{" + tensor("a", "F32", "[2]", "[0, 8.5]") + "}", 8, "whole number");
  refused("{" + tensor("a", "F32", "[4294967296, 4294967296]", "[0, 0]") + "}", 0, "takes");
  refused("{\"a\": {\"dtype\": \"F32\", \"shape\": [2]}}", 8, "data_offsets");
  refused("{\"a\": 5}", 8, "dtype");
  refused("{\"__metadata__\": {\"a\": 5}}", 0, "expected a string");
  refused("[]", 0, "does not begin with {");
  refused(" {}", 0, "does not begin with {");
  refused("{", 0, "line 1");
  refused("", 0, "does not begin with {");
  xs::write_file_atomically(path, "1234567");
  CHECK(error_of(path).find("8 or more") != std::string::npos);
  xs::write_file_atomically(path, std::string(8, '\xff') + "{}");
  CHECK(error_of(path).find("not a safetensors file") != std::string::npos);
}

TEST_CASE("wrong tensors are not written, and the old file stays") {
  const Folder folder("st_write");
  const fs::path path = folder.path / "a";
  const std::vector<float> two{1.0F, 2.0F};
  const TensorView good[] = {TensorView::floats("a", {2}, two)};
  xs::safetensors::write(path, good);
  const TensorView wrong_size[] = {TensorView::floats("a", {3}, two)};
  const TensorView repeated[] = {TensorView::floats("a", {2}, two), TensorView::floats("a", {2}, two)};
  CHECK_THROWS_AS(xs::safetensors::write(path, wrong_size), xs::Error);
  CHECK_THROWS_AS(xs::safetensors::write(path, repeated), xs::Error);
  CHECK(error_of(path) == "no error");
}

TEST_CASE("every flipped bit is found: of the header, of every tensor") {
  const Folder folder("st_bits");
  const fs::path path = folder.path / "a", broken = folder.path / "b";
  std::vector<float> values(40);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 0.25F * static_cast<float>(i);
  const std::vector<float> none;
  const TensorView tensors[] = {TensorView::floats("x", {10, 2}, std::span(values).first(20)),
                                TensorView::floats("empty", {0}, none),
                                TensorView::floats("a", {20}, std::span(values).last(20))};
  xs::safetensors::write(path, tensors, {{"k", "v"}});
  REQUIRE(error_of(path) == "no error");
  REQUIRE(SafetensorsFile(path).has_checksums());
  CHECK(SafetensorsFile(path).metadata() == xs::TextMap{{"k", "v"}});
  CHECK(xs::verify(path).tensors == 3);
  const std::string whole = xs::read_file(path);
  std::uint64_t header = 0;
  std::memcpy(&header, whole.data(), 8);
  header = xs::little_endian(header);
  for (std::size_t bit = 0; bit < 8 * whole.size(); bit += bit < 8 * (header + 8) ? 1 : 7) {
    std::string text = whole;
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
    const int number = ::open(broken.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    REQUIRE(::write(number, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ::close(number);
    const std::string error = error_of(broken);
    REQUIRE_MESSAGE(error.find(broken.string()) == 0, "bit ", bit, ": ", error);
    CHECK_THROWS_AS(xs::verify(broken), xs::Error);
    if (bit >= 8 * (header + 8)) REQUIRE(error.find("is damaged") != std::string::npos);
  }
}

TEST_CASE("checksums: of another program's file none, either text alone is damage, their names are ours") {
  const Folder folder("st_markers");
  const fs::path path = folder.path / "a";
  const std::string tensor = R"("x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  write_raw(path, "{" + tensor + "}", 4);
  CHECK(error_of(path) == "no error");
  CHECK_FALSE(xs::verify(path).has_checksums);
  write_raw(path, R"({"__metadata__":{"xstitch_version":"1"},)" + tensor + "}", 4);
  CHECK(error_of(path).find("\"xstitch_version\" without \"crc32c\"") != std::string::npos);
  write_raw(path, R"({"__metadata__":{"crc32c":"00000000 00000000"},)" + tensor + "}", 4);
  CHECK(error_of(path).find("\"crc32c\" without \"xstitch_version\"") != std::string::npos);
  write_raw(path, R"({"__metadata__":{"crc32c":"00000000 00000000","xstitch_version":"2"},)" + tensor + "}", 4);
  CHECK(error_of(path).find("\"xstitch_version\" is 2, expected 1") != std::string::npos);
  write_raw(path, R"({"__metadata__":{"crc32c":"00000000","xstitch_version":"1"},)" + tensor + "}", 4);
  CHECK(error_of(path).find("8 characters, expected 17") != std::string::npos);
  write_raw(path, R"({"__metadata__":{"crc32c":"00000000 0000000G","xstitch_version":"1"},)" + tensor + "}", 4);
  CHECK(error_of(path).find("unexpected character at 16") != std::string::npos);
  write_raw(path, R"({"__metadata__":{"crc32c":"00000000 00000000","xstitch_version":"1"},)" + tensor + "}", 4);
  CHECK(error_of(path).find("was rewritten by another program") != std::string::npos);
  for (const char* own : {"crc32c", "xstitch_version"})
    CHECK_THROWS_WITH_AS(xs::safetensors::write(path, {}, {{own, "x"}}), doctest::Contains(own), xs::Error);
}

TEST_CASE("every prefix is refused, and no flipped byte crashes") {
  const Folder folder("st_broken");
  const fs::path path = folder.path / "a", broken = folder.path / "b";
  const std::vector<float> values{1.0F, 2.0F, 3.0F};
  const TensorView tensors[] = {TensorView::floats("x", {3}, values), TensorView::floats("y", {1, 3}, values)};
  xs::safetensors::write(path, tensors, {{"k", "v"}});
  const std::string whole = xs::read_file(path);
  const auto put = [&broken](const std::string& text) {  // without the flush to disk, for speed
    const int number = ::open(broken.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    REQUIRE(::write(number, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ::close(number);
  };
  for (std::size_t i = 0; i < whole.size(); ++i) {
    put(whole.substr(0, i));
    REQUIRE(error_of(broken) != "no error");
  }
  const xs::RandomKey key(xs::seed(5));
  std::size_t refused = 0;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    std::string text = whole;
    text[key.below(2 * i, text.size())] = static_cast<char>(key.below(2 * i + 1, 256));
    put(text);
    if (error_of(broken) != "no error") ++refused;
  }
  CHECK(refused > 2950);  // a byte may be replaced by itself
}
