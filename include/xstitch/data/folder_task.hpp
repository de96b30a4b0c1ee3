#pragma once
/// \file
/// A task of a Folder (folder.hpp): the name of its tower or "tower.head", and what its labels are.
///
///     "breed"                                     classes, as many as names are found
///     FolderTask::classes_of("breed", 37)         as many as said: their numbers, or names of which this is checked
///     FolderTask::real("age")                     a real number
///     FolderTask::pixels("segmentation", 21)      a class a pixel

#include <xstitch/core/error.hpp>
#include <xstitch/data/table_columns.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

struct FolderTask {
  /// A class a picture, a number, or a class a pixel.
  enum class Kind : std::uint8_t { classes, real, pixels };

  std::string name;                  ///< of the tower, or "tower.head"
  Kind kind = Kind::classes;         ///< what its labels are
  int classes = 0;                   ///< 0: as many as there are names
  std::vector<std::string> names{};  ///< of the classes, in order; empty: those that are found, sorted
  std::string column{};              ///< of a CSV; empty: `name`

  /// Classes that are found in the data.
  FolderTask(std::string task) : name(std::move(task)) {}  // NOLINT(google-explicit-constructor)
  /// Classes that are found in the data.
  FolderTask(const char* task) : name(task) {}  // NOLINT(google-explicit-constructor)
  /// Of any kind; a number of classes of 0 is found in the data.
  FolderTask(std::string task, Kind of, int count) : name(std::move(task)), kind(of), classes(count) {}
  /// The classes of another set, in its order.
  FolderTask(std::string task, std::vector<std::string> of) : name(std::move(task)), names(std::move(of)) {}

  /// Classes 0 to count - 1.
  static FolderTask classes_of(std::string task, int count) { return {std::move(task), Kind::classes, count}; }
  /// A number.
  static FolderTask real(std::string task) { return {std::move(task), Kind::real, 0}; }
  /// A class for each pixel, from a label map with the values 0 to count - 1.
  static FolderTask pixels(std::string task, int count) { return {std::move(task), Kind::pixels, count}; }

  /// The names that a set has, where none were given.
  void take_names(const std::vector<std::string>& found, const std::string& where) {
    if (names.empty()) names = found;
    if (classes == 0) classes = static_cast<int>(names.size());
    if (names.size() != static_cast<std::size_t>(classes))
      fail(where, ": found ", names.size(), " classes of '", name, "' [", Table::some(names), "], expected ", classes);
  }
  /// The class of this name; an Error that names the place where it was found and what is expected.
  [[nodiscard]] std::size_t index_of(const std::string& text, const std::string& where) const {
    const auto found = std::find(names.begin(), names.end(), text);
    if (found == names.end())
      fail(where, ": found '", text, "' for '", name, "', expected one of [", Table::some(names), "]");
    return static_cast<std::size_t>(found - names.begin());
  }
  /// An Error where the number of classes is not known.
  void check(const std::string& where) {
    if (classes == 0) classes = static_cast<int>(names.size());
    if (kind != Kind::real && classes < 1)
      fail(where, ": found no number of classes for '", name,
           "', expected FolderTask::", kind == Kind::pixels ? "pixels" : "classes_of", "(\"", name, "\", ...)");
  }
};

}  // namespace xstitch::inline XSTITCH_ISA::data
