#include <xstitch/io/limits.hpp>
#include <xstitch/io/npy.hpp>
#include <xstitch/io/safetensors.hpp>
#include <xstitch/io/verify.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "../data/bounded_memory.hpp"
#include "../data/irregular_files.hpp"
#include "../data/temporary_folder.hpp"

namespace xs = xstitch;
using namespace xstitch_test;

namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

void write_text(const std::string& path, const std::string& text) { write_bytes(path, {text.begin(), text.end()}); }

std::string number(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}
std::string safetensors(const std::string& header, const std::string& data = "") {
  return number(header.size(), 8) + header + data;
}
std::string npy(const std::string& order, const std::string& shape, const std::string& data) {
  const std::string header = "{'descr': '|u1', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
  return std::string("\x93NUMPY\2\0", 8) + number(header.size(), 4) + header + data;
}

/// Of a reader in the memory that the policy gives it, and a little for the test.
template <class Read>
std::string outcome(const std::string& path, const Read& read) {
  return outcome_within(xs::limits::memory_for(std::filesystem::file_size(path)) + 16 * mib, read);
}

}  // namespace

TEST_CASE("the memory that a file gives its reader") {
  using xs::limits::memory_for;
  CHECK(memory_for(0) == 64 * mib);
  CHECK(memory_for(100) == 64 * mib + 102400);
  CHECK(memory_for(mib) == 64 * mib + 1024 * mib);
  CHECK(memory_for(32 * mib) == 64 * mib + 1024 * mib);
  CHECK(memory_for(100 * mib) == 64 * mib + 3200 * mib);
  CHECK(memory_for(std::numeric_limits<std::uint64_t>::max()) >= memory_for(std::uint64_t{1} << 45));

  xs::limits::Budget budget("file x", 0);
  budget.take(1 << 20, 60);
  CHECK(budget.left() == 4 * mib);
  CHECK(error_of<xs::Error>([&] { budget.take(5 << 20); }) ==
        "file x: found 0 bytes that ask for more than 67108864 bytes of memory, expected a file that unpacks to less");
  CHECK_THROWS_AS(budget.take(std::uint64_t{1} << 63, 4), xs::Error);  // the product wraps to 0
  budget.take(4 << 20);
  CHECK(budget.left() == 0);
  budget.give_back(10);
  CHECK(budget.left() == 10);
  budget.give_back(std::numeric_limits<std::uint32_t>::max());
  CHECK(budget.left() == 64 * mib);
}

TEST_CASE("memory that is not there becomes an Error with the name") {
  const auto text = [](auto&& thrown) {
    return error_of<xs::Error>([&] { xs::limits::guard("a.bin", [&] { throw thrown; }); });
  };
  CHECK(contains(text(std::bad_alloc()), "a.bin: found that memory"));
  CHECK(contains(text(std::bad_array_new_length()), "a.bin: found that memory"));
  CHECK(contains(text(std::length_error("vector::reserve")), "a.bin: found that memory"));
  CHECK(text(xs::Error("as it is")) == "as it is");
  CHECK(xs::limits::guard("a.bin", [] { return 7; }) == 7);
}

TEST_CASE("only regular files are opened") {
  const TemporaryFolder folder;
  for (const auto& [path, kind] : irregular_files(folder)) {
    CAPTURE(path);
    const std::string found = "file " + path + ": found " + kind;
    CHECK(contains(error_of<xs::Error>([&] { (void)xs::load_npy(path); }), found));
    CHECK(contains(error_of<xs::Error>([&] { (void)xs::load_npy<2>(path); }), found));
    CHECK(contains(error_of<xs::Error>([&] { const xs::SafetensorsFile file(path); }), found));
    CHECK(contains(error_of<xs::Error>([&] { (void)xs::verify(path); }), found));
  }
  CHECK(contains(error_of<xs::Error>([&] { (void)xs::load_npy(folder.file("none")); }), "none: found no such file"));
  CHECK(contains(error_of<xs::Error>([&] { (void)xs::load_npy(folder.file(std::string(300, 'a'))); }),
                 "found that it cannot be read"));
}

