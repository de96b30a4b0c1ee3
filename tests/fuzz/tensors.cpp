// Files of tensors, and text: safetensors, npy, npz, JSON, IDX.
#include "fuzz.hpp"

#include <xstitch/data/idx_file.hpp>
#include <xstitch/io/json.hpp>
#include <xstitch/io/npz.hpp>
#include <xstitch/io/npz_write.hpp>
#include <xstitch/io/safetensors.hpp>

#include "../data/hostile_bytes.hpp"

#include <cstring>

namespace fuzz {
namespace {

bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
}

void run_safetensors(Input input) {
  put(file(), input);
  accepted(input.size(), file(), [&] {
    const xs::SafetensorsFile found(file());
    std::vector<xs::TensorView> views;
    std::vector<std::vector<float>> values;
    values.reserve(found.entries().size());
    for (const auto& [name, entry] : found.entries()) {
      XSTITCH_FUZZ_REQUIRE(entry.begin <= entry.end && entry.end <= input.size());
      std::vector<float> floats(entry.count());
      std::vector<std::int64_t> whole(entry.count());
      std::vector<std::uint8_t> small(entry.count());
      const auto read = [&](auto& into) {
        return accepted(input.size(), name, [&] { found.read(name, std::span(into)); });
      };
      read(whole), read(small);
      if (!read(floats)) continue;
      values.push_back(std::move(floats));
      views.push_back(xs::TensorView::floats(name, entry.shape, values.back()));
    }
    // What was read is written, and read back to the same bits.
    xs::TextMap texts = found.metadata();
    for (const std::string_view own : {xs::checksums::key, xs::checksums::version_key}) texts.erase(std::string(own));
    xs::safetensors::write(file("again"), views, texts);
    const xs::SafetensorsFile again(file("again"));
    for (std::size_t k = 0; k < views.size(); ++k) {
      std::vector<float> back(values[k].size());
      again.read(views[k].name, std::span(back));
      XSTITCH_FUZZ_REQUIRE(same_bits(back, values[k]));
    }
  });
}
std::vector<std::string> seeds_of_safetensors() {
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  const std::vector<xs::TensorView> views{xs::TensorView::floats("a", {2, 3}, values),
                                          xs::TensorView::floats("b.c", {6}, values)};
  xs::safetensors::write(file(), views, {{"note", "text \"quoted\""}});
  const std::string other =
      R"({"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[4,6]},)"
      R"("i":{"dtype":"I64","shape":[],"data_offsets":[6,14]},"e":{"dtype":"U8","shape":[0,3],"data_offsets":[14,14]}})";
  return {bytes_of(file()), xstitch_test::little_endian(static_cast<std::uint32_t>(other.size())) +
                                std::string(4, '\0') + other + std::string(14, '\1')};
}

void run_npy(Input input) {
  put(file(), input);
  accepted(input.size(), file(), [&] {
    const xs::NpyArray array = xs::load_npy(file());
    XSTITCH_FUZZ_REQUIRE(product(array.extents) == array.values.size());
    if (array.extents.size() > 30) return;
    xs::save_npy(file("again"), array);
    const xs::NpyArray again = xs::load_npy(file("again"));
    XSTITCH_FUZZ_REQUIRE(again.extents == array.extents && same_bits(again.values, array.values));
  });
}
std::string npy(const std::string& type, const std::string& order, const std::string& shape, std::size_t bytes,
                int version = 1) {
  std::string header = "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
  const std::string length = xstitch_test::little_endian(static_cast<std::uint32_t>(header.size()));
  std::string out =
      "\x93NUMPY" + std::string{static_cast<char>(version), '\0'} + length.substr(0, version == 1 ? 2 : 4) + header;
  for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>(7 * i);
  return out;
}
std::vector<std::string> seeds_of_npy() {
  return {npy("<f4", "False", "(2, 3)", 24),  npy("<f2", "True", "(2, 2, 2)", 16), npy("<f8", "False", "()", 8),
          npy("|u1", "True", "(3, 2)", 6, 2), npy("<i8", "False", "(2,)", 16, 3),  npy("|b1", "False", "(0, 4)", 0),
          npy(">f4", "False", "(1,)", 4),     npy("<u2", "False", "(1, 1, 1)", 2)};
}

