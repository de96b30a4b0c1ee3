#pragma once
/// \file
/// Tables of numbers from the data of an R package, without R.
///
///     const xs::data::Table meats = xs::data::read_r_table("/usr/lib/R/site-library/modeldata/data/Rdata", "meats");
///
/// A package keeps its data in Rdata.rdx, a gzipped R list of (offset, length) by name, and Rdata.rdb, where each entry
/// is a big-endian length, perhaps a letter, and a stream of zlib (or letter "1"), LZMA2 ("Z") or plain bytes ("0").
/// Both hold R's XDR serialisation (versions 2 and 3), of which this reads what a data frame of numbers needs. Columns
/// of other kinds (text, dates, lists) are left out; factors give their class from 0 and keep the names of their
/// levels. NA is missing (NaN). Needs zlib and liblzma (components gzip and xz). Errors: no such file or name, a cut or
/// damaged file, an entry that is no data frame. Source: "R Internals", section 1.8, Serialization Formats.

#include <xstitch/data/idx_file.hpp>
#include <xstitch/data/table.hpp>

#include <lzma.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

namespace detail {

/// A value of R, as far as tables need it.
struct RValue {
  enum class Kind : std::uint8_t { null, numbers, texts, list, pairs, symbol, other };
  Kind kind = Kind::null;
  std::vector<double> numbers;
  std::vector<std::string> texts;  ///< a symbol's name is texts[0]
  std::vector<RValue> items;       ///< of a list; the values of pairs (their keys are in `texts`)
  std::vector<std::string> attribute_names;
  std::vector<RValue> attributes;  ///< one a name

  [[nodiscard]] const RValue* attribute(const std::string& name) const {
    for (std::size_t i = 0; i < attributes.size(); ++i)
      if (attribute_names[i] == name) return &attributes[i];
    return nullptr;
  }
};

class RReader {
 public:
  RReader(std::span<const std::uint8_t> bytes, std::string where) : bytes_(bytes), where_(std::move(where)) {
    if (bytes.size() < 14 || bytes[0] != 'X' || bytes[1] != '\n') broken("no XDR serialisation");
    at_ = 2;
    const std::int32_t version = integer();
    integer();
    integer();
    if (version == 3) take(count());  // native encoding
    if (version != 2 && version != 3) broken("version " + std::to_string(version) + " of the serialisation");
  }

  RValue value(int depth = 0) {
    if (depth > 100) broken("values nested more than 100 deep");
    const auto flags = static_cast<std::uint32_t>(integer());
    const std::uint32_t type = flags & 0xffU;
    const bool has_attributes = (flags & 0x200U) != 0;
    RValue out;
    switch (type) {
      case 254:
        return out;  // NULL
      case 241:
      case 242:
      case 243:
      case 247:
      case 248:
      case 251:
      case 252:
      case 253:  // environments and such
        out.kind = RValue::Kind::other;
        return out;
      case 255: {  // a symbol seen before
        const std::size_t index = (flags >> 8) != 0 ? flags >> 8 : count();
        if (index < 1 || index > symbols_.size()) broken("a reference to nothing");
        return symbols_[index - 1];
      }
      case 1:
        out.kind = RValue::Kind::symbol;
        out.texts = value(depth + 1).texts;
        if (out.texts.size() != 1) broken("a symbol without a name");
        symbols_.push_back(out);
        return out;
      case 2:
        return pairs(flags, depth);
      case 9: {
        out.kind = RValue::Kind::texts;
        const std::int32_t length = integer();
        const auto text = take(length < 0 ? 0 : static_cast<std::size_t>(length));
        out.texts.emplace_back(text.begin(), text.end());
        return out;
      }
      case 10:
      case 13:
        out.kind = RValue::Kind::numbers;
        for (std::size_t i = 0, n = count(4); i < n; ++i) {
          const std::int32_t x = integer();
          out.numbers.push_back(x == std::numeric_limits<std::int32_t>::min() ? std::numeric_limits<double>::quiet_NaN()
                                                                              : x);
        }
        break;
      case 14:
        out.kind = RValue::Kind::numbers;
        for (std::size_t i = 0, n = count(8); i < n; ++i) out.numbers.push_back(real());
        break;
      case 16:
        out.kind = RValue::Kind::texts;
        for (std::size_t i = 0, n = count(4); i < n; ++i) {
          RValue text = value(depth + 1);
          if (text.texts.size() != 1) broken("a text vector of something else");
          out.texts.push_back(std::move(text.texts[0]));
        }
        break;
      case 19:
      case 20:
        out.kind = RValue::Kind::list;
        for (std::size_t i = 0, n = count(4); i < n; ++i) out.items.push_back(value(depth + 1));
        break;
      case 238:
        return alternative(depth);
      default:
        broken("a value of type " + std::to_string(type));
    }
    if (has_attributes) attach(out, value(depth + 1));
    return out;
  }

