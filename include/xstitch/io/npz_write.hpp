#pragma once
/// \file
/// Writes several NumPy arrays into one file, which numpy.load and NpzFile read (io/npz.hpp): whole, or the old file
/// stays. Each array stands in it as a .npy file, not compressed; below 4 GB in all. Needs zlib (component gzip).
///
///     xs::save_npz("batch.npz", {{"images", images}, {"labels", {labels, xs::NpyType::int32}}});
///
/// Source: PKWARE, "APPNOTE.TXT - .ZIP File Format Specification", 4.3.

#include <xstitch/core/error.hpp>
#include <xstitch/io/file.hpp>
#include <xstitch/io/npy.hpp>

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <utility>

namespace xstitch::inline XSTITCH_ISA {

/// An array and what its elements are written as.
struct NpzArray {
  NpyArray array;                   ///< the elements
  NpyType type = NpyType::float32;  ///< what they are written as

  /// An array under a name.
  NpzArray(NpyArray values, NpyType as = NpyType::float32)  // NOLINT(google-explicit-constructor)
      : array(std::move(values)), type(as) {}
  /// Of xtensor's.
  template <class E>
  NpzArray(const xt::xexpression<E>& expression, NpyType as = NpyType::float32)  // NOLINT
      : array(npy::array_of(expression)), type(as) {}
};

namespace zip {

/// Little-endian numbers of so many bytes each, one after the other.
inline std::string numbers(std::initializer_list<std::pair<std::size_t, std::uint64_t>> all) {
  std::string bytes;
  for (const auto& [count, value] : all)
    for (std::size_t i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  return bytes;
}

}  // namespace zip

/// Writes arrays by their names, not compressed; whole, or the old file stays.
inline void save_npz(const std::filesystem::path& path, const std::map<std::string, NpzArray>& arrays) {
  const std::string where = "file " + path.string();
  AtomicFile out(path);
  std::string directory;
  std::uint64_t offset = 0;
  constexpr std::uint64_t most = 0xFFFFFFFF;
  for (const auto& [key, one] : arrays) {
    const std::string name = key + ".npy", place = where + ", array '" + key + "'";
    std::uint64_t size = 0;
    std::uint32_t checksum = 0;
    // Twice: sizes and checksum stand before the bytes.
    npy::write(place, one.array.values, one.array.extents, one.type, [&](std::span<const std::byte> bytes) {
      size += bytes.size();
      checksum =
          static_cast<std::uint32_t>(crc32_z(checksum, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
    });
    // Version 2.0, no flags, not compressed, 1 January 1980.
    const std::string common = zip::numbers(
        {{2, 20}, {2, 0}, {2, 0}, {2, 0}, {2, 0x21}, {4, checksum}, {4, size}, {4, size}, {2, name.size()}, {2, 0}});
    const std::string header = zip::numbers({{4, 0x04034B50}}) + common + name;
    if (name.size() > 0xFFFF || arrays.size() > 0xFFFE ||
        offset + header.size() + size > most - directory.size() - 4096)
      fail(where, ": found arrays of more than 4 GB, expected less, or files of their own");
    directory += zip::numbers({{4, 0x02014B50}, {2, 20}}) + common +
                 zip::numbers({{2, 0}, {2, 0}, {2, 0}, {4, 0}, {4, offset}}) + name;
    out.write(header);
    npy::write(place, one.array.values, one.array.extents, one.type,
               [&](std::span<const std::byte> bytes) { out.write(bytes); });
    offset += header.size() + size;
  }
  out.write(directory);
  out.write(zip::numbers({{4, 0x06054B50},
                          {2, 0},
                          {2, 0},
                          {2, arrays.size()},
                          {2, arrays.size()},
                          {4, directory.size()},
                          {4, offset},
                          {2, 0}}));
  out.commit();
}

}  // namespace xstitch::inline XSTITCH_ISA
