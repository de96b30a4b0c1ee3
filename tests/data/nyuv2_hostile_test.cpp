// needs: nyuv2 images gzip
// HDF5 files that ask this reader for much. (Files that are damaged are another matter: HDF5 is for trusted sources.)
#include <xstitch/data/nyuv2_file.hpp>
#include <xstitch/io/limits.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "bounded_memory.hpp"
#include "irregular_files.hpp"
#include "nyuv2_files.hpp"
#include "temporary_folder.hpp"

namespace xs = xstitch;
using namespace xstitch_test;

namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

/// A data set of which nothing is written: it takes no room, whatever its extents are.
void add(hid_t file, const std::string& name, hid_t type, const std::vector<hsize_t>& extents,
         const std::vector<hsize_t>& chunk) {
  const hid_t space = H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr);
  const hid_t create = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(create, static_cast<int>(chunk.size()), chunk.data());
  H5Dclose(H5Dcreate2(file, name.c_str(), type, space, H5P_DEFAULT, create, H5P_DEFAULT));
  H5Pclose(create);
  H5Sclose(space);
}
void add_views(hid_t file, hsize_t views, hsize_t width, hsize_t height, hsize_t chunk) {
  add(file, "images", H5T_STD_U8LE, {views, 3, width, height}, {std::min(views, chunk), 3, chunk, chunk});
  add(file, "labels", H5T_STD_U16LE, {views, width, height}, {1, chunk, chunk});
  add(file, "depths", H5T_IEEE_F32LE, {views, width, height}, {1, chunk, chunk});
}
template <class Read>
std::string outcome(const std::string& path, const Read& read) {
  return outcome_within(xs::limits::memory_for(std::filesystem::file_size(path)) + 64 * mib, read);  // HDF5's own
}
bool too_much(const std::string& found, const std::string& path) {
  return found.starts_with("xs::Error: file " + path) && contains(found, "bytes that ask for more than");
}

}  // namespace

TEST_CASE("only regular files are opened") {
  const TemporaryFolder folder;
  for (const auto& [path, kind] : irregular_files(folder))
    CHECK(contains(error_of<xs::Error>([&] { const xs::data::Nyuv2File file(path); }),
                   "file " + path + ": found " + kind));
}

TEST_CASE("texts of unbounded extents") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.mat");
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  add_views(file, 2, 8, 6, 2);
  add(file, "names", H5T_STD_REF_OBJ, {1, hsize_t{1} << 40}, {1, 16});
  add(file, "scenes", H5T_STD_REF_OBJ, {hsize_t{1} << 33, hsize_t{1} << 33}, {16, 1});  // the product wraps
  add(file, "none", H5T_STD_REF_OBJ, {5, 0}, {1, 1});
  // One text of 100,000 characters, ten thousand times.
  const std::vector<std::uint16_t> characters(100000, 'a');
  const hsize_t length = characters.size(), count = 10000;
  const hid_t line = H5Screate_simple(1, &length, nullptr);
  const hid_t text = H5Dcreate2(file, "text", H5T_STD_U16LE, line, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Dwrite(text, H5T_NATIVE_UINT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, characters.data());
  H5Dclose(text);
  std::vector<hobj_ref_t> references(count);
  for (hobj_ref_t& reference : references) H5Rcreate(&reference, file, "/text", H5R_OBJECT, -1);
  const hsize_t extents[] = {1, count};
  const hid_t cell = H5Screate_simple(2, extents, nullptr);
  const hid_t types = H5Dcreate2(file, "sceneTypes", H5T_STD_REF_OBJ, cell, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Dwrite(types, H5T_STD_REF_OBJ, H5S_ALL, H5S_ALL, H5P_DEFAULT, references.data());
  for (const hid_t space : {line, cell}) H5Sclose(space);
  H5Dclose(types);
  H5Fclose(file);
  for (const std::string name : {"names", "scenes", "sceneTypes"}) {
    const std::string found = outcome(path, [&] { (void)xs::data::Nyuv2File(path).texts(name); });
    CAPTURE(name);
    CAPTURE(found);
    CHECK(too_much(found, path));
  }
  CHECK(xs::data::Nyuv2File(path).texts("none").empty());
  CHECK(xs::data::Nyuv2File(path).image(1).values.size() == 8 * 6 * 3);
}

TEST_CASE("views and chunks that the file is too small for") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.mat");
  const auto with = [&](hsize_t views, hsize_t width, hsize_t height, hsize_t chunk) {
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    add_views(file, views, width, height, chunk);
    H5Fclose(file);
    return outcome(path, [&] {
      const xs::data::Nyuv2File nyu(path);
      (void)nyu.image(0);
      (void)nyu.labels(0);
      (void)nyu.depths(0);
    });
  };
  CHECK(too_much(with(1, 10000, 10000, 16), path));
  CHECK(too_much(with(1000, 1000, 1000, 500), path));
  CHECK(with(3, 640, 480, 100) == "read");
}

TEST_CASE("reads of a whole file keep to its memory") {
  const TemporaryFolder folder;
  const NyuFiles files{.folder = folder.path()};
  files.write_all();
  CHECK(outcome(files.mat(), [&] {
          const xs::data::Nyuv2File nyu(files.mat());
          for (std::size_t i = 0; i < nyu.size(); ++i) (void)nyu.image(i);
          (void)nyu.texts("names");
        }) == "read");
}
