#pragma once
/// \file
/// The safetensors format (github.com/huggingface/safetensors): named tensors and texts in one file.
///
///     u64 little-endian N | N bytes of JSON | data
///     JSON: {"name": {"dtype": "F32", "shape": [...], "data_offsets": [begin, end]}, "__metadata__": {text: text}}
///
/// Row-major, little-endian, no holes, no overlaps; the last tensor ends where the file ends. We pad the header with
/// spaces so that the data begins at a multiple of 64 bytes. Reading: io/safetensors_file.hpp.

#include <xstitch/core/crc32c.hpp>
#include <xstitch/core/little_endian.hpp>
#include <xstitch/io/checksums.hpp>
#include <xstitch/io/file.hpp>
#include <xstitch/io/json.hpp>
#include <xstitch/io/safetensors_file.hpp>  // IWYU pragma: export
#include <xstitch/io/safetensors_format.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// A tensor to write: memory that stays where it is until write() returns.
struct TensorView {
  std::string name;                   ///< in the file
  std::string dtype;                  ///< "F32", "I64", "U8" ...
  std::vector<std::uint64_t> shape;   ///< empty: one number
  std::span<const std::byte> memory;  ///< the elements as they lie in memory

  /// Of float32.
  static TensorView floats(std::string name, std::vector<std::uint64_t> shape, std::span<const float> values) {
    return {std::move(name), "F32", std::move(shape), std::as_bytes(values)};
  }
  /// Of int64.
  static TensorView integers(std::string name, std::vector<std::uint64_t> shape, std::span<const std::int64_t> values) {
    return {std::move(name), "I64", std::move(shape), std::as_bytes(values)};
  }
  /// Of bytes.
  static TensorView bytes(std::string name, std::vector<std::uint64_t> shape, std::span<const std::uint8_t> values) {
    return {std::move(name), "U8", std::move(shape), std::as_bytes(values)};
  }
};

namespace safetensors {

/// Writes a file with checksums (io/checksums.hpp), or leaves the old one. Data goes straight from the tensors' own
/// memory.
[[gnu::cold]] XSTITCH_INLINE void write(const std::filesystem::path& path, std::span<const TensorView> tensors,
                                        const TextMap& metadata = {}) {
  std::vector<std::uint32_t> sums;
  std::vector<std::byte> copy;
  const auto stored = [&copy](const TensorView& tensor) {
    return little_endian_bytes(tensor.memory, static_cast<std::size_t>(element_size(tensor.dtype)), copy);
  };
  for (const TensorView& tensor : tensors) sums.push_back(crc32c(stored(tensor)));
  Json texts;
  texts.set(std::string(checksums::key), checksums::text_of(sums));
  texts.set(std::string(checksums::version_key), std::string(checksums::version));
  for (const auto& [key, text] : metadata) {
    if (key == checksums::key || key == checksums::version_key)
      fail("cannot write ", path.string(), ": metadata \"", key, "\" is the library's own, expected another name");
    texts.set(key, text);
  }
  Json::Object members;
  members.emplace_back("__metadata__", std::move(texts));
  std::uint64_t offset = 0;
  for (const TensorView& tensor : tensors) {
    const std::uint64_t bytes = byte_count(tensor.dtype, tensor.shape);
    if (element_size(tensor.dtype) == 0 || bytes != tensor.memory.size())
      fail("cannot write ", path.string(), ": tensor \"", tensor.name, "\" has ", tensor.memory.size(), " bytes, but ",
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
  if (const auto repeated = std::adjacent_find(names.begin(), names.end()); repeated != names.end())
    fail("cannot write ", path.string(), ": two tensors are named \"", *repeated, "\"");

  std::string text = Json(std::move(members)).text();
  text.resize((text.size() + 8 + 63) / 64 * 64 - 8, ' ');
  if (text.size() > largest_header) fail("cannot write ", path.string(), ": the header is over 100 MB");
  const std::size_t place = checksums::place_in(text);
  text.replace(place, checksums::digits, checksums::hexadecimal(checksums::of_header(text, place)));
  const std::uint64_t length = little_endian(std::uint64_t{text.size()});
  AtomicFile output(path);
  output.write(std::as_bytes(std::span(&length, 1)));
  output.write(text);
  for (const TensorView& tensor : tensors) output.write(stored(tensor));
  output.commit();
}

}  // namespace safetensors

}  // namespace xstitch::inline XSTITCH_ISA