 private:
  /// A pairlist: attributes, tag, value, and so on to its end, without recursion.
  RValue pairs(std::uint32_t flags, int depth) {
    RValue out;
    out.kind = RValue::Kind::pairs;
    for (;;) {
      if ((flags & 0x200U) != 0) value(depth + 1);
      RValue tag;
      if ((flags & 0x400U) != 0) tag = value(depth + 1);
      out.texts.push_back(tag.texts.empty() ? std::string{} : tag.texts[0]);
      out.items.push_back(value(depth + 1));
      const std::size_t before = at_;
      flags = static_cast<std::uint32_t>(integer());
      if ((flags & 0xffU) == 2) continue;
      if ((flags & 0xffU) != 254) at_ = before, value(depth + 1);
      return out;
    }
  }
  /// ALTREP: a compact sequence of numbers, or a wrapper round a plain vector.
  RValue alternative(int depth) {
    const RValue info = value(depth + 1);
    RValue state = value(depth + 1);
    const RValue attributes = value(depth + 1);
    const std::string kind =
        !info.items.empty() && !info.items[0].texts.empty() ? info.items[0].texts[0] : std::string{};
    RValue out;
    if (kind.starts_with("compact_") && state.numbers.size() == 3 && state.numbers[0] >= 0 && state.numbers[0] < 1e8) {
      out.kind = RValue::Kind::numbers;
      for (double i = 0; i < state.numbers[0]; ++i) out.numbers.push_back(state.numbers[1] + i * state.numbers[2]);
    } else if (kind.starts_with("wrap_") && !state.items.empty()) {
      out = std::move(state.items[0]);
    } else {
      out.kind = RValue::Kind::other;
    }
    attach(out, attributes);
    return out;
  }
  static void attach(RValue& to, const RValue& attributes) {
    for (std::size_t i = 0; i < attributes.items.size() && i < attributes.texts.size(); ++i) {
      to.attribute_names.push_back(attributes.texts[i]);
      to.attributes.push_back(attributes.items[i]);
    }
  }

  std::span<const std::uint8_t> take(std::size_t n) {
    if (n > bytes_.size() - at_) broken("the end of the data");
    const auto piece = bytes_.subspan(at_, n);
    at_ += n;
    return piece;
  }
  std::int32_t integer() {
    const auto b = take(4);
    return static_cast<std::int32_t>((std::uint32_t{b[0]} << 24) | (std::uint32_t{b[1]} << 16) |
                                     (std::uint32_t{b[2]} << 8) | b[3]);
  }
  double real() {
    std::uint64_t bits = 0;
    for (const std::uint8_t b : take(8)) bits = (bits << 8) | b;
    return std::bit_cast<double>(bits);  // NA is a NaN
  }
  /// A length; the elements, of at least `bytes` each, must still be there.
  std::size_t count(std::size_t bytes = 1) {
    const std::int32_t n = integer();
    if (n < 0 || static_cast<std::size_t>(n) > (bytes_.size() - at_) / bytes) broken("a vector longer than the data");
    return static_cast<std::size_t>(n);
  }
  [[noreturn]] void broken(const std::string& what) const {
    fail(where_, ": found ", what, " at byte ", at_, ", expected a value of R that a table needs");
  }

  std::span<const std::uint8_t> bytes_;
  std::string where_;
  std::size_t at_ = 0;
  std::vector<RValue> symbols_;
};

/// All of a file, decompressed if it is gzipped.
inline std::vector<std::uint8_t> read_gzip(const std::string& path) {
  GzipReader reader(path);
  std::vector<std::uint8_t> bytes;
  for (std::size_t got = 1; got != 0;) {
    constexpr std::size_t piece = 1U << 16;
    const std::size_t before = bytes.size();
    bytes.resize(before + piece);
    got = reader.read(bytes.data() + before, piece);
    bytes.resize(before + got);
  }
  return bytes;
}

/// Content of an entry of Rdata.rdb.
inline std::vector<std::uint8_t> unpack_r_entry(std::span<const std::uint8_t> packed, bool lettered,
                                                const std::string& where) {
  const std::size_t size =
      (std::size_t{packed[0]} << 24) | (std::size_t{packed[1]} << 16) | (std::size_t{packed[2]} << 8) | packed[3];
  const char letter = lettered ? static_cast<char>(packed[4]) : '1';
  const auto stream = packed.subspan(lettered ? 5 : 4);
  if (size > (std::size_t{1} << 30)) fail(where, ": found ", size, " bytes announced, expected less than 2^30");
  std::vector<std::uint8_t> bytes(size);
  std::size_t got = 0;
  bool whole = false;
  if (letter == '1') {
    uLongf unpacked = static_cast<uLongf>(size);
    whole = uncompress(bytes.data(), &unpacked, stream.data(), static_cast<uLong>(stream.size())) == Z_OK;
    got = unpacked;
  } else if (letter == 'Z') {
    lzma_options_lzma options{};
    lzma_lzma_preset(&options, 6 | LZMA_PRESET_EXTREME);  // R's; the decoder takes the size of the dictionary from it
    const std::array<lzma_filter, 2> filters = {{{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}}};
    std::size_t read = 0;
    whole = lzma_raw_buffer_decode(filters.data(), nullptr, stream.data(), &read, stream.size(), bytes.data(), &got,
                                   size) == LZMA_OK;
  } else if (letter == '0') {
    bytes.assign(stream.begin(), stream.end());
    got = bytes.size();
    whole = true;
  } else {
    fail(where, ": found compression '", letter, "', expected zlib, LZMA2 ('Z') or none ('0')");
  }
  if (!whole || got != size)
    fail(where, ": found data that do not unpack to ", size, " bytes, expected an intact entry");
  return bytes;
}

}  // namespace detail

