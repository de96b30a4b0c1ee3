#pragma once
/// \file
/// Several NumPy arrays in one file (.npz: a ZIP archive of .npy files), as numpy.savez and savez_compressed write
/// them.
///
///     const xs::NpzFile file("batch.npz");
///     xt::xtensor<float, 4> images = file.load<4>("images");           // any real type, float16 too
///     xs::NpyArray labels = file.at("labels");
///
/// An array is read when it is asked for: others may be of types that are not read (text, objects), or damaged. To
/// write one: io/npz_write.hpp. Needs zlib (component gzip). Errors: no such file, no ZIP archive or a cut one; on
/// asking, an array that is missing (those that are there are named), encrypted, compressed by another method than
/// deflate, whose checksum differs, or that is no .npy file. Source: PKWARE, "APPNOTE.TXT - .ZIP File Format
/// Specification", 4.3 to 4.5.

#include <xstitch/core/error.hpp>
#include <xstitch/io/file.hpp>
#include <xstitch/io/limits.hpp>
#include <xstitch/io/npy.hpp>
#include <xstitch/io/regular_file.hpp>

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

namespace zip {

constexpr std::uint32_t local = 0x04034B50, central = 0x02014B50, end = 0x06054B50, end64 = 0x06064B50,
                        locator64 = 0x07064B50;

struct Entry {
  std::uint16_t flags = 0, method = 0;
  std::uint32_t checksum = 0;
  std::uint64_t packed = 0, size = 0, offset = 0;
};

/// Little-endian numbers of a piece of a file.
class Piece {
 public:
  Piece(const InputFile& file, std::uint64_t offset, std::uint64_t count) : bytes_(static_cast<std::size_t>(count)) {
    file.read(offset, std::as_writable_bytes(std::span(bytes_)));
  }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] std::uint64_t number(std::size_t at, std::size_t count) const {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value |= std::uint64_t{bytes_.at(at + i)} << (8 * i);
    return value;
  }
  [[nodiscard]] std::string text(std::size_t at, std::size_t count) const {
    return {reinterpret_cast<const char*>(bytes_.data()) + at, count};
  }

 private:
  std::vector<std::uint8_t> bytes_;
};

}  // namespace zip

/// An archive of NumPy's, open for reading: arrays by their names.
class NpzFile {
 public:
  /// Opens a file; an Error where it is no ZIP archive.
  explicit NpzFile(const std::filesystem::path& path)
      : where_("file " + path.string()), file_(file::open_regular(path, "a .npz file")) {
    limits::guard(where_, [&] { open(); });
  }

