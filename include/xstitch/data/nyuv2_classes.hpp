#pragma once
/// \file
/// The classes of NYU Depth V2: 894 raw ones, mapped to 40 (Gupta et al. 2013), mapped to 13 (Couprie et al. 2013).
///
///     raw 1..894 -> 1..40   variable mapClass of classMapping40.mat
///     1..40 -> 1..13        field labels13 of classMapping13 in class13Mapping.mat
///
/// A network's class is that number - 1; raw 0 (unlabelled) becomes 255, which every loss and metric ignores.
/// Errors: a missing or damaged file, a map of another length or with numbers outside its range.

#include <xstitch/core/labels.hpp>
#include <xstitch/data/mat_file.hpp>
#include <xstitch/io/limits.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

/// Of the 40 classes of Gupta, Arbelaez and Malik 2013.
inline constexpr std::array<std::string_view, 40> nyu40_class_names = {
    "wall",       "floor",          "cabinet",        "bed",
    "chair",      "sofa",           "table",          "door",
    "window",     "bookshelf",      "picture",        "counter",
    "blinds",     "desk",           "shelves",        "curtain",
    "dresser",    "pillow",         "mirror",         "floor mat",
    "clothes",    "ceiling",        "books",          "refridgerator",
    "television", "paper",          "towel",          "shower curtain",
    "box",        "whiteboard",     "person",         "night stand",
    "toilet",     "sink",           "lamp",           "bathtub",
    "bag",        "otherstructure", "otherfurniture", "otherprop"};

/// Of the 13 classes of Couprie et al. 2013.
inline constexpr std::array<std::string_view, 13> nyu13_class_names = {
    "bed",     "books", "ceiling", "chair", "floor", "furniture", "objects",
    "picture", "sofa",  "table",   "tv",    "wall",  "window"};

/// Names of the 40 or of the 13 classes.
inline std::span<const std::string_view> nyu_class_names(int classes) {
  if (classes == 40) return nyu40_class_names;
  if (classes == 13) return nyu13_class_names;
  fail("NYU Depth V2: found ", classes, " classes asked for, expected 40 or 13");
}

inline constexpr std::size_t nyu_raw_classes = 894;  ///< classes of the file, before they are mapped to 40 or 13

namespace detail {

inline std::vector<std::uint8_t> read_nyu_class_table(const std::string& folder, int classes) {
  (void)nyu_class_names(classes);
  const auto numbers = [](const MatFile& file, const std::string& what, const MatArray& array, std::size_t count,
                          int highest) {
    if (array.kind != MatArray::Kind::numbers || array.numbers.size() != count)
      fail("file ", file.path(), ", ", what, ": found ", array.numbers.size(), " numbers, expected ", count);
    for (std::size_t i = 0; i < count; ++i)
      if (const double x = array.numbers[i]; !(x >= 1 && x <= highest) || x != static_cast<int>(x))
        fail("file ", file.path(), ", ", what, ": found ", x, " at position ", i + 1,
             ", expected a whole number from 1 to ", highest);
    return array.numbers;
  };
  const MatFile to40((std::filesystem::path(folder) / "classMapping40.mat").string());
  std::vector<double> map = numbers(to40, "mapClass", to40.at("mapClass"), nyu_raw_classes, 40);
  if (classes == 13) {
    const MatFile to13((std::filesystem::path(folder) / "class13Mapping.mat").string());
    const MatArray* field = to13.at("classMapping13").field("labels13");
    if (field == nullptr) fail("file ", to13.path(), ", classMapping13: found no field 'labels13', expected one");
    const std::vector<double> merge = numbers(to13, "classMapping13.labels13", *field, 40, 13);
    for (double& x : map) x = merge[static_cast<std::size_t>(x) - 1];
  }
  std::vector<std::uint8_t> table(nyu_raw_classes + 1, static_cast<std::uint8_t>(ignore_label));
  for (std::size_t i = 0; i < map.size(); ++i) table[i + 1] = static_cast<std::uint8_t>(map[i] - 1);
  return table;
}

/// Views of one half of the official division, from a variable of splits.mat, counted from 0.
inline std::vector<std::size_t> read_nyu_split(const std::string& folder, const std::string& variable,
                                               std::size_t views) {
  const MatFile file((std::filesystem::path(folder) / "splits.mat").string());
  const MatArray& array = file.at(variable);
  if (array.kind != MatArray::Kind::numbers || array.numbers.empty())
    fail("file ", file.path(), ", ", variable, ": found no numbers, expected views from 1 to ", views);
  std::vector<bool> seen(views, false);
  std::vector<std::size_t> out;
  for (const double x : array.numbers) {
    if (!(x >= 1 && x <= static_cast<double>(views)) || x != static_cast<double>(static_cast<std::size_t>(x)))
      fail("file ", file.path(), ", ", variable, ": found view ", x, ", expected a whole number from 1 to ", views);
    const auto view = static_cast<std::size_t>(x) - 1;
    if (seen[view]) fail("file ", file.path(), ", ", variable, ": found view ", x, " twice, expected each view once");
    seen[view] = true;
    out.push_back(view);
  }
  return out;
}

}  // namespace detail

/// table[raw label] = class index, or 255 to ignore; 895 entries.
inline std::vector<std::uint8_t> read_nyu_class_table(const std::string& folder, int classes) {
  return limits::guard(folder, [&] { return detail::read_nyu_class_table(folder, classes); });
}

/// 0-based views of a split, from splits.mat ("trainNdxs", "testNdxs": 1-based).
inline std::vector<std::size_t> read_nyu_split(const std::string& folder, const std::string& variable,
                                               std::size_t views) {
  return limits::guard(folder, [&] { return detail::read_nyu_split(folder, variable, views); });
}

/// Both splits of splits.mat.
struct NyuSplits {
  std::vector<std::size_t> train, test;  ///< views, counted from 0
  std::vector<bool> in_train;            ///< of each view of the file
};

/// Errors: also a view that lies in both.
inline NyuSplits read_nyu_splits(const std::string& folder, std::size_t views) {
  NyuSplits splits{read_nyu_split(folder, "trainNdxs", views), read_nyu_split(folder, "testNdxs", views),
                   std::vector<bool>(views, false)};
  for (const std::size_t view : splits.train) splits.in_train[view] = true;
  for (const std::size_t view : splits.test)
    if (splits.in_train[view])
      fail("file ", (std::filesystem::path(folder) / "splits.mat").string(), ": found view ", view + 1,
           " in trainNdxs and in testNdxs, expected it in one of them");
  return splits;
}

}  // namespace xstitch::inline XSTITCH_ISA::data
