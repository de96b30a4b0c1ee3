// needs: images voc
// Settings outside of their range, and files that are not what they are called: the words that docs/errors.md quotes.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>
#include <xstitch/core/boxes.hpp>
#include <xstitch/data/folder.hpp>
#include <xstitch/data/picture_file.hpp>
#include <xstitch/data/png_image.hpp>
#include <xstitch/data/table_csv.hpp>
#include <xstitch/data/table_set.hpp>
#include <xstitch/data/voc_options.hpp>
#include <xstitch/losses/spherical_k_means.hpp>
#include <xstitch/metrics/detection.hpp>
#include <xstitch/report/bootstrap.hpp>
#include <xstitch/report/pictures.hpp>
#include <xstitch/rooms/detection.hpp>
#include <xstitch/rooms/rooms.hpp>

#include "temporary_folder.hpp"

namespace xs = xstitch;
namespace data = xstitch::data;

TEST_CASE("options of pictures, rooms and data sets outside of their range are refused by name") {
  data::PictureOptions picture;
  picture.shorter_side = 10;  // of a stretched picture
  CHECK_THROWS_WITH_AS(picture.check(),
                       doctest::Contains("found a shorter side of 10, expected one with PictureFit::centre alone"),
                       xs::Error);
  picture = {};
  picture.scaling.standard_deviation[0] = 0;
  CHECK_THROWS_WITH_AS(picture.check(), doctest::Contains("PictureOptions: found a standard deviation of 0"),
                       xs::Error);

  CHECK_THROWS_WITH_AS(data::Rooms({.height = 7}), doctest::Contains("rooms: found an image of 7x128"), xs::Error);
  CHECK_THROWS_WITH_AS(data::Rooms({.count = 0}), doctest::Contains("rooms: found a count of 0"), xs::Error);
  CHECK_THROWS_WITH_AS(data::Rooms({.standard_deviation = 0}),
                       doctest::Contains("rooms: found a standard deviation of 0"), xs::Error);

  data::VocOptions voc;
  voc.most_proposals = 0;
  CHECK_THROWS_WITH_AS(voc.check(), doctest::Contains("found 20 classes and 0 proposals asked for"), xs::Error);
}

TEST_CASE("boxes and scores, statistics and pictures of sizes that do not go together are refused") {
  const std::vector<xs::Box> boxes(2);
  const std::vector<float> scores(3);
  CHECK_THROWS_WITH_AS(xs::keep_maxima(boxes, scores, 0.5F),
                       doctest::Contains("non-maximum suppression: 2 boxes and 3 scores"), xs::Error);
  CHECK_THROWS_WITH_AS((void)xs::bootstrap(3, [](std::span<const std::size_t>) { return 1.0; }, {.confidence = 1}),
                       doctest::Contains("bootstrap: found a confidence of 1"), xs::Error);
  std::vector<float> words(6);
  CHECK_THROWS_WITH_AS(xs::spherical_k_means(std::vector<float>(7), words, xs::RandomKey(xs::seed(1))),
                       doctest::Contains("spherical k-means: 7 and 6 numbers, expected multiples of 3"), xs::Error);
  CHECK_THROWS_WITH_AS(xs::DetectionPrecision(2, {}, 0), doctest::Contains("found a least overlap of 0"), xs::Error);
  const std::vector<float> values(8);
  CHECK_THROWS_WITH_AS(xs::report::photograph(values, {2, 2, 2}),
                       doctest::Contains("photograph: 2 channels, expected 1 or 3"), xs::Error);
}

TEST_CASE("folders and tables without what they are asked for are refused by their names") {
  const xstitch_test::TemporaryFolder folder;
  std::filesystem::create_directories(folder.file("cats"));
  CHECK_THROWS_WITH_AS(data::Folder::of_classes(folder.path(), {"kind"}),
                       doctest::Contains("found no pictures in its subfolders"), xs::Error);
  CHECK_THROWS_WITH_AS(
      data::Folder::of_label_maps(folder.file("cats"), folder.path(), data::FolderTask::pixels("part", 3)),
      doctest::Contains("found no pictures, expected PNG or JPEG"), xs::Error);
  CHECK_THROWS_WITH_AS(data::read_csv(folder.file("none.csv")), doctest::Contains("none.csv: found"), xs::Error);

  const std::string jpeg = folder.file("map.png");
  std::ofstream(jpeg, std::ios::binary) << "\xFF\xD8\xFF\xE0 and so on";
  CHECK_THROWS_WITH_AS(data::read_label_map(jpeg),
                       doctest::Contains("found a JPEG, which changes numbers, expected a PNG with a number a pixel"),
                       xs::Error);
  CHECK_THROWS_WITH_AS(data::read_picture(jpeg, 2),
                       doctest::Contains("found that 2 channels are wanted of a picture, expected 1 or 3"), xs::Error);
}
