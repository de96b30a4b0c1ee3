// needs: nyuv2 gzip
// The files are written by matio, or byte by byte where matio cannot. (Texts have at most four letters: matio 1.5.23
// announces 8 bytes too many for longer ones in compressed elements.)
#include <xstitch/data/mat_file.hpp>

#include <doctest/doctest.h>
#include <matio.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "temporary_folder.hpp"

namespace xs = xstitch;
using namespace xstitch_test;
using xs::data::MatArray;
using xs::data::MatFile;

namespace {

void write_variables(const std::string& path, matio_compression compression) {
  mat_t* file = Mat_CreateVer(path.c_str(), nullptr, MAT_FT_MAT5);
  REQUIRE(file != nullptr);
  const auto write = [&](matvar_t* variable) {
    REQUIRE(variable != nullptr);
    REQUIRE(Mat_VarWrite(file, variable, compression) == 0);
    Mat_VarFree(variable);
  };
  std::array<std::size_t, 2> two_three = {2, 3}, one = {1, 1}, row = {1, 4};
  std::array<double, 6> doubles = {1.5, -2, 3e300, 4, 5, 6};
  std::array<std::int16_t, 6> shorts = {1, -2, 300, 4, 5, -32768};
  std::array<float, 1> single = {0.25F};
  std::array<std::int64_t, 1> wide = {-1234567890123LL};
  write(Mat_VarCreate("doubles", MAT_C_DOUBLE, MAT_T_DOUBLE, 2, two_three.data(), doubles.data(), 0));
  write(Mat_VarCreate("shorts", MAT_C_INT16, MAT_T_INT16, 2, two_three.data(), shorts.data(), 0));
  write(Mat_VarCreate("single", MAT_C_SINGLE, MAT_T_SINGLE, 2, one.data(), single.data(), 0));
  write(Mat_VarCreate("wide", MAT_C_INT64, MAT_T_INT64, 2, one.data(), wide.data(), 0));
  std::string text = "sofa";
  write(Mat_VarCreate("text", MAT_C_CHAR, MAT_T_UINT8, 2, row.data(), text.data(), 0));
  matvar_t* cell = Mat_VarCreate("cell", MAT_C_CELL, MAT_T_CELL, 2, two_three.data(), nullptr, 0);
  for (int i = 0; i < 6; ++i) {
    const auto length = static_cast<std::size_t>(i % 4 + 1);
    std::array<std::size_t, 2> extents = {1, length};
    std::string item = std::string("abcd").substr(0, length);
    Mat_VarSetCell(cell, i, Mat_VarCreate(nullptr, MAT_C_CHAR, MAT_T_UINT8, 2, extents.data(), item.data(), 0));
  }
  write(cell);
  const std::array<const char*, 2> fields = {"first", "second"};
  matvar_t* structure = Mat_VarCreateStruct("structure", 2, one.data(), const_cast<const char**>(fields.data()), 2);
  Mat_VarSetStructFieldByName(
      structure, "first", 0,
      Mat_VarCreate(nullptr, MAT_C_DOUBLE, MAT_T_DOUBLE, 2, two_three.data(), doubles.data(), 0));
  Mat_VarSetStructFieldByName(structure, "second", 0,
                              Mat_VarCreate(nullptr, MAT_C_CHAR, MAT_T_UINT8, 2, row.data(), text.data(), 0));
  write(structure);
  Mat_Close(file);
}

/// A file with one double array `x` of three elements in small storage types, in elements of the short form.
Bytes small_doubles(std::uint8_t type, const Bytes& data) {
  Bytes file(128, ' ');
  file[124] = 0, file[125] = 1, file[126] = 'I', file[127] = 'M';
  Bytes body = {6, 0, 0, 0, 8,   0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0,  // flags: class double
                5, 0, 0, 0, 8,   0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0,  // extents 3 x 1
                1, 0, 1, 0, 'x', 0, 0, 0};                         // name, short form
  for (const std::uint8_t b : Bytes{type, 0, static_cast<std::uint8_t>(data.size()), 0}) body.push_back(b);
  for (std::size_t i = 0; i < 4; ++i) body.push_back(i < data.size() ? data[i] : 0);
  for (const std::uint8_t b : Bytes{14, 0, 0, 0, static_cast<std::uint8_t>(body.size()), 0, 0, 0}) file.push_back(b);
  file.insert(file.end(), body.begin(), body.end());
  return file;
}

/// Asks for every variable.
void read_all(const std::string& path) {
  const MatFile file(path);
  for (const std::string& name : file.names()) (void)file.at(name);
}

}  // namespace

