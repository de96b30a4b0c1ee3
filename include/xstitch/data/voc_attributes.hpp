#pragma once
/// \file
/// aPascal's attributes joined to the objects of Pascal VOC: by image, class and box. Boxes may differ by a pixel;
/// where none fits so well, a row belongs to the object of its class that it overlaps most and by half at least. Each
/// object takes one row. An object without a row has no attributes (they are masked), a row without an object is
/// counted.

#include <xstitch/core/boxes.hpp>
#include <xstitch/core/error.hpp>
#include <xstitch/data/voc_annotation.hpp>
#include <xstitch/data/voc_lists.hpp>
#include <xstitch/io/folder.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

class VocAttributes {
 public:
  VocAttributes() = default;
  /// attribute_names.txt and one or both of apascal_train.txt and apascal_test.txt.
  explicit VocAttributes(const std::filesystem::path& folder) {
    names_ = read_attribute_names((folder / "attribute_names.txt").string());
    for (const char* name : {"apascal_train.txt", "apascal_test.txt"}) {
      const std::filesystem::path path = folder / name;
      if (!file_exists(path)) continue;
      for (VocAttributeRow& row : read_attribute_rows(path.string(), names_.size()))
        rows_[row.id].push_back({name, std::move(row)});
    }
    if (rows_.empty())
      fail("folder ", folder.native(), ": found no rows of apascal_train.txt or apascal_test.txt in it, expected some");
  }

  [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }
  /// Rows of images that were joined and that no object took: "apascal_train.txt, line 7".
  [[nodiscard]] const std::vector<std::string>& left_over() const noexcept { return left_over_; }

  void join(const std::string& id, std::span<const std::string> classes, std::vector<VocObject>& objects) {
    const auto found = rows_.find(id);
    if (found == rows_.end()) return;
    std::vector<const Row*> left;
    for (const bool exact : {true, false}) {
      left.clear();
      for (Row& row : found->second) {
        if (row.taken) continue;
        VocObject* object = best(row.row, classes, objects, exact);
        row.taken = object != nullptr;
        if (row.taken)
          object->attributes = row.row.attributes;
        else
          left.push_back(&row);
      }
    }
    for (const Row* row : left) left_over_.push_back(row->file + ", line " + std::to_string(row->row.line));
  }

 private:
  struct Row {
    std::string file;
    VocAttributeRow row;
    bool taken = false;
  };

  static VocObject* best(const VocAttributeRow& row, std::span<const std::string> classes,
                         std::vector<VocObject>& objects, bool exact) {
    VocObject* found = nullptr;
    double most = 0.5;
    for (VocObject& object : objects) {
      if (!object.attributes.empty() || classes[static_cast<std::size_t>(object.class_index)] != row.class_name)
        continue;
      const Box &a = object.box, &b = row.box;
      const float apart =
          std::max({std::abs(a.x0 - b.x0), std::abs(a.y0 - b.y0), std::abs(a.x1 - b.x1), std::abs(a.y1 - b.y1)});
      const double share = overlap(a, b);
      if (exact ? apart <= 1.0F && (found == nullptr || share > most) : share >= most) found = &object, most = share;
    }
    return found;
  }

  std::vector<std::string> names_, left_over_;
  std::map<std::string, std::vector<Row>> rows_;
};

}  // namespace xstitch::inline XSTITCH_ISA::data
