#pragma once
/// \file
/// Arrays of a MAT-file: numbers, text, cells and structs.
///
/// A matrix element holds flags (class), extents, name and content; an opaque one (class 17: MATLAB's tables, strings,
/// dates) has no extents. Text is stored as UTF-8, UTF-16 or UTF-32, or as numbers of 8 or 16 bits; here it is UTF-8.

#include <xstitch/data/mat_element.hpp>
#include <xstitch/io/limits.hpp>
#include <xstitch/io/utf8.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

/// A MATLAB array. Elements are in MATLAB's order (the first extent runs fastest).
struct MatArray {
  enum class Kind : std::uint8_t { numbers, text, cell, structure, other };
  Kind kind = Kind::other;
  std::vector<std::size_t> extents;
  std::vector<double> numbers;           ///< real part, for numbers
  std::string text;                      ///< for text, in UTF-8; what is no character becomes U+FFFD
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

/// What comes before the content of a matrix element.
struct MatHeader {
  static constexpr int cell = 1, structure = 2, text = 4, first_numbers = 6, last_numbers = 15, opaque = 17;
  static constexpr std::size_t longest_name = 1024, most_extents = 256;  // MATLAB's names have 63 characters at most
  int array_class = 0;
  std::vector<std::size_t> extents{};
  std::size_t count = 1;
  std::string name{};

  explicit MatHeader(MatCursor& cursor) {
    const auto flags = cursor.next();
    if ((flags.type != 5 && flags.type != 6) || flags.content.size() != 8)  // 32 bits, with or without a sign
      cursor.broken("found no array flags where they were expected");
    array_class = flags.content[0];
    if (array_class != opaque) read_extents(cursor);
    const auto name_element = cursor.next();
    if (name_element.content.size() > longest_name)
      cursor.broken("found a name of ", name_element.content.size(), " bytes, expected at most ", longest_name);
    name.assign(name_element.content.begin(), name_element.content.end());
  }
  [[nodiscard]] bool holds_numbers() const noexcept {
    return array_class >= first_numbers && array_class <= last_numbers;
  }

 private:
  void read_extents(MatCursor& cursor) {
    std::vector<double> found;
    const auto dimensions = cursor.next();
    if (dimensions.content.size() > most_extents * 4)
      cursor.broken("found ", dimensions.content.size() / 4, " extents, expected at most ", most_extents);
    if ((dimensions.type != 5 && dimensions.type != 6) || !append_numbers(dimensions, found) || found.size() < 2)
      cursor.broken("found no extents where they were expected");
    for (const double extent : found) {
      if (extent < 0) cursor.broken("found extent ", extent, ", expected at least 0");
      extents.push_back(static_cast<std::size_t>(extent));
      if (extents.back() != 0 && count > (std::size_t{1} << 40) / extents.back())
        cursor.broken("found more than 2^40 elements in one array");
      count *= extents.back();
    }
  }
};

/// Characters of text, and in how many units they are stored; MATLAB counts those of UTF-16.
struct MatText {
  std::string text;
  std::size_t stored = 0, characters = 0, utf16 = 0;