/// Reads the data frame `name` of `base`.rdx and `base`.rdb.
inline Table read_r_table(const std::string& base, const std::string& name) {
  const std::string index_path = base + ".rdx", data_path = base + ".rdb";
  const std::vector<std::uint8_t> index_bytes = detail::read_gzip(index_path);
  const detail::RValue index = detail::RReader(index_bytes, "file " + index_path).value();
  const detail::RValue* keys = index.attribute("names");
  const detail::RValue* entry = nullptr;
  std::string there;
  if (keys != nullptr && !index.items.empty() && !keys->texts.empty() && keys->texts[0] == "variables") {
    const detail::RValue& variables = index.items[0];
    const detail::RValue* variable_names = variables.attribute("names");
    for (std::size_t i = 0; variable_names != nullptr && i < variables.items.size() && i < variable_names->texts.size();
         ++i) {
      there += (there.empty() ? "" : ", ") + variable_names->texts[i];
      if (variable_names->texts[i] == name) entry = &variables.items[i];
    }
  }
  if (entry == nullptr || entry->numbers.size() != 2)
    fail("file ", index_path, ": found the entries [", there, "], expected '", name, "' among them");

  const std::string where = "file " + data_path + ", '" + name + "'";
  std::ifstream in(data_path, std::ios::binary | std::ios::ate);
  if (!in) fail("file ", data_path, ": found no such file, expected the data beside ", index_path);
  const auto size = static_cast<double>(in.tellg());
  const double offset = entry->numbers[0], length = entry->numbers[1];
  if (!(offset >= 0 && length > 5 && offset + length <= size))
    fail(where, ": found ", size, " bytes, expected ", length, " at ", offset, " (a cut file?)");
  std::vector<std::uint8_t> packed(static_cast<std::size_t>(length));
  in.seekg(static_cast<std::streamoff>(offset));
  in.read(reinterpret_cast<char*>(packed.data()), static_cast<std::streamsize>(packed.size()));
  if (!in) fail(where, ": found that it cannot be read");
  const bool lettered = index.items.size() > 2 && !index.items[2].numbers.empty() && index.items[2].numbers[0] > 1;
  const std::vector<std::uint8_t> bytes = detail::unpack_r_entry(packed, lettered, where);

  const detail::RValue frame = detail::RReader(bytes, where).value();
  const detail::RValue* names = frame.attribute("names");
  if (frame.kind != detail::RValue::Kind::list || names == nullptr || names->texts.size() != frame.items.size())
    fail(where, ": found no data frame, expected one");
  Table table;
  table.path = data_path + ":" + name;
  std::size_t rows = 0;
  for (std::size_t i = 0; i < frame.items.size(); ++i) {
    const detail::RValue& column = frame.items[i];
    if (column.kind != detail::RValue::Kind::numbers) continue;
    if (table.columns.empty()) rows = column.numbers.size();
    if (column.numbers.size() != rows)
      fail(where, ": found ", column.numbers.size(), " rows in column '", names->texts[i], "', expected ", rows);
    table.names.push_back(names->texts[i]);
    table.columns.push_back(column.numbers);
    if (const detail::RValue* levels = column.attribute("levels"); levels != nullptr) {
      for (double& x : table.columns.back()) x -= 1;
      table.texts[table.names.back()] = {levels->texts, {}};
    }
  }
  if (rows == 0) fail(where, ": found no columns of numbers, expected some");
  return table;
}

}  // namespace xstitch::inline XSTITCH_ISA::data