  /// Of the arrays, of whatever type.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& [name, entry] : entries_) all.push_back(name);
    return all;
  }
  /// Whether there is an array of this name.
  [[nodiscard]] bool contains(std::string_view name) const { return entries_.find(name) != entries_.end(); }
  /// The array of this name; an Error if there is none.
  [[nodiscard]] NpyArray at(std::string_view name) const {
    return limits::guard(where_, [&] { return read(name); });
  }
  /// The same with N extents; an Error where it has another number of them.
  template <std::size_t N>
  [[nodiscard]] xt::xtensor<float, N> load(std::string_view name) const {
    return limits::guard(where_, [&] { return npy::tensor_of<N>(read(name), place(name)); });
  }

 private:
  [[nodiscard]] std::string place(std::string_view name) const {
    return where_ + ", array '" + std::string(name) + "'";
  }
  [[noreturn]] void no_archive(const char* why) const {
    fail(where_, ": found ", why, ", expected a .npz file (a ZIP archive)");
  }

  /// Reads the directory, which stands at the end.
  void open() {
    constexpr std::uint64_t record = 22, comment = 65535;
    if (file_.size() < record) no_archive("too few bytes");
    const std::uint64_t tail_size = std::min(file_.size(), record + comment);
    const zip::Piece tail(file_, file_.size() - tail_size, tail_size);
    std::size_t at = tail.size() - record;
    while (tail.number(at, 4) != zip::end)
      if (at-- == 0) no_archive("no directory of an archive (a cut file?)");
    std::uint64_t size = tail.number(at + 12, 4), offset = tail.number(at + 16, 4);
    const std::uint64_t end = file_.size() - tail_size + at;
    if (end >= 20) {  // larger archives have their numbers in a record of 64 bits
      const zip::Piece locator(file_, end - 20, 20);
      if (locator.number(0, 4) == zip::locator64) {
        const std::uint64_t place = locator.number(8, 8);
        if (place > end || end - place < 56) no_archive("a directory beyond its end");
        const zip::Piece larger(file_, place, 56);
        if (larger.number(0, 4) != zip::end64) no_archive("a damaged directory");
        size = larger.number(40, 8), offset = larger.number(48, 8);
      }
    }
    if (offset > end || size > end - offset) no_archive("a directory beyond its end");
    limits::Budget budget(where_, file_.size());
    budget.take(size, 8);
    const zip::Piece directory(file_, offset, size);
    for (std::size_t i = 0; i < directory.size();) i = add(directory, i);
  }
  std::size_t add(const zip::Piece& d, std::size_t at) {
    constexpr std::size_t fixed = 46;
    if (d.size() - at < fixed || d.number(at, 4) != zip::central) no_archive("a damaged directory");
    const auto length = [&](std::size_t i) { return static_cast<std::size_t>(d.number(at + i, 2)); };
    const std::size_t name_size = length(28), extra_size = length(30),
                      all = fixed + name_size + extra_size + length(32);
    if (d.size() - at < all) no_archive("a damaged directory");
    zip::Entry entry{static_cast<std::uint16_t>(d.number(at + 8, 2)),
                     static_cast<std::uint16_t>(d.number(at + 10, 2)),
                     static_cast<std::uint32_t>(d.number(at + 16, 4)),
                     d.number(at + 20, 4),
                     d.number(at + 24, 4),
                     d.number(at + 42, 4)};
    for (std::size_t i = 0; i + 4 <= extra_size;) {  // numbers that do not fit into 32 bits stand here, in this order
      const std::size_t field = at + fixed + name_size + i, bytes = static_cast<std::size_t>(d.number(field + 2, 2));
      if (bytes > extra_size - i - 4) break;
      std::size_t used = 0;
      for (std::uint64_t* value : {&entry.size, &entry.packed, &entry.offset})
        if (d.number(field, 2) == 1 && *value == 0xFFFFFFFF && used + 8 <= bytes)
          *value = d.number(field + 4 + used, 8), used += 8;
      i += 4 + bytes;
    }
    const std::string name = d.text(at + fixed, name_size);
    if (name.ends_with(".npy")) entries_[name.substr(0, name.size() - 4)] = entry;
    return at + all;
  }

  [[nodiscard]] NpyArray read(std::string_view name) const {
    const auto found = entries_.find(name);
    if (found == entries_.end()) {
      std::string there;
      for (const auto& [key, entry] : entries_) there += (there.empty() ? "" : ", ") + key;
      fail(where_, ": found the arrays [", limits::excerpt(there, 2000), "], expected '", name, "' among them");
    }
    const zip::Entry& entry = found->second;
    const std::string place = this->place(name);
    if ((entry.flags & 1U) != 0) fail(place, ": found that it is encrypted, expected one that is not");
    if (entry.method != 0 && entry.method != 8)
      fail(place, ": found compression method ", entry.method, ", expected 0 (none) or 8 (deflate)");
    constexpr std::uint64_t fixed = 30;
    if (entry.offset > file_.size() || file_.size() - entry.offset < fixed) fail(place, ": found it beyond the end");
    const zip::Piece header(file_, entry.offset, fixed);
    const std::uint64_t start = entry.offset + fixed + header.number(26, 2) + header.number(28, 2);
    if (header.number(0, 4) != zip::local || start > file_.size() || entry.packed > file_.size() - start ||
        (entry.method == 0 && entry.packed != entry.size))
      fail(place, ": found a damaged entry, expected an intact one");
    limits::Budget budget(place, file_.size());
    budget.take(entry.packed), budget.take(entry.size, 2);
    std::string packed(static_cast<std::size_t>(entry.packed), '\0');
    file_.read(start, std::as_writable_bytes(std::span(packed)));
    const std::string bytes = entry.method == 0 ? std::move(packed) : inflated(packed, entry.size, place);
    if (crc(bytes) != entry.checksum) fail(place, ": found another checksum, expected an intact array");
    return npy::parse(bytes, place);
  }
  static std::string inflated(std::string& packed, std::uint64_t size, const std::string& place) {
    constexpr std::uint64_t most = std::numeric_limits<uInt>::max();
    if (packed.size() > most || size >= most) fail(place, ": found ", size, " bytes, expected less than 4 GB");
    std::string bytes(static_cast<std::size_t>(size) + 1, '\0');  // one more shows what is too long
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
    stream.next_in = reinterpret_cast<Bytef*>(packed.data()), stream.avail_in = static_cast<uInt>(packed.size());
    stream.next_out = reinterpret_cast<Bytef*>(bytes.data()), stream.avail_out = static_cast<uInt>(bytes.size());
    const int code = inflate(&stream, Z_FINISH);
    const std::uint64_t made = stream.total_out;
    inflateEnd(&stream);
    if (code != Z_STREAM_END || made != size)
      fail(place, ": found a damaged deflate stream, expected one of ", size, " bytes");
    bytes.pop_back();
    return bytes;
  }
  static std::uint32_t crc(std::string_view bytes) {
    return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
  }

  std::string where_;
  InputFile file_;
  std::map<std::string, zip::Entry, std::less<>> entries_;
};

}  // namespace xstitch::inline XSTITCH_ISA
