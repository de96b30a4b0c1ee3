#include <xstitch/core/little_endian.hpp>
#include <xstitch/core/views.hpp>
#include <xstitch/io/npy.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "../data/temporary_folder.hpp"

namespace xs = xstitch;
using namespace xstitch_test;

namespace {

std::string text_of(const std::string& path) {
  const Bytes bytes = read_bytes(path);
  return {bytes.begin(), bytes.end()};
}
void write_text(const std::string& path, const std::string& text) { write_bytes(path, {text.begin(), text.end()}); }

/// A .npy file by hand.
std::string npy_file(const std::string& descr, bool fortran, const std::string& shape, const std::string& data,
                     char major = 1) {
  std::string header =
      "{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': " + shape + ", }\n";
  std::string out = std::string("\x93NUMPY") + major + '\0' + static_cast<char>(header.size()) + '\0';
  if (major > 1) out += std::string(2, '\0');
  return out + header + data;
}
template <class T>
std::string raw(const std::vector<T>& values) {
  std::vector<std::byte> copy;
  const auto bytes = xs::little_endian_bytes(std::as_bytes(std::span(values)), sizeof(T), copy);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

TEST_CASE("the bytes are those that numpy 1.24 writes") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.npy");
  const std::vector<float> values = {1, 2.5F, -3, 4, 5, 6};
  xs::save_npy(path, xs::NpyArray{{2, 3}, values});
  std::string expected =
      std::string("\x93NUMPY\x01\x00v\x00", 10) + "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  expected += std::string(127 - expected.size(), ' ') + "\n" + raw(values);
  CHECK(text_of(path) == expected);
  xs::save_npy(path, xs::NpyArray{{6}, values});
  CHECK(contains(text_of(path), "'shape': (6,), }"));
  xs::save_npy(path, xs::NpyArray{{}, {7}});
  CHECK(contains(text_of(path), "'shape': (), }"));
  CHECK(xs::load_npy(path).values == std::vector<float>{7});
  CHECK_THROWS_AS(xs::save_npy(path, xs::NpyArray{{5}, values}), xs::Error);
}

TEST_CASE("tensors, views and expressions go there and back") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.npy");
  std::vector<float> memory(2 * 3 * 4);
  for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<float>(i) * 0.5F;
  const auto view = xs::tensor_view(memory.data(), {2, 3, 4});
  xs::save_npy(path, view);
  const xt::xtensor<float, 3> back = xs::load_npy<3>(path);
  CHECK(back == view);
  xs::save_npy(path, view + view);
  CHECK(xs::load_npy<3>(path)(1, 2, 3) == 23);
  CHECK(xs::load_npy(path).extents == std::vector<std::size_t>{2, 3, 4});
  CHECK(contains(error_of<xs::Error>([&] { (void)xs::load_npy<2>(path); }), "rank 3, expected 2"));
}

TEST_CASE("other types, orders and versions are read") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.npy");
  const auto values = [&](const std::string& file) {
    write_text(path, file);
    return xs::load_npy(path).values;
  };
  const std::vector<float> expected = {1, 2, 3, 4, 5, 6};
  CHECK(values(npy_file("<f8", false, "(2, 3)", raw<double>({1, 2, 3, 4, 5, 6}))) == expected);
  CHECK(values(npy_file("<f4", true, "(2, 3)", raw<float>({1, 4, 2, 5, 3, 6}))) == expected);
  CHECK(values(npy_file("<f4", true, "(3, 1, 2)", raw<float>({1, 3, 5, 2, 4, 6}))) == expected);
  CHECK(values(npy_file("<i2", false, "(6,)", raw<std::int16_t>({1, 2, 3, 4, 5, 6}))) == expected);
  CHECK(values(npy_file("<i8", false, "(6,)", raw<std::int64_t>({1, 2, 3, 4, 5, 6}), 2)) == expected);
  CHECK(values(npy_file("|u1", false, "(6,)", "\1\2\3\4\5\6", 3)) == expected);
  CHECK(values(npy_file("|b1", false, "(2,)", std::string("\1\0", 2))) == std::vector<float>{1, 0});
  CHECK(values(npy_file("<f4", false, "(0, 3)", "")).empty());
  // float16: 1, -2, the smallest, the largest, 1/3; and as columns.
  CHECK(values(npy_file("<f2", false, "(5,)", raw<std::uint16_t>({0x3C00, 0xC000, 0x0001, 0x7BFF, 0x3555}))) ==
        std::vector<float>{1, -2, 0x1p-24F, 65504, 0.333251953125F});
  CHECK(values(npy_file("<f2", true, "(2, 2)", raw<std::uint16_t>({0x3C00, 0x4000, 0x4200, 0x4400}))) ==
        std::vector<float>{1, 3, 2, 4});
  CHECK(std::isinf(values(npy_file("<f2", false, "()", raw<std::uint16_t>({0x7C00})))[0]));
}

