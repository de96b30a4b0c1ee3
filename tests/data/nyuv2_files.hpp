#pragma once
/// \file
/// Writes small folders in the layout of NYU Depth V2, by the C libraries of HDF5, matio and libpng.
///
/// Every value is a function of view, row, column and channel, so that tests know what to expect. The room is a wall
/// head-on (z = 2) above a floor 0.4 m below the camera, with a slanted wall on the right.

#include <hdf5.h>
#include <matio.h>
#include <xstitch/data/nyuv2_normals.hpp>
#include <xstitch/data/png_image.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace xstitch_test {

namespace xsd = xstitch::data;

/// Geometry of the room at a pixel: depth and normal (x right, y up, z to the camera).
struct RoomPoint {
  double depth;
  std::array<double, 3> normal;
};
inline RoomPoint room_point(const xsd::Camera& camera, int row, int column) {
  const double x = (column - camera.cx) / camera.fx, y = -(row - camera.cy) / camera.fy;
  // Planes n . p = -d in front of the camera, p = z (x, y, -1): z = d / -(n . r).
  const std::array<std::pair<std::array<double, 3>, double>, 3> planes = {
      {{{0, 0, 1}, 2.0}, {{0, 1, 0}, 0.4}, {{-0.8, 0, 0.6}, 1.5}}};
  RoomPoint best{1e9, {0, 0, 0}};
  for (const auto& [n, d] : planes) {
    const double along = n[0] * x + n[1] * y - n[2];
    if (along < 0 && -d / along < best.depth) best = {-d / along, n};
  }
  return best;
}

inline int made_red_green_blue(int view, int row, int column, int channel) {
  return (view * 31 + row * 5 + column * 3 + channel * 70) % 256;
}
inline int made_label(int view, int row, int column) { return (view * 13 + row * 40 + column) % 895; }
inline bool made_hole(int, int row, int column) { return row < 3 && column < 3; }

struct NyuFiles {
  int views = 6, height = 24, width = 32;
  std::string folder{};
  xsd::Camera camera = xsd::Camera::kinect(24, 32);

  // What to do wrong.
  std::string leave_out{};      ///< a data set of the HDF5 file
  std::string wrong_type{};     ///< a data set to write as int32
  std::string wrong_extents{};  ///< a data set to write with height and width swapped
  bool not_reversed = false;    ///< images as (height, width, 3, views)
  int bad_label = -1;           ///< value of the first label of view 2

  [[nodiscard]] std::string mat() const { return folder + "/nyu_depth_v2_labeled.mat"; }

  void write_hdf5() const {
    const hid_t create = H5Pcreate(H5P_FILE_CREATE);
    H5Pset_userblock(create, 512);
    const hid_t file = H5Fcreate(mat().c_str(), H5F_ACC_TRUNC, create, H5P_DEFAULT);
    H5Pclose(create);
    const auto n = static_cast<hsize_t>(views), h = static_cast<hsize_t>(height), w = static_cast<hsize_t>(width);
    std::vector<std::uint8_t> images;
    std::vector<std::uint16_t> labels;
    std::vector<float> depths, raw;
    for (int v = 0; v < views; ++v) {
      for (int k = 0; k < 3; ++k)
        for (int c = 0; c < width; ++c)
          for (int r = 0; r < height; ++r) images.push_back(static_cast<std::uint8_t>(made_red_green_blue(v, r, c, k)));
      for (int c = 0; c < width; ++c)
        for (int r = 0; r < height; ++r) {
          labels.push_back(static_cast<std::uint16_t>(made_label(v, r, c)));
          depths.push_back(static_cast<float>(room_point(camera, r, c).depth));
          raw.push_back(made_hole(v, r, c) ? 0.0F : depths.back());
        }
    }
    if (bad_label >= 0) labels[static_cast<std::size_t>(2 * height * width)] = static_cast<std::uint16_t>(bad_label);
    if (not_reversed)
      write(file, "images", {h, w, 3, n}, {h, w, 3, 1}, H5T_STD_U8LE, H5T_NATIVE_UINT8, images.data());
    else
      write(file, "images", {n, 3, w, h}, {1, 3, w, h}, H5T_STD_U8LE, H5T_NATIVE_UINT8, images.data());
    write(file, "labels", {n, w, h}, {1, w, h}, H5T_STD_U16LE, H5T_NATIVE_UINT16, labels.data());
    write(file, "depths", {n, w, h}, {1, w, h}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, depths.data());
    write(file, "rawDepths", {n, w, h}, {1, w, h}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, raw.data());
    write_texts(file, "names", {"wall", "floor", "cabinet"});
    write_other(file);
    H5Fclose(file);
    std::fstream block(mat(), std::ios::in | std::ios::out | std::ios::binary);
    block << "MATLAB 7.3 MAT-file, written by a test";
    block.seekp(124);
    block.write("\0\2IM", 4);
  }