TEST_CASE("a column-major array of high rank is read in linear work") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.npy");
  constexpr std::size_t count = 400'000;  // times the rank: 160 thousand million steps
  std::string data;
  for (std::size_t i = 0; i < count; ++i) data += static_cast<char>(i % 251);
  write_text(path, npy("True", "(" + repeated("1,", count) + std::to_string(count) + ")", data));
  CHECK(outcome(path, [&] { (void)xs::load_npy(path); }) == "read");
  const xs::NpyArray array = xs::load_npy(path);
  CHECK(array.extents.size() == count + 1);
  CHECK(array.values[5] == 5);
  CHECK(array.values.back() == static_cast<float>((count - 1) % 251));

  // Every extent 2: element (i0, ..., i16) is at the sum of i_k 2^k in the file, and at that of i_k 2^(16 - k) here.
  constexpr std::size_t rank = 17, elements = std::size_t{1} << rank;
  data.clear();
  for (std::size_t i = 0; i < elements; ++i) data += static_cast<char>(i * 31 % 256);
  write_text(path, npy("True", "(" + repeated("1, 2, ", rank) + ")", data));
  const xs::NpyArray twos = xs::load_npy(path);
  REQUIRE(twos.values.size() == elements);
  bool right = true;
  for (std::size_t i = 0; i < elements; ++i) {
    std::size_t turned = 0;
    for (std::size_t k = 0; k < rank; ++k) turned |= (i >> k & 1U) << (rank - 1 - k);
    right = right && twos.values[i] == static_cast<float>(turned * 31 % 256);
  }
  CHECK(right);
}

TEST_CASE("a header of safetensors that asks for much is refused early") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.safetensors");
  const auto refused = [&](const std::string& header) {
    write_text(path, safetensors(header));
    // Twice the header, and what one member may take.
    return outcome_within(xs::limits::base + 2 * header.size() + 16 * mib,
                          [&] { const xs::SafetensorsFile file(path); });
  };
  const std::string more = ": header, line 1, column", bytes = "values that take more than 67108864 bytes of memory";
  for (const std::string& text :
       {refused("{\"a\":[" + repeated("0,", 10'000'000) + "0]}"),
        refused("{\"a\":[" + repeated("[],", 5'000'000) + "0]}"),
        refused(R"({"a":{"dtype":"U8","shape":[)" + repeated("1,", 5'000'000) + R"(1],"data_offsets":[0,0]}})"),
        refused(R"({"__metadata__":{)" + repeated(R"("":"",)", 2'000'000) + R"("":""}})")}) {
    CHECK(contains(text, "xs::Error: " + path + more));
    CHECK(contains(text, bytes));
  }
}

TEST_CASE("a safetensors file of many tensors is read within its memory") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.safetensors");
  std::string header = "{";
  constexpr int count = 200'000;
  for (int i = 0; i < count; ++i)
    header += "\"t" + std::to_string(i) + R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)";
  write_text(path, safetensors(header + R"("__metadata__":{"k":"v"}})"));
  const xs::SafetensorsFile file(path);
  CHECK(file.entries().size() == count);
  CHECK(file.metadata().at("k") == "v");
  CHECK(outcome(path, [&] { const xs::SafetensorsFile again(path); }) == "read");
  write_text(path, safetensors(header + R"("t7":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})"));
  CHECK(contains(error_of<xs::Error>([&] { const xs::SafetensorsFile again(path); }), "the key \"t7\" comes twice"));
  write_text(path, safetensors(R"({"__metadata__":{},"__metadata__":{}})"));
  CHECK(contains(error_of<xs::Error>([&] { const xs::SafetensorsFile again(path); }), "\"__metadata__\" comes twice"));
  write_text(path, safetensors("{} {"));
  CHECK(contains(error_of<xs::Error>([&] { const xs::SafetensorsFile again(path); }), "text after the value"));
}

TEST_CASE("JSON values take no more than the text allows") {
  for (const std::string& text :
       {"[" + repeated("0,", 6'000'000) + "0]", "[" + repeated("[],", 5'000'000) + "0]",
        "[" + repeated("{\"\":0},", 3'000'000) + "0]", "[" + repeated("[[[[]]]],", 2'000'000) + "0]"}) {
    const std::string found = outcome_within(xs::limits::memory_for(text.size()) + 16 * mib,
                                             [&] { (void)xs::Json::parse(text, "file.json"); });
    CHECK((found == "read" || contains(found, "xs::Error: file.json, line 1, column")));
    CHECK(!contains(found, "found that memory"));
  }
  // Where memory ends before the policy does, that is said as well.
  if (memory_is_limited) {
    const std::string text = "[" + repeated("0,", 6'000'000) + "0]";
    CHECK(contains(outcome_within(32 * mib, [&] { (void)xs::Json::parse(text, "file.json"); }),
                   "xs::Error: file.json: found that memory"));
  }
}