void run_npz(Input input) {
  put(file(), input);
  accepted(input.size(), file(), [&] {
    const xs::NpzFile found(file());
    for (const std::string& name : found.names())
      accepted(input.size(), xs::detail::printable(name).substr(0, 20), [&] {
        const xs::NpyArray array = found.at(name);
        XSTITCH_FUZZ_REQUIRE(product(array.extents) == array.values.size());
      });
  });
}
std::vector<std::string> seeds_of_npz() {
  xs::save_npz(file(), {{"a", xs::NpyArray{{2, 3}, std::vector<float>(6, 1.5F)}}, {"b", xs::NpyArray{{0}, {}}}});
  // An entry packed by deflate.
  using xstitch_test::little_endian;
  const auto two = [](std::uint32_t v) { return little_endian(v).substr(0, 2); };
  const std::string array = npy("<f4", "False", "(40,)", 160), zlib = xstitch_test::deflated(array);
  const std::string packed = zlib.substr(2, zlib.size() - 6);
  const auto crc = static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(array.data()), static_cast<uInt>(array.size())));
  const std::string sizes = little_endian(crc) + little_endian(static_cast<std::uint32_t>(packed.size())) +
                            little_endian(static_cast<std::uint32_t>(array.size()));
  const std::string common = two(20) + two(0) + two(8) + two(0) + two(0) + sizes + two(5) + two(0);
  const std::string local = "PK\3\4" + common + "d.npy" + packed;
  const std::string entry =
      "PK\1\2" + two(20) + common + two(0) + two(0) + two(0) + little_endian(0) + little_endian(0) + "d.npy";
  const std::string end = "PK\5\6" + two(0) + two(0) + two(1) + two(1) +
                          little_endian(static_cast<std::uint32_t>(entry.size())) +
                          little_endian(static_cast<std::uint32_t>(local.size())) + two(0);
  return {bytes_of(file()), local + entry + end};
}

void run_json(Input input) {
  const std::string text(input.begin(), input.end());
  accepted(input.size(), "the text", [&] {
    const xs::Json found = xs::Json::parse(text, "the text");
    const xs::Json again = xs::Json::parse(found.text(), "what was written");
    XSTITCH_FUZZ_REQUIRE(again == found && again.text() == found.text());
    XSTITCH_FUZZ_REQUIRE(xs::Json::parse(found.text(2), "what was written with spaces") == found);
  });
}
std::vector<std::string> seeds_of_json() {
  return {R"({"a": [1, -2.5e-3, true, false, null], "b": {"c": "d\n\u00e9\ud83d\ude00\\"}, "e": 1e308})",
          R"([[[[]]], {}, "", 0, -0.0, 18446744073709551615])", "\"\xC3\xA9\"", "  12  "};
}

/// Byte 0: the rank; whether the rest is compressed here, and then damaged.
void run_idx(Input input) {
  Dice dice(input);
  const std::uint8_t how = dice.byte();
  std::string bytes(dice.rest().begin(), dice.rest().end());
  if ((how & 16) != 0) bytes = xstitch_test::gzipped(bytes);
  if ((how & 32) != 0 && !bytes.empty()) bytes[how % bytes.size()] = static_cast<char>(~bytes[how % bytes.size()]);
  put(file(), bytes);
  const int rank = 1 + (how & 3);
  accepted(bytes.size(), file(), [&] {
    const xs::data::IdxFile found = xs::data::read_idx_file(file(), rank);
    XSTITCH_FUZZ_REQUIRE(product(found.extents) == found.elements.size());
    XSTITCH_FUZZ_REQUIRE(found.extents.size() == static_cast<std::size_t>(rank));
  });
}
std::vector<std::string> seeds_of_idx() {
  return {'\2' + xstitch_test::idx_header({2, 2, 3}) + std::string(12, 'x'),
          '\x12' + xstitch_test::idx_header({2, 2, 3}) + std::string(12, 'x'),
          std::string(1, '\0') + xstitch_test::idx_header({7}) + std::string(7, '\1')};
}

const Added all[] = {Added({"safetensors", run_safetensors, seeds_of_safetensors}),
                     Added({"npy", run_npy, seeds_of_npy}), Added({"npz", run_npz, seeds_of_npz}),
                     Added({"json", run_json, seeds_of_json}), Added({"idx", run_idx, seeds_of_idx})};

}  // namespace
}  // namespace fuzz