  /// splits.mat with 1-based views; stored as uint16 in a compressed element.
  void write_splits(std::vector<std::uint16_t> train, std::vector<std::uint16_t> test) const {
    mat_t* file = Mat_CreateVer((folder + "/splits.mat").c_str(), nullptr, MAT_FT_MAT5);
    for (auto& [name, values] : {std::pair{"trainNdxs", &train}, {"testNdxs", &test}}) {
      std::array<std::size_t, 2> extents = {values->size(), 1};
      matvar_t* variable = Mat_VarCreate(name, MAT_C_UINT16, MAT_T_UINT16, 2, extents.data(), values->data(), 0);
      Mat_VarWrite(file, variable, MAT_COMPRESSION_ZLIB);
      Mat_VarFree(variable);
    }
    std::array<std::size_t, 2> extents = {1, 5};
    std::string text = "other";
    matvar_t* variable = Mat_VarCreate("about", MAT_C_CHAR, MAT_T_UINT8, 2, extents.data(), text.data(), 0);
    Mat_VarWrite(file, variable, MAT_COMPRESSION_ZLIB);
    Mat_VarFree(variable);
    Mat_Close(file);
  }

  /// raw -> (raw - 1) % 40 + 1 and class -> (class - 1) % 13 + 1.
  void write_maps(std::size_t raw_classes = 894, int highest = 40) const {
    std::vector<double> map(raw_classes), merge(40);
    for (std::size_t i = 0; i < map.size(); ++i)
      map[i] = static_cast<double>(i % static_cast<std::size_t>(highest)) + 1;
    for (std::size_t i = 0; i < merge.size(); ++i) merge[i] = static_cast<double>(i % 13) + 1;
    std::array<std::size_t, 2> extents = {1, map.size()};
    mat_t* file = Mat_CreateVer((folder + "/classMapping40.mat").c_str(), nullptr, MAT_FT_MAT5);
    matvar_t* variable = Mat_VarCreate("mapClass", MAT_C_DOUBLE, MAT_T_DOUBLE, 2, extents.data(), map.data(), 0);
    Mat_VarWrite(file, variable, MAT_COMPRESSION_NONE);
    Mat_VarFree(variable);
    Mat_Close(file);
    file = Mat_CreateVer((folder + "/class13Mapping.mat").c_str(), nullptr, MAT_FT_MAT5);
    std::array<std::size_t, 2> one = {1, 1}, forty = {1, 40};
    const std::array<const char*, 1> fields = {"labels13"};
    variable = Mat_VarCreateStruct("classMapping13", 2, one.data(), const_cast<const char**>(fields.data()), 1);
    Mat_VarSetStructFieldByName(variable, "labels13", 0,
                                Mat_VarCreate(nullptr, MAT_C_DOUBLE, MAT_T_DOUBLE, 2, forty.data(), merge.data(), 0));
    Mat_VarWrite(file, variable, MAT_COMPRESSION_ZLIB);
    Mat_VarFree(variable);
    Mat_Close(file);
  }

