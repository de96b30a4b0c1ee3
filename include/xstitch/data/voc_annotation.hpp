#pragma once
/// \file
/// Annotations of Pascal VOC (Everingham et al. 2008): one XML file an image,
///
///     annotation / size / width, height
///                / object / name, difficult, truncated, occluded, bndbox / xmin, ymin, xmax, ymax
///
/// children in any order. Only the bndbox directly under an object counts (parts of persons have their own). Pixels
/// count from 1 and the last is named; here a box is (xmin - 1, ymin - 1, xmax, ymax). Coordinates may be decimals, and
/// a box may reach out of the image by a pixel (it is clipped).
///
/// Needs pugixml. Errors name file and line: bad XML, no size, an unknown class, no box or two, a number or flag that
/// is none, a box outside the image or without extent.

#include <xstitch/core/boxes.hpp>
#include <xstitch/core/error.hpp>
#include <xstitch/core/text_number.hpp>
#include <xstitch/data/regions.hpp>
#include <xstitch/io/limits.hpp>
#include <xstitch/io/regular_file.hpp>

#include <pugixml.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

struct VocObject : ImageObject {
  bool truncated = false, occluded = false;
};

struct VocAnnotation {
  int height = 0, width = 0;
  std::vector<VocObject> objects;
};

namespace detail {

class VocAnnotationReader {
 public:
  static constexpr std::size_t most_bytes = std::size_t{4} << 20;  // of an annotation: real ones have thousands

  VocAnnotationReader(const std::string& path, std::span<const std::string> classes) : path_(path), classes_(classes) {}

  VocAnnotation read() {
    text_ = file::read_regular(path_, "an annotation (XML)");
    if (text_.size() > most_bytes)
      fail("file ", path_, ": found ", text_.size(), " bytes, expected an annotation of at most ", most_bytes);
    if (const auto zero = std::find(text_.begin(), text_.end(), 0); zero != text_.end())
      fail_at(zero - text_.begin(), "found a byte 0", "XML in UTF-8");
    pugi::xml_document document;
    const pugi::xml_parse_result result =
        document.load_buffer(text_.data(), text_.size(), pugi::parse_default, pugi::encoding_utf8);
    if (result.status == pugi::status_out_of_memory) throw std::bad_alloc();
    if (!result) fail_at(result.offset, std::string("found bad XML (") + result.description() + ")", "an annotation");
    const pugi::xml_node root = document.child("annotation");
    if (!root || root.next_sibling() || root.previous_sibling())
      fail_at(0, "found another root than one <annotation>", "one");
    VocAnnotation annotation;
    const pugi::xml_node size = only(root, "size");
    annotation.height = extent(size, "height");
    annotation.width = extent(size, "width");
    for (const pugi::xml_node object : root.children("object"))
      annotation.objects.push_back(read_object(object, annotation));
    return annotation;
  }

 private:
  static constexpr int most_pixels = 65535;  // a side of a JPEG

  VocObject read_object(const pugi::xml_node& node, const VocAnnotation& image) const {
    VocObject object;
    const std::string_view name = content(only(node, "name"));
    const auto found = std::find(classes_.begin(), classes_.end(), name);
    if (found == classes_.end())
      fail_at(node.child("name").offset_debug(), "found the class '" + limits::excerpt(name) + "'", known_classes());
    object.class_index = static_cast<int>(found - classes_.begin());
    object.difficult = flag(node, "difficult");
    object.truncated = flag(node, "truncated");
    object.occluded = flag(node, "occluded");
    const pugi::xml_node box = only(node, "bndbox");
    const auto at = [&](const char* side) { return number(only(box, side)); };
    const double x0 = at("xmin") - 1, y0 = at("ymin") - 1, x1 = at("xmax"), y1 = at("ymax");
    const auto inside = [](double low, double high, int extent) { return low >= -1 && high <= extent + 1; };
    const auto width = static_cast<float>(image.width), height = static_cast<float>(image.height);
    object.box =
        clipped({static_cast<float>(x0), static_cast<float>(y0), static_cast<float>(x1), static_cast<float>(y1)}, width,
                height);
    if (!inside(x0, x1, image.width) || !inside(y0, y1, image.height) || object.box.empty())
      fail_at(box.offset_debug(),
              "found the box " + text_of(x0 + 1) + " " + text_of(y0 + 1) + " " + text_of(x1) + " " + text_of(y1) +
                  " (xmin ymin xmax ymax) in an image of " + std::to_string(image.width) + " x " +
                  std::to_string(image.height),
              "one inside, with xmin <= xmax and ymin <= ymax");
    return object;
  }

  /// The child of that name.
  [[nodiscard]] pugi::xml_node only(const pugi::xml_node& parent, const char* name) const {
    const pugi::xml_node child = parent.child(name);
    if (!child || child.next_sibling(name))
      fail_at(parent.offset_debug(),
              std::string(child ? "found two <" : "found no <") + name + "> in <" + parent.name() + ">", "one");
    return child;
  }
  static std::string_view content(const pugi::xml_node& node) {
    std::string_view text = node.child_value();
    constexpr const char* spaces = " \t\r\n";
    text.remove_prefix(std::min(text.find_first_not_of(spaces), text.size()));
    return text.substr(0, text.find_last_not_of(spaces) + 1);
  }
  [[nodiscard]] double number(const pugi::xml_node& node) const {
    const std::string_view text = content(node);
    const std::optional<double> value = number_of_text(text);
    if (!value || std::abs(*value) > 1e6)
      fail_at(node.offset_debug(), std::string("found '") + limits::excerpt(text) + "' in <" + node.name() + ">",
              "a number of pixels");
    return *value;
  }
  [[nodiscard]] int extent(const pugi::xml_node& size, const char* name) const {
    const pugi::xml_node node = only(size, name);
    const double value = number(node);
    if (!(value >= 1 && value <= most_pixels) || value != std::floor(value))
      fail_at(node.offset_debug(), std::string("found '") + std::string(content(node)) + "' in <" + name + ">",
              "1 to 65535");
    return static_cast<int>(value);
  }
  /// 0 where there is none.
  [[nodiscard]] bool flag(const pugi::xml_node& object, const char* name) const {
    if (!object.child(name)) return false;
    const std::string_view text = content(only(object, name));
    if (text != "0" && text != "1")
      fail_at(object.child(name).offset_debug(), std::string("found '") + limits::excerpt(text) + "' in <" + name + ">",
              "0 or 1");
    return text == "1";
  }
  [[nodiscard]] std::string known_classes() const {
    std::string all = "one of";
    for (const std::string& name : classes_) all += " " + name;
    return all;
  }
  static std::string text_of(double value) { return xstitch::detail::text_of(value); }

  [[noreturn]] void fail_at(std::ptrdiff_t offset, const std::string& found, std::string_view expected) const {
    const auto end = text_.begin() + std::clamp<std::ptrdiff_t>(offset, 0, static_cast<std::ptrdiff_t>(text_.size()));
    fail("file ", path_, ", line ", 1 + std::count(text_.begin(), end, '\n'), ": ", found, ", expected ", expected);
  }

  const std::string& path_;
  std::span<const std::string> classes_;
  std::vector<std::uint8_t> text_;
};

}  // namespace detail

/// Reads the annotation of one image; `classes` are the names that objects may have.
inline VocAnnotation read_voc_annotation(const std::string& path, std::span<const std::string> classes) {
  return limits::guard(path, [&] { return detail::VocAnnotationReader(path, classes).read(); });
}

}  // namespace xstitch::inline XSTITCH_ISA::data