TEST_CASE("wrong files are refused by name") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.npy");
  const auto error = [&](const std::string& file) {
    write_text(path, file);
    const std::string text = error_of<xs::Error>([&] { (void)xs::load_npy(path); });
    CHECK_MESSAGE(contains(text, path), file.size());
    return text;
  };
  const std::string right = npy_file("<f4", false, "(2, 3)", raw<float>({1, 2, 3, 4, 5, 6}));
  for (std::size_t length = 0; length < right.size(); ++length) CHECK_FALSE(error(right.substr(0, length)).empty());
  CHECK(contains(error(right + "x"), "found 25 bytes of data, expected 6 elements of 4"));
  CHECK(contains(error(npy_file(">f4", false, "(6,)", std::string(24, 'x'))), "found elements of type '>f4'"));
  CHECK(contains(error(npy_file(">f2", false, "(6,)", std::string(12, 'x'))), "'>f2'"));
  CHECK(contains(error(npy_file("<f2", false, "(6,)", std::string(11, 'x'))), "expected 6 elements of 2"));
  CHECK(contains(error(npy_file("<c8", false, "(3,)", std::string(24, 'x'))), "'<c8'"));
  CHECK(contains(error(npy_file("|O", false, "(3,)", std::string(24, 'x'))), "'|O'"));
  CHECK(contains(error(npy_file("<f4", false, "(2, -3)", std::string(24, 'x'))), "shape (2, -3)"));
  CHECK(contains(error(npy_file("<f4", false, "(99999999999, 99999999999)", "")), "that memory holds"));
  CHECK(contains(error(npy_file("<f4", false, "6", std::string(24, 'x'))), "shape 6"));
  CHECK(contains(error(npy_file("<f4", false, "(6,)", std::string(24, 'x'), 4)), "version 4"));
  CHECK(contains(error(std::string("\x93NUMPY\x02\0\0\0", 10)), "found 10 bytes, expected a header"));
  std::string nameless = right;
  nameless.replace(nameless.find("shape"), 5, "sizes");
  CHECK(contains(error(nameless), "', 'fortran_order': False, 'sizes': (2, 3), }"));
  CHECK(contains(error(nameless), "expected 'shape' in it"));
  CHECK(contains(error_of<xs::Error>([&] { (void)xs::load_npy(folder.file("none.npy")); }), "none.npy"));
}

TEST_CASE("numpy reads what is written, where there is numpy") {
  if (std::system("/usr/bin/python3 -c 'import numpy' > /dev/null 2>&1") != 0) {
    MESSAGE("skipped: no numpy");
    return;
  }
  const TemporaryFolder folder;
  const std::string path = folder.file("a.npy"), other = folder.file("b.npy");
  xs::save_npy(path, xs::NpyArray{{2, 3}, {1, 2, 3, 4, 5, 6.5F}});
  const std::string script = "import numpy; a = numpy.load('" + path +
                             "'); assert a.shape == (2, 3) and a.dtype == numpy.float32 and a[1, 2] == 6.5; " +
                             "numpy.save('" + other + "', numpy.asfortranarray(a.astype('f8') * 2))";
  REQUIRE(std::system(("/usr/bin/python3 -c \"" + script + "\"").c_str()) == 0);
  CHECK(xs::load_npy(other).values == std::vector<float>{2, 4, 6, 8, 10, 13});
}