TEST_CASE("numbers, text, cells and structs, plain and compressed") {
  const TemporaryFolder folder;
  for (const matio_compression compression : {MAT_COMPRESSION_NONE, MAT_COMPRESSION_ZLIB}) {
    const std::string path = folder.file("a.mat");
    write_variables(path, compression);
    const MatFile file(path);
    CHECK(file.names().size() == 7);
    CHECK(file.at("doubles").extents == std::vector<std::size_t>{2, 3});
    CHECK(file.at("doubles").numbers == std::vector<double>{1.5, -2, 3e300, 4, 5, 6});
    CHECK(file.at("shorts").numbers == std::vector<double>{1, -2, 300, 4, 5, -32768});
    CHECK(file.at("single").numbers == std::vector<double>{0.25});
    CHECK(file.at("wide").numbers == std::vector<double>{-1234567890123.0});
    CHECK(file.at("text").kind == MatArray::Kind::text);
    CHECK(file.at("text").text == "sofa");
    REQUIRE(file.at("cell").items.size() == 6);
    CHECK(file.at("cell").items[2].text == "abc");
    const MatArray& structure = file.at("structure");
    REQUIRE(structure.field("first") != nullptr);
    CHECK(structure.field("first")->numbers == std::vector<double>{1.5, -2, 3e300, 4, 5, 6});
    CHECK(structure.field("second")->text == "sofa");
    CHECK(structure.field("third") == nullptr);
    CHECK(contains(error_of<xs::Error>([&] { (void)file.at("nothing"); }), "doubles, shorts, single"));
  }
}

TEST_CASE("doubles stored as small integers in short elements") {
  const TemporaryFolder folder;
  write_bytes(folder.file("a.mat"), small_doubles(2, {7, 0, 255}));  // uint8
  CHECK(MatFile(folder.file("a.mat")).at("x").numbers == std::vector<double>{7, 0, 255});
  write_bytes(folder.file("a.mat"), small_doubles(1, {7, 0, 255}));  // int8
  CHECK(MatFile(folder.file("a.mat")).at("x").numbers == std::vector<double>{7, 0, -1});
  write_bytes(folder.file("a.mat"), small_doubles(4, {7, 0, 255, 1}));  // two uint16 where three are announced
  CHECK(contains(error_of<xs::Error>([&] { (void)MatFile(folder.file("a.mat")).at("x"); }),
                 "found 2 elements in 'x', expected 3"));
}

TEST_CASE("files cut at any length, or changed at any byte, give an error or numbers, never a crash") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.mat");
  for (const matio_compression compression : {MAT_COMPRESSION_NONE, MAT_COMPRESSION_ZLIB}) {
    write_variables(path, compression);
    const Bytes whole = read_bytes(path);
    std::size_t cut_between = 0;
    for (std::size_t length = 0; length < whole.size(); length += 1 + whole.size() / 200) {
      write_bytes(path, {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)});
      const std::string error = error_of<xs::Error>([&] { read_all(path); });
      // Between two variables the rest is a whole file; `at` then says what is missing.
      if (error.empty()) {
        ++cut_between;
        CHECK(MatFile(path).names().size() < 7);
      } else {
        CHECK(contains(error, path));
      }
    }
    CHECK(cut_between <= 7 * (compression == MAT_COMPRESSION_NONE ? 8 : 1));
    std::size_t refused = 0;
    for (std::size_t i = 124; i < whole.size(); i += 3) {
      Bytes damaged = whole;
      damaged[i] ^= 0xa5;
      write_bytes(path, damaged);
      refused += error_of<xs::Error>([&] { read_all(path); }).empty() ? 0 : 1;
    }
    if (compression == MAT_COMPRESSION_ZLIB)
      CHECK(refused > (whole.size() - 124) / 3 * 95 / 100);
    else
      CHECK(refused > 33);
  }
}

TEST_CASE("other versions and other files are refused") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.mat");
  const auto error = [&] { return error_of<xs::Error>([&] { MatFile{path}; }); };
  CHECK(contains(error(), "no such file"));
  write_bytes(path, Bytes(100, 'x'));
  CHECK(contains(error(), "found 100 bytes"));
  write_bytes(path, Bytes(200, 'x'));
  CHECK(contains(error(), "expected MAT-file version 5"));
  Bytes newer(200, ' ');
  newer[124] = 0, newer[125] = 2, newer[126] = 'I', newer[127] = 'M';
  write_bytes(path, newer);
  CHECK(contains(error(), "7.3 (HDF5)"));
}