  /// False if the element holds no text.
  bool read(const MatCursor::Element& element) {
    if (element.type == 16) {
      const std::string_view bytes(reinterpret_cast<const char*>(element.content.data()), element.content.size());
      stored = bytes.size();
      for (std::size_t i = 0; i < bytes.size();) {
        const std::size_t length = utf8::character_length(bytes, i);
        if (length > 0)
          text.append(bytes, i, length);
        else
          utf8::append_character(text, 0xFFFD);
        i += std::max<std::size_t>(1, length);
        characters += 1, utf16 += length == 4 ? 2U : 1U;
      }
      return true;
    }
    std::vector<double> codes;
    if (!append_numbers(element, codes)) return false;
    stored = codes.size();
    for (std::size_t i = 0; i < codes.size(); ++i) {
      double code = codes[i];
      const bool high = code >= 0xD800 && code < 0xDC00;
      if (high && i + 1 < codes.size() && codes[i + 1] >= 0xDC00 && codes[i + 1] < 0xE000)  // a pair
        code = 0x10000 + (code - 0xD800) * 0x400 + (codes[++i] - 0xDC00);
      const bool character =
          code >= 0 && code < 0x110000 && code == std::floor(code) && !(code >= 0xD800 && code < 0xE000);
      utf8::append_character(text, character ? static_cast<unsigned>(code) : 0xFFFDU);
      characters += 1, utf16 += code >= 0x10000 ? 2U : 1U;
    }
    return true;
  }
};

inline MatArray read_mat_array(std::span<const std::uint8_t> bytes, const std::string& path, limits::Budget& budget,
                               int depth = 0);

/// Arrays inside a cell or struct.
inline void read_mat_items(MatCursor& cursor, const MatHeader& header, const std::string& path, limits::Budget& budget,
                           std::size_t wanted, int depth, MatArray& array) {
  constexpr std::size_t tag = 8;  // an element has at least that
  if (wanted > cursor.left() / tag)
    cursor.broken("found ", cursor.left(), " bytes for ", wanted, " arrays in '", header.name, "', expected ", tag,
                  " for each at least");
  budget.take(wanted, sizeof(MatArray) + 32);  // an empty one has extents
  array.items.reserve(wanted);
  for (std::size_t i = 0; i < wanted; ++i) {
    const auto child = cursor.next();
    if (child.type != MatCursor::matrix)
      cursor.broken("found an element of type ", child.type, " in '", header.name, "', expected an array");
    array.items.push_back(read_mat_array(child.content, path, budget, depth + 1));
  }
}

/// The content of a matrix element. Classes that are not read (sparse, objects, functions, opaque) are `other`.
inline MatArray read_mat_array(std::span<const std::uint8_t> bytes, const std::string& path, limits::Budget& budget,
                               int depth) {
  MatCursor cursor(bytes, path);
  MatArray array;
  if (bytes.empty()) {  // an empty cell item
    array.kind = MatArray::Kind::numbers;
    array.extents = {0, 0};
    return array;
  }
  if (depth > 16) cursor.broken("found cells nested more than 16 deep");
  const MatHeader header(cursor);
  array.extents = header.extents;
  const auto wrong_count = [&](std::size_t found) {
    cursor.broken("found ", found, " elements in '", header.name, "', expected ", header.count);
  };
  const auto wrong_type = [&](std::uint32_t type, const char* expected) {
    cursor.broken("found elements of type ", type, " in '", header.name, "', expected ", expected);
  };
  if (header.array_class == MatHeader::cell) {
    array.kind = MatArray::Kind::cell;
    read_mat_items(cursor, header, path, budget, header.count, depth, array);
  } else if (header.array_class == MatHeader::structure) {
    array.kind = MatArray::Kind::structure;
    std::vector<double> length;
    const auto width_element = cursor.next();
    if (width_element.content.size() > 8 || !append_numbers(width_element, length) || length.size() != 1 ||
        !(length[0] >= 1) || length[0] > 256)
      cursor.broken("found no length of field names in '", header.name, "'");
    const auto names = cursor.next().content;
    const auto width = static_cast<std::size_t>(length[0]);
    budget.take(names.size() / width, sizeof(std::string) + width + 1);
    array.field_names.reserve(names.size() / width);
    for (std::size_t i = 0; i + width <= names.size(); i += width) {
      const auto* begin = reinterpret_cast<const char*>(names.data()) + i;
      array.field_names.emplace_back(begin, std::find(begin, begin + width, '\0'));
    }
    if (header.count > 0) read_mat_items(cursor, header, path, budget, array.field_names.size(), depth, array);
  } else if (header.array_class == MatHeader::text) {
    array.kind = MatArray::Kind::text;
    const auto element = cursor.next();
    budget.take(element.content.size(), 20);  // a double and up to four bytes a character, in a text that grows
    MatText text;
    if (!text.read(element)) wrong_type(element.type, "text");
    if (text.stored != header.count && text.characters != header.count && text.utf16 != header.count)
      wrong_count(text.stored);
    array.text = std::move(text.text);
  } else if (header.holds_numbers()) {
    array.kind = MatArray::Kind::numbers;
    const auto element = cursor.next();
    const std::size_t size = mat_number_size(element.type);
    if (size == 0) wrong_type(element.type, "numbers");
    if (element.content.size() / size != header.count) wrong_count(element.content.size() / size);
    budget.take(header.count, sizeof(double));
    append_numbers(element, array.numbers);
  }
  return array;
}

}  // namespace detail

}  // namespace xstitch::inline XSTITCH_ISA::data
