#pragma once
/// \file
/// Reads safetensors files. Include <xstitch/io/safetensors.hpp>.
///
/// The constructor checks the whole header: names, shapes, bytes without holes or overlaps up to the file's end. A
/// tensor of a type that is not known here (the format gains some) is no obstacle to the others; reading it is an
/// Error.

#include <xstitch/io/file.hpp>
#include <xstitch/io/half.hpp>
#include <xstitch/io/json.hpp>
#include <xstitch/io/safetensors_format.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// A file open for reading.
class SafetensorsFile {
 public:
  struct Entry {
    std::string dtype;
    std::vector<std::uint64_t> shape;
    std::uint64_t begin = 0, end = 0;  ///< within the data
    [[nodiscard]] std::uint64_t count() const {
      return safetensors::element_size(dtype) == 0 ? 0 : (end - begin) / safetensors::element_size(dtype);
    }
  };

  [[gnu::cold]] explicit SafetensorsFile(const std::filesystem::path& path) : file_(path) {
    const std::string name = path.string();
    if (file_.size() < 8) fail(name, ": found ", file_.size(), " bytes, a safetensors file has 8 or more");
    std::uint64_t length = 0;
    file_.read(0, std::as_writable_bytes(std::span(&length, 1)));
    if (length > safetensors::largest_header || length > file_.size() - 8)
      fail(name, ": the header should have ", length, " bytes, but the file has ", file_.size(),
           " in all and a header at most 100000000: not a safetensors file, or cut off");
    std::string text(static_cast<std::size_t>(length), '\0');
    file_.read(8, std::as_writable_bytes(std::span(text)));
    data_ = 8 + length;
    if (text.empty() || text[0] != '{') fail(name, ": the header does not begin with {");
    try {
      read_header(Json::parse(text, "header"));
      check_layout();
    } catch (const Error& error) {
      fail(name, ": ", error.what());
    }
  }

  [[nodiscard]] const std::map<std::string, Entry, std::less<>>& entries() const noexcept { return entries_; }
  [[nodiscard]] const TextMap& metadata() const noexcept { return metadata_; }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return file_.path(); }
  [[nodiscard]] const Entry* find(std::string_view name) const {
    const auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : &found->second;
  }

  /// A tensor as floats. F32 as it is; F16, BF16 and F64 converted.
  [[gnu::cold]] void read(std::string_view name, std::span<float> values) const {
    const Entry& entry = wanted(name, values.size());
    if (entry.dtype == "F32") {
      file_.read(data_ + entry.begin, std::as_writable_bytes(values));
    } else if (entry.dtype == "F16") {
      convert<std::uint16_t>(entry, values, from_half);
    } else if (entry.dtype == "BF16") {
      convert<std::uint16_t>(entry, values,
                             [](std::uint16_t b) { return std::bit_cast<float>(static_cast<std::uint32_t>(b) << 16); });
    } else if (entry.dtype == "F64") {
      convert<double>(entry, values, [](double v) { return static_cast<float>(v); });
    } else {
      fail(path().string(), ": tensor \"", name, "\" has type ", entry.dtype, ", expected F32, F16, BF16 or F64");
    }
  }
  void read(std::string_view name, std::span<std::int64_t> values) const { read_exactly(name, "I64", values); }
  void read(std::string_view name, std::span<std::uint8_t> values) const { read_exactly(name, "U8", values); }

 private:
  [[gnu::cold]] void read_header(const Json& header) {
    for (const auto& [name, value] : header.object()) {
      if (name == "__metadata__") {
        for (const auto& [key, text] : value.object()) metadata_[key] = text.string();
        continue;
      }
      Entry entry;
      try {
        entry.dtype = value.at("dtype").string();
        for (const Json& extent : value.at("shape").array()) entry.shape.push_back(extent.whole());
        const Json::Array& offsets = value.at("data_offsets").array();
        if (offsets.size() != 2) fail("data_offsets has ", offsets.size(), " numbers, expected 2");
        entry.begin = offsets[0].whole();
        entry.end = offsets[1].whole();
      } catch (const Error& error) {
        fail("tensor \"", name, "\": ", error.what());
      }
      const std::uint64_t bytes = safetensors::byte_count(entry.dtype, entry.shape);
      const bool known = safetensors::element_size(entry.dtype) != 0;
      if (entry.end < entry.begin || (known && entry.end - entry.begin != bytes))
        fail("tensor \"", name, "\": bytes ", entry.begin, " to ", entry.end, ", but ", entry.dtype, " ",
             safetensors::to_text(entry.shape), " takes ", bytes);
      entries_.emplace(name, std::move(entry));
    }
  }

  /// Each tensor begins where the one before it ends, and the last where the file does.
  [[gnu::cold]] void check_layout() const {
    std::vector<std::pair<const std::string*, const Entry*>> order;
    for (const auto& [name, entry] : entries_) order.emplace_back(&name, &entry);
    std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
      return std::pair(a.second->begin, a.second->end) < std::pair(b.second->begin, b.second->end);
    });
    std::uint64_t end = 0;
    for (const auto& [name, entry] : order) {
      if (entry->begin != end)
        fail("tensor \"", *name, "\" begins at byte ", entry->begin, ", ",
             entry->begin < end ? "inside" : "with a hole after", " the one before it, which ends at ", end);
      end = entry->end;
    }
    if (end != file_.size() - data_)
      fail("the tensors take ", end, " bytes, but the file holds ", file_.size() - data_,
           ": cut off, or not all of it ours");
  }

  [[gnu::cold]] const Entry& wanted(std::string_view name, std::size_t count) const {
    const Entry* entry = find(name);
    if (entry == nullptr) fail(path().string(), ": no tensor \"", name, "\"");
    if (safetensors::element_size(entry->dtype) == 0)
      fail(path().string(), ": tensor \"", name, "\" is of the unknown type ", entry->dtype);
    if (entry->count() != count)
      fail(path().string(), ": tensor \"", name, "\" has ", entry->count(), " elements, expected ", count);
    return *entry;
  }
  template <class T>
  void read_exactly(std::string_view name, std::string_view dtype, std::span<T> values) const {
    const Entry& entry = wanted(name, values.size());
    if (entry.dtype != dtype)
      fail(path().string(), ": tensor \"", name, "\" has type ", entry.dtype, ", expected ", dtype);
    file_.read(data_ + entry.begin, std::as_writable_bytes(values));
  }
  template <class Stored, class Convert>
  void convert(const Entry& entry, std::span<float> values, const Convert& to_float) const {
    std::vector<Stored> piece(std::min<std::size_t>(values.size(), 65536));
    for (std::size_t at = 0; at < values.size(); at += piece.size()) {
      const std::size_t count = std::min(piece.size(), values.size() - at);
      file_.read(data_ + entry.begin + at * sizeof(Stored), std::as_writable_bytes(std::span(piece).first(count)));
      for (std::size_t i = 0; i < count; ++i) values[at + i] = to_float(piece[i]);
    }
  }

  InputFile file_;
  std::uint64_t data_ = 0;
  std::map<std::string, Entry, std::less<>> entries_;
  TextMap metadata_;
};

}  // namespace xstitch::inline XSTITCH_ISA
