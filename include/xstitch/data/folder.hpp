#pragma once
/// \file
/// Pictures that lie in folders, or whose paths a CSV lists, as a data set:
///
///     const Folder train = Folder::of_classes("pets/train", "breed", {.height = 64, .width = 64});
///
///     of_classes      each subfolder is a class (sorted by name), its pictures are the samples
///     of_csv          a row a sample: a column of paths (relative to the CSV), and a column for each task: names
///                     or numbers of classes, real numbers, paths of label maps. An empty field: no label for
///                     that task
///     of_label_maps   pictures in one folder, label maps of the same names (NAME.png) in another, for some of
///                     them or all
///
/// Pictures are PNG and JPEG of all kinds (picture_file.hpp), made to the network's size (picture_fit.hpp). Label maps
/// hold a class a pixel; negative or, with at most 255 classes, 255 is ignored. Files are read when they are asked for:
/// InMemory or TrainOptions::cache keep what was made. Mirrors and random crops are the trainer's
/// (TrainOptions::augment). Needs component images. Errors name file, row or folder, what was found and what was
/// expected.

#include <xstitch/core/error.hpp>
#include <xstitch/core/labels.hpp>
#include <xstitch/data/data_set.hpp>
#include <xstitch/data/folder_task.hpp>
#include <xstitch/data/picture_file.hpp>
#include <xstitch/data/picture_fit.hpp>
#include <xstitch/data/table_csv.hpp>
#include <xstitch/io/folder.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>

namespace xstitch::inline XSTITCH_ISA::data {

class Folder {
 public:
  /// The classes are the subfolders, or `task.names`: another set's, whose order this one is to have.
  static Folder of_classes(const std::string& folder, FolderTask task, PictureOptions options = {}) {
    Folder made(folder, options);
    std::vector<std::string> found;
    for (const std::string& name : sorted_names(folder))
      if (name[0] != '.' && is_folder(std::filesystem::path(folder) / name)) found.push_back(name);
    if (found.empty()) fail("folder ", folder, ": found no subfolders, expected one for each class");
    task.kind = FolderTask::Kind::classes;
    task.take_names(found, "folder " + folder);
    Column& column = made.add(std::move(task));
    for (const std::string& name : found)
      for (const std::string& picture : pictures_in(std::filesystem::path(folder) / name)) {
        made.pictures_.push_back(picture);
        column.values.push_back(static_cast<double>(column.task.index_of(name, "folder " + folder)));
      }
    if (made.pictures_.empty()) fail("folder ", folder, ": found no pictures in its subfolders, expected PNG or JPEG");
    return made;
  }

  /// Pictures by the paths in a CSV, with a column for each task; a missing label is an empty field.
  static Folder of_csv(const std::string& csv, std::vector<FolderTask> tasks, PictureOptions options = {},
                       const std::string& path_column = "path") {
    Folder made(csv, options);
    const Table table = read_csv(csv);
    const std::filesystem::path beside = file::folder_of(csv);
    made.pictures_ = paths(table, path_column, beside);
    for (std::size_t row = 0; row < made.pictures_.size(); ++row)
      if (made.pictures_[row].empty()) fail(where(table, path_column, row), ": found no path, expected a picture's");
    for (FolderTask& task : tasks) {
      const std::string name = task.column.empty() ? task.name : task.column;
      const std::vector<std::string> found = table.class_names(name);
      if (task.kind == FolderTask::Kind::classes && !found.empty()) task.take_names(found, "file " + csv);
      Column& column = made.add(std::move(task));
      if (column.task.kind == FolderTask::Kind::pixels) {
        column.maps = paths(table, name, beside);
        continue;
      }
      column.values = column.task.kind == FolderTask::Kind::real ? table.column(name) : table.class_indices(name);
      for (std::size_t row = 0; row < column.values.size(); ++row) {
        double& value = column.values[row];
        if (std::isnan(value) || column.task.kind == FolderTask::Kind::real) continue;
        if (!found.empty())
          value = static_cast<double>(
              column.task.index_of(found.at(static_cast<std::size_t>(value)), where(table, name, row)));
        if (value < 0 || value >= column.task.classes || value != std::floor(value))
          fail(where(table, name, row), ": found class ", value, ", expected a whole number from 0 to ",
               column.task.classes - 1);
      }
    }
    return made;
  }

  /// Pictures with a label map of the same name beside them, in another folder.
  static Folder of_label_maps(const std::string& pictures, const std::string& maps, FolderTask task,
                              PictureOptions options = {}) {
    Folder made(pictures, options);
    made.pictures_ = pictures_in(pictures);
    if (made.pictures_.empty()) fail("folder ", pictures, ": found no pictures, expected PNG or JPEG");
    task.kind = FolderTask::Kind::pixels;
    Column& column = made.add(std::move(task));
    std::size_t found = 0;
    for (const std::string& picture : made.pictures_) {
      const std::filesystem::path map =
          std::filesystem::path(maps) / (std::filesystem::path(picture).stem().string() + ".png");
      column.maps.push_back(file_exists(map) ? map.string() : std::string{});
      found += column.maps.back().empty() ? 0U : 1U;
    }
    if (found == 0)
      fail("folder ", maps, ": found no label map for any of ", made.pictures_.size(), " pictures, expected ",
           std::filesystem::path(made.pictures_[0]).stem().string(), ".png and others");
    return made;
  }

