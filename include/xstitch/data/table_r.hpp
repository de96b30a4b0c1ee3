#pragma once
/// \file
/// Tables of numbers from the data of an R package, without R.
///
///     const xs::data::Table meats = xs::data::read_r_table("/usr/lib/R/site-library/modeldata/data/Rdata", "meats");
///
/// A package keeps its data in Rdata.rdx, a gzipped R list of (offset, length) by name, and Rdata.rdb, where each entry
/// is a big-endian length, perhaps a letter, and a stream of zlib (or letter "1"), LZMA2 ("Z") or plain bytes ("0").
/// Both hold R's XDR serialisation (r_serialization.hpp). Columns of other kinds than numbers (text, dates, lists) are
/// left out; factors give their class from 0 and keep the names of their levels. NA is missing (NaN).
///
/// Needs zlib and liblzma (components gzip and xz).
/// Errors: no such file or name, a cut or damaged file, an entry that is no data frame.
/// Source: "R Internals", section 1.8, Serialization Formats.

#include <xstitch/data/idx_file.hpp>
#include <xstitch/data/r_serialization.hpp>
#include <xstitch/data/table.hpp>
#include <xstitch/io/limits.hpp>
#include <xstitch/io/regular_file.hpp>

#include <lzma.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

namespace detail {

/// All of a file, decompressed if it is gzipped.
inline std::vector<std::uint8_t> read_gzip(GzipReader& reader, limits::Budget& budget) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t got = 1; got != 0;) {
    constexpr std::size_t piece = 1U << 16;
    const std::size_t before = bytes.size();
    budget.take(3 * piece);  // while a vector grows there are its old memory and twice that
    bytes.resize(before + piece);
    got = reader.read(bytes.data() + before, piece);
    bytes.resize(before + got);
  }
  return bytes;
}

/// Content of an entry of Rdata.rdb.
inline std::vector<std::uint8_t> unpack_r_entry(std::span<const std::uint8_t> packed, bool lettered,
                                                const std::string& where, limits::Budget& budget) {
  const std::size_t size =
      (std::size_t{packed[0]} << 24) | (std::size_t{packed[1]} << 16) | (std::size_t{packed[2]} << 8) | packed[3];
  const char letter = lettered ? static_cast<char>(packed[4]) : '1';
  const auto stream = packed.subspan(lettered ? 5 : 4);
  if (size > (std::size_t{1} << 30)) fail(where, ": found ", size, " bytes announced, expected less than 2^30");
  budget.take(size);
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

inline Table read_r_table(const std::string& base, const std::string& name) {
  const std::string index_path = base + ".rdx", data_path = base + ".rdb";
  GzipReader reader(index_path, "the index of an R package's data");
  limits::Budget index_budget("file " + index_path, reader.file_bytes());
  const std::vector<std::uint8_t> index_bytes = read_gzip(reader, index_budget);
  const RValue index = RReader(index_bytes, "file " + index_path, index_budget).value();
  const RValue* keys = index.attribute("names");
  const RValue* entry = nullptr;
  std::string there;
  if (keys != nullptr && !index.items.empty() && !keys->texts.empty() && keys->texts[0] == "variables") {
    const RValue& variables = index.items[0];
    const RValue* variable_names = variables.attribute("names");
    for (std::size_t i = 0; variable_names != nullptr && i < variables.items.size() && i < variable_names->texts.size();
         ++i) {
      there += (there.empty() ? "" : ", ") + variable_names->texts[i];
      if (variable_names->texts[i] == name) entry = &variables.items[i];
    }
  }
  if (entry == nullptr || entry->numbers.size() != 2)
    fail("file ", index_path, ": found the entries [", limits::excerpt(there, 10000), "], expected '", name,
         "' among them");

  const std::string where = "file " + data_path + ", '" + name + "'";
  const InputFile data = file::open_regular(data_path, "the data beside " + index_path);
  const auto size = static_cast<double>(data.size());
  const double offset = entry->numbers[0], length = entry->numbers[1];
  if (!(offset >= 0 && length > 5 && offset + length <= size))
    fail(where, ": found ", size, " bytes, expected ", length, " at ", offset, " (a cut file?)");
  limits::Budget budget(where, static_cast<std::uint64_t>(length));
  budget.take(static_cast<std::uint64_t>(length));
  std::vector<std::uint8_t> packed(static_cast<std::size_t>(length));
  data.read(static_cast<std::uint64_t>(offset), std::as_writable_bytes(std::span(packed)));
  const bool lettered = index.items.size() > 2 && !index.items[2].numbers.empty() && index.items[2].numbers[0] > 1;
  const std::vector<std::uint8_t> bytes = unpack_r_entry(packed, lettered, where, budget);

  RValue frame = RReader(bytes, where, budget).value();
  const RValue* names = frame.attribute("names");
  if (frame.kind != RValue::Kind::list || names == nullptr || names->texts.size() != frame.items.size())
    fail(where, ": found no data frame, expected one");
  Table table;
  table.path = data_path + ":" + name;
  std::size_t rows = 0;
  for (std::size_t i = 0; i < frame.items.size(); ++i) {
    RValue& column = frame.items[i];
    if (column.kind != RValue::Kind::numbers) continue;
    if (table.columns.empty()) rows = column.numbers.size();
    if (column.numbers.size() != rows)
      fail(where, ": found ", column.numbers.size(), " rows in column '", names->texts[i], "', expected ", rows);
    table.names.push_back(names->texts[i]);
    table.columns.push_back(std::move(column.numbers));
    if (RValue* levels = column.attribute("levels"); levels != nullptr) {
      for (double& x : table.columns.back()) x -= 1;
      table.texts[table.names.back()] = {std::move(levels->texts), {}};
    }
  }
  if (rows == 0) fail(where, ": found no columns of numbers, expected some");
  return table;
}

}  // namespace detail

/// Reads the data frame `name` of `base`.rdx and `base`.rdb.
inline Table read_r_table(const std::string& base, const std::string& name) {
  return limits::guard(base, [&] { return detail::read_r_table(base, name); });
}

}  // namespace xstitch::inline XSTITCH_ISA::data
