#pragma once
/// \file
/// Reads safetensors files. Include <xstitch/io/safetensors.hpp>.
///
/// The constructor checks the whole header: names, shapes, bytes without holes or overlaps up to the file's end. A
/// tensor of a type that is not known here (the format gains some) is no obstacle to the others; reading it is an
/// Error. Where the file has checksums (io/checksums.hpp), the header's is checked at once, a tensor's when it is read.

#include <xstitch/core/little_endian.hpp>
#include <xstitch/io/checksums.hpp>
#include <xstitch/io/json.hpp>
#include <xstitch/io/limits.hpp>
#include <xstitch/io/regular_file.hpp>
#include <xstitch/io/safetensors_elements.hpp>
#include <xstitch/io/safetensors_format.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// A file open for reading.
class SafetensorsFile {
 public:
  struct Entry {
    std::string dtype;                 ///< as in the file: "F32", "BF16"
    std::vector<std::uint64_t> shape;  ///< row-major
    std::uint64_t begin = 0, end = 0;  ///< within the data
    std::uint32_t crc = 0;             ///< if the file has checksums
    [[nodiscard]] std::uint64_t count() const {
      return safetensors::element_size(dtype) == 0 ? 0 : (end - begin) / safetensors::element_size(dtype);
    }
  };

  /// Reads and checks the header; an Error names what is wrong in it.
  [[gnu::cold]] XSTITCH_INLINE explicit SafetensorsFile(const std::filesystem::path& path)
      : file_(limits::guard(path.native(), [&] { return file::open_regular(path, "a safetensors file"); })) {
    limits::guard(path.native(), [&] { open(); });
  }

