// needs: nyuv2 images gzip
// Files that are missing, cut, or not what they must be: each is refused with its name, what was found and what was
// expected, and none crashes.
#include <xstitch/data/nyuv2.hpp>

#include <doctest/doctest.h>

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "nyuv2_files.hpp"
#include "temporary_folder.hpp"

namespace xs = xstitch;
using namespace xstitch_test;
using xs::data::Nyuv2;
using xs::data::Nyuv2Split;

namespace {

const std::vector<bool> in_train = {true, false, true, false, true, false};

std::string error_in(const std::string& folder, const Nyuv2::Options& options = {.split = Nyuv2Split::all}) {
  const std::string text = error_of<xs::Error>([&] {
    const Nyuv2 data(folder, options);
    xs::Sample sample;
    for (std::size_t i = 0; i < data.size(); ++i) data.load(i, sample);
  });
  if (!text.empty()) {
    CHECK_MESSAGE(contains(text, folder), text);
    CHECK_MESSAGE(contains(text, "found"), text);
    CHECK_MESSAGE(contains(text, "expected"), text);
  }
  return text;
}

/// Puts another data set of that name into an HDF5 file: without values, or with those of `values`, or, if `damaged`,
/// with bytes that are no deflated chunk.
struct Replacement {
  std::string name;
  std::vector<hsize_t> extents;
  hid_t type;
  const void* values = nullptr;
  bool damaged = false;