  [[nodiscard]] std::size_t size() const noexcept { return pictures_.size(); }
  [[nodiscard]] std::vector<InputField> inputs() const {
    return {{.name = "input", .shape = options_.shape(), .image = true}};
  }
  [[nodiscard]] std::vector<LabelField> labels() const {
    std::vector<LabelField> fields;
    for (const Column& column : columns_) {
      const bool pixels = column.task.kind == FolderTask::Kind::pixels;
      const Dims shape = pixels ? Dims{options_.height, options_.width, 1} : Dims{1, 1, 1};
      fields.push_back({column.task.name, column.task.kind == FolderTask::Kind::real
                                              ? LabelSpec{LabelKind::real, shape, {}, 0}
                                              : LabelSpec{LabelKind::class_index, shape, {}, column.task.classes}});
    }
    return fields;
  }
  void load(std::size_t index, Sample& sample) const {
    const std::string& path = pictures_.at(index);
    const ByteImage picture = read_picture(path, options_.channels);
    sample.inputs.resize(1);
    sample.labels.resize(columns_.size());
    try {
      fit_picture(picture, options_, sample.inputs[0]);
    } catch (const Error& error) {
      fail("file ", path, ": ", error.what());
    }
    for (std::size_t i = 0; i < columns_.size(); ++i) load_label(columns_[i], index, picture.shape, sample.labels[i]);
  }
  [[nodiscard]] std::string describe(std::size_t index) const { return "picture " + pictures_.at(index); }

  /// The names of a task's classes, in the order of their indices: for another set, or a predictor.
  [[nodiscard]] const std::vector<std::string>& class_names(const std::string& task) const {
    for (const Column& column : columns_)
      if (column.task.name == task) return column.task.names;
    fail(where_, ": found no task '", task, "', expected one of those it was made with");
  }
  /// The path of picture `index`.
  [[nodiscard]] const std::string& picture(std::size_t index) const { return pictures_.at(index); }

 private:
  struct Column {
    FolderTask task;
    std::vector<double> values{};     ///< NaN: no label
    std::vector<std::string> maps{};  ///< paths; empty: no label
  };

  Folder(std::string where, const PictureOptions& options) : where_(std::move(where)), options_(options) {
    options_.check();
  }
  Column& add(FolderTask task) {
    for (const Column& column : columns_)
      if (column.task.name == task.name) fail(where_, ": found two tasks '", task.name, "', expected different names");
    task.check(where_);
    return columns_.emplace_back(Column{std::move(task)});
  }
  static std::vector<std::string> sorted_names(const std::filesystem::path& folder) {
    std::vector<std::string> names = file::names_in(folder);
    std::sort(names.begin(), names.end());
    return names;
  }
  static bool is_folder(const std::filesystem::path& path) { return S_ISDIR(file::mode_of(path)); }
  static std::vector<std::string> pictures_in(const std::filesystem::path& folder) {
    std::vector<std::string> all;
    for (const std::string& name : sorted_names(folder)) {
      std::string ending = std::filesystem::path(name).extension().string();
      for (char& c : ending) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      if (name[0] != '.' && (ending == ".png" || ending == ".jpg" || ending == ".jpeg"))
        all.push_back((folder / name).string());
    }
    return all;
  }
  static std::string where(const Table& table, const std::string& column, std::size_t row) {
    return "file " + table.path + ", column '" + column + "', row " + std::to_string(row + 1);
  }
  static std::vector<std::string> paths(const Table& table, const std::string& column,
                                        const std::filesystem::path& beside) {
    const std::vector<double>& indices = table.class_indices(column);
    const std::vector<std::string> names = table.class_names(column);
    std::vector<std::string> all;
    for (std::size_t row = 0; row < indices.size(); ++row) {
      if (!std::isnan(indices[row]) && names.empty())
        fail(where(table, column, row), ": found the number ", indices[row], ", expected a path");
      all.push_back(std::isnan(indices[row]) ? std::string{}
                                             : (beside / names.at(static_cast<std::size_t>(indices[row]))).string());
    }
    return all;
  }

  void load_label(const Column& column, std::size_t index, Dims picture, LabelValue& label) const {
    label = {};
    if (column.task.kind != FolderTask::Kind::pixels) {
      const double value = column.values[index];
      label.present = !std::isnan(value);
      if (column.task.kind == FolderTask::Kind::real)
        label.values.assign(1, label.present ? static_cast<float>(value) : 0.0F);
      else
        label.indices.assign(1, label.present ? static_cast<std::int32_t>(value) : -1);
      return;
    }
    const std::string& path = column.maps[index];
    label.present = !path.empty();
    if (!label.present) return label.indices.assign(options_.shape().pixels(), -1);
    const LabelMap map = read_label_map(path);
    if (map.height != picture.height || map.width != picture.width)
      fail("file ", path, ": found ", map.height, " x ", map.width, " pixels, expected ", picture.height, " x ",
           picture.width, " as in ", pictures_[index]);
    for (const std::int32_t value : map.values)
      if (value >= column.task.classes && !is_ignored(value, column.task.classes))
        fail("file ", path, ": found class ", value, ", expected below ", column.task.classes);
    fit_labels(map.values.data(), map.height, map.width, options_, label.indices);
  }

  std::string where_;
  PictureOptions options_;
  std::vector<std::string> pictures_;
  std::vector<Column> columns_;
};

}  // namespace xstitch::inline XSTITCH_ISA::data