  /// Pictures of the true normals, their axes multiplied by signs. Ladicky: {train, test} by `in_train`.
  void write_normals(bool ladicky, const std::vector<bool>& in_train, std::array<int, 3> signs = {1, 1, 1}) const {
    for (int v = 0; v < views; ++v) {
      xsd::ByteImage picture{{height, width, 3}, {}}, mask{{height, width, 1}, {}};
      for (int r = 0; r < height; ++r)
        for (int c = 0; c < width; ++c) {
          const auto n = room_point(camera, r, c).normal;
          for (std::size_t k = 0; k < 3; ++k)
            picture.values.push_back(ladicky && r == 0
                                         ? 0  // black: invalid
                                         : static_cast<std::uint8_t>(std::lround((signs[k] * n[k] + 1) * 127.5)));
          mask.values.push_back(r == 0 ? 0 : 255);
        }
      std::array<char, 80> name{};
      if (ladicky) {
        std::snprintf(name.data(), name.size(), "/nyu_normals_gt/%s/%05d.png",
                      in_train[static_cast<std::size_t>(v)] ? "train" : "test", v + 1);
      } else {
        std::snprintf(name.data(), name.size(), "/masks/%04d.png", v);
        std::filesystem::create_directories(folder + "/masks");
        xsd::write_png(folder + name.data(), mask);
        std::snprintf(name.data(), name.size(), "/normals/%04d.png", v);
      }
      std::filesystem::create_directories(std::filesystem::path(folder + name.data()).parent_path());
      xsd::write_png(folder + name.data(), picture);
    }
  }

  /// Everything right: train views 5, 1, 3 and test views 2, 4, 6 (1-based), no pictures of normals.
  void write_all() const {
    write_hdf5();
    write_splits({5, 1, 3}, {2, 4, 6});
    write_maps();
  }

 private:
  void write(hid_t file, const std::string& name, std::vector<hsize_t> extents, std::vector<hsize_t> chunk, hid_t type,
             hid_t memory, const void* data) const {
    if (name == leave_out) return;
    if (name == wrong_extents) {
      std::swap(extents[extents.size() - 1], extents[extents.size() - 2]);
      std::swap(chunk[chunk.size() - 1], chunk[chunk.size() - 2]);
    }
    const hid_t stored = name == wrong_type ? H5T_STD_I32LE : type;
    const hid_t space = H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr);
    const hid_t create = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(create, static_cast<int>(chunk.size()), chunk.data());
    H5Pset_deflate(create, 4);
    const hid_t set = H5Dcreate2(file, name.c_str(), stored, space, H5P_DEFAULT, create, H5P_DEFAULT);
    H5Dwrite(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
    H5Dclose(set);
    H5Pclose(create);
    H5Sclose(space);
  }

  /// A variable that nobody asks for, of a type that nobody reads.
  static void write_other(hid_t file) {
    const hid_t type = H5Tcreate(H5T_OPAQUE, 16), space = H5Screate(H5S_SCALAR);
    H5Dclose(H5Dcreate2(file, "accelData", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Sclose(space);
    H5Tclose(type);
  }
  static void write_texts(hid_t file, const std::string& name, const std::vector<std::string>& texts) {
    const hid_t group = H5Gcreate2(file, "#refs#", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    std::vector<hobj_ref_t> references(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::vector<std::uint16_t> characters(texts[i].begin(), texts[i].end());
      const std::array<hsize_t, 2> extents = {1, characters.size()};
      const hid_t space = H5Screate_simple(2, extents.data(), nullptr);
      const std::string item = "t" + std::to_string(i);
      const hid_t set = H5Dcreate2(group, item.c_str(), H5T_STD_U16LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
      H5Dwrite(set, H5T_NATIVE_UINT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, characters.data());
      H5Dclose(set);
      H5Sclose(space);
      H5Rcreate(&references[i], file, ("/#refs#/" + item).c_str(), H5R_OBJECT, -1);
    }
    H5Gclose(group);
    const std::array<hsize_t, 2> extents = {1, texts.size()};
    const hid_t space = H5Screate_simple(2, extents.data(), nullptr);
    const hid_t set = H5Dcreate2(file, name.c_str(), H5T_STD_REF_OBJ, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(set, H5T_STD_REF_OBJ, H5S_ALL, H5S_ALL, H5P_DEFAULT, references.data());
    H5Dclose(set);
    H5Sclose(space);
  }
};

}  // namespace xstitch_test
