// needs: nyuv2 images gzip
// Files that are missing, cut, or not what they must be: each is refused with its name, what was found and what was
// expected, and none crashes.
#include <xstitch/data/nyuv2.hpp>

#include <doctest/doctest.h>

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
