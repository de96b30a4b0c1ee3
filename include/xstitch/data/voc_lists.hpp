#pragma once
/// \file
/// The lists beside Pascal VOC's annotations.
///
///     ImageSets/Main/train.txt                an id a line
///     attribute_names.txt                     a name a line (aPascal has 64)
///     apascal_train.txt, apascal_test.txt     image class xmin ymin xmax ymax a1 ... aN, an object a line
///                                             (Farhadi, Endres, Hoiem, Forsyth 2009)
///
/// Errors name file and line: no such file, an empty list, an id twice, a line with another number of fields, numbers
/// or flags that are none, a box without extent.

#include <xstitch/core/boxes.hpp>
#include <xstitch/core/error.hpp>
#include <xstitch/core/text_number.hpp>
#include <xstitch/io/limits.hpp>
#include <xstitch/io/regular_file.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

/// An object as an attribute list has it.
struct VocAttributeRow {
  std::string id, class_name;
  Box box;
  std::vector<std::uint8_t> attributes;
  std::size_t line = 0;
};

namespace detail {

/// The lines of a text file that are not empty, one after the other.
class LineReader {
 public:
  LineReader(const std::string& path, std::string_view expected)
      : path_(path), bytes_(file::read_regular(path, expected)), budget_("file " + path, bytes_.size()) {
    budget_.take(bytes_.size());
  }
  /// False at the end.
  bool next() {
    while (at_ < bytes_.size()) {
      const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + at_, bytes_.size() - at_);
      text_ = rest.substr(0, rest.find('\n'));
      at_ += text_.size() + 1;
      ++line_;
      constexpr std::string_view spaces = " \t\r";
      text_.remove_prefix(std::min(text_.find_first_not_of(spaces), text_.size()));
      text_ = text_.substr(0, text_.find_last_not_of(spaces) + 1);
      if (!text_.empty()) return true;
    }
    return false;
  }
  /// Without spaces around it.
  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  [[nodiscard]] std::size_t line() const noexcept { return line_; }
  /// Cuts the line at spaces.
  void split(std::vector<std::string_view>& fields) const {
    fields.clear();
    for (std::size_t at = 0; at < text_.size();) {
      const std::size_t end = std::min(text_.find_first_of(" \t", at), text_.size());
      if (end > at) fields.push_back(text_.substr(at, end - at));
      at = end + 1;
    }
  }
  limits::Budget& budget() noexcept { return budget_; }
  template <class... Parts>
  [[noreturn]] void fail_here(const Parts&... parts) const {
    fail("file ", path_, ", line ", line_, ": ", parts...);
  }
  template <class... Parts>
  [[noreturn]] void fail_whole(const Parts&... parts) const {
    fail("file ", path_, ": ", parts...);
  }

 private:
  std::string path_;
  std::vector<std::uint8_t> bytes_;
  limits::Budget budget_;
  std::string_view text_;
  std::size_t at_ = 0, line_ = 0;
};

inline std::vector<std::string> read_image_set(const std::string& path) {
  LineReader lines(path, "a list of images");
  std::vector<std::string> ids;
  std::set<std::string_view> known;  // views into the file
  while (lines.next()) {
    const std::string_view id = lines.text();
    lines.budget().take(1, 160 + id.size());  // a string, and a place in the set
    if (id.find_first_of(" \t/") != std::string_view::npos)
      lines.fail_here("found '", limits::excerpt(id), "', expected the id of an image");
    if (!known.insert(id).second) lines.fail_here("found '", limits::excerpt(id), "' twice, expected it once");
    ids.emplace_back(id);
  }
  if (ids.empty()) lines.fail_whole("found no ids, expected one a line");
  return ids;
}

inline std::vector<std::string> read_names(const std::string& path) {
  LineReader lines(path, "a list of names");
  std::vector<std::string> names;
  while (lines.next()) {
    lines.budget().take(1, 64 + lines.text().size());
    names.emplace_back(lines.text());
  }
  if (names.empty()) lines.fail_whole("found no names, expected one a line");
  return names;
}

inline std::vector<VocAttributeRow> read_attribute_rows(const std::string& path, std::size_t attributes) {
  LineReader lines(path, "a list of objects with attributes");
  std::vector<VocAttributeRow> rows;
  std::vector<std::string_view> fields;
  while (lines.next()) {
    lines.budget().take(1, sizeof(VocAttributeRow) + attributes + 2 * lines.text().size());
    lines.split(fields);
    if (fields.size() != 6 + attributes)
      lines.fail_here("found ", fields.size(), " fields, expected ", 6 + attributes, ": image, class, box, ",
                      attributes, " attributes");
    VocAttributeRow row{
        std::string(fields[0].substr(0, fields[0].rfind('.'))), std::string(fields[1]), {}, {}, lines.line()};
    double sides[4];
    for (std::size_t k = 0; k < 4; ++k) {
      const std::string_view text = fields[2 + k];
      const std::optional<double> side = number_of_text(text);
      if (!side || std::abs(*side) > 1e6)
        lines.fail_here("found '", limits::excerpt(text), "', expected a number of pixels");
      sides[k] = *side;
    }
    row.box = {static_cast<float>(sides[0] - 1), static_cast<float>(sides[1] - 1), static_cast<float>(sides[2]),
               static_cast<float>(sides[3])};
    if (row.box.empty())
      lines.fail_here("found the box ", sides[0], " ", sides[1], " ", sides[2], " ", sides[3],
                      " (xmin ymin xmax ymax), expected one with extent");
    for (std::size_t k = 6; k < fields.size(); ++k) {
      if (fields[k] != "0" && fields[k] != "1")
        lines.fail_here("found the attribute '", limits::excerpt(fields[k]), "' in field ", k + 1, ", expected 0 or 1");
      row.attributes.push_back(fields[k] == "1" ? 1 : 0);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace detail

/// Ids of the images of a set, in its order.
inline std::vector<std::string> read_image_set(const std::string& path) {
  return limits::guard(path, [&] { return detail::read_image_set(path); });
}
/// Names of attributes, in order.
inline std::vector<std::string> read_attribute_names(const std::string& path) {
  return limits::guard(path, [&] { return detail::read_names(path); });
}
/// Objects of a list, with so many attributes each.
inline std::vector<VocAttributeRow> read_attribute_rows(const std::string& path, std::size_t attributes) {
  return limits::guard(path, [&] { return detail::read_attribute_rows(path, attributes); });
}

}  // namespace xstitch::inline XSTITCH_ISA::data