  void write(const std::string& path) const {
    const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    REQUIRE(H5Ldelete(file, name.c_str(), H5P_DEFAULT) >= 0);
    const hid_t space = H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr);
    const hid_t create = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(create, static_cast<int>(extents.size()), extents.data());
    H5Pset_deflate(create, 4);
    const hid_t set = H5Dcreate2(file, name.c_str(), type, space, H5P_DEFAULT, create, H5P_DEFAULT);
    if (values != nullptr) REQUIRE(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    const std::vector<hsize_t> start(extents.size(), 0);
    const std::string junk = "no deflated chunk";
    if (damaged) REQUIRE(H5Dwrite_chunk(set, H5P_DEFAULT, 0, start.data(), junk.size(), junk.data()) >= 0);
    H5Dclose(set);
    H5Pclose(create);
    H5Sclose(space);
    H5Fclose(file);
  }
};

Bytes first(const Bytes& bytes, std::size_t count) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace

TEST_CASE("a wrong nyu_depth_v2_labeled.mat") {
  const TemporaryFolder folder;
  const NyuFiles right{.folder = folder.path()};
  CHECK(contains(error_in(folder.path()), "nyu_depth_v2_labeled.mat: found no such file"));
  right.write_all();
  REQUIRE(error_in(folder.path()).empty());

  for (const char* name : {"images", "labels", "depths"}) {
    NyuFiles wrong = right;
    wrong.leave_out = name;
    wrong.write_hdf5();
    CHECK(contains(error_in(folder.path()), "found no data set '" + std::string(name)));
  }
  for (const char* name : {"images", "labels", "depths", "rawDepths"}) {
    NyuFiles wrong = right;
    wrong.wrong_type = name;
    wrong.write_hdf5();
    CHECK(contains(error_in(folder.path()), std::string(name) + ": found elements of 4 bytes (signed)"));
  }
  for (const char* name : {"labels", "depths", "rawDepths"}) {
    NyuFiles wrong = right;
    wrong.wrong_extents = name;
    wrong.write_hdf5();
    CHECK(contains(error_in(folder.path()), std::string(name) + ": found extents (6, 24, 32), expected (6, 32, 24)"));
  }
  NyuFiles wrong = right;
  wrong.not_reversed = true;
  wrong.write_hdf5();
  CHECK(contains(error_in(folder.path()), "images: found extents (24, 32, 3, 6), expected (views, 3, width, height)"));
  wrong = right;
  wrong.bad_label = 895;
  wrong.write_hdf5();
  CHECK(contains(error_in(folder.path()), "view 2: found label 895 at row 0, column 0, expected 0 to 894"));
}

TEST_CASE("data sets of another rank, of too many pixels, damaged, or left out") {
  const TemporaryFolder folder;
  const NyuFiles files{.folder = folder.path()};
  files.write_all();
  Replacement{"labels", {24, 32}, H5T_STD_U16LE}.write(files.mat());
  CHECK(contains(error_in(folder.path()), ", labels: found rank 2, expected 3"));
  files.write_all();
  Replacement{"images", {1, 3, 2, 10'001}, H5T_STD_U8LE}.write(files.mat());
  CHECK(contains(error_in(folder.path()), ", images: found extents (1, 3, 2, 10001), expected each from 1 to 10000"));
  files.write_all();
  Replacement{"depths", {6, 32, 24}, H5T_IEEE_F32LE, nullptr, true}.write(files.mat());
  CHECK(contains(error_in(folder.path()), ", depths, view 0: found a damaged or cut file, expected an intact one ("));
  NyuFiles without = files;
  without.leave_out = "rawDepths";
  without.write_hdf5();
  const xs::data::Nyuv2File file(files.mat());
  CHECK_FALSE(file.has_raw_depths());
  CHECK(contains(error_of<xs::Error>([&] { (void)file.raw_depths(0); }),
                 ": found no data set of measured depths, expected 'rawDepths'"));
  CHECK(contains(error_of<xs::Error>([&] { (void)file.image(6); }), ", images: view 6 wanted, found 6 views"));
}

TEST_CASE("texts that are none") {
  const TemporaryFolder folder;
  const NyuFiles files{.folder = folder.path()};
  const auto error = [&](const Replacement& names) {
    files.write_hdf5();
    names.write(files.mat());
    return error_of<xs::Error>([&] { (void)xs::data::Nyuv2File(files.mat()).texts("names"); });
  };
  CHECK(contains(error({"names", {1, 2}, H5T_STD_U16LE}), ", names: found another type, expected references to texts"));
  CHECK(contains(error({"names", {1, 2}, H5T_STD_REF_OBJ, nullptr, true}),
                 ", names: found a damaged file, expected references ("));
  const std::array<hobj_ref_t, 2> nowhere{};
  CHECK(contains(error({"names", {1, 2}, H5T_STD_REF_OBJ, nowhere.data()}),
                 ", names, item 0: found no text there, expected one ("));
  files.write_hdf5();
  hobj_ref_t other{};
  const hid_t file = H5Fopen(files.mat().c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  REQUIRE(H5Rcreate(&other, file, "accelData", H5R_OBJECT, -1) >= 0);
  H5Fclose(file);
  CHECK(contains(error({"names", {1, 1}, H5T_STD_REF_OBJ, &other}),
                 ", names, item 0: found no characters, expected a text ("));
}

TEST_CASE("a cut nyu_depth_v2_labeled.mat is refused at any length, a damaged one where it is read") {
  const TemporaryFolder folder;
  const NyuFiles files{.folder = folder.path()};
  files.write_all();
  const Bytes whole = read_bytes(files.mat());
  for (std::size_t length = 0; length < whole.size(); length += 1 + whole.size() / 60) {
    write_bytes(files.mat(), first(whole, length));
    CHECK_MESSAGE(!error_in(folder.path()).empty(), "cut to " << length << " of " << whole.size());
  }
  write_bytes(files.mat(), first(whole, whole.size() - 1));
  CHECK_FALSE(error_in(folder.path()).empty());
  // Zeros over the middle: either the structure or a compressed chunk is gone. No crash, and an error.
  Bytes damaged = whole;
  std::fill(damaged.begin() + static_cast<std::ptrdiff_t>(whole.size() / 3),
            damaged.begin() + static_cast<std::ptrdiff_t>(2 * whole.size() / 3), std::uint8_t{0});
  write_bytes(files.mat(), damaged);
  CHECK_FALSE(error_in(folder.path()).empty());
  write_bytes(files.mat(), Bytes(5000, 'x'));
  CHECK(contains(error_in(folder.path()), "not HDF5"));
}

TEST_CASE("wrong splits") {
  const TemporaryFolder folder;
  const NyuFiles files{.folder = folder.path()};
  files.write_all();
  files.write_splits({1, 2, 7}, {3});
  CHECK(contains(error_in(folder.path()), "trainNdxs: found view 7, expected a whole number from 1 to 6"));
  files.write_splits({1, 0}, {3});
  CHECK(contains(error_in(folder.path()), "trainNdxs: found view 0"));
  files.write_splits({1, 2}, {3, 4, 3});
  CHECK(contains(error_in(folder.path()), "testNdxs: found view 3 twice"));
  files.write_splits({1, 2}, {3, 2});
  CHECK(contains(error_in(folder.path()), "found view 2 in trainNdxs and in testNdxs"));
  files.write_splits({}, {3});
  CHECK(contains(error_in(folder.path()), "trainNdxs: found no numbers, expected views from 1 to 6"));
  std::filesystem::copy_file(folder.file("classMapping40.mat"), folder.file("splits.mat"),
                             std::filesystem::copy_options::overwrite_existing);
  CHECK(contains(error_in(folder.path()), "found the variables [mapClass], expected 'trainNdxs'"));
  std::filesystem::remove(folder.file("splits.mat"));
  CHECK(contains(error_in(folder.path()), "splits.mat: found no such file"));
}

TEST_CASE("wrong class maps") {
  const TemporaryFolder folder;
  const NyuFiles files{.folder = folder.path()};
  files.write_all();
  files.write_maps(893);
  CHECK(contains(error_in(folder.path()), "mapClass: found 893 numbers, expected 894"));
  files.write_maps(894, 41);
  CHECK(contains(error_in(folder.path()), "mapClass: found 41 at position 41"));
  files.write_maps();
  CHECK(contains(error_of<xs::Error>([&] { (void)Nyuv2(folder.path(), {.classes = 14}); }), "found 14 classes"));
  CHECK(contains(error_of<xs::Error>([&] { (void)Nyuv2(folder.path(), {.height = 5}); }),
                 "NYU Depth V2: found size 5x0 asked for, expected at least 1x1"));
  mat_t* file = Mat_CreateVer(folder.file("class13Mapping.mat").c_str(), nullptr, MAT_FT_MAT5);
  std::array<std::size_t, 2> one = {1, 1};
  std::array<double, 1> number = {7};
  const std::array<const char*, 1> fields = {"labels40"};
  matvar_t* variable = Mat_VarCreateStruct("classMapping13", 2, one.data(), const_cast<const char**>(fields.data()), 1);
  Mat_VarSetStructFieldByName(variable, "labels40", 0,
                              Mat_VarCreate(nullptr, MAT_C_DOUBLE, MAT_T_DOUBLE, 2, one.data(), number.data(), 0));
  Mat_VarWrite(file, variable, MAT_COMPRESSION_NONE);
  Mat_VarFree(variable);
  Mat_Close(file);
  CHECK(contains(error_in(folder.path(), {.classes = 13}),
                 "class13Mapping.mat, classMapping13: found no field 'labels13', expected one"));
  std::filesystem::remove(folder.file("class13Mapping.mat"));
  CHECK(error_in(folder.path()).empty());  // not needed for 40
  CHECK(contains(error_in(folder.path(), {.classes = 13}), "class13Mapping.mat: found no such file"));
}

TEST_CASE("wrong pictures of normals") {
  const TemporaryFolder folder;
  const NyuFiles files{.folder = folder.path()};
  files.write_all();
  files.write_normals(false, in_train);
  REQUIRE(error_in(folder.path()).empty());
  const std::string picture = folder.file("normals/0003.png"), mask = folder.file("masks/0003.png");
  const Bytes whole = read_bytes(picture);
  const Nyuv2::Options options = {.split = Nyuv2Split::all, .normal_signs = {1, 1, 1}};
  for (std::size_t length = 0; length < whole.size(); length += 3) {
    write_bytes(picture, first(whole, length));
    CHECK_MESSAGE(contains(error_in(folder.path(), options), "0003.png"),
                  "cut to " << length << " of " << whole.size());
  }
  for (std::size_t i = 40; i < whole.size() - 12; i += 7) {  // libpng checks a sum over each chunk
    Bytes damaged = whole;
    damaged[i] ^= 0x10;
    write_bytes(picture, damaged);
    CHECK_MESSAGE(contains(error_in(folder.path(), options), "0003.png"), "damaged at " << i);
  }
  std::filesystem::copy_file(mask, picture, std::filesystem::copy_options::overwrite_existing);
  CHECK(contains(error_in(folder.path(), options), "found a PNG that is grey, 8 bits, expected RGB"));
  xs::data::write_png(picture, {{32, 24, 3}, std::vector<std::uint8_t>(32 * 24 * 3, 200)});
  CHECK(contains(error_in(folder.path(), options), "found 32 rows of 24 pixels, expected 24 rows of 32"));
  write_bytes(picture, whole);
  xs::data::write_png(mask, {{24, 32, 3}, std::vector<std::uint8_t>(32 * 24 * 3, 200)});
  CHECK(contains(error_in(folder.path(), options), "expected grey"));
  std::filesystem::remove(mask);
  CHECK(contains(error_in(folder.path(), options), "masks/0003.png: found no such file"));
  std::filesystem::remove(picture);
  CHECK(contains(error_in(folder.path(), options), "normals of view 3"));
  CHECK(error_in(folder.path(), {.split = Nyuv2Split::train, .normal_signs = {1, 1, 1}})
            .empty());  // view 3 is for the test
  CHECK(contains(error_in(folder.path(), {.normals = xs::data::Nyuv2Normals::ladicky}),
                 "nyu_normals_gt: found no such folder"));
}

TEST_CASE("a folder of normals that cannot be looked at is no other layout") {
  const TemporaryFolder folder;
  NyuFiles{.folder = folder.path()}.write_all();
  REQUIRE(error_in(folder.path()).empty());
  for (const char* name : {"nyu_normals_gt", "normals"}) {
    const std::filesystem::path link = std::filesystem::path(folder.path()) / name;
    std::filesystem::create_symlink(link, link);  // leads to itself
    const std::string error = error_of<xs::Error>([&] { (void)Nyuv2(folder.path(), {.split = Nyuv2Split::all}); });
    CHECK_MESSAGE(contains(error, "cannot look at " + link.string()), error);
    std::filesystem::remove(link);
  }
}

TEST_CASE("normals from depths of another size, or seen by no camera, are refused") {
  const std::vector<float> depths(6, 1.0F);
  const xs::data::Camera camera = xs::data::Camera::kinect(2, 3);
  CHECK(xs::data::normals_from_depth(depths, 2, 3, camera).height == 2);
  CHECK(contains(error_of<xs::Error>([&] { (void)xs::data::normals_from_depth(depths, 3, 3, camera); }),
                 "normals_from_depth: found 6 depths, focal lengths"));
  CHECK(error_of<xs::Error>([&] { (void)xs::data::normals_from_depth(depths, 2, 3, {}, {.radius = 4}); }) ==
        "normals_from_depth: found 6 depths, focal lengths 0, 0, radius 4; expected 2 x 3 depths, focal lengths above "
        "0, radius at least 0");
}