  [[nodiscard]] const std::map<std::string, Entry, std::less<>>& entries() const noexcept { return entries_; }
  [[nodiscard]] const TextMap& metadata() const noexcept { return metadata_; }               ///< without our checksums
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return file_.path(); }  ///< as it was opened
  [[nodiscard]] const Entry* find(std::string_view name) const {
    const auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : &found->second;
  }

  /// Whether the file has checksums: read() then checks every tensor.
  [[nodiscard]] bool has_checksums() const noexcept { return has_checksums_; }
  /// Reads everything and compares it with the checksums; an Error names the tensor that is damaged.
  void verify() const {
    limits::guard(path().native(), [&] { compare_all(); });
  }

  /// A tensor as floats: F32 as it is; F16, BF16, F64 and integers (io/safetensors_elements.hpp) converted.
  void read(std::string_view name, std::span<float> values) const {
    limits::guard(path().native(), [&] { read_numbers(name, values); });
  }
  /// Of any type of integers.
  void read(std::string_view name, std::span<std::int64_t> values) const {
    limits::guard(path().native(), [&] { read_numbers(name, values); });
  }
  void read(std::string_view name, std::span<std::uint8_t> values) const {
    limits::guard(path().native(), [&] {
      const Entry& entry = wanted(name, values.size());
      if (entry.dtype != "U8") fail(path().string(), ": tensor \"", name, "\" has type ", entry.dtype, ", expected U8");
      read_bytes(name, entry, std::as_writable_bytes(values));
    });
  }

 private:
  [[gnu::cold]] XSTITCH_INLINE void open() {
    const std::string name = path().string();
    if (file_.size() < 8) fail(name, ": found ", file_.size(), " bytes, a safetensors file has 8 or more");
    std::uint64_t length = 0;
    file_.read(0, std::as_writable_bytes(std::span(&length, 1)));
    length = little_endian(length);
    if (length > safetensors::largest_header || length > file_.size() - 8)
      fail(name, ": the header should have ", length, " bytes, but the file has ", file_.size(),
           " in all and a header at most 100000000: not a safetensors file, or cut off");
    std::string text(static_cast<std::size_t>(length), '\0');
    file_.read(8, std::as_writable_bytes(std::span(text)));
    data_ = 8 + length;
    if (text.empty() || text[0] != '{') fail(name, ": the header does not begin with {");
    try {
      // A header may have 100 MB: its members are read one by one, and none has reason to hold many values.
      json::Parser(text, "header", limits::base).members([this](const std::string& key, const Json& value) {
        read_member(key, value);
      });
      check_layout();
      check_header(text);
    } catch (const Error& error) {
      fail(name, ": ", error.what());
    }
  }

  [[gnu::cold]] XSTITCH_INLINE void read_member(const std::string& name, const Json& value) {
    if (name == "__metadata__") {
      if (std::exchange(has_metadata_, true)) fail("the key \"", name, "\" comes twice");
      for (const auto& [key, text] : value.object()) metadata_[key] = text.string();
      return;
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
           limits::excerpt(safetensors::to_text(entry.shape)), " takes ", bytes);
    if (!entries_.emplace(name, std::move(entry)).second) fail("the key \"", name, "\" comes twice");
  }

  /// In the order of the data; empty ones by their names.
  [[gnu::cold]] std::vector<std::pair<const std::string*, Entry*>> in_order() {
    std::vector<std::pair<const std::string*, Entry*>> order;
    for (auto& [name, entry] : entries_) order.emplace_back(&name, &entry);
    std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
      return std::tie(a.second->begin, a.second->end, *a.first) < std::tie(b.second->begin, b.second->end, *b.first);
    });
    return order;
  }

  /// Each tensor begins where the one before it ends, and the last where the file does.
  XSTITCH_INLINE void check_layout() {
    std::uint64_t end = 0;
    for (const auto& [name, entry] : in_order()) {
      if (entry->begin != end)
        fail("tensor \"", *name, "\" begins at byte ", entry->begin, ", ",
             entry->begin < end ? "inside" : "with a hole after", " the one before it, which ends at ", end);
      end = entry->end;
    }
    if (end != file_.size() - data_)
      fail("the tensors take ", end, " bytes, but the file holds ", file_.size() - data_,
           ": cut off, or not all of it ours");
  }

  [[gnu::cold]] XSTITCH_INLINE void check_header(std::string_view text) {
    const auto sums = metadata_.find(std::string(checksums::key)),
               version = metadata_.find(std::string(checksums::version_key));
    if (sums == metadata_.end() && version == metadata_.end()) return;
    if (sums == metadata_.end() || version == metadata_.end())
      fail("the metadata has \"", sums == metadata_.end() ? checksums::version_key : checksums::key, "\" without \"",
           sums == metadata_.end() ? checksums::key : checksums::version_key, "\": damaged");
    if (version->second != checksums::version)
      fail("\"", checksums::version_key, "\" is ", version->second, ", expected ", checksums::version);
    const std::vector<std::uint32_t> values = checksums::parse(sums->second, entries_.size() + 1);
    const std::size_t place = checksums::place_in(text);
    const std::uint32_t found = place == std::string_view::npos ? ~values[0] : checksums::of_header(text, place);
    if (found != values[0])
      fail("the header is damaged, or was rewritten by another program with our \"", checksums::key,
           "\": its checksum is ", checksums::hexadecimal(found), ", expected ", checksums::hexadecimal(values[0]));
    std::size_t k = 1;
    for (const auto& [name, entry] : in_order()) entry->crc = values[k++];
    has_checksums_ = true;
    metadata_.erase(sums);
    metadata_.erase(version);
  }

  XSTITCH_INLINE void compare_all() const {
    std::vector<std::byte> piece(std::size_t{1} << 20);
    for (const auto& [name, entry] : entries_) {
      std::uint32_t crc = 0;
      for (std::uint64_t at = entry.begin; at < entry.end; at += piece.size()) {
        const auto part =
            std::span(piece).first(static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), entry.end - at)));
        file_.read(data_ + at, part);
        crc = crc32c(part, crc);
      }
      check(name, entry, crc);
    }
  }

  template <class T>
  [[gnu::cold]] void read_numbers(std::string_view name, std::span<T> values) const {
    const Entry& entry = wanted(name, values.size());
    const safetensors::ElementReader reader = safetensors::element_reader(entry.dtype);
    if (entry.dtype == "F32" && std::is_same_v<T, float> && !is_big_endian)
      read_bytes(name, entry, std::as_writable_bytes(values));
    else if (!std::is_same_v<T, float> && reader.integer_of == nullptr)
      fail(path().string(), ": tensor \"", name, "\" has type ", entry.dtype, ", expected integers");
    else
      convert(name, entry, values, reader);
  }
  [[gnu::cold]] XSTITCH_INLINE const Entry& wanted(std::string_view name, std::size_t count) const {
    const Entry* entry = find(name);
    if (entry == nullptr) fail(path().string(), ": no tensor \"", name, "\"");
    if (!safetensors::element_reader(entry->dtype).numbers())
      fail(path().string(), ": tensor \"", name, "\" is of the type ", entry->dtype, safetensors::expected_types);
    if (entry->count() != count)
      fail(path().string(), ": tensor \"", name, "\" has ", entry->count(), " elements, expected ", count);
    return *entry;
  }
  void read_bytes(std::string_view name, const Entry& entry, std::span<std::byte> bytes) const {
    file_.read(data_ + entry.begin, bytes);
    if (has_checksums_) check(name, entry, crc32c(bytes));
  }
  XSTITCH_INLINE void check(std::string_view name, const Entry& entry, std::uint32_t crc) const {
    if (has_checksums_ && crc != entry.crc)
      fail(path().string(), ": tensor \"", name, "\" is damaged: its checksum is ", checksums::hexadecimal(crc),
           ", expected ", checksums::hexadecimal(entry.crc));
  }
  template <class T>
  void convert(std::string_view name, const Entry& entry, std::span<T> values,
               const safetensors::ElementReader& reader) const {
    std::uint32_t crc = 0;
    const auto size = static_cast<std::size_t>(safetensors::element_size(entry.dtype));
    std::vector<std::byte> piece(std::min<std::size_t>(values.size(), 65536) * size);
    for (std::size_t at = 0; at < values.size(); at += 65536) {
      const std::size_t count = std::min<std::size_t>(65536, values.size() - at);
      const auto part = std::span(piece).first(count * size);
      file_.read(data_ + entry.begin + at * size, part);
      crc = crc32c(part, crc);
      for (std::size_t i = 0; i < count; ++i)
        if (!reader.read(part.data() + i * size, values[at + i]))
          fail(path().string(), ": tensor \"", name, "\" holds an integer beyond ",
               std::is_same_v<T, float> ? "2^24, which a float does not hold exactly" : "2^63, expected less");
    }
    check(name, entry, crc);
  }

  InputFile file_;
  std::uint64_t data_ = 0;
  std::map<std::string, Entry, std::less<>> entries_;
  TextMap metadata_;
  bool has_metadata_ = false;
  bool has_checksums_ = false;
};

}  // namespace xstitch::inline XSTITCH_ISA
