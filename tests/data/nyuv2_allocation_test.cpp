// needs: nyuv2 images gzip
// Memory that ends while files of NYU Depth V2 are read: every k-th operator new of this program fails in turn.
#include <xstitch/data/nyuv2_view.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "nyuv2_files.hpp"
#include "refused_reads.hpp"
#include "temporary_folder.hpp"

namespace xs = xstitch;
using namespace xstitch_test;

TEST_CASE("the file, its tables and its views" * doctest::skip(!new_can_fail)) {
  const TemporaryFolder folder;
  const std::string mat = folder.file("nyu_depth_v2_labeled.mat");
  NyuFiles{.folder = folder.path()}.write_all();
  // A name that needs no memory to be copied.
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  std::filesystem::copy_file(mat, "a.mat");
  CHECK(failures("a.mat", [] { const xs::data::Nyuv2File file("a.mat"); }) > 3);
  const xs::data::Nyuv2File file("a.mat");
  const std::string names = "names";
  CHECK(failures("a.mat", [&] { (void)file.texts(names); }) > 3);
  CHECK(failures("a.mat", [&] { (void)file.image(1); }) >= 2);
  CHECK(failures("a.mat", [&] { (void)file.labels(1); }) >= 2);
  CHECK(failures("a.mat", [&] { (void)file.depths(1); }) >= 2);
  const std::string here = ".";
  CHECK(failures(".", [&] { (void)xs::data::read_nyu_class_table(here, 13); }) > 10);
  CHECK(failures(".", [&] { (void)xs::data::read_nyu_split(here, "testNdxs", 6); }) > 10);
  const xs::data::Nyuv2ViewReader reader(folder.path(), {});
  CHECK(failures("nyu_depth_v2", [&] { (void)reader.read(2); }) > 10);
  std::filesystem::current_path(before);
}
