#pragma once
/// \file
/// The safetensors format (github.com/huggingface/safetensors): named tensors and texts in one file.
///
///     u64 little-endian N | N bytes of JSON | data
///     JSON: {"name": {"dtype": "F32", "shape": [...], "data_offsets": [begin, end]}, "__metadata__": {text: text}}
///
/// Row-major, little-endian, no holes, no overlaps; the last tensor ends where the file ends. We pad the header with
/// spaces so that the data begins at a multiple of 64 bytes. Reading checks all of it before any data is touched.
/// A tensor of a type that is not known here (the format gains some) is no obstacle to the others; reading it is an
/// Error.

#include <xstitch/io/file.hpp>
#include <xstitch/io/half.hpp>
#include <xstitch/io/json.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

static_assert(std::endian::native == std::endian::little, "xstitch: safetensors files are little-endian");

using TextMap = std::map<std::string, std::string>;

/// A tensor to write: memory that stays where it is until write() returns.
struct TensorView {
  std::string name;
  std::string dtype;                 ///< "F32", "I64", "U8" ...
  std::vector<std::uint64_t> shape;  ///< empty: one number
  std::span<const std::byte> bytes;

  static TensorView floats(std::string name, std::vector<std::uint64_t> shape, std::span<const float> values) {
    return {std::move(name), "F32", std::move(shape), std::as_bytes(values)};
  }
  static TensorView integers(std::string name, std::vector<std::uint64_t> shape, std::span<const std::int64_t> values) {
    return {std::move(name), "I64", std::move(shape), std::as_bytes(values)};
  }
  static TensorView octets(std::string name, std::vector<std::uint64_t> shape, std::span<const std::uint8_t> values) {
    return {std::move(name), "U8", std::move(shape), std::as_bytes(values)};
  }
};

namespace safetensors {

constexpr std::uint64_t largest_header = 100'000'000;

/// Bytes of an element, 0 if the type is not one of the format's (of whole bytes).
inline std::uint64_t element_size(std::string_view dtype) {
  if (dtype == "BOOL" || dtype == "U8" || dtype == "I8" || dtype == "F8_E4M3" || dtype == "F8_E5M2") return 1;
  if (dtype == "I16" || dtype == "U16" || dtype == "F16" || dtype == "BF16") return 2;
  if (dtype == "I32" || dtype == "U32" || dtype == "F32") return 4;
  if (dtype == "I64" || dtype == "U64" || dtype == "F64" || dtype == "C64") return 8;
  return 0;
}

/// a * b, or the largest number if that is beyond 64 bits.
inline std::uint64_t saturating_product(std::uint64_t a, std::uint64_t b) {
  return a != 0 && b > std::numeric_limits<std::uint64_t>::max() / a ? std::numeric_limits<std::uint64_t>::max()
                                                                     : a * b;
}
inline std::uint64_t byte_count(std::string_view dtype, const std::vector<std::uint64_t>& shape) {
  std::uint64_t bytes = element_size(dtype);
  for (const std::uint64_t extent : shape)
    if (extent == 0) return 0;
  for (const std::uint64_t extent : shape) bytes = saturating_product(bytes, extent);
  return bytes;
}

inline std::string to_text(const std::vector<std::uint64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

/// Writes a file, or leaves the old one. Data goes straight from the tensors' own memory.
inline void write(const std::filesystem::path& path, std::span<const TensorView> tensors,
                  const TextMap& metadata = {}) {
  Json header;
  if (!metadata.empty()) {
    Json texts;
    for (const auto& [key, text] : metadata) texts.set(key, text);
    header.set("__metadata__", std::move(texts));
  }
  Json::Object members = header.is_null() ? Json::Object{} : header.object();
  std::uint64_t offset = 0;
  for (const TensorView& tensor : tensors) {
    const std::uint64_t bytes = byte_count(tensor.dtype, tensor.shape);
    if (element_size(tensor.dtype) == 0 || bytes != tensor.bytes.size())
      fail("cannot write ", path.string(), ": tensor \"", tensor.name, "\" has ", tensor.bytes.size(), " bytes, but ",
           tensor.dtype, " ", to_text(tensor.shape), " takes ", bytes);
    Json::Array shape;
    for (const std::uint64_t extent : tensor.shape) shape.emplace_back(extent);
    Json entry;
    entry.set("dtype", tensor.dtype).set("shape", std::move(shape));
    entry.set("data_offsets", Json::Array{Json(offset), Json(offset + bytes)});
    members.emplace_back(tensor.name, std::move(entry));
    offset += bytes;
  }
  std::vector<std::string_view> names;
  for (const auto& [name, entry] : members) names.push_back(name);
  std::sort(names.begin(), names.end());
  if (const auto twin = std::adjacent_find(names.begin(), names.end()); twin != names.end())
    fail("cannot write ", path.string(), ": two tensors are named \"", *twin, "\"");

  std::string text = Json(std::move(members)).text();
  text.resize((text.size() + 8 + 63) / 64 * 64 - 8, ' ');
  if (text.size() > largest_header) fail("cannot write ", path.string(), ": the header is over 100 MB");
  const std::uint64_t length = text.size();
  AtomicFile output(path);
  output.write(std::as_bytes(std::span(&length, 1)));
  output.write(text);
  for (const TensorView& tensor : tensors) output.write(tensor.bytes);
  output.commit();
}

}  // namespace safetensors

/// A file open for reading. The constructor checks the whole header.
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

  explicit SafetensorsFile(const std::filesystem::path& path) : file_(path) {
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
  void read(std::string_view name, std::span<float> values) const {
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
  void read_header(const Json& header) {
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
  void check_layout() const {
    std::vector<std::pair<const std::string*, const Entry*>> order;
    for (const auto& [name, entry] : entries_) order.emplace_back(&name, &entry);
    std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
      return std::pair(a.second->begin, a.second->end) < std::pair(b.second->begin, b.second->end);
    });
    std::uint64_t end = 0;
    for (const auto& [name, entry] : order) {
      if (entry->begin != end)
        fail("tensor \"", *name, "\" begins at byte ", entry->begin, ", ",
             entry->begin < end ? "inside" : "with a hole behind", " the one before it, which ends at ", end);
      end = entry->end;
    }
    if (end != file_.size() - data_)
      fail("the tensors take ", end, " bytes, but the file holds ", file_.size() - data_,
           ": cut off, or not all of it ours");
  }

  const Entry& wanted(std::string_view name, std::size_t count) const {
    const Entry* entry = find(name);
    if (entry == nullptr) fail(path().string(), ": no tensor \"", name, "\"");
    if (safetensors::element_size(entry->dtype) == 0)
      fail(path().string(), ": tensor \"", name, "\" is of the unknown type ", entry->dtype);
    if (entry->count() != count)
      fail(path().string(), ": tensor \"", name, "\" has ", entry->count(), " numbers, expected ", count);
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
