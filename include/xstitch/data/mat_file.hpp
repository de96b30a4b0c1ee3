#pragma once
/// \file
/// Reader of MAT-files of version 5: numbers, text, cells and structs, plain or compressed.
///
///     const xs::data::MatFile file("splits.mat");
///     std::vector<double> train = file.at("trainNdxs").numbers;
///
/// Numbers are converted from the type they are stored in (MATLAB stores a double array of small integers as uint8
/// or uint16). Needs zlib. Errors: no such file, another version, a cut or damaged file, a variable that is missing.
/// Source: MathWorks, "MAT-File Format".
///
/// Why not matio: it returns whatever was in memory before, without an error, for the part of a file that was cut
/// off. The tests write their files with matio, so that the two check each other.

#include <xstitch/core/error.hpp>

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

/// A MATLAB array. Elements are in MATLAB's order (the first extent runs fastest).
struct MatArray {
  enum class Kind : std::uint8_t { numbers, text, cell, structure, other };
  Kind kind = Kind::other;
  std::vector<std::size_t> extents;
  std::vector<double> numbers;           ///< real part, for numbers
  std::string text;                      ///< for text (characters above 255 become '?')
  std::vector<MatArray> items;           ///< of a cell; of a structure: the fields of its first element
  std::vector<std::string> field_names;  ///< of a structure

  /// The field of a structure, null if there is none of that name.
  [[nodiscard]] const MatArray* field(const std::string& name) const {
    const auto found = std::find(field_names.begin(), field_names.end(), name);
    const auto position = static_cast<std::size_t>(found - field_names.begin());
    return position < items.size() ? &items[position] : nullptr;
  }
};

namespace detail {

/// Walks the elements of a MAT-file in memory; every read is checked against the end.
class MatCursor {
 public:
  MatCursor(std::span<const std::uint8_t> bytes, const std::string& path) : bytes_(bytes), path_(path) {}

  struct Element {
    std::uint32_t type = 0;
    std::span<const std::uint8_t> content;
  };

  [[nodiscard]] bool done() const noexcept { return at_ >= bytes_.size(); }

  Element next() {
    Element element;
    const std::uint32_t first = word();
    if ((first >> 16) != 0) {  // small form: size in the upper half, content in the next four bytes
      element.type = first & 0xffffU;
      const std::uint32_t size = first >> 16;
      if (size > 4) broken("found a short element of ", size, " bytes, expected at most 4");
      element.content = take(4).first(size);
      return element;
    }
    element.type = first;
    const std::uint32_t size = word();
    element.content = take(size);
    // Compressed elements are not padded; writers may leave out the padding at the end of the file.
    if (element.type != compressed) at_ = std::min(bytes_.size(), (at_ + 7) / 8 * 8);
    return element;
  }

  static constexpr std::uint32_t matrix = 14, compressed = 15;

  template <class... Parts>
  [[noreturn]] void broken(const Parts&... parts) const {
    fail("file ", path_, ": damaged MAT-file: ", parts...);
  }

 private:
  std::span<const std::uint8_t> take(std::size_t count) {
    if (count > bytes_.size() - at_)
      broken("found ", bytes_.size() - at_, " bytes where ", count, " more were expected (a cut file?)");
    const auto piece = bytes_.subspan(at_, count);
    at_ += count;
    return piece;
  }
  std::uint32_t word() {
    const auto b = take(4);
    return std::uint32_t{b[0]} | (std::uint32_t{b[1]} << 8) | (std::uint32_t{b[2]} << 16) | (std::uint32_t{b[3]} << 24);
  }

  std::span<const std::uint8_t> bytes_;
  const std::string& path_;
  std::size_t at_ = 0;
};

template <class T>
void append_numbers(std::span<const std::uint8_t> bytes, std::vector<double>& numbers) {
  for (std::size_t i = 0; i + sizeof(T) <= bytes.size(); i += sizeof(T)) {
    T value;
    std::memcpy(&value, bytes.data() + i, sizeof(T));
    numbers.push_back(static_cast<double>(value));
  }
}

/// Numbers of any storage type; false for a type that is none.
inline bool append_numbers(const MatCursor::Element& element, std::vector<double>& numbers) {
  switch (element.type) {
    case 1:
      append_numbers<std::int8_t>(element.content, numbers);
      return true;
    case 2:
    case 16:
      append_numbers<std::uint8_t>(element.content, numbers);
      return true;
    case 3:
      append_numbers<std::int16_t>(element.content, numbers);
      return true;
    case 4:
    case 17:
      append_numbers<std::uint16_t>(element.content, numbers);
      return true;
    case 5:
      append_numbers<std::int32_t>(element.content, numbers);
      return true;
    case 6:
    case 18:
      append_numbers<std::uint32_t>(element.content, numbers);
      return true;
    case 7:
      append_numbers<float>(element.content, numbers);
      return true;
    case 9:
      append_numbers<double>(element.content, numbers);
      return true;
    case 12:
      append_numbers<std::int64_t>(element.content, numbers);
      return true;
    case 13:
      append_numbers<std::uint64_t>(element.content, numbers);
      return true;
    default:
      return false;
  }
}

/// The content of a matrix element. Returns its name.
inline std::string read_mat_array(std::span<const std::uint8_t> bytes, const std::string& path, MatArray& array,
                                  int depth) {
  MatCursor cursor(bytes, path);
  if (bytes.empty()) {  // an empty cell item
    array.kind = MatArray::Kind::numbers;
    array.extents = {0, 0};
    return {};
  }
  if (depth > 16) cursor.broken("found cells nested more than 16 deep");
  const auto flags = cursor.next();
  if (flags.type != 6 || flags.content.size() != 8) cursor.broken("found no array flags where they were expected");
  const int mat_class = flags.content[0];
  std::vector<double> extents;
  const auto dimensions = cursor.next();
  if (dimensions.type != 5 || !append_numbers(dimensions, extents) || extents.size() < 2)
    cursor.broken("found no extents where they were expected");
  std::size_t count = 1;
  for (const double extent : extents) {
    if (extent < 0) cursor.broken("found extent ", extent, ", expected at least 0");
    array.extents.push_back(static_cast<std::size_t>(extent));
    if (array.extents.back() != 0 && count > (std::size_t{1} << 40) / array.extents.back())
      cursor.broken("found more than 2^40 elements in one array");
    count *= array.extents.back();
  }
  const auto name_element = cursor.next();
  std::string name(name_element.content.begin(), name_element.content.end());

  const auto children = [&](std::size_t wanted) {
    for (std::size_t i = 0; i < wanted; ++i) {
      const auto child = cursor.next();
      if (child.type != MatCursor::matrix)
        cursor.broken("found an element of type ", child.type, " in '", name, "', expected an array");
      array.items.emplace_back();
      read_mat_array(child.content, path, array.items.back(), depth + 1);
    }
  };
  if (mat_class == 1) {
    array.kind = MatArray::Kind::cell;
    children(count);
  } else if (mat_class == 2) {
    array.kind = MatArray::Kind::structure;
    std::vector<double> length;
    if (!append_numbers(cursor.next(), length) || length.size() != 1 || !(length[0] >= 1) || length[0] > 256)
      cursor.broken("found no length of field names in '", name, "'");
    const auto names = cursor.next().content;
    const auto width = static_cast<std::size_t>(length[0]);
    for (std::size_t i = 0; i + width <= names.size(); i += width) {
      const auto* begin = reinterpret_cast<const char*>(names.data()) + i;
      array.field_names.emplace_back(begin, std::find(begin, begin + width, '\0'));
    }
    if (count > 0) children(array.field_names.size());
  } else if (mat_class == 4 || (mat_class >= 6 && mat_class <= 15)) {
    const auto element = cursor.next();
    std::vector<double> values;
    if (!append_numbers(element, values))
      cursor.broken("found elements of type ", element.type, " in '", name, "', expected numbers");
    if (values.size() != count) cursor.broken("found ", values.size(), " elements in '", name, "', expected ", count);
    if (mat_class == 4) {
      array.kind = MatArray::Kind::text;
      for (const double c : values) array.text += c < 256 ? static_cast<char>(static_cast<unsigned char>(c)) : '?';
    } else {
      array.kind = MatArray::Kind::numbers;
      array.numbers = std::move(values);
    }
  }
  return name;
}

/// Inflates a zlib stream whose size is not known before. Grows with what is really there.
inline std::vector<std::uint8_t> inflate_all(std::span<const std::uint8_t> bytes, const MatCursor& cursor) {
  std::vector<std::uint8_t> out;
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) cursor.broken("zlib cannot start");
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  int code = Z_OK;
  constexpr std::size_t limit = std::size_t{1} << 30, piece = std::size_t{1} << 18;
  while (code == Z_OK && out.size() < limit) {
    const std::size_t before = out.size();
    out.resize(before + piece);
    stream.next_out = out.data() + before;
    stream.avail_out = static_cast<uInt>(piece);
    code = inflate(&stream, Z_NO_FLUSH);
    out.resize(before + piece - stream.avail_out);
  }
  inflateEnd(&stream);
  if (code != Z_STREAM_END) cursor.broken("found a compressed element that does not decompress (zlib code ", code, ")");
  return out;
}

}  // namespace detail

class MatFile {
 public:
  explicit MatFile(std::string path) : path_(std::move(path)) {
    static_assert(std::endian::native == std::endian::little, "xstitch: MAT-files are read on little-endian machines");
    std::ifstream in(path_, std::ios::binary);
    if (!in) fail("file ", path_, ": found no such file, expected a MAT-file of version 5");
    const std::vector<char> text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    if (bytes.size() < 128)
      fail("file ", path_, ": found ", bytes.size(), " bytes, expected a MAT-file (its header has 128)");
    const int version = bytes[124] | (bytes[125] << 8);
    if (bytes[126] != 'I' || bytes[127] != 'M' || version != 0x0100)
      fail("file ", path_, ": found ",
           version == 0x0200 ? "MAT-file version 7.3 (HDF5)" : "no header of a little-endian MAT-file",
           ", expected MAT-file version 5");
    detail::MatCursor cursor(bytes.subspan(128), path_);
    while (!cursor.done()) {
      auto element = cursor.next();
      std::vector<std::uint8_t> inflated;
      if (element.type == detail::MatCursor::compressed) {
        inflated = detail::inflate_all(element.content, cursor);
        element = detail::MatCursor(inflated, path_).next();
      }
      if (element.type != detail::MatCursor::matrix) continue;
      MatArray array;
      std::string name = detail::read_mat_array(element.content, path_, array, 0);
      variables_[std::move(name)] = std::move(array);
    }
  }

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const std::map<std::string, MatArray>& variables() const noexcept { return variables_; }

  /// The variable of that name; an error lists those that are there.
  [[nodiscard]] const MatArray& at(const std::string& name) const {
    const auto found = variables_.find(name);
    if (found != variables_.end()) return found->second;
    std::string there;
    for (const auto& [key, value] : variables_) there += (there.empty() ? "" : ", ") + key;
    fail("file ", path_, ": found the variables [", there, "], expected '", name, "' among them");
  }

 private:
  std::string path_;
  std::map<std::string, MatArray> variables_;
};

}  // namespace xstitch::inline XSTITCH_ISA::data
